"""Durations and counts that a question requires, and those that a sentence states."""

import re
from dataclasses import dataclass
from decimal import Decimal

from posology.spans import Span

__all__ = ["Amount", "Required", "find_amounts", "required_amounts"]

_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "eighteen": 18, "twenty": 20, "thirty": 30,
}  # fmt: skip
_NUMBER = rf"(?:\d+(?:\.\d+)?|{'|'.join(_WORDS)})"
_DAYS = {"day": Decimal(1), "week": Decimal(7), "month": Decimal(30), "year": Decimal(365)}
_SHORT = {
    "d": "day",
    "w": "week",
    "wk": "week",
    "mo": "month",
    "mos": "month",
    "mth": "month",
    "yr": "year",
    "y": "year",
}
_UNIT = r"(?P<unit>days?|weeks?|wks?|months?|mos?|mths?|years?|yrs?)"
_DURATION = re.compile(
    rf"(?<![\w.])(?P<number>{_NUMBER})(?:\s*(?:-|–|to)\s*{_NUMBER})?\+?[\s-]*{_UNIT}\b(?!\s*(?:old|of age"
    rf"|ago))",
    re.IGNORECASE,
)
_NOT_LASTING = re.compile(
    r"(?:every|each|q|in|within|after|per|age|aged|next|last|past|previous|follow[- ]?up(?: in)?|return(?: "
    r"in)?|recheck(?: in)?"
    r"|only|just|less than|under|<|up to)\s*$",
    re.IGNORECASE,
)
_LASTING = re.compile(r"(?:over|during|for|in) the (?:last|past|previous)\s*$", re.IGNORECASE)
_AT_LEAST = re.compile(
    rf"(?:at least|a minimum of|no less than|minimum|>=|≥|more than"
    rf"|over)\s+(?P<number>{_NUMBER})[\s-]+(?P<rest>[^,;.?()]*)"
    rf"|(?P<number2>{_NUMBER})[\s-]+(?P<unit2>days?|weeks?|months?|years?)(?:\s+or\s+(?:longer|more))",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"(?<![\w./])(?P<number>{_NUMBER})(?P<mark>\s*[x×]\b)?(?P<rest>(?:[\s-]+[A-Za-z]+){{0,4}})",
    re.IGNORECASE,
)

_PACK_YEARS = re.compile(
    rf"(?<![\w.])(?P<number>{_NUMBER})\+?[\s-]*(?:pack|pk)[\s-]*(?:years?|yrs?)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A stated length of time in days, and where it stands."""

    days: Decimal
    span: Span


@dataclass(frozen=True, slots=True)
class Required:
    """What a question requires at least: a length of time in days, or a number of things named ``noun``."""

    least: Decimal
    noun: str  # "day" for a length of time

    @property
    def is_time(self) -> bool:
        """Tell whether a length of time is required."""
        return self.noun == "day"

    def counted_in(self, text: str) -> list[tuple[Decimal, Span]]:
        """Return the numbers of the required thing that a text states."""
        found = []
        if self.noun == "pack-year":
            return [(_value(match["number"]), Span(*match.span())) for match in _PACK_YEARS.finditer(text)]
        for match in _COUNT.finditer(text):
            words = [_stem(word) for word in re.findall(r"[A-Za-z]+", match["rest"])]
            if self.noun in words or (match["mark"] and self.noun == "time"):
                found.append((_value(match["number"]), Span(*match.span())))
        return found


def required_amounts(question: str) -> tuple[list[Required], str]:
    """Return what a question requires at least, and the question without it.

    >>> required_amounts("Completed at least 6 weeks of therapy?")
    ([Required(least=Decimal('42'), noun='day')], 'Completed   of therapy?')
    """
    found: list[Required] = []
    rest = question
    for match in _AT_LEAST.finditer(question):
        unit = match["unit2"] or _first_noun(match["rest"])
        number = _value(match["number2"] or match["number"])
        days = _DAYS.get(_stem(unit)) if unit else None
        found.append(Required(number * days, "day") if days else Required(number, _stem(unit)))
        removed = (
            match[0]
            if match["unit2"]
            else match[0][: len(match[0]) - len(match["rest"])] + _time(match["rest"])
        )
        rest = rest.replace(removed, "  ", 1)
        if found[-1].noun == "pack-year":
            rest = re.sub(r"pack[\s-]*years?", " ", rest, flags=re.IGNORECASE)
    return found, rest


def find_amounts(text: str) -> list[Amount]:
    """Return the lengths of time that a text states of something; not ages, intervals or limits."""
    found = []
    for match in _DURATION.finditer(text):
        before = text[: match.start()]
        if _NOT_LASTING.search(before) and not _LASTING.search(before):
            continue
        unit = match["unit"].lower().rstrip("s")
        days = _DAYS[_SHORT.get(unit, unit)]
        found.append(Amount(_value(match["number"]) * days, Span(*match.span())))
    return found


def _value(number: str) -> Decimal:
    return Decimal(_WORDS.get(number.lower(), number))


def _stem(word: str) -> str:
    lower = word.lower()
    return lower[:-1] if lower.endswith("s") and len(lower) > 3 else lower


def _time(rest: str) -> str:
    first = rest.split(maxsplit=1)[0] if rest.split() else ""
    return first if _stem(first) in _DAYS else ""


_NOUNS = (
    "pack",
    "time",
    "injection",
    "episode",
    "treatment",
    "trial",
    "visit",
    "session",
    "event",
    "dose",
    "test",
)


def _first_noun(rest: str) -> str:
    """Return the thing that is counted: a unit of time, one of a few nouns, or the first word."""
    words: list[str] = re.findall(r"[A-Za-z]+", rest)
    if re.match(r"pack[\s-]*years?", rest, re.IGNORECASE):
        return "pack-year"
    if words and _stem(words[0]) in _DAYS:
        return words[0]
    return next((w for w in words[:4] if _stem(w) in _NOUNS), words[0] if words else "")
