"""Dates that move: a written date is read, moved by days and written again in the same form."""

import re
from collections.abc import Callable
from datetime import date, timedelta

__all__ = ["shifted"]

_OLDEST = 1940  # an earlier year tells an age over 89
_MONTHS = (
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
)
_NAME = r"(?P<name>[A-Za-zé]{3,10})"
_YEAR = r"(?P<y>(?:19|20)\d\d)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_YEAR}(?P<s>[-/.])(?P<m>\d{{1,2}})(?P=s)(?P<d>\d{{1,2}})",
        rf"{_YEAR}(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)",
        rf"(?P<m>\d{{1,2}})(?P<s>[-/.\s])(?P<d>\d{{1,2}})(?P=s)(?:{_YEAR}|['’]?(?P<short>\d\d))",
        rf"{_NAME}\.?\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+(?:day\s+)?of|\s+de)?[\s-]*{_NAME}\.?,?(?:\s+del?)?[\s-]*{_YEAR}",
        rf"{_NAME}\.?\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?",
        rf"{_YEAR}-(?P<m>\d\d)",
        rf"(?P<m>\d{{1,2}})[/-]{_YEAR}",
        rf"{_NAME}\.?,?(?:\s+(?:of|de|del))?[\s-]+{_YEAR}",
        rf"{_NAME}",
    )
)
_TIME = re.compile(r"(?:[T ,]+[\d:. ]+(?:Z|[+-]\d\d:?\d\d)?)?")  # of day, behind a date
_ANY_YEAR = 2019  # of a day and month without year; no leap year


def shifted(text: str, days: int, *, day_first: bool = False) -> str:
    """Return a date as it is written, so many days later; nothing where it is read as none or tells an age.

    >>> shifted("3/4/2019", -7), shifted("March 4th, 2019", -7), shifted("2019-03", -7), shifted("Easter", -7)
    ('2/25/2019', 'February 25th, 2019', '2019-02', '')

    A date without a day is read as the first of its month; the time of day behind a date stays.
    ``day_first``: 3/4/2019 is the third of April.
    """
    plain = text.strip()
    for form in _FORMS:
        match = form.match(plain)
        if match is None or not _TIME.fullmatch(plain, match.end()):
            continue
        moved = _moved(match.groupdict(), days, day_first)
        if moved is not None:
            return _written(match, *moved) + plain[match.end() :]
    return ""


def _moved(parts: dict[str, str | None], days: int, day_first: bool) -> tuple[date, list[str], bool] | None:
    """Return the new day, the month names it is written with, and whether day and month change places."""
    names, month = _month(parts.get("name"))
    year = int(parts.get("y") or _short_year(parts.get("short")) or _ANY_YEAR)
    month, day = month or int(parts.get("m") or 0), int(parts.get("d") or 1)
    figures = "short" in parts  # only figures, the year last: day and month may stand in either order
    swapped = figures and (month > 12 >= day or (day_first and day <= 12))
    if swapped:
        month, day = day, month
    try:
        moved = date(year, month, day) + timedelta(days=days)
    except ValueError:
        return None
    return (moved, names, swapped) if min(year, moved.year) >= _OLDEST else None


def _month(name: str | None) -> tuple[list[str], int]:
    plain = (name or "").lower().rstrip(".")
    for names in _MONTHS:
        found = [number for number, one in enumerate(names, 1) if plain and one.startswith(plain[:4])]
        if not found and len(plain) == 3:
            found = [number for number, one in enumerate(names, 1) if one.startswith(plain)]
        if found:
            return names, found[0]
    return _MONTHS[0], 0


def _short_year(short: str | None) -> int:
    return 0 if short is None else (2000 if int(short) < 30 else 1900) + int(short)


def _written(match: re.Match[str], day: date, names: list[str], swapped: bool) -> str:
    """Write a day in place of the parts of a date, each as long as it was."""
    month, number = (day.day, day.month) if swapped else (day.month, day.day)
    two = match[0][:4].isdigit() or any(_padded(match, key) for key in "md")
    makers: dict[str, Callable[[str], str]] = {
        "y": lambda _: str(day.year),
        "short": lambda _: f"{day.year % 100:02d}",
        "m": lambda _: str(month).zfill(2 if two else 1),
        "d": lambda _: str(number).zfill(2 if two else 1),
        "name": lambda old: _named(names[day.month - 1], old),
    }
    text, start = match[0], match.start()
    spans = sorted((match.span(key), key) for key in makers if key in match.re.groupindex and match[key])
    for (first, end), key in reversed(spans):
        text = text[: first - start] + makers[key](match[key]) + text[end - start :]
    return text


def _padded(match: re.Match[str], key: str) -> bool:
    return (match.groupdict().get(key) or "").startswith("0")


def _named(name: str, like: str) -> str:
    made = name if len(like) > 4 or like.lower() in (*_MONTHS[0], *_MONTHS[1]) else name[: len(like)]
    if like.isupper():
        return made.upper()
    return made.capitalize() if like[0].isupper() else made
