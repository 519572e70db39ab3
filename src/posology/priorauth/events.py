"""The date of an event as a sentence tells it."""

from posology.evidence import dates_in
from posology.records.dates import PartialDate

__all__ = ["event_date"]


def event_date(sentence: str) -> PartialDate | None:
    """Return the one calendar date that a sentence names; ``None`` where it names none or several."""
    dates = set(dates_in(sentence))
    return dates.pop() if len(dates) == 1 else None
