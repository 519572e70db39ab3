"""What the ledger tells of the work on packets: counted in one pass, without opening anything sealed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, select

from posology.ledger.entries import Kind
from posology.store import SYSTEM
from posology.store.log import read_log
from posology.store.schema import ledger_entries

__all__ = ["PAUSE_US", "Activity", "Work", "read_activity"]

PAUSE_US = 15 * 60 * 1_000_000  # what a longer time between two entries of a person counts as
_DRAFTED, _SIGNED = str(Kind.PACKET_DRAFTED), str(Kind.PACKET_SIGNED)
_VOIDED = str(Kind.PACKET_SIGNATURE_VOIDED)
_EDITS = frozenset(
    map(str, (Kind.PACKET_EDITED, Kind.PACKET_SENTENCE_WITHDRAWN, Kind.PACKET_SENTENCE_OFFERED))
)
_DECISIONS = {
    str(Kind.PACKET_CONFIRMED): "confirmed",
    str(Kind.PACKET_REJECTED): "rejected",
    str(Kind.PACKET_OVERRIDDEN): "overridden",
}
_OTHERS = (
    Kind.PACKET_READ,
    Kind.SOURCE_READ,
    Kind.PACKET_ANSWERED,
    Kind.PACKET_ATTACHED,
    Kind.PACKET_PREPARED,
    Kind.PACKET_RETURNED,
)
_ALL = frozenset({_DRAFTED, _SIGNED, _VOIDED, *_DECISIONS, *_EDITS, *map(str, _OTHERS)})
_WITH_BODY = frozenset({_DRAFTED, *_DECISIONS})
_STREAMED = {"stream_results": True, "yield_per": 5000}
_PERSON = "person"  # what a criterion is decided by once a person has


@dataclass(frozen=True, slots=True)
class _Details:
    """What an entry says: of a draft how much was withheld, of a decision on what, and who had read it."""

    withheld: int = 0
    criterion: str = ""
    by: str = _PERSON


@dataclass(slots=True)
class Work:
    """What happened to one packet; times in microseconds since 1970, 0 for never."""

    drafted_us: int
    withheld: int
    edits: int = 0
    signed_us: int = 0  # first
    signatures: int = 0
    voided: int = 0
    review_us: int = 0  # people's time between their entries, up to the first signature
    last_us: dict[str, int] = field(default_factory=dict)  # by person: the entry before
    readings: dict[str, tuple[str, str]] = field(default_factory=dict)  # criterion: model, verdict


@dataclass(slots=True)
class Activity:
    """Every packet that was ever drafted, by id, up to the entry before ``next``."""

    works: dict[str, Work] = field(default_factory=dict)
    next: int = 0


def read_activity(connection: Connection, activity: Activity) -> None:
    """Add what the ledger has recorded since the last reading."""
    size = read_log(connection).frontier.size
    said = _said(connection, activity.next, size)
    for n, at_us, kind, actor, packet in _entries(connection, activity.next, size):
        if kind == _DRAFTED:
            activity.works[packet] = Work(at_us, said[n].withheld)
        elif packet in activity.works:
            work = activity.works[packet]
            _add(work, kind, actor, at_us)
            if kind in _DECISIONS:
                _decide(work, _DECISIONS[kind], said[n])
    activity.next = size


def _between(kinds: frozenset[str], first: int, size: int) -> Any:
    """Return the condition of entries of some kinds from a number on.

    The few that were added since are found by their number alone: the index of kinds would be walked whole.
    """
    table = ledger_entries.c
    numbered = and_(table.n >= first, table.n < size)
    return numbered if first else and_(numbered, table.kind.in_(sorted(kinds)))


def _entries(connection: Connection, first: int, size: int) -> Iterator[tuple[int, int, str, str, str]]:
    table = ledger_entries.c
    query = (
        select(table.n, table.at_us, table.kind, table.actor, table.packet)
        .where(_between(_ALL, first, size))
        .order_by(table.n)
    )
    for rows in connection.execute(query, execution_options=_STREAMED).partitions():
        for n, at_us, kind, actor, packet in rows:
            if kind in _ALL:
                yield n, at_us, kind, actor, packet


def _said(connection: Connection, first: int, size: int) -> dict[int, _Details]:
    """Return what entries say beyond who, when and which packet, by number."""
    table = ledger_entries.c
    query = select(table.n, table.kind, table.body).where(_between(_WITH_BODY, first, size))
    found = {}
    for rows in connection.execute(query, execution_options=_STREAMED).partitions():
        for n, kind, body in rows:
            if kind in _WITH_BODY:
                details = json.loads(bytes(body))["details"]
                criterion, by = str(details.get("criterion", n)), str(details.get("by", _PERSON))
                found[n] = _Details(int(details.get("withheld", 0)), criterion, by)
    return found


def _add(work: Work, kind: str, actor: str, at_us: int) -> None:
    if kind in _EDITS:
        work.edits += 1
    if kind == _VOIDED:
        work.voided += 1
    elif actor != SYSTEM.id and not work.signed_us:
        before = work.last_us.get(actor, at_us)
        work.review_us += min(max(0, at_us - before), PAUSE_US)
        work.last_us[actor] = at_us
    if kind == _SIGNED:
        work.signatures += 1
        work.signed_us = work.signed_us or at_us
        work.last_us.clear()


def _decide(work: Work, verdict: str, details: _Details) -> None:
    """Note the verdict on a model's reading; overriding a confirmed reading takes the confirmation back."""
    by, before = work.readings.get(details.criterion, ("", ""))
    if details.by != _PERSON:
        work.readings[details.criterion] = details.by, verdict
    elif verdict == "overridden" and before == "confirmed":
        work.readings[details.criterion] = by, verdict
