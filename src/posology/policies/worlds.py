"""Every way in which partial dates could turn out: an expression holds where it holds in all of them.

FHIRPath libraries settle partial dates each in their own way, and compare times across offsets. Here a
resource is seen with calendar days in its own offset, and each partial date once as its first and once as its
last day; a birth date or event date that is not exact gives every age, and every day, that it allows.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from posology.records.dates import PartialDate, parse_date

__all__ = ["ages_on", "holds", "variable_sets", "versions"]

Body = Mapping[str, Any]
Variables = Mapping[str, object]
MOST_DAYS = 366  # of an event's date that are tried one by one
_DATED = re.compile(
    r"(.*(Date|DateTime|Instant)|start|end|date|issued|authored|authoredOn|created|sent|received|started|indexed|"
    r"whenPrepared|whenHandedOver|recordedOn|recorded|dateTime|dateAsserted|lastUpdated|event)"
)


def holds(
    judge: Callable[[Body, Variables], bool | None], body: Body, variables: Iterable[Variables]
) -> bool | None:
    """Return what ``judge`` says in every world; ``None`` where the worlds differ or one is not known."""
    bodies = versions(body)
    verdict: bool | None = None
    for number, (version, names) in enumerate((v, n) for n in variables for v in bodies):
        found = judge(version, names)
        if found is None or (number and found is not verdict):
            return None
        verdict = found
    return verdict


def versions(body: Body) -> tuple[Body, ...]:
    """Return the body with whole days only: once, or twice where a date in it is partial."""
    first = _settled(body, "", early=True)
    last = _settled(body, "", early=False)
    return (first,) if first == last else (first, last)


def _settled(value: Any, key: str, *, early: bool) -> Any:
    if isinstance(value, Mapping):
        return {name: _settled(child, name, early=early) for name, child in value.items()}
    if isinstance(value, list):
        return [_settled(child, key, early=early) for child in value]
    if not isinstance(value, str) or not value[:4].isdigit() or not _DATED.fullmatch(key):
        return value
    when = parse_date(value)
    if when is None:
        return value
    return (when.earliest if early else when.latest).isoformat()


def variable_sets(
    expression: str, patient: Body, day: date, event: PartialDate | None
) -> tuple[Variables, ...]:
    """Return the variables of an expression, once for every way that partial dates allow.

    A value that is not known at all is ``None``: %age without a birth date, %event_date without a date.
    """
    born = parse_date(patient.get("birthDate"))
    ages = ages_on(born, day) if re.search(r"%`?age\b(?!_)", expression) else (None,)
    events = _days(event) if re.search(r"%`?(event_date|age_at_event)\b", expression) else (None,)
    found = []
    for happened in events:
        for at_event in ages_on(born, happened) if happened is not None else (None,):
            fixed = {
                "date": day,
                "sex": patient.get("gender"),
                "event_date": happened,
                "age_at_event": at_event,
            }
            found += [{**fixed, "age": age} for age in ages]
    return tuple(found)


def ages_on(born: PartialDate | None, day: date) -> tuple[int | None, ...]:
    """Return every age in whole years that a birth date allows on a day.

    >>> ages_on(parse_date("1960"), date(2019, 6, 1))
    (58, 59)
    """
    if born is None or born.earliest > day:
        return (None,)
    return tuple(range(_years(min(born.latest, day), day), _years(born.earliest, day) + 1))


def _years(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _days(event: PartialDate | None) -> tuple[date | None, ...]:
    if event is None:
        return (None,)
    return tuple(_between(event.earliest, event.latest))


def _between(first: date, last: date) -> Iterator[date]:
    for number in range(min((last - first).days + 1, MOST_DAYS)):
        yield first + timedelta(days=number)
