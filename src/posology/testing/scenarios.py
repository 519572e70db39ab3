"""Choosing facts for the leaves that look at the same evidence, so that as many aims as can hold do."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from posology.policies.policy import Duration, Leaf
from posology.quotes import Status
from posology.testing.facts import STATES, Fact, Setting, after, before, leaf_status, matches
from posology.testing.plans import Aim, Plan
from posology.testing.terms import concrete, default_unit

__all__ = ["Group", "add_older", "choose_facts", "group_leaves"]

EVENTS = (
    "Observation",
    "Procedure",
    "Encounter",
    "DiagnosticReport",
    "ServiceRequest",
    "DeviceRequest",
    "Immunization",
)
MADE = frozenset((*EVENTS, *STATES))


@dataclass(frozen=True)
class Group:
    """The leaves whose ``find`` looks for the same thing."""

    resource: str
    entries: tuple[tuple[str, str], ...]
    leaves: tuple[Leaf, ...]
    fields: tuple[tuple[str, str], ...]
    unit: str


def group_leaves(leaves: Sequence[Leaf], sets: Mapping[str, tuple[tuple[str, str], ...]]) -> list[Group]:
    """Group the leaves by what they find, those that others are dated by first."""
    from posology.testing.expressions import parse_expression, parse_filter

    groups: dict[object, Group] = {}
    for leaf in leaves:
        find = leaf.find
        if find is None:
            continue
        if find.expression is not None:
            parsed = parse_expression(find.expression)
            if parsed is None:
                continue
            new = Group(parsed.resource, tuple(sorted(parsed.entries)), (leaf,), (), parsed.unit)
        else:
            fields = parse_filter(find.where) if find.where else ()
            entries = sets.get(find.codes or "", ())
            if find.resource not in MADE or fields is None:
                continue
            unit = leaf.compare.unit or "" if leaf.compare else ""
            new = Group(find.resource, entries, (leaf,), fields, unit)
        old = groups.get((new.resource, new.entries, new.fields))
        if old is not None:
            new = replace(old, leaves=(*old.leaves, leaf), unit=old.unit or new.unit)
        groups[(new.resource, new.entries, new.fields)] = new
    return sorted(groups.values(), key=lambda g: any(leaf.near is not None for leaf in g.leaves))


def choose_facts(
    group: Group, plan: Plan, others: Sequence[Fact], setting: Setting, rng: random.Random
) -> list[Fact]:
    """Return the facts, one scenario of many, under which most aims of the group hold."""
    best: list[list[Fact]] = []
    top = None
    for scenario in _scenarios(group, others, setting, rng):
        score = 0
        for leaf in group.leaves:
            status, _ = leaf_status(leaf, [*others, *scenario], setting)
            score += _worth(plan.aims[leaf.id], status, scenario, leaf) * (
                100 if leaf.id == plan.focus else 1
            )
        if top is None or score > top:
            best, top = [], score
        if score == top:
            best.append(scenario)
    return rng.choice(best)


def add_older(
    group: Group, chosen: list[Fact], others: Sequence[Fact], setting: Setting, rng: random.Random
) -> list[Fact]:
    """Return an older value of the same thing, where one can be added without changing any leaf."""
    if group.resource in STATES or any(leaf.count or leaf.near for leaf in group.leaves):
        return []
    first = min((fact.start for fact in chosen), default=setting.day)
    base = Fact(group.resource, _entry(group, rng), first - timedelta(days=rng.randint(190, 900)))
    options = list(_valued(group, replace(base, fields=group.fields), setting))
    older = rng.choice(options)
    before_it = [*others, *chosen]
    for leaf in setting.leaves.values():
        now, then = (leaf_status(leaf, facts, setting)[0] for facts in (before_it, [*before_it, older]))
        if now is not then:
            return []
    return [older]


def _worth(aim: Aim, status: Status | None, scenario: list[Fact], leaf: Leaf) -> int:
    if aim == "missing":
        absent = Status.NOT_MET if leaf.when_absent == "not_met" else Status.UNKNOWN
        return (6 if status is absent else 0) + (0 if scenario else 1)
    wanted = Status.NOT_MET if aim == "not_met" else Status.MET
    if status is wanted:
        return 6
    return 2 if aim == "not_met" and status is not Status.MET else 0


def _scenarios(
    group: Group,
    others: Sequence[Fact],
    setting: Setting,
    rng: random.Random,
) -> Iterable[list[Fact]]:
    yield []
    base = Fact(group.resource, _entry(group, rng), setting.day, fields=group.fields)
    if any(leaf.count for leaf in group.leaves):
        yield from _repeated(group, base, setting, rng)
        return
    for start, end in _periods(group, others, setting, rng):
        dated = replace(base, start=start, end=end)
        for fact in _valued(group, dated, setting):
            yield [fact]


def _entry(group: Group, rng: random.Random) -> tuple[str, str]:
    if not group.entries:
        return ("", "")
    return rng.choice(group.entries)


def _valued(group: Group, fact: Fact, setting: Setting) -> Iterable[Fact]:
    """Yield the fact with each value at, below and above the limits that the leaves name."""
    from posology.testing.expressions import parse_expression, parse_test

    compares = [leaf.compare for leaf in group.leaves if leaf.compare is not None]
    part = next((sorted(setting.sets[x.component])[0] for x in group.leaves if x.component), None)
    coded = [compare.in_codes for compare in compares if compare.in_codes]
    if coded:
        for name in coded:
            yield from (replace(fact, coded=entry) for entry in sorted(setting.sets[name]))
        yield replace(fact, coded=_opposite(fact, sorted(setting.sets[coded[0]])))
        return
    unit = group.unit or default_unit(fact.entry)
    limits = [compare.value for compare in compares if compare.value is not None]
    low: Decimal | None = None
    for leaf in group.leaves:
        test = parse_test(leaf.test or "")
        if test is not None and test.subject == "value":
            low = Decimal("1.1") if any(b.of_lower_limit for b in test.bounds) else low
            limits += [b.number * (low or 1) if b.of_lower_limit else b.number for b in test.bounds]
        parsed = parse_expression(leaf.find.expression or "") if leaf.find else None
        limits += [c.value for c in parsed.compares if c.value is not None] if parsed else []
    if not limits:
        yield fact
        return
    for value in _around(sorted(set(limits))):
        yield replace(fact, value=value, unit=unit, low=low, part=part)


def _around(limits: list[Decimal]) -> Iterable[Decimal]:
    for limit in limits:
        yield limit
        for factor in ("0.62", "0.8", "0.91", "0.97", "1.02", "1.07", "1.16", "1.3"):
            value = (limit * Decimal(factor)).quantize(Decimal("0.1") if limit < 100 else Decimal(1))
            if value > 0:
                yield value
    for below, above in pairwise(limits):
        yield ((below + above) / 2).quantize(Decimal("0.1"))


def _opposite(fact: Fact, accepted: list[tuple[str, str]]) -> tuple[str, str]:
    sct = "http://snomed.info/sct"
    for code in ("10828004", "260385009", "266919005", "8517006"):
        status = code in ("266919005", "8517006")
        if (sct, code) not in accepted and status == (fact.entry[1] == "72166-2"):
            return sct, code
    return sct, "373068000"  # undetermined


def _periods(
    group: Group,
    others: Sequence[Fact],
    setting: Setting,
    rng: random.Random,
) -> Iterable[tuple[date, date | None]]:
    """Yield starts and ends inside and outside every window, state and duration the leaves name."""
    day, leaf = setting.day, group.leaves[0]
    if leaf.near is not None:
        for anchor in _anchors(leaf, others, setting):
            inside = max(1, (after(anchor, leaf.near.within) - anchor).days)
            for offset in {0, -(inside // 3), inside // 3, -3 * inside - 20, 2 * inside + 15}:
                if anchor + timedelta(days=offset) <= day:
                    yield anchor + timedelta(days=offset), None
        return
    for window in {x.within for x in group.leaves} or {None}:
        span = (day - before(day, window)).days if window else 400
        recent = day - timedelta(days=rng.randint(3, max(4, span - 6)))
        stale = day - timedelta(days=span + rng.randint(12, 300))
        if group.resource not in STATES:
            yield from ((recent, None), *(((stale, None),) if window else ()))
            continue
        for length in _lengths(group, rng):
            yield day - length, None
            ended = max(day - timedelta(days=rng.randint(3, max(4, min(span, 120) - 6))), day - length)
            yield ended - length, ended
            yield stale - length, stale


def _lengths(group: Group, rng: random.Random) -> Iterable[timedelta]:
    minimums = [x.duration for x in group.leaves if x.duration is not None]
    if not minimums:
        yield timedelta(days=rng.randint(200, 1500))
    for minimum in minimums:
        days = (after(date(2023, 1, 1), minimum) - date(2023, 1, 1)).days
        yield timedelta(days=int(days * rng.uniform(0.3, 0.8)))
        yield timedelta(days=int(days * rng.uniform(1.1, 3.0)) + 3)


def _anchors(leaf: Leaf, others: Sequence[Fact], setting: Setting) -> list[date]:
    if leaf.near is None:
        return []
    _, found = leaf_status(setting.leaves[leaf.near.leaf], others, setting)
    return [fact.start for fact in found[-1:]] or [setting.day - timedelta(days=60)]


def _repeated(group: Group, base: Fact, setting: Setting, rng: random.Random) -> Iterable[list[Fact]]:
    """Yield runs of events: too few, just enough and more, inside the window, outside it, and spread."""
    numbers = {1, 2}
    for leaf in group.leaves:
        if leaf.count is not None:
            least = leaf.count.minimum or 1
            most = leaf.count.maximum or least + 2
            numbers |= {max(1, least - 1), least, least + 2, most, most + 1}
    spans = [x.count.span for x in group.leaves if x.count is not None and x.count.span is not None]
    windows = [x.within for x in group.leaves if x.within is not None]
    for reach in _reaches(spans, windows, setting.day):
        for number in sorted(numbers):
            if reach[1] - reach[0] < number:
                continue
            offsets = sorted(rng.sample(range(reach[0], reach[1]), number))
            days = [setting.day - timedelta(days=offset) for offset in offsets]
            facts = [replace(base, start=when) for when in sorted(days)]
            yield [_passing(group, fact, setting, rng) for fact in facts]


def _reaches(spans: Sequence[Duration], windows: Sequence[Duration], day: date) -> Iterable[tuple[int, int]]:
    """Yield ranges of days before ``day``: inside all windows, inside a span, and outside."""
    inside = min(((day - before(day, w)).days for w in windows), default=360)
    yield 3, inside - 4
    for span in spans:
        yield 3, max(6, (after(day, span) - day).days - 3)
    yield inside + 10, inside + 400
    yield 3, inside + 200


def _passing(group: Group, fact: Fact, setting: Setting, rng: random.Random) -> Fact:
    """Return the fact with a value that the leaf's filter lets pass."""
    if all(matches(leaf, fact, setting) for leaf in group.leaves):
        scored = default_unit(fact.entry) == "{score}"
        return replace(fact, value=Decimal(rng.randint(12, 24)), unit="{score}") if scored else fact
    options = [f for f in _valued(group, fact, setting) if all(matches(x, f, setting) for x in group.leaves)]
    return rng.choice(options) if options else fact


def entries_of(rows: Iterable[tuple[str, str, str]]) -> tuple[tuple[str, str], ...]:
    """Return concrete codes for the rows of a value set: (system, code, prefix)."""
    return tuple((system, code or concrete(prefix)) for system, code, prefix in rows)
