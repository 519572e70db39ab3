"""Texts to learn from: read, filtered, free of copies, of test text and of names, each with its licence."""

from posology.corpus.example import Example, Preference, Provenance, Record

__all__ = ["Example", "Preference", "Provenance", "Record"]
