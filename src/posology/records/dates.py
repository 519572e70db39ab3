"""FHIR dates of any precision, compared as calendar dates in the record's own offset."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

__all__ = ["PartialDate", "parse_date"]

_FHIR = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A day, month or year: it lies between ``earliest`` and ``latest``, both included.

    ``text`` is the date as it may be quoted: ``2019-03-02``, ``2019-03`` or ``2019``.
    """

    earliest: date
    latest: date
    text: str

    @property
    def exact(self) -> bool:
        """Tell whether the day is known."""
        return self.earliest == self.latest

    def on_or_before(self, day: date) -> bool | None:
        """Tell whether it lies on or before ``day``; ``None`` where it could be either side."""
        if self.latest <= day:
            return True
        return False if self.earliest > day else None

    def on_or_after(self, day: date) -> bool | None:
        """Tell whether it lies on or after ``day``; ``None`` where it could be either side."""
        if self.earliest >= day:
            return True
        return False if self.latest < day else None


def parse_date(value: object) -> PartialDate | None:
    """Parse a FHIR date, dateTime or instant; ``None`` for anything that is no date on the calendar.

    >>> parse_date("2019-03-02T23:30:00-05:00").text
    '2019-03-02'
    >>> parse_date("2019-02-30") is None
    True
    """
    match = _FHIR.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day = match["year"], match["month"], match["day"]
    try:
        if day:
            exact = date(int(year), int(month), int(day))
            return PartialDate(exact, exact, f"{year}-{month}-{day}")
        if month:
            last = monthrange(int(year), int(month))[1]
            return PartialDate(
                date(int(year), int(month), 1), date(int(year), int(month), last), f"{year}-{month}"
            )
        return PartialDate(date(int(year), 1, 1), date(int(year), 12, 31), year)
    except ValueError:
        return None
