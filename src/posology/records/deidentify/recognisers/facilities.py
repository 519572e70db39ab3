"""Hospitals and other places of care by the word that ends their name."""

import re

from posology.records.deidentify.kinds import Kind, Replacement
from posology.records.deidentify.words import NOT_NAMES

__all__ = ["find_facilities"]

_WORD = r"[A-Z][\w'’&-]*\.?"
_FACILITY = re.compile(
    rf"(?<![\w-])(?P<words>(?:{_WORD}[ \t]+|of[ \t]+){{1,4}})(?:Hospital|Hospitals"
    rf"|Medical (?:Center|Centre|Group)|Health (?:Center|System|Care)|Healthcare|"
    r"Infirmary|Nursing Home|Rehabilitation (?:Center|Hospital)|Hospice|Sanatorium|University|Pharmacy)\b"
    r"|\b(?P<university>University of [A-Z]\w+)"
)
# "General Hospital", "Home Health Care", "Day Surgery Center" name no place.
_PLAIN = NOT_NAMES | frozenset(
    [
        "acute",
        "the",
        "this",
        "inpatient",
        "outpatient",
        "day",
        "home",
        "local",
        "state",
        "community",
        "long",
        "term",
        "mental",
        "behavioral",
        "public",
        "tertiary",
        "rural",
        "our",
        "children",
        "skilled",
        "partial",
        "psychiatric",
        "allied",
        "women",
        "occupational",
        "veterinary",
    ]
)


def find_facilities(text: str) -> list[Replacement]:
    """Find "Mercy General Hospital", "University of Ashby"; not "Partial Hospital"."""
    found = []
    for match in _FACILITY.finditer(text):
        words = (match["words"] or "university x").split()
        if not all(word.strip(".").lower() in _PLAIN for word in words):
            found.append(Replacement(*match.span(), Kind.ORGANIZATION, "[ORGANIZATION]"))
    return found
