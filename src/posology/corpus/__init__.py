"""Texts to learn from: read, filtered, free of copies, of test text and of names, each with its licence."""

from posology.corpus.example import Example, Preference, Provenance, Record
from posology.corpus.jsonl import line_of, read_examples, read_preferences, read_records, write_jsonl
from posology.corpus.licences import SHIPPABLE, canonical_licence, may_ship

__all__ = [
    "SHIPPABLE",
    "Example",
    "Preference",
    "Provenance",
    "Record",
    "canonical_licence",
    "line_of",
    "may_ship",
    "read_examples",
    "read_preferences",
    "read_records",
    "write_jsonl",
]
