"""What a made chart holds, as plain values, and what each leaf is worth over them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from posology.policies.policy import Compare, Duration, Leaf
from posology.quotes import Status

__all__ = ["STATES", "Fact", "Setting", "after", "before", "eligible", "leaf_status", "matches"]

STATES = frozenset({"Condition", "MedicationRequest", "MedicationStatement"})
DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a resource will say: when, how long, how much, and whether it is true at all.

    ``ineligible`` names why it must not count (``entered-in-error``, ``refuted``...), or is empty.
    """

    resource: str
    entry: tuple[str, str]  # system and code
    start: date
    end: date | None = None
    value: Decimal | None = None
    unit: str = ""
    low: Decimal | None = None  # lower limit of the reference range
    coded: tuple[str, str] | None = None
    part: tuple[str, str] | None = None  # the component that carries the value
    fields: tuple[tuple[str, str], ...] = ()  # elements that a filter asks for, such as intent
    ineligible: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What leaves are judged against: the date of service, the patient's age, the value sets, the leaves."""

    day: date
    age_years: int | None  # None where the chart has no birth date
    sets: Mapping[str, frozenset[tuple[str, str]]]
    leaves: Mapping[str, Leaf]


def before(day: date, length: Duration) -> date:
    """Return the calendar day that lies ``length`` before ``day``.

    >>> before(date(2024, 3, 31), Duration(1, "month"))
    datetime.date(2024, 2, 29)
    """
    if length.unit in DAYS:
        return day - timedelta(days=DAYS[length.unit] * length.amount)
    months = length.amount * (12 if length.unit == "year" else 1)
    return _months(day, -months)


def after(day: date, length: Duration) -> date:
    """Return the calendar day that lies ``length`` after ``day``."""
    if length.unit in DAYS:
        return day + timedelta(days=DAYS[length.unit] * length.amount)
    return _months(day, length.amount * (12 if length.unit == "year" else 1))


def _months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, min(day.day, 28))


def matches(leaf: Leaf, fact: Fact, setting: Setting) -> bool:
    """Tell whether the fact is one that the leaf finds, before its date and state are looked at."""
    from posology.testing.expressions import parse_expression, parse_filter

    find = leaf.find
    if find is None or fact.ineligible:
        return False
    if find.expression is not None:
        parsed = parse_expression(find.expression)
        return (
            parsed is not None
            and parsed.resource == fact.resource
            and fact.entry in parsed.entries
            and fact.value is not None
            and (parsed.unit in ("", fact.unit))
            and all(_holds(fact.value, compare) for compare in parsed.compares)
        )
    if find.resource != fact.resource:
        return False
    if find.codes is not None and fact.entry not in setting.sets[find.codes]:
        return False
    wanted = parse_filter(find.where) if find.where else ()
    return wanted is not None and set(wanted) <= set(fact.fields)


def eligible(leaf: Leaf, facts: Iterable[Fact], setting: Setting) -> list[Fact]:
    """Return the facts that the leaf may use, oldest first, its ``near`` aside."""
    found = [f for f in facts if matches(leaf, f, setting) and f.start <= setting.day]
    if leaf.find is not None and leaf.find.resource in STATES:
        found = [f for f in found if _in_state(f, leaf.state or "active", setting.day)]
    if leaf.within is not None:
        since = before(setting.day, leaf.within)
        found = [f for f in found if _inside(f, since)]
    return sorted(found, key=lambda f: f.start)


def _in_state(fact: Fact, state: str, day: date) -> bool:
    ended = fact.end is not None and fact.end <= day
    return state == "ever" or (ended if state == "resolved" else not ended)


def _inside(fact: Fact, since: date) -> bool:
    if fact.resource in STATES:
        return fact.end is None or fact.end >= since
    return fact.start >= since


def leaf_status(leaf: Leaf, facts: Sequence[Fact], setting: Setting) -> tuple[Status | None, list[Fact]]:
    """Return what the leaf's structured part is worth and the facts that decide it.

    ``None`` means that the maker cannot tell: the leaf's test is of a form that it does not construct.
    """
    from posology.testing.expressions import parse_expression, parse_filter, parse_test

    find = leaf.find
    if find is None:
        return None, []
    if find.resource == "Patient":
        test = parse_test(leaf.test or "")
        if setting.age_years is None:
            return Status.UNKNOWN, []
        return (None if test is None else _truth(test.holds_for_age(setting.age_years))), []
    if find.expression is not None and parse_expression(find.expression) is None:
        return None, []
    if find.where and parse_filter(find.where) is None:
        return None, []
    found = eligible(leaf, facts, setting)
    if leaf.near is not None:
        _, anchors = leaf_status(setting.leaves[leaf.near.leaf], facts, setting)
        if not anchors:
            return Status.UNKNOWN, []
        found = [f for f in found if any(_near(leaf, f, anchor) for anchor in anchors)]
    if not found:
        return Status(leaf.when_absent) if leaf.when_absent != "met" else Status.UNKNOWN, []
    return _decide(leaf, found, setting)


def _near(leaf: Leaf, fact: Fact, anchor: Fact) -> bool:
    near = leaf.near
    if near is None:
        return True
    if near.order != "after" and before(anchor.start, near.within) <= fact.start <= anchor.start:
        return True
    return near.order != "before" and anchor.start <= fact.start <= after(anchor.start, near.within)


def _decide(leaf: Leaf, found: list[Fact], setting: Setting) -> tuple[Status | None, list[Fact]]:
    if leaf.count is not None:
        return _truth(_counted(leaf, found)), found
    if leaf.duration is not None:
        return _truth(_lasted(leaf.duration, found, setting.day)), found
    if leaf.compare is None and leaf.test is None:
        return Status.MET, found
    picked = {"latest": found[-1:], "earliest": found[:1]}.get(leaf.pick or "latest", found)
    results = [_judge(leaf, fact, setting) for fact in picked]
    if None in results:
        return None, picked
    if leaf.pick == "any":
        return _truth(any(results)), [f for f, r in zip(picked, results, strict=True) if r] or picked
    return _truth(all(results)), picked


def _judge(leaf: Leaf, fact: Fact, setting: Setting) -> bool | None:
    from posology.testing.expressions import parse_test

    if leaf.test is not None:
        test = parse_test(leaf.test)
        if test is None or fact.value is None:
            return None
        return test.holds_for(fact.value, fact.low)
    compare = leaf.compare
    if compare is not None and compare.in_codes is not None:
        return fact.coded in setting.sets[compare.in_codes]
    if compare is None or fact.value is None or fact.unit != (compare.unit or ""):
        return None
    return _holds(fact.value, compare)


def _holds(value: Decimal, compare: Compare) -> bool:
    limit = compare.value if compare.value is not None else Decimal(0)
    return {
        ">": value > limit,
        ">=": value >= limit,
        "<": value < limit,
        "<=": value <= limit,
        "=": value == limit,
        "!=": value != limit,
    }[compare.op or "="]


def _counted(leaf: Leaf, found: list[Fact]) -> bool:
    count = leaf.count
    if count is None:
        return True
    if count.span is None:
        best = _number(found, count.distinct)
    else:
        best = max(
            _number(
                [f for f in found if first.start <= f.start <= after(first.start, count.span)], count.distinct
            )
            for first in found
        )
    enough = count.minimum is None or best >= count.minimum
    return enough and (count.maximum is None or best <= count.maximum)


def _number(found: list[Fact], distinct: str) -> int:
    return len({f.start for f in found}) if distinct == "day" else len(found)


def _lasted(minimum: Duration, found: list[Fact], day: date) -> bool:
    spans = sorted((f.start, min(f.end or day, day)) for f in found)
    days, reach = 0, spans[0][0]
    for start, end in spans:
        days += max(0, (end - max(start, reach)).days)
        reach = max(reach, end)
    return days >= (after(spans[0][0], minimum) - spans[0][0]).days


def _truth(value: bool) -> Status:
    return Status.MET if value else Status.NOT_MET
