"""Counting what was found, and adding up its periods, in three values."""

import heapq
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from posology.policies.candidates import Candidate, Candidates, Scope
from posology.policies.finding import Finding
from posology.policies.logic import all_of
from posology.policies.policy import Count, Duration, Leaf, Unit
from posology.policies.reasons import count_words, days_words, span_words
from posology.policies.timeline import STATE_TYPES, Window, add, goes_on, recorded_period
from posology.policies.units import canonical_unit
from posology.policies.witness import describe
from posology.quotes import Evidence, Status
from posology.records.timing import Dated, period_of

__all__ = ["count_status", "duration_status"]

Period = tuple[date, date]  # first and last day, both included
MOST_QUOTED = 6
MOST_TRIED = 40  # entries whose partial dates are placed one by one; of more, only bounds are taken


def count_status(leaf: Leaf, found: Candidates, scope: Scope) -> Finding:
    """Decide a leaf that counts; entries that may not count, or whose day is open, widen the count."""
    count = leaf.count or Count()
    every = (*found.sure, *found.unsure)
    low = _surely_found([_days_of(c, leaf, scope) for c in found.sure], count)
    high = _possibly_found([_days_of(c, leaf, scope) for c in every], count)
    status = all_of([_at_least(low, high, count.minimum), _at_most(low, high, count.maximum)])
    reason = f"{_number(low, high)} found{_where(count, every)}; the criterion is {count_words(count)}."
    return Finding(status, "structured", _quotes(every, scope), (), reason, _looked(status, found))


def _number(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _where(count: Count, found: Sequence[Candidate]) -> str:
    """Say on which days what was counted lies, or within which time."""
    days = " on separate days" if count.distinct == "day" else ""
    return days + (f" within {span_words(count.span)}" if count.span is not None else days_words(found))


def _at_least(low: int, high: int, minimum: int | None) -> Status:
    if minimum is None or low >= minimum:
        return Status.MET
    return Status.NOT_MET if high < minimum else Status.UNKNOWN


def _at_most(low: int, high: int, maximum: int | None) -> Status:
    if maximum is None or high <= maximum:
        return Status.MET
    return Status.NOT_MET if low > maximum else Status.UNKNOWN


def _days_of(candidate: Candidate, leaf: Leaf, scope: Scope) -> Period:
    """Return the first and last day on which an entry that counts may have happened."""
    first = Window(leaf.within, scope.day).first
    event = leaf.state is None and candidate.resource.type not in STATE_TYPES
    oldest = max(candidate.oldest, first) if event and first <= candidate.newest else candidate.oldest
    return oldest, min(candidate.newest, scope.day)


def _surely_found(days: Sequence[Period], count: Count) -> int:
    """Return how many there are at least, in the span where there are most."""
    number = _fewest_days if count.distinct == "day" else len
    if count.span is None:
        return number(days)
    if len(days) > MOST_TRIED:
        return max(_most_exact(days, count, count.span), min(1, len(days)))
    spans = [(first, add(first, count.span)) for first, _ in days]
    inside = [[(f, t) for f, t in days if start <= f and t <= end] for start, end in spans]
    return max((number(group) for group in inside), default=0) or min(1, len(days))


def _possibly_found(days: Sequence[Period], count: Count) -> int:
    """Return how many there are at most, in the span where there may be most."""
    if count.span is None:
        return _most_days(days) if count.distinct == "day" else len(days)
    if len(days) > MOST_TRIED:
        vague = sum(first != last for first, last in days)
        return _most_exact(days, count, count.span) + vague
    if count.distinct == "resource":
        spans = [(last, add(last, count.span)) for _, last in days]
        return max((len(_cut(days, start, end)) for start, end in spans), default=0)
    # the first of the days can be pushed back until it, or a day right behind it, is an entry's last
    back = len(days) if any(first != last for first, last in days) else 1
    starts = {last - timedelta(days=n) for _, last in days for n in range(back)}
    return max((_most_days(_cut(days, start, add(start, count.span))) for start in starts), default=0)


def _most_exact(days: Sequence[Period], count: Count, span: Duration) -> int:
    """Return the largest number of exactly dated entries, or of their days, inside one span."""
    exact = sorted(first for first, last in days if first == last)
    rows = sorted(set(exact)) if count.distinct == "day" else exact
    most = start = 0
    for end, day in enumerate(rows):
        while add(rows[start], span) < day:
            start += 1
        most = max(most, end - start + 1)
    return most


def _cut(days: Sequence[Period], start: date, end: date) -> list[Period]:
    return [(max(first, start), min(last, end)) for first, last in days if first <= end and last >= start]


def _fewest_days(days: Sequence[Period]) -> int:
    """Return the fewest separate days that entries can fall on, each somewhere in its period."""
    found, last = 0, None
    for first, final in sorted(days, key=lambda period: period[1]):
        if last is None or first > last:
            found, last = found + 1, final
    return found


def _most_days(days: Sequence[Period]) -> int:
    """Return the most separate days that entries can fall on: each takes the earliest day still free."""
    waiting: list[tuple[date, date]] = []
    rows, found, day = sorted(days), 0, date.min
    while rows or waiting:
        if not waiting:
            day = max(day, rows[0][0])
        while rows and rows[0][0] <= day:
            first, last = rows.pop(0)
            heapq.heappush(waiting, (last, first))
        last, _ = heapq.heappop(waiting)
        if last >= day:
            found, day = found + 1, _next_day(day)
    return found


def _next_day(day: date) -> date:
    return day + timedelta(days=1) if day < date.max else day


def duration_status(leaf: Leaf, found: Candidates, scope: Scope) -> Finding:
    """Decide a leaf that asks how long: the union of the periods, up to the date of service."""
    if leaf.duration is None:
        raise ValueError("the leaf asks for no duration")
    least = _union([p for c in found.sure if (p := _surely(c, scope.day))])
    most = _union([p for c in (*found.sure, *found.unsure) if (p := _possibly(c, scope.day))])
    status = Status.UNKNOWN
    if _lasts(least, leaf):
        status = Status.MET
    elif not _lasts(most, leaf):
        status = Status.NOT_MET
    reason = f"{_covered(least, status)}; the criterion is at least {span_words(leaf.duration)}."
    return Finding(
        status, "structured", _quotes((*found.sure, *found.unsure), scope), (), reason, _looked(status, found)
    )


def _covered(periods: Sequence[Period], status: Status) -> str:
    """Say how many days the recorded periods surely cover, and from when to when."""
    more = ", and may cover more" if status is Status.UNKNOWN else ""
    if not periods:
        return f"The recorded periods cover no day that is sure{more}"
    first, last = periods[0][0], periods[-1][1]
    dates = "" if first == date.min else f" ({first} to {last})"
    return f"The recorded periods cover {_days(periods)} days{dates}{more}"


def _surely(candidate: Candidate, day: date) -> Period | None:
    start, end = recorded_period(candidate.resource, day)
    if start is None:
        return None
    last = min(end.earliest, day) if end is not None else _open_end(candidate, start, day)
    return (start.latest, last) if last is not None and start.latest <= last else None


def _possibly(candidate: Candidate, day: date) -> Period | None:
    start, end = period_of(candidate.resource)
    first = start.earliest if start is not None else date.min
    last = min(end.latest, day) if end is not None else day
    return (first, last) if first <= last else None


def _open_end(candidate: Candidate, start: Dated, day: date) -> date | None:
    """Return the last sure day of a period without end.

    It is the day itself where the status says that it goes on, else the last day of one supply, unless it
    was stopped.
    """
    if goes_on(candidate.resource):
        return day
    if candidate.resource.body.get("status") == "stopped":
        return None
    supply = _supply(candidate.resource.body)
    return None if supply is None else min(add(start.earliest, supply) - timedelta(days=1), day)


_SUPPLY_UNITS: Mapping[str, Unit] = {"d": "day", "wk": "week", "mo": "month", "a": "year"}


def _supply(body: Mapping[str, Any]) -> Duration | None:
    """Return how long one supply of a prescription lasts, where it says so in whole units."""
    request = body.get("dispenseRequest")
    length = request.get("expectedSupplyDuration") if isinstance(request, Mapping) else None
    if not isinstance(length, Mapping):
        return None
    unit = _SUPPLY_UNITS.get(canonical_unit(length.get("code"), length.get("unit")) or "")
    value = length.get("value")
    if unit is None or isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return Duration(int(value), unit) if value == int(value) and 0 < value < 5000 else None


def _union(periods: Sequence[Period]) -> list[Period]:
    """Merge periods that touch."""
    merged: list[Period] = []
    for first, last in sorted(periods):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _days(periods: Sequence[Period]) -> int:
    return sum((last - first).days + 1 for first, last in periods)


def _lasts(periods: Sequence[Period], leaf: Leaf) -> bool:
    """Tell whether periods add up to the leaf's duration, counted on the calendar.

    A month is as long as the shortest that begins with one of the periods: no period added takes away.
    """
    if not periods or leaf.duration is None:
        return False
    if periods[0][0] == date.min:
        return True
    needed = min((add(first, leaf.duration) - first).days for first, _ in periods)
    return _days(periods) >= needed


def _quotes(candidates: Sequence[Candidate], scope: Scope) -> tuple[Evidence, ...]:
    newest = sorted(candidates, key=lambda c: c.oldest, reverse=True)[:MOST_QUOTED]
    return tuple(evidence for candidate in newest for evidence in describe(candidate, scope))


def _looked(status: Status, found: Candidates) -> tuple[str, ...]:
    return found.looked if status is Status.UNKNOWN else ()
