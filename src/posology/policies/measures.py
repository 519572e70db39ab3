"""Counting what was found, and adding up its periods, in three values."""

from collections.abc import Sequence
from datetime import date

from posology.policies.candidates import Candidate, Candidates, Scope
from posology.policies.finding import Finding
from posology.policies.logic import all_of
from posology.policies.policy import Count, Leaf
from posology.policies.timeline import add
from posology.policies.witness import describe
from posology.quotes import Evidence, Status
from posology.records.timing import period_of

__all__ = ["count_status", "duration_status"]

MOST_QUOTED = 6


def count_status(leaf: Leaf, found: Candidates, scope: Scope) -> Finding:
    """Decide a leaf that counts; entries that may not count, or whose day is open, widen the count."""
    count = leaf.count or Count()
    exact = [c for c in found.sure if c.when is not None and c.when.exact]
    every = (*found.sure, *found.unsure)
    if count.distinct == "resource" and count.span is None:
        low, high = len(found.sure), len(every)
    else:
        low = _most(exact, count) or min(1, len(found.sure))
        vague = len(every) - len(exact)
        high = _most([c for c in every if c.when is not None and c.when.exact], count) + min(
            vague, len(every)
        )
    status = all_of([_at_least(low, high, count.minimum), _at_most(low, high, count.maximum)])
    number = str(low) if low == high else f"{low} to {high}"
    reason = f"{number} found{', each on its own day' if count.distinct == 'day' else ''}; {_asked(count)}."
    return Finding(status, "structured", _quotes(every, scope), (), reason, _looked(status, found))


def _asked(count: Count) -> str:
    parts = [f"at least {count.minimum}" if count.minimum is not None else ""]
    parts.append(f"at most {count.maximum}" if count.maximum is not None else "")
    return "the policy asks for " + " and ".join(part for part in parts if part)


def _at_least(low: int, high: int, minimum: int | None) -> Status:
    if minimum is None or low >= minimum:
        return Status.MET
    return Status.NOT_MET if high < minimum else Status.UNKNOWN


def _at_most(low: int, high: int, maximum: int | None) -> Status:
    if maximum is None or high <= maximum:
        return Status.MET
    return Status.NOT_MET if low > maximum else Status.UNKNOWN


def _most(candidates: Sequence[Candidate], count: Count) -> int:
    """Return the largest number that falls inside one span of time."""
    if count.span is None:
        return _number(candidates, count)
    windows = [(c.oldest, add(c.oldest, count.span)) for c in candidates]
    return max(
        (_number([c for c in candidates if first <= c.oldest <= last], count) for first, last in windows),
        default=0,
    )


def _number(candidates: Sequence[Candidate], count: Count) -> int:
    return len({c.oldest for c in candidates}) if count.distinct == "day" else len(candidates)


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
    asked = f"the policy asks for {leaf.duration.amount} {leaf.duration.unit}s"
    reason = f"The recorded periods cover {_days(least)} days; {asked}."
    return Finding(
        status, "structured", _quotes((*found.sure, *found.unsure), scope), (), reason, _looked(status, found)
    )


Period = tuple[date, date]


def _surely(candidate: Candidate, day: date) -> Period | None:
    start, end = period_of(candidate.resource)
    if start is None:
        return None
    last = min(end.earliest, day) if end is not None else _open_end(candidate, day)
    return (start.latest, last) if last is not None and start.latest <= last else None


def _possibly(candidate: Candidate, day: date) -> Period | None:
    start, end = period_of(candidate.resource)
    first = start.earliest if start is not None else date.min
    last = min(end.latest, day) if end is not None else day
    return (first, last) if first <= last else None


def _open_end(candidate: Candidate, day: date) -> date | None:
    """Return the last day of a period without end: the day itself where its status says that it goes on."""
    from posology.policies.timeline import goes_on

    return day if goes_on(candidate.resource) else None


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
    return sum((last - first).days for first, last in periods)


def _lasts(periods: Sequence[Period], leaf: Leaf) -> bool:
    """Tell whether periods add up to the leaf's duration, counted on the calendar from the first day."""
    if not periods or leaf.duration is None:
        return False
    if periods[0][0] == date.min:
        return True
    needed = (add(periods[0][0], leaf.duration) - periods[0][0]).days
    return _days(periods) >= needed


def _quotes(candidates: Sequence[Candidate], scope: Scope) -> tuple[Evidence, ...]:
    newest = sorted(candidates, key=lambda c: c.oldest, reverse=True)[:MOST_QUOTED]
    return tuple(evidence for candidate in newest for evidence in describe(candidate, scope))


def _looked(status: Status, found: Candidates) -> tuple[str, ...]:
    return found.looked if status is Status.UNKNOWN else ()
