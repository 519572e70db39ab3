"""How often: "twice daily", BID and q12h are the same number of times a day."""

import re
from dataclasses import dataclass

from posology.spans import Span

__all__ = ["Frequency", "find_frequencies"]

_COUNT = r"(?:(?P<count>\d+|one|two|three|four|five|six|once|twice|thrice)(?:\s*(?:x|times?))?\s*)"
_PERIOD = r"(?P<period>day|daily|week|weekly|month|monthly|year|yearly|annually|hour|night)"
_EVERY = (
    r"(?:every|each|q\.?)\s*(?P<n>\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve)?"
    r"(?:\s*-\s*(?P<n2>\d+))?[\s-]*(?P<unit>hours?|hrs?|h|days?|weeks?|wks?|months?|mos?|years?)\b"
)
_LATIN = {
    r"b\.?i\.?d\b\.?": 2.0, r"t\.?i\.?d\b\.?": 3.0, r"q\.?i\.?d\b\.?": 4.0, r"q\.?o\.?d\b\.?": 0.5,
    r"q\.?d\b\.?|q\.?a\.?m\b\.?|q\.?p\.?m\b\.?|q\.?h\.?s\b\.?|o\.d\.": 1.0,
    r"nightly|at\s+bedtime|every\s+(?:morning|evening|night|bedtime)|at\s+night|(?:in\s+the"
    r"|each)\s+(?:morning|evening)": 1.0,
    r"every\s+other\s+day|on\s+alternate\s+days": 0.5,
    r"(?:every\s+other\s+week|fortnightly|bi-?weekly)": 1 / 14,
    r"quarterly": 1 / 91, r"qweek|q\s?wk": 1 / 7,
}  # fmt: skip
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "m": 30.4375, "y": 365.25, "n": 1.0, "a": 365.25}
_WORDS = {
    "once": 1, "twice": 2, "thrice": 3, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip
_PATTERN = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(f"(?P<l{i}>{form})" for i, form in enumerate(_LATIN))
    + rf"|{_EVERY}"
    + rf"|{_COUNT}(?:(?:-|\s|/|a\s|per\s|an\s|each\s|every\s)+){_PERIOD}\b"
    + r"|(?P<once>once\s+daily|daily|weekly|monthly|(?:per|a|each|every)\s+(?:day|week|month|night)\b)"
    + r")(?![\w-])|(?P<slash>(?<=[a-z])/(?:day|week|month|d|wk|mo)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Frequency:
    """How many times a day, and where it is said."""

    per_day: float
    span: Span

    def same(self, other: "Frequency") -> bool:
        """Tell whether both are the same within four parts in a hundred."""
        return abs(self.per_day - other.per_day) <= 0.04 * max(self.per_day, other.per_day)


def find_frequencies(text: str) -> tuple[Frequency, ...]:
    """Find how often things are done or taken.

    >>> [f.per_day for f in find_frequencies("metformin BID, then q8h, later once weekly")]
    [2.0, 3.0, 0.14285714285714285]
    """
    found = (_frequency(match, text) for match in _PATTERN.finditer(text))
    return tuple(frequency for frequency in found if frequency is not None)


def _frequency(match: re.Match[str], text: str) -> Frequency | None:
    span = Span(match.start(), match.end())
    if re.search(r"(?:activities|instruments|times)\s+of\s+$", text[: match.start()], re.IGNORECASE):
        return None
    if match["unit"]:
        return Frequency(1 / (_number(match["n"]) * _DAYS[match["unit"][0].lower()]), span)
    if match["period"]:
        if _number(match["count"]) == 0:
            return None
        return Frequency(_number(match["count"]) / _DAYS[match["period"][0].lower()], span)
    if match["once"] or match["slash"]:
        word = re.sub(r"^(?:once|per|a|each|every)\s+|/", "", (match["once"] or match["slash"]).lower())
        return Frequency(1 / _DAYS[word[0]], span)
    for index, rate in enumerate(_LATIN.values()):
        if match[f"l{index}"]:
            return Frequency(rate, span)
    return None


def _number(word: str | None) -> float:
    if not word:
        return 1.0
    return float(_WORDS[word.lower()]) if word.lower() in _WORDS else float(word)
