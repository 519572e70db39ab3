"""Ages as they stand in a text, and the age that two dates give."""

import re
from dataclasses import dataclass
from datetime import date

from posology.spans import Span

__all__ = ["Age", "age_on", "find_ages"]

_WORDS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_UNITS = {"y": 365.25, "m": 30.4375, "w": 7.0, "d": 1.0}
_PATTERN = re.compile(
    r"(?<![\w.])(?P<n>\d{1,3}|(?:two|three|four|five|six|seven|eight|nine|ten|eleven"
    r"|twelve)\b)(?:(?P<half>\.5|½))?[\s-]*(?P<u>years?|yrs?|y|months?|mos?|weeks?|wks?"
    r"|days?)(?:[\s./-]*(?:old|o)|\s+of\s+age)(?!\w)"
    r"|(?<![\w.])(?P<yo>\d{1,3})\s*(?:yo|y\.o\.|y/o)(?!\w)"
    r"|(?<!\w)(?:age[ds]?|age\s+(?:of|was|is|:)"
    r"|at\s+(?:the\s+)?age\s+(?:of\s+)?)[\s:]*(?P<a>\d{1,3})(?![\d.%/]|\s*[-–]\s*\d)(?:\s*(?P<au>years?"
    r"|months?|weeks?|days?)(?!\w))?"
    r"|(?<![\w.])(?P<s>\d{2})\s?(?:[MF])(?=[\s,.;])"
    r"|(?<!\w)(?P<t>twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-](?P<k>one|two|three|four"
    r"|five|six|seven|eight|nine))?[\s-]years?[\s-]old",
    re.IGNORECASE,
)
_SMALL = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Age:
    """An age in the unit it is given in: y, m, w or d."""

    value: float
    unit: str
    span: Span

    @property
    def days(self) -> float:
        """The age in days, about."""
        return self.value * _UNITS[self.unit]


def find_ages(text: str) -> tuple[Age, ...]:
    """Find ages.

    >>> [age.value for age in find_ages("A 61-year-old woman; her 12 y/o son; father aged 80")]
    [61.0, 12.0, 80.0]
    """
    return tuple(_age(match) for match in _PATTERN.finditer(text))


def _age(match: re.Match[str]) -> Age:
    span = Span(match.start(), match.end())
    if match["n"]:
        number = float(match["n"]) if match["n"].isdigit() else float(_SMALL.index(match["n"].lower()) + 2)
        return Age(number + (0.5 if match["half"] else 0.0), match["u"][0].lower(), span)
    if match["t"]:
        ones = _ONES.index(match["k"].lower()) + 1 if match["k"] else 0
        return Age(float(_WORDS[match["t"].lower()] + ones), "y", span)
    return Age(float(match["yo"] or match["a"] or match["s"]), (match["au"] or "y")[0].lower(), span)


def age_on(birth: date, day: date) -> int:
    """Return the age in full years on a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
