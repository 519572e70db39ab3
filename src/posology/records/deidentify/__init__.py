"""Taking out of a text what identifies a person, and leaving what is clinical."""

from posology.records.deidentify.collecting import known_identifiers
from posology.records.deidentify.kinds import Deidentified, Kind, Replacement
from posology.records.deidentify.matching import Matcher, build_matcher
from posology.records.deidentify.record import deidentify_record
from posology.records.deidentify.replacing import deidentify, deidentify_with
from posology.records.deidentify.values import KnownIdentifiers, KnownPerson, KnownValue

__all__ = [
    "Deidentified",
    "Kind",
    "KnownIdentifiers",
    "KnownPerson",
    "KnownValue",
    "Matcher",
    "Replacement",
    "build_matcher",
    "deidentify",
    "deidentify_record",
    "deidentify_with",
    "known_identifiers",
]
