"""Figures of the work at a site, with their intervals: from clear columns and ledger entries only."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select

from posology.errors import RequestError
from posology.ledger.entries import Kind, format_time
from posology.review.activity import Activity, Work, read_activity
from posology.review.permitted import require_role
from posology.review.states import State
from posology.statistics import Estimate, bootstrap_interval, median_interval, proportion
from posology.store import Actor, Role, Store
from posology.store.schema import packets

__all__ = [
    "PERIODS",
    "Clock",
    "Figures",
    "Outcomes",
    "Readings",
    "Saved",
    "Week",
    "figures_csv",
    "quality_csv",
    "read_quality",
]

PERIODS = (4, 13, 26, 52, 0)  # weeks; 0: all
_ROLES = (Role.CLINICIAN, Role.STAFF, Role.ADMINISTRATOR)
_KEPT_US = 60 * 1_000_000
_WEEK_US = 7 * 24 * 3600 * 1_000_000
_SEED, _ROUNDS = 20260301, 500
_HOUR_US, _MINUTE_US = 3_600_000_000, 60_000_000


@dataclass(frozen=True, slots=True)
class Week:
    """One week by its Monday: drafts made and packets signed for the first time."""

    monday: date
    drafts: int
    signed: int


@dataclass(frozen=True, slots=True)
class Readings:
    """What people said of one model's readings; ``held`` is the share of confirmed ones among all."""

    by: str
    confirmed: int
    rejected: int
    overridden: int
    held: Estimate


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a payer decided, or what was decided under a policy; ``approval`` among the decided ones."""

    name: str
    approved: int
    partly: int
    denied: int
    waiting: int
    approval: Estimate


@dataclass(frozen=True, slots=True)
class Clock:
    """Whether payers answered in time; ``kept`` is the share in time among answered and overdue ones."""

    in_time: int
    late: int
    overdue: int  # not answered, and the time is over
    running: int
    kept: Estimate


@dataclass(frozen=True, slots=True)
class Saved:
    """Minutes saved as the site estimates them: ``by_hand`` less the measured minutes of review."""

    by_hand: float
    review: Estimate  # median minutes
    each: Estimate  # mean minutes saved a signed packet
    total: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the page of quality shows, of packets drafted since a time; 0 for all."""

    made_us: int
    since_us: int
    packets: int
    weeks: tuple[Week, ...]
    hours_to_signature: Estimate
    edits: Estimate
    withheld: Estimate
    with_withheld: Estimate
    readings: tuple[Readings, ...]
    voided: Estimate
    by_payer: tuple[Outcomes, ...]
    by_policy: tuple[Outcomes, ...]
    clock: Clock
    saved: Saved | None


_Key = tuple[int, float]


@dataclass(slots=True)
class _Memory:
    """What one process remembers of a store: the work up to an entry, and figures that are fresh."""

    activity: Activity = field(default_factory=Activity)
    figures: dict[_Key, Figures] = field(default_factory=dict)


_FOUND: WeakKeyDictionary[Engine, _Memory] = WeakKeyDictionary()
_FINDING = Lock()


def read_quality(store: Store, actor: Actor, weeks: int = 0, minutes_by_hand: float = 0.0) -> Figures:
    """Return the figures of packets drafted in the last weeks (0: ever); at most a minute old."""
    require_role(actor, "figures of quality", _ROLES)
    if weeks not in PERIODS:
        raise RequestError(f"quality: weeks is one of {', '.join(map(str, PERIODS))}; 0 for all")
    with _FINDING:
        memory = _FOUND.setdefault(store.engine, _Memory())
        found, now = memory.figures.get((weeks, minutes_by_hand)), store.clock()
        if found is None or not 0 <= now - found.made_us < _KEPT_US:
            found = _read(store, memory.activity, now, weeks, minutes_by_hand)
            memory.figures[weeks, minutes_by_hand] = found
        return found


def _read(store: Store, activity: Activity, now_us: int, weeks: int, minutes_by_hand: float) -> Figures:
    since = max(0, now_us - weeks * _WEEK_US) if weeks else 0
    with store.read() as connection:
        read_activity(connection, activity)
        payers = _outcomes(connection, since, "payer")
        policies = _outcomes(connection, since, "policy_id")
        clock = _clock(connection, since, now_us)
    works = [work for work in activity.works.values() if work.drafted_us >= since]
    signed = [work for work in works if work.signed_us]
    signatures = sum(work.signatures for work in works)
    return Figures(
        made_us=now_us,
        since_us=since,
        packets=len(works),
        weeks=_weeks(works, since, now_us),
        hours_to_signature=median_interval([(w.signed_us - w.drafted_us) / _HOUR_US for w in signed]),
        edits=_mean([float(work.edits) for work in works]),
        withheld=_mean([float(work.withheld) for work in works]),
        with_withheld=proportion(sum(work.withheld > 0 for work in works), len(works)),
        readings=_readings(works),
        voided=proportion(min(signatures, sum(work.voided for work in works)), signatures),
        by_payer=payers,
        by_policy=policies,
        clock=clock,
        saved=_saved(signed, minutes_by_hand),
    )


def _mean(values: Sequence[float]) -> Estimate:
    """Return a mean with its interval; with none where all values are the same."""
    found = bootstrap_interval(values, seed=_SEED, rounds=_ROUNDS)
    return Estimate(found.value, found.n) if found.low == found.high else found


def _weeks(works: Sequence[Work], since_us: int, now_us: int) -> tuple[Week, ...]:
    """Count by week, without a gap from the first week to this one."""
    drafts = Counter(_monday(work.drafted_us) for work in works)
    signed = Counter(_monday(work.signed_us) for work in works if work.signed_us)
    if not drafts:
        return ()
    first = min(drafts) if not since_us else min(_monday(since_us), *drafts)
    last = max(_monday(now_us), *drafts, *signed)
    days = (first + timedelta(weeks=number) for number in range((last - first).days // 7 + 1))
    return tuple(Week(day, drafts[day], signed[day]) for day in days)


def _monday(at_us: int) -> date:
    day = datetime.fromtimestamp(at_us / 1e6, UTC).date()
    return day - timedelta(days=day.weekday())


def _readings(works: Sequence[Work]) -> tuple[Readings, ...]:
    counts = Counter(found for work in works for found in work.readings.values())
    rows = []
    for by in sorted({by for by, _ in counts}):
        confirmed, rejected, overridden = (
            counts[by, verdict] for verdict in ("confirmed", "rejected", "overridden")
        )
        held = proportion(confirmed, confirmed + rejected + overridden)
        rows.append(Readings(by, confirmed, rejected, overridden, held))
    return tuple(rows)


def _outcomes(connection: Connection, since_us: int, column: str) -> tuple[Outcomes, ...]:
    name = packets.c[column]
    query = (
        select(name, packets.c.state, func.count())
        .where(packets.c.sent_us > 0, packets.c.created_us >= since_us)
        .group_by(name, packets.c.state)
        .order_by(name)
    )
    found: dict[str, Counter[str]] = {}
    for value, state, count in connection.execute(query):
        found.setdefault(value, Counter())[state] += count
    return tuple(_outcome(value, counts) for value, counts in found.items())


def _outcome(name: str, counts: Mapping[str, int]) -> Outcomes:
    approved, partly = counts.get(State.APPROVED, 0), counts.get(State.PARTLY, 0)
    denied, waiting = counts.get(State.DENIED, 0), counts.get(State.SENT, 0)
    return Outcomes(name, approved, partly, denied, waiting, proportion(approved, approved + partly + denied))


def _clock(connection: Connection, since_us: int, now_us: int) -> Clock:
    columns = packets.c.state, packets.c.decided_us, packets.c.due_us
    query = select(*columns).where(
        packets.c.sent_us > 0, packets.c.due_us > 0, packets.c.created_us >= since_us
    )
    counts: Counter[str] = Counter()
    for state, decided_us, due_us in connection.execute(query):
        if decided_us:
            counts["in time" if decided_us <= due_us else "late"] += 1
        elif state == State.SENT:
            counts["overdue" if now_us > due_us else "running"] += 1
    in_time, late, overdue = counts["in time"], counts["late"], counts["overdue"]
    return Clock(in_time, late, overdue, counts["running"], proportion(in_time, in_time + late + overdue))


def _saved(signed: Sequence[Work], minutes_by_hand: float) -> Saved | None:
    """Return the minutes saved; None where the site estimates nothing."""
    if minutes_by_hand <= 0:
        return None
    review = [work.review_us / _MINUTE_US for work in signed]
    each = [minutes_by_hand - minutes for minutes in review]
    return Saved(minutes_by_hand, median_interval(review), _mean(each), sum(each) if each else None)


def quality_csv(store: Store, actor: Actor, weeks: int = 0, minutes_by_hand: float = 0.0) -> bytes:
    """Return the figures as CSV and record that they were given out."""
    figures = read_quality(store, actor, weeks, minutes_by_hand)
    data = figures_csv(figures)
    details: dict[str, Any] = {
        "form": "csv",
        "packets": figures.packets,
        "since": format_time(figures.since_us),
        "until": format_time(figures.made_us),
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    with store.write(actor) as w:
        w.record(Kind.QUALITY_EXPORTED, details=details)
    return data


def figures_csv(figures: Figures) -> bytes:
    """Return figures as CSV: figure, of what, n, value, low, high; an empty cell where there is none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("figure", "of", "n", "value", "low", "high"))
    for figure, of, estimate in _rows(figures):
        cells = (estimate.value, estimate.low, estimate.high)
        shown = ["" if one is None else f"{one:.6g}" for one in cells]
        writer.writerow((figure, _plain(of), estimate.n, *shown))
    return text.getvalue().encode()


def _plain(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _rows(figures: Figures) -> Iterator[tuple[str, str, Estimate]]:
    yield "hours from draft to signature, median", "", figures.hours_to_signature
    yield "edits a packet, mean", "", figures.edits
    yield "sentences withheld a draft, mean", "", figures.withheld
    yield "drafts with a sentence withheld, share", "", figures.with_withheld
    yield "signatures voided, share", "", figures.voided
    yield "payer in time, share", "", figures.clock.kept
    for week in figures.weeks:
        yield "drafts", week.monday.isoformat(), _count(week.drafts)
        yield "signed", week.monday.isoformat(), _count(week.signed)
    for row in figures.readings:
        yield "readings confirmed, share", row.by, row.held
        for name in ("confirmed", "rejected", "overridden"):
            yield f"readings {name}", row.by, _count(getattr(row, name))
    for kind, groups in (("payer", figures.by_payer), ("policy", figures.by_policy)):
        for group in groups:
            yield f"approved by {kind}, share", group.name, group.approval
            for name in ("approved", "partly", "denied", "waiting"):
                yield f"{name} by {kind}", group.name, _count(getattr(group, name))
    for name in ("in_time", "late", "overdue", "running"):
        yield f"payer's clock: {name.replace('_', ' ')}", "", _count(getattr(figures.clock, name))
    if figures.saved is not None:
        yield "minutes of review, median", "", figures.saved.review
        yield "minutes saved a signed packet, mean", "", figures.saved.each


def _count(value: int) -> Estimate:
    return Estimate(float(value), value)
