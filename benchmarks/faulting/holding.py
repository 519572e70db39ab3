"""What must hold after each kill: nothing acknowledged is lost, nothing is half done, the ledger verifies."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, select

from benchmarks.faulting.deeds import Deed
from posology.ledger.entries import Kind
from posology.ledger.heads import SignedHead
from posology.review.audit import signed_head
from posology.store import Store
from posology.store.schema import exports, jobs, ledger_entries, packets, signatures, versions
from posology.store.verification import verify_store

__all__ = ["find_violations", "is_done", "new_head"]

_MADE = {"edit": Kind.PACKET_EDITED, "confirm": Kind.PACKET_CONFIRMED}


def new_head(store: Store) -> SignedHead:
    """Return the ledger's signed head, as it would be kept elsewhere."""
    return signed_head(store)


def find_violations(store: Store, deeds: Sequence[Deed], heads: Sequence[SignedHead]) -> list[str]:
    """Return every breach of what must hold, in words without a patient's text."""
    report = verify_store(store, heads)
    found = [f"verify: {problem}" for problem in report.problems]
    with store.read() as connection:
        book = _Book(connection)
        found += _unbroken(book)
        for deed in deeds:
            if deed.acknowledged:
                found += [f"acknowledged {deed.kind} {deed.packet}: {words}" for words in _lost(book, deed)]
    return found


def is_done(store: Store, deed: Deed) -> bool:
    """Say whether an act is in the store, acknowledged or not."""
    with store.read() as connection:
        return _times(_Book(connection), deed) > 0


class _Book:
    """The store's rows that acts leave, read in one transaction."""

    def __init__(self, connection: Any) -> None:
        self.packets = {row.id: row for row in connection.execute(select(packets))}
        columns = [versions.c[name] for name in ("packet_id", "number", "cause", "target", "packet_hash")]
        self.versions = list(connection.execute(select(*columns)))
        self.signatures = list(connection.execute(select(signatures)))
        self.exports = list(connection.execute(select(exports)))
        self.jobs = {row.id: row for row in connection.execute(select(jobs))}
        kinds = [str(kind) for kind in Kind]
        query = select(ledger_entries.c.body).where(ledger_entries.c.kind.in_(kinds))
        self.entries = [json.loads(bytes(row.body)) for row in connection.execute(query)]
        self.by_kind: dict[str, list[dict[str, Any]]] = {}
        for entry in self.entries:
            self.by_kind.setdefault(entry["kind"], []).append(entry)
        twice = select(packets.c.job_id).group_by(packets.c.job_id).having(func.count() > 1)
        self.drafted_twice = list(connection.execute(twice).scalars())

    def of(self, kind: Kind, packet: str) -> list[dict[str, Any]]:
        """Return the entries of a kind about a packet."""
        return [one for one in self.by_kind.get(str(kind), ()) if one.get("packet") == packet]


def _unbroken(book: _Book) -> Iterator[str]:
    """Yield what is half done: rows without entries, entries without rows, numbers with holes."""
    numbers: dict[str, list[int]] = {}
    for row in book.versions:
        numbers.setdefault(row.packet_id, []).append(row.number)
    said = {(one.get("packet"), one.get("version")) for one in book.entries}
    for packet, row in book.packets.items():
        if sorted(numbers.get(packet, [])) != list(range(1, row.version + 1)):
            yield f"packet {packet}: its versions are not 1 to {row.version}"
        for number in numbers.get(packet, ()):
            if (packet, number) not in said:
                yield f"packet {packet}: version {number} has no entry"
    made = Counter(str(kind) for kind in (Kind.PACKET_SIGNED, Kind.PACKET_EXPORTED, Kind.PACKET_DRAFTED))
    made = Counter({kind: len(book.by_kind.get(kind, ())) for kind in made})
    for kind, rows in (
        (Kind.PACKET_SIGNED, book.signatures),
        (Kind.PACKET_EXPORTED, book.exports),
        (Kind.PACKET_DRAFTED, book.packets),
    ):
        if made[str(kind)] != len(rows):
            yield f"{kind}: {made[str(kind)]} entries and {len(rows)} rows"
    for job in book.drafted_twice:
        yield f"job {job}: drafted twice"
    for job in book.jobs.values():
        if job.state == "done" and job.packet_id not in book.packets:
            yield f"job {job.id}: done without a packet"


def _lost(book: _Book, deed: Deed) -> Iterator[str]:
    times = _times(book, deed)
    if times == 0:
        yield "lost"
    if times > 1 and not (deed.kind in ("export", "append") and deed.sent_again):
        yield f"done {times} times"
    if deed.kind == "sign" and deed.said.get("id"):
        stands = [row for row in book.signatures if row.id == deed.said["id"]]
        if not stands or book.packets[deed.packet].state != "signed":
            yield "the signature does not stand"


def _times(book: _Book, deed: Deed) -> int:
    """Count how often an act is in the store with its entry."""
    if deed.kind in _MADE:
        made = [
            row.number for row in book.versions
            if (row.packet_id, row.cause, row.target) == (deed.packet, deed.kind, deed.target)
        ]  # fmt: skip
        entered = {one["version"] for one in book.of(_MADE[deed.kind], deed.packet)}
        return sum(number in entered for number in made)
    if deed.kind == "draft":
        job = deed.said.get("job") or deed.target
        return sum(row.job_id == job for row in book.packets.values())
    if deed.kind == "sign":
        return len(book.of(Kind.PACKET_SIGNED, deed.packet))
    if deed.kind == "export":
        return sum(row.packet_id == deed.packet for row in book.exports)
    return sum(one.get("session") == deed.login.name for one in book.of(Kind.PACKET_READ, deed.packet))
