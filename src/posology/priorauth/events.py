"""The date of an event as a sentence tells it."""

from posology.evidence import dates_in
from posology.records import PartialDate, parse_date

__all__ = ["event_date"]


def event_date(sentence: str) -> PartialDate | None:
    """Return the one calendar date that a sentence names; ``None`` where it names none or several."""
    dates = {parse_date(text) for text in dates_in(sentence)} - {None}
    return dates.pop() if len(dates) == 1 else None
