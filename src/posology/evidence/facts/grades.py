"""Numbers that name a kind rather than count: type 2, stage IIIb, class III, grade 2."""

import re
from dataclasses import dataclass

from posology.spans import Span

__all__ = ["Grade", "find_grades"]

_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6"}
_LABEL = re.compile(
    r"(?<!\w)(?P<label>type|stage|grade|class|phase|category|tier|step|nyha|asa|kellgren[\s-]lawrence"
    r"|nyha\s+class|"
    r"asa\s+class|mallampati(?:\s+class)?|fototype|gold|ckd|fitzpatrick(?:\s+type)?)\s*-?\s*"
    r"(?P<value>(?:[1-6]|i{1,3}|iv|vi?)(?:\s?[a-d])?)(?![\w%]|\.\d|/\d)",
    re.IGNORECASE,
)
_SHORT = re.compile(
    r"(?<!\w)(?:T(?P<t>[12])DM?|DM\s?-?\s?(?P<d>[12])|DM\s(?:type\s)?(?P<r>II?)|NIDDM(?P<n>)"
    r"|IDDM(?P<i>))(?!\w)"
)
_FAMILY = {
    "nyha": "class",
    "asa": "class",
    "mallampati": "class",
    "ckd": "stage",
    "gold": "stage",
    "fitzpatrick": "type",
}


@dataclass(frozen=True, slots=True)
class Grade:
    """A labelled kind: ``label`` type, stage, grade, ...; ``value`` in arabic digits with its letter."""

    label: str
    value: str
    span: Span


def find_grades(text: str) -> tuple[Grade, ...]:
    """Find labelled kinds.

    >>> [(g.label, g.value) for g in find_grades("T2DM, CKD stage IIIb, NYHA III")]
    [('stage', '3b'), ('class', '3'), ('type', '2')]
    """
    found = [
        Grade(_label(match["label"]), _value(match["value"]), Span(match.start(), match.end()))
        for match in _LABEL.finditer(text)
    ]
    for match in _SHORT.finditer(text):
        value = match["t"] or match["d"] or _ROMAN.get((match["r"] or "").lower(), "")
        value = value or ("2" if match["n"] is not None else "1")
        found.append(Grade("type", value, Span(match.start(), match.end())))
    return tuple(found)


def _label(words: str) -> str:
    last, first = words.lower().split()[-1], words.lower().split()[0]
    return _FAMILY.get(first, "grade" if "kellgren" in first else last)


def _value(text: str) -> str:
    text = text.lower().replace(" ", "")
    match = re.fullmatch(r"(\d|i{1,3}|iv|vi?)([a-d]?)", text)
    number, letter = (match[1], match[2]) if match else (text, "")
    return _ROMAN.get(number, number) + letter
