"""The ledger inside the store: entries, the complete nodes of their tree, and its compact range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from posology.errors import LedgerError, StoreError
from posology.ledger.entries import Act, build_entry, canonical
from posology.ledger.tree import Frontier, leaf_hash
from posology.store.schema import ledger_entries, ledger_nodes, ledger_state

__all__ = ["LogState", "OpenLog", "create_log", "open_log", "read_log"]

_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class LogState:
    """Where the ledger stands: its id, the compact range of its tree, the time of its last entry."""

    log: str
    frontier: Frontier
    last_us: int


def create_log(connection: Connection, log: str) -> None:
    """Begin an empty ledger."""
    row = {"id": 1, "log": log, "size": 0, "peaks": b"", "last_us": 0}
    connection.execute(insert(ledger_state).values(**row))


def read_log(connection: Connection) -> LogState:
    """Return where the ledger stands."""
    return _state(connection, lock=False)


def open_log(connection: Connection) -> "OpenLog":
    """Open the ledger for appending, and let nobody else append until this transaction ends."""
    return OpenLog(connection, _state(connection, lock=True))


def _state(connection: Connection, *, lock: bool) -> LogState:
    query = select(ledger_state).where(ledger_state.c.id == 1)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise StoreError("the store holds no ledger; make it with `posology store init`")
    size, joined = row.size, row.peaks
    peaks = tuple(joined[i : i + _HASH_BYTES] for i in range(0, len(joined), _HASH_BYTES))
    if len(peaks) != size.bit_count():
        raise LedgerError("ledger_state: the compact range does not fit the size; it was altered")
    return LogState(row.log, Frontier(size, peaks), row.last_us)


@dataclass
class OpenLog:
    """The ledger as one transaction grows it: entries are made at once, and written together at its end."""

    connection: Connection
    state: LogState
    entries: list[dict[str, Any]] = field(default_factory=list)
    nodes: list[dict[str, Any]] = field(default_factory=list)

    def append(self, acts: Sequence[tuple[Act, Mapping[str, str | None]]], now_us: int) -> None:
        """Append acts, each with the digests of the rows it changed.

        A clock that went backwards is written down in the entry; the order of entries is their numbers'.
        """
        frontier = self.state.frontier
        back = max(0, self.state.last_us - now_us)
        for act, objects in acts:
            body = canonical(build_entry(frontier.size, now_us, act, objects, back))
            leaf = leaf_hash(body)
            row = {"n": frontier.size, "leaf": leaf, "at_us": now_us, "kind": str(act.kind)}
            self.entries.append(row | {"actor": act.actor, "packet": act.packet or "", "body": body})
            frontier, made = frontier.append(leaf)
            inner = ({"level": level, "position": at, "hash": node} for level, at, node in made if level)
            self.nodes.extend(inner)
        last = max(self.state.last_us, now_us) if acts else self.state.last_us
        self.state = LogState(self.state.log, frontier, last)

    def mark(self) -> tuple[LogState, int, int]:
        """Return where the ledger stands, to go back to."""
        return self.state, len(self.entries), len(self.nodes)

    def reset(self, mark: tuple[LogState, int, int]) -> None:
        """Forget what was appended since the mark."""
        self.state = mark[0]
        del self.entries[mark[1] :], self.nodes[mark[2] :]

    def flush(self) -> None:
        """Write what was appended; the caller's transaction commits it."""
        if not self.entries:
            return
        self.connection.execute(insert(ledger_entries), self.entries)
        if self.nodes:
            self.connection.execute(insert(ledger_nodes), self.nodes)
        frontier = self.state.frontier
        values = {"size": frontier.size, "peaks": b"".join(frontier.peaks), "last_us": self.state.last_us}
        self.connection.execute(update(ledger_state).where(ledger_state.c.id == 1).values(values))
        self.entries, self.nodes = [], []
