"""What de-identification removes: the kinds of HIPAA Safe Harbor, a replacement, and a result."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Deidentified", "Kind", "Replacement"]


class Kind(StrEnum):
    """A kind of identifier of 45 CFR 164.514(b)(2)(i), with the letter that it has there."""

    NAME = "name"  # A
    PLACE = "place"  # B: smaller than a state
    DATE = "date"  # C: but for the year
    AGE = "age"  # C: over 89
    PHONE = "phone"  # D
    FAX = "fax"  # E
    EMAIL = "email"  # F
    SOCIAL_SECURITY = "social_security"  # G
    RECORD = "record"  # H: medical record numbers
    MEMBER = "member"  # I: health plan beneficiary numbers
    ACCOUNT = "account"  # J
    LICENCE = "licence"  # K
    VEHICLE = "vehicle"  # L
    DEVICE = "device"  # M
    URL = "url"  # N
    IP = "ip"  # O
    BINARY = "binary"  # P and Q: whatever is not text, such as a photograph or a finger print
    OTHER = "other"  # R: any other unique identifying number or code
    ORGANIZATION = "organization"  # beyond the rule: who treats the patient, and where


@dataclass(frozen=True, slots=True)
class Replacement:
    """Characters ``start`` to ``end`` of the original text, half-open, that ``label`` stands for."""

    start: int
    end: int
    kind: Kind
    label: str


@dataclass(frozen=True, slots=True)
class Deidentified:
    """A text without the identifiers that were found, and where they stood in the original."""

    text: str
    replaced: tuple[Replacement, ...] = ()

    def __repr__(self) -> str:
        """Show counts only: names that were not found may be left."""
        return f"Deidentified({len(self.text)} characters, {len(self.replaced)} replaced)"
