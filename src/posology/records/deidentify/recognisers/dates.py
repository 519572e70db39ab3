"""Dates: everything finer than a year goes, the year stays unless it tells an age over 89."""

import re

from posology.records.deidentify.kinds import Kind, Replacement

__all__ = ["find_dates", "label_of"]

# A person born before this year was 90 before 2030: "all elements of dates (including year) indicative of
# such age" go as well.
OLDEST_YEAR = 1940

_YEAR = r"(?P<year>(?:1[89]|20)\d\d)"
_FULL = "January|February|March|April|May|June|July|August|September|October|November|December"
# Abbreviations in capitals (MAR, OCT, DEC) name other things in a chart: they need day and year around them.
_MONTH = (
    r"(?:(?i:January|February|March|April|June|July|August|September|October|November|December)|May"
    r"|MAY|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_ANY_MONTH = (
    r"(?i:(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?)"
)
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_NTH = rf"{_DAY}(?:st|nd|rd|th)?"
_TIME = r"(?:[T ]\s?\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|[+-]\d\d:?\d\d)?)?"
_WEEKDAY = r"(?:(?i:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,?\s+)?"
_NOT_AMOUNT = (
    r"(?!\s*(?:mg|mcg|ml|mL|g|units?|tabs?|tablets?|%|/|days?|weeks?|months?|times)(?![a-z])|[.\d]*\d)"
)
_AFTER = r"(?i:on|since|until|till|from|by|dated?|seen|through|before|after|of|the|as of)"

_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\d.-]){_YEAR}(?P<s>[-/.])(?:1[0-2]|0?[1-9])(?P=s){_DAY}(?!\d){_TIME}",
        rf"(?<![\d.-]){_YEAR}-(?:0[1-9]|1[0-2])(?![\d-])",
        rf"(?<!\d){_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d"
        rf"|3[01])(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?(?:[+-]\d{{4}})?(?!\d)",
        rf"{_WEEKDAY}(?<!\w){_MONTH}\s*{_NTH}(?:\s*(?:-|–|to|and|through)\s*{_NTH})?"
        rf"(?:,?\s+(?:of\s+)?{_YEAR}\b|,?\s*['’](?P<short>\d\d)\b|{_NOT_AMOUNT})",
        rf"{_WEEKDAY}(?<![\w/.]){_NTH}(?:\s+(?:day\s+)?of)?[\s-]*{_ANY_MONTH},?[\s-]*(?:{_YEAR}"
        rf"|['’]?(?P<short>\d\d))(?!\d)",
        rf"{_WEEKDAY}(?<![\w/.])(?:the\s+)?{_DAY}(?:st|nd|rd|th)?\s+(?:day\s+)?(?:of\s+)?{_MONTH}(?!\w)",
        rf"(?<!\w){_ANY_MONTH}(?:,?\s+(?:of\s+)?|-){_YEAR}(?!\d)",
        rf"(?<![\d/.-])(?:1[0-2]|0?[1-9])[/-]{_YEAR}(?![\d/-])",
        rf"(?<!\w)(?:(?i:in|since|last|next|this|early|mid|late|until|till|by|from|through|during"
        rf"|of|before|after|around|every)[\s-]+)(?P<part>{_FULL})(?!\w)",
        r"(?<!\w)(?:January|February|April|June|July|August|September|October|November|December)(?!\w)",
        r"(?<!\w)(?i:christmas(?: eve| day)?|thanksgiving(?: day)?|labor day|memorial day|independence day|"
        r"(?:the )?fourth of july|new year['’]s(?: eve| day)?|halloween|valentine['’]s day|mother['’]s day|"
        r"father['’]s day|easter(?: sunday)?)(?!\w)",
        r"(?i:\b(?:born|birth|dob|yob)\b\W{0,3}(?:in|is|year|date|of|:|\s)*)(?P<part>(?:1[89]|20)\d\d)(?!\d)",
        rf"(?i:\b{_AFTER}\s+)(?P<part>(?:1[0-2]|0?[1-9])/{_DAY})(?![\d/])(?!\s*(?:of|days?"
        rf"|strength|murmur|cc|ml|mg|scale|pain|in\b))",
        rf"(?<![\d/.])(?P<part>(?:1[0-2]|0?[1-9])/{_DAY})(?=\s*(?:-|–|to|through)\s*(?:1[0-2]"
        rf"|0?[1-9])/{_DAY}/(?:\d\d|\d{{4}})(?!\d))",
    )
)
_NUMERIC = re.compile(
    rf"(?<![\d./])(?P<a>\d{{1,2}})(?P<s>[/.-])(?P<b>\d{{1,2}})(?P=s)(?:{_YEAR}|(?P<short>\d\d))(?!\d"
    rf"|[/-]\d|\.\d){_TIME}"
)
_BIRTH = re.compile(
    r"\b(?:born|birth|dob|d\.o\.b\.?|birthdate|birthday)\b\W*(?:(?:date|on|is|was|in|of)\W*)*$", re.I
)


def find_dates(text: str) -> list[Replacement]:
    """Find dates finer than a year, in figures and in words, and holidays."""
    found = [_replacement(text, match) for pattern in _PATTERNS for match in pattern.finditer(text)]
    return found + [_replacement(text, match) for match in _NUMERIC.finditer(text) if _is_date(match)]


def label_of(year: int | None) -> str:
    """Return the label of a date: with its year where that is known and tells no age over 89."""
    return "[DATE]" if year is None or year < OLDEST_YEAR else f"[DATE {year}]"


def _replacement(text: str, match: re.Match[str]) -> Replacement:
    groups = match.groupdict()
    part = "part" if groups.get("part") is not None else 0
    start, end = match.start(part), match.end(part)
    born = _BIRTH.search(text[max(0, start - 30) : start])
    return Replacement(start, end, Kind.DATE, "[DATE]" if born else label_of(_year(groups)))


def _year(groups: dict[str, str | None]) -> int | None:
    """Return the year; of two figures only where one century is possible."""
    if groups.get("year"):
        return int(groups["year"] or 0)
    short = int(groups.get("short") or 40)
    return 2000 + short if short < 30 else 1900 + short if short >= 50 else None


def _is_date(match: re.Match[str]) -> bool:
    a, b = int(match["a"]), int(match["b"])
    if not (0 < a <= 12 and 0 < b <= 31) and not (0 < a <= 31 and 0 < b <= 12):
        return False
    if match["s"] == "-" and match.string[match.start() - 1 : match.start()] == "-":
        return False
    # 1-2-10 and 1.2.10 number things; 01-02-10 and 1/2/10 are dates.
    return match["s"] == "/" or match["year"] is not None or (len(match["a"]) == 2 and len(match["b"]) == 2)
