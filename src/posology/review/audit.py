"""Reading the ledger: entries, proofs, signed heads, and whether the store still says what was recorded.

Functions that take an actor record themselves; the others only read.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, Select, select

from posology.errors import LedgerError, NotFound, OutputError
from posology.ledger.entries import Kind
from posology.ledger.export import parse_object, write_export
from posology.ledger.heads import SignedHead, SigningKey, append_head, sign_head
from posology.ledger.proofs import (
    consistency_nodes,
    consistency_proof,
    inclusion_nodes,
    inclusion_proof,
    root_at,
)
from posology.ledger.receipts import build_proof
from posology.ledger.tree import peaks_of
from posology.store import Actor, Store
from posology.store.log import LogState, read_log
from posology.store.schema import ledger_entries
from posology.store.signing import signing_key
from posology.store.store import LEDGER_KEY
from posology.store.verification import Report, verify_store

__all__ = [
    "Page",
    "Query",
    "Report",
    "consistency",
    "entries",
    "export_head",
    "export_ledger",
    "inclusion",
    "prove",
    "save_export",
    "signed_head",
    "verify",
    "verify_store",
]

CONSISTENCY_FORMAT = "ledger-consistency/1"
_LARGEST_PAGE = 500
_Nodes = dict[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Query:
    """Which entries are wanted, the newest first; what is empty does not restrict."""

    kind: str = ""
    actor: str = ""
    packet: str = ""
    since_us: int | None = None
    until_us: int | None = None  # exclusive
    before: int | None = None  # only entries with a smaller number: the page after
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Entries as they were recorded, and from where the next page goes on; None where none is left."""

    entries: tuple[dict[str, Any], ...]
    before: int | None
    size: int  # entries of the whole ledger


def entries(store: Store, query: Query) -> Page:
    """Return a page of entries, the newest first."""
    limit = max(1, min(query.limit, _LARGEST_PAGE))
    with store.read() as connection:
        size = read_log(connection).frontier.size
        rows = connection.execute(_select(query).limit(limit + 1)).all()
    found = tuple(_entry(row.n, row.body) for row in rows[:limit])
    return Page(found, rows[limit - 1].n if len(rows) > limit else None, size)


def _select(query: Query) -> Select[Any]:
    table = ledger_entries.c
    wanted = select(table.n, table.body).order_by(table.n.desc())
    for column, value in ((table.kind, query.kind), (table.actor, query.actor), (table.packet, query.packet)):
        if value:
            wanted = wanted.where(column == value)
    if query.since_us is not None:
        wanted = wanted.where(table.at_us >= query.since_us)
    if query.until_us is not None:
        wanted = wanted.where(table.at_us < query.until_us)
    return wanted if query.before is None else wanted.where(table.n < query.before)


def _entry(n: int, body: bytes) -> dict[str, Any]:
    entry = parse_object(bytes(body))
    if entry is None:
        raise LedgerError(f"entry {n} of the ledger is not readable: it was altered; verify the ledger")
    return entry


def signed_head(store: Store) -> SignedHead:
    """Return what the ledger is now, signed."""
    with store.read() as connection:
        return _head(store, connection, store.log_state(connection))


def _head(store: Store, connection: Connection, state: LogState) -> SignedHead:
    frontier = state.frontier
    return sign_head(_key(store, connection), state.log, frontier.size, frontier.root(), store.clock())


def _key(store: Store, connection: Connection) -> SigningKey:
    return signing_key(store.cipher(connection, LEDGER_KEY))


def inclusion(store: Store, n: int) -> dict[str, Any]:
    """Return a proof file for one entry: that it stands in the ledger of now; NotFound where it does not."""
    with store.read() as connection:
        state = store.log_state(connection)
        size = state.frontier.size
        body = connection.execute(select(ledger_entries.c.body).where(ledger_entries.c.n == n)).scalar()
        if body is None or not 0 <= n < size:
            raise NotFound(f"the ledger has {size} entries, numbered from 0; there is no entry {n}")
        nodes = _nodes(connection, inclusion_nodes(n, size))
        head, key = _head(store, connection, state), _key(store, connection)
    path = inclusion_proof(n, size, lambda level, at: _node(nodes, level, at))
    return build_proof(_entry(n, body), path, head, key.public_bytes())


def consistency(store: Store, old: int, new: int | None = None) -> dict[str, Any]:
    """Return the proof that the ledger of ``new`` entries (now, by default) begins with that of ``old``."""
    with store.read() as connection:
        size = read_log(connection).frontier.size
        new = size if new is None else new
        if not 0 <= old <= new <= size:
            raise NotFound(f"the ledger has {size} entries; no proof from {old} to {new}")
        wanted = (*consistency_nodes(old, new), *peaks_of(old), *peaks_of(new))
        nodes = _nodes(connection, wanted)

    def node(level: int, at: int) -> bytes:
        return _node(nodes, level, at)

    return {
        "posology": CONSISTENCY_FORMAT,
        "old_size": old,
        "new_size": new,
        "old_root": root_at(old, node).hex(),
        "new_root": root_at(new, node).hex(),
        "path": [step.hex() for step in consistency_proof(old, new, node)],
    }


def _nodes(connection: Connection, wanted: Sequence[tuple[int, int]]) -> _Nodes:
    """Fetch the hashes of many nodes in two questions."""
    leaves = [at for level, at in wanted if level == 0]
    inner = [place for place in wanted if place[0]]
    found: _Nodes = {}
    if leaves:
        query = select(ledger_entries.c.n, ledger_entries.c.leaf).where(ledger_entries.c.n.in_(leaves))
        found |= {(0, row.n): bytes(row.leaf) for row in connection.execute(query)}
    if inner:
        # numbers of our own, written out: the databases use their index for this form, and for no shorter one
        places = " OR ".join(f"(level = {level:d} AND position = {at:d})" for level, at in inner)
        rows = connection.exec_driver_sql(f"SELECT level, position, hash FROM ledger_nodes WHERE {places}")
        found |= {(row.level, row.position): bytes(row.hash) for row in rows}
    return found


def _node(nodes: _Nodes, level: int, at: int) -> bytes:
    found = nodes.get((level, at))
    if found is None:
        raise LedgerError(f"ledger: the node {level}/{at} is missing; the ledger was altered: verify it")
    return found


def prove(store: Store, actor: Actor, n: int) -> dict[str, Any]:
    """Give a proof file of one entry to somebody, and record that."""
    proof = inclusion(store, n)
    with store.write(actor) as w:
        w.record(Kind.PROOF_GIVEN, details={"index": n, "size": proof["size"], "root": proof["head"]["root"]})
    return proof


def verify(store: Store, actor: Actor, heads: Sequence[SignedHead] = ()) -> Report:
    """Verify the whole store, and record what came out, or tell it though nothing can be recorded."""
    begun = time.monotonic()
    report = verify_store(store, heads)
    details = {"size": report.size, "root": report.root, "ok": report.ok, "problems": report.found}
    details |= {"heads": len(heads), "milliseconds": round((time.monotonic() - begun) * 1000)}
    try:
        with store.write(actor) as w:
            w.record(Kind.LEDGER_VERIFIED, details=details)
    except LedgerError:  # nothing is added to a ledger that somebody without the key wrote
        if report.ok:
            raise
    return report


def export_head(store: Store, actor: Actor, file: Path) -> SignedHead:
    """Append a signed head to a file of heads, to be kept elsewhere, and record that.

    It is recorded first: the head that is given out covers its own entry.
    """
    with store.write(actor) as w:
        before = w.log.state.frontier
        details = {"size": before.size, "root": before.root().hex()}
        w.record(Kind.HEAD_EXPORTED, details=details)
    head = signed_head(store)
    append_head(file, head)
    return head


def export_ledger(store: Store, actor: Actor, stream: BinaryIO) -> SignedHead:
    """Write the whole ledger, with a signed head, for somebody who has no access to the store."""
    with store.write(actor) as w:
        w.record(Kind.LEDGER_EXPORTED, details={"entries": w.log.state.frontier.size + 1})
    with store.read() as connection:
        head = _head(store, connection, store.log_state(connection))
        public_key = _key(store, connection).public_bytes()
        write_export(stream, head, public_key, _bodies(connection))
    return head


def save_export(store: Store, actor: Actor, file: Path) -> SignedHead:
    """Write the whole ledger into a new file, which appears whole or not at all."""
    part = file.with_name(f".{file.name}.part")
    try:
        with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            head = export_ledger(store, actor, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(part, file)
    except OSError as cause:
        raise OutputError(f"{file}: cannot be written ({cause.strerror})") from cause
    finally:
        part.unlink(missing_ok=True)
    return head


def _bodies(connection: Connection) -> Iterator[bytes]:
    query = select(ledger_entries.c.body).order_by(ledger_entries.c.n)
    options = {"stream_results": True, "yield_per": 1000}
    for row in connection.execute(query, execution_options=options):
        yield bytes(row.body)
