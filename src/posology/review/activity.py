"""What the ledger tells of the work on packets: counted in one pass, without opening anything sealed."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from posology.ledger.entries import Kind
from posology.store import SYSTEM
from posology.store.schema import ledger_entries

__all__ = ["PAUSE_US", "Activity", "Work", "read_activity"]

PAUSE_US = 15 * 60 * 1_000_000  # what a longer time between two entries of a person counts as
_EDITS = (Kind.PACKET_EDITED, Kind.PACKET_SENTENCE_WITHDRAWN, Kind.PACKET_SENTENCE_OFFERED)
_DECISIONS = {
    Kind.PACKET_CONFIRMED: "confirmed",
    Kind.PACKET_REJECTED: "rejected",
    Kind.PACKET_OVERRIDDEN: "overridden",
}
_PERSONS = (
    Kind.PACKET_READ,
    Kind.SOURCE_READ,
    *_DECISIONS,
    *_EDITS,
    Kind.PACKET_ANSWERED,
    Kind.PACKET_ATTACHED,
    Kind.PACKET_PREPARED,
    Kind.PACKET_RETURNED,
    Kind.PACKET_SIGNED,
)
_WITH_BODY = (Kind.PACKET_DRAFTED, *_DECISIONS)
_PERSON = "person"  # what a criterion is decided by once a person has


@dataclass(frozen=True, slots=True)
class _Details:
    """What an entry says: of a draft how much was withheld, of a decision on what, and who had read it."""

    withheld: int = 0
    criterion: str = ""
    by: str = _PERSON


_NOTHING = _Details()


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
    """The packets that were drafted in a period, by id."""

    works: dict[str, Work] = field(default_factory=dict)

    def readings(self) -> Counter[tuple[str, str]]:
        """Return how often a model's reading was confirmed, rejected or overridden."""
        return Counter(found for work in self.works.values() for found in work.readings.values())


def read_activity(connection: Connection, since_us: int) -> Activity:
    """Read the entries about packets that were drafted since a time."""
    activity, said = Activity(), _said(connection, since_us)
    for n, at_us, kind, actor, packet in _entries(connection, since_us):
        details = said.get(n) if kind in _WITH_BODY else _NOTHING
        if details is None:  # appended between the two questions
            continue
        if kind == Kind.PACKET_DRAFTED:
            activity.works[packet] = Work(at_us, details.withheld)
            continue
        work = activity.works.get(packet)
        if work is not None:
            _add(work, Kind(kind), actor, at_us)
            if kind in _DECISIONS:
                _decide(work, _DECISIONS[Kind(kind)], details)
    return activity


def _entries(connection: Connection, since_us: int) -> Iterator[tuple[int, int, str, str, str]]:
    table = ledger_entries.c
    kinds = [str(kind) for kind in (Kind.PACKET_DRAFTED, Kind.PACKET_SIGNATURE_VOIDED, *_PERSONS)]
    query = (
        select(table.n, table.at_us, table.kind, table.actor, table.packet)
        .where(table.kind.in_(kinds), table.at_us >= since_us)
        .order_by(table.n)
    )
    options = {"stream_results": True, "yield_per": 5000}
    for row in connection.execute(query, execution_options=options):
        yield row.n, row.at_us, row.kind, row.actor, row.packet


def _said(connection: Connection, since_us: int) -> dict[int, _Details]:
    """Return what entries say beyond who, when and which packet, by number."""
    table = ledger_entries.c
    kinds = [str(kind) for kind in _WITH_BODY]
    query = select(table.n, table.body).where(table.kind.in_(kinds), table.at_us >= since_us)
    options = {"stream_results": True, "yield_per": 2000}
    found = {}
    for row in connection.execute(query, execution_options=options):
        details = json.loads(bytes(row.body))["details"]
        criterion, by = str(details.get("criterion", row.n)), str(details.get("by", _PERSON))
        found[row.n] = _Details(int(details.get("withheld", 0)), criterion, by)
    return found


def _add(work: Work, kind: Kind, actor: str, at_us: int) -> None:
    if kind in _EDITS:
        work.edits += 1
    if kind == Kind.PACKET_SIGNATURE_VOIDED:
        work.voided += 1
    elif actor != SYSTEM.id and not work.signed_us:
        before = work.last_us.get(actor, at_us)
        work.review_us += min(max(0, at_us - before), PAUSE_US)
        work.last_us[actor] = at_us
    if kind == Kind.PACKET_SIGNED:
        work.signatures += 1
        work.signed_us = work.signed_us or at_us


def _decide(work: Work, verdict: str, details: _Details) -> None:
    """Note the verdict on a model's reading; overriding a confirmed reading takes the confirmation back."""
    by, before = work.readings.get(details.criterion, ("", ""))
    if details.by != _PERSON:
        work.readings[details.criterion] = details.by, verdict
    elif verdict == "overridden" and before == "confirmed":
        work.readings[details.criterion] = by, verdict
