"""Telephone and fax numbers, by their form and by the words before them."""

import re

from posology.records.deidentify.kinds import Kind, Replacement

__all__ = ["find_phones"]

_EXTENSION = r"(?:\s*(?:x|ext\.?|extension)\s*\d{1,6})?"
_FORMS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w.-])(?:\+?1[\s.-]?)?(?:\(\d{{3}}\)\s*|\d{{3}}[.-])\d{{3}}[\s.-]\d{{4}}(?!\d){_EXTENSION}",
        rf"(?<![\w./-])\(?0\d{{1,4}}\)?(?:[ .-]\d{{2,4}}){{2,5}}(?![\w./]){_EXTENSION}",
        rf"(?<!\w)\+\d{{1,3}}(?:[\s.()-]{{0,2}}\d{{1,4}}){{2,6}}(?!\d){_EXTENSION}",
    )
)
_BY_WORD = re.compile(
    r"\b(?:tele)?(?:phone|tel|fax|cell|mobile|pager|beeper|call(?:ed|ing)?|dial|text|contact"
    r"|reach(?:ed)?|number)\b"
    r"[\s#:.]*(?:(?:number|no|me|him|her|them|us|at|on|is|was|to|office|home|work|the)\b[\s#:.]*){0,4}"
    rf"(?P<number>[+(]?\d(?:[\s().-]{{0,2}}\d){{6,14}}(?!\d){_EXTENSION})",
    re.IGNORECASE,
)
_FAX = re.compile(r"\bfax\b[^\d\n]{0,20}$", re.IGNORECASE)


def find_phones(text: str) -> list[Replacement]:
    """Find numbers with an area code, international numbers, and any after a word such as phone."""
    spans = [m.span() for form in _FORMS for m in form.finditer(text) if _digits(m[0]) >= 8]
    spans += [m.span("number") for m in _BY_WORD.finditer(text)]
    return [_replacement(text, start, end) for start, end in spans]


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _replacement(text: str, start: int, end: int) -> Replacement:
    if _FAX.search(text[max(0, start - 30) : start]):
        return Replacement(start, end, Kind.FAX, "[FAX]")
    return Replacement(start, end, Kind.PHONE, "[PHONE]")
