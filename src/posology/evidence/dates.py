"""The calendar dates that a text names."""

from posology.evidence.facts.calendar import find_dates

__all__ = ["dates_in"]


def dates_in(text: str) -> tuple[str, ...]:
    """Return the dates of a text that give a year, in ISO form of their own precision.

    >>> dates_in("seen 3/2/2019, back in May 2019")
    ('2019-03-02', '2019-05')
    """
    return tuple(day.text for day in find_dates(text) if day.year)
