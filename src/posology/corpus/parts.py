"""Which part a record is for: patients and documents are dealt out by hash."""

import hashlib

from posology.corpus.spec import Parts

__all__ = ["PARTS", "part_of"]

PARTS = ("tune", "select", "report")


def part_of(corpus: str, group: str, shares: Parts) -> str:
    """Return the part of a patient or document: the same for the same name of the corpus and group."""
    place = int(hashlib.sha256(f"{corpus}:{group}".encode()).hexdigest()[:15], 16) / 16**15
    if place < shares.report:
        return "report"
    return "select" if place < shares.report + shares.select else "tune"
