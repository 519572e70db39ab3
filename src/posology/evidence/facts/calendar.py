"""Dates as people write them, found in a text and reduced to year, month and day."""

import re
from dataclasses import dataclass
from datetime import date

from posology.spans import Span

__all__ = ["Day", "find_dates"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?:19|20)\d\d"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_FORMS = (
    rf"(?P<y1>{_YEAR})-(?P<m1>0[1-9]|1[0-2])(?:-(?P<d1>0[1-9]|[12]\d|3[01])(?:T[\d:.]+(?:Z"
    rf"|[+-]\d\d:?\d\d)?)?)?(?![\d-])",
    rf"(?P<y2>{_YEAR})/(?P<m2>0?[1-9]|1[0-2])/(?P<d2>{_DAY})(?!\d)",
    rf"(?P<y3>{_YEAR})(?P<m3>0[1-9]|1[0-2])(?P<d3>0[1-9]|[12]\d|3[01])(?!\d)",
    r"(?P<a4>\d{1,2})(?P<s4>[/.-])(?P<b4>\d{1,2})(?P=s4)(?P<y4>(?:19|20)\d\d|\d\d)(?![\d/-]|\.\d)",
    rf"(?P<m5>{_MONTH})\s+(?:the\s+)?(?P<d5>{_DAY})(?:st|nd|rd|th)?(?:\s*,\s*"
    rf"|\s+(?:of\s+)?)(?P<y5>{_YEAR})(?!\d)",
    rf"(?:the\s+)?(?P<d6>{_DAY})(?:st|nd|rd"
    rf"|th)?[\s-]+(?:of\s+)?(?P<m6>{_MONTH})[\s,-]+(?:of\s+)?(?P<y6>{_YEAR})(?!\d)",
    rf"(?P<m7>{_MONTH})(?:\s*,\s*|\s+(?:of\s+)?|-)(?P<y7>{_YEAR})(?!\d)",
    rf"(?P<m8>{_MONTH})\s+(?:the\s+)?(?P<d8>{_DAY})(?:st|nd|rd|th)?(?![\d%/]|\s*(?:mg|mcg|ml|units)\b)",
    rf"(?:the\s+)?(?P<d9>{_DAY})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m9>{_MONTH})(?!\w)",
    rf"(?P<ma>0?[1-9]|1[0-2])/(?P<ya>{_YEAR})(?!\d)",
    rf"(?P<yb>{_YEAR})(?![\d%/-]|[.,]\d)(?!\s*(?:mg|mcg|ml|units|cells|kcal|calories|feet|steps|g|kg)\b)",
)
_DATE = re.compile(r"(?:(?<![\w./$-])|(?<=/\d{4}-)|(?<=/\d\d-))(?:" + "|".join(_FORMS) + ")", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Day:
    """A date with what is known of it; 0 stands for a part that is not given."""

    year: int
    month: int
    day: int
    span: Span

    @property
    def text(self) -> str:
        """The date in ISO form, a missing year as ``----``."""
        year = f"{self.year:04d}" if self.year else "----"
        parts = [year] + [f"{part:02d}" for part in (self.month, self.day) if part]
        return "-".join(parts)

    @property
    def exact(self) -> date | None:
        """The calendar day, where all of it is known."""
        return date(self.year, self.month, self.day) if self.year and self.month and self.day else None

    def within(self, other: "Day") -> bool:
        """Tell whether everything this date says is said by ``other`` too."""
        return all(
            mine in (0, theirs)
            for mine, theirs in ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        )


def find_dates(text: str) -> tuple[Day, ...]:
    """Find the dates of a text; a bare year counts, a bare "5/10" does not.

    >>> [day.text for day in find_dates("seen 3/2/2019 and on the 4th of May, 2019")]
    ['2019-03-02', '2019-05-04']
    """
    found = (_day(match) for match in _DATE.finditer(text))
    return tuple(day for day in found if day is not None)


def _day(match: re.Match[str]) -> Day | None:
    parts = {name: value for name, value in match.groupdict().items() if value is not None}
    span = Span(match.start(), match.end())
    if "a4" in parts:
        return _slashed(int(parts["a4"]), int(parts["b4"]), parts["y4"], span)
    by_letter = {name[0]: value for name, value in parts.items()}
    month = by_letter.get("m", "0")
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    return _checked(int(by_letter.get("y", "0")), number, int(by_letter.get("d", "0")), span)


def _slashed(first: int, second: int, year: str, span: Span) -> Day | None:
    full = int(year) if len(year) == 4 else 2000 + int(year) if int(year) < 50 else 1900 + int(year)
    if first > 12:
        first, second = second, first
    return _checked(full, first, second, span)


def _checked(year: int, month: int, day: int, span: Span) -> Day | None:
    if month > 12 or (day and not month):
        return None
    try:
        date(year or 2000, month or 1, day or 1)
    except ValueError:
        return None
    return Day(year, month, day, span)
