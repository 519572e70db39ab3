"""The ledger inside the store: entries, the complete nodes of their tree, and its compact range."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from posology.errors import LedgerError, StoreError
from posology.ledger.entries import Act, build_entry, canonical
from posology.ledger.tree import Frontier, leaf_hash
from posology.store.schema import ledger_entries, ledger_nodes, ledger_state

__all__ = ["LogState", "OpenLog", "Sealing", "create_log", "is_sealed", "open_log", "read_log"]

Sealing = Callable[[Connection, bytes], str]
"""The keyed hash that only a program with the store's key can make."""

_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class LogState:
    """Where the ledger stands: its id, the compact range of its tree, the time of its last entry."""

    log: str
    frontier: Frontier
    last_us: int
    seal: str = ""

    @property
    def sealed(self) -> bytes:
        """Return what the seal is made over."""
        numbers = f"{self.log}\0{self.frontier.size}\0{self.last_us}\0"
        return numbers.encode() + b"".join(self.frontier.peaks)


def create_log(connection: Connection, log: str, sealing: Sealing) -> "OpenLog":
    """Begin an empty ledger and return it, open; its first entries seal it."""
    row = {"id": 1, "log": log, "size": 0, "peaks": b"", "last_us": 0, "seal": ""}
    connection.execute(insert(ledger_state).values(**row))
    return OpenLog(connection, LogState(log, Frontier(), 0), sealing)


def read_log(connection: Connection) -> LogState:
    """Return where the ledger stands."""
    return _state(connection, lock=False)


def open_log(connection: Connection, sealing: Sealing) -> "OpenLog":
    """Open the ledger for appending, and let nobody else append until this transaction ends.

    Raises LedgerError where its state was written by somebody without the key: nothing is added to that.
    """
    state = _state(connection, lock=True)
    if not is_sealed(connection, state, sealing):
        raise LedgerError(
            "ledger_state: not sealed with the store's key: entries were added or removed past the program; "
            "nothing is recorded or done until it is looked into: run `posology ledger verify`"
        )
    return OpenLog(connection, state, sealing)


def is_sealed(connection: Connection, state: LogState, sealing: Sealing) -> bool:
    """Say whether a program with the store's key wrote this state."""
    return hmac.compare_digest(state.seal.encode(), sealing(connection, state.sealed).encode())


def _state(connection: Connection, *, lock: bool) -> LogState:
    query = select(ledger_state).where(ledger_state.c.id == 1)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise StoreError("the store holds no ledger; make it with `posology store init`")
    size, joined, seal = row.size, row.peaks, row.seal
    if not (type(size) is int and isinstance(joined, bytes) and isinstance(seal, str)):
        raise LedgerError("ledger_state: a column holds what it cannot hold; it was altered")
    peaks = tuple(joined[i : i + _HASH_BYTES] for i in range(0, len(joined), _HASH_BYTES))
    if len(peaks) != size.bit_count():
        raise LedgerError("ledger_state: the compact range does not fit the size; it was altered")
    return LogState(row.log, Frontier(size, peaks), row.last_us, seal)


@dataclass
class OpenLog:
    """The ledger as one transaction grows it: entries are made at once, and written together at its end."""

    connection: Connection
    state: LogState
    sealing: Sealing
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
        frontier, seal = self.state.frontier, self.sealing(self.connection, self.state.sealed)
        values = {"size": frontier.size, "peaks": b"".join(frontier.peaks), "last_us": self.state.last_us}
        values["seal"] = seal
        self.connection.execute(update(ledger_state).where(ledger_state.c.id == 1).values(values))
        self.entries, self.nodes = [], []
