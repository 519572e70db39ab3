"""The ledger inside the store: entries, the complete nodes of their tree, and its compact range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from posology.errors import LedgerError, StoreError
from posology.ledger.entries import Act, build_entry, canonical
from posology.ledger.tree import Frontier, leaf_hash
from posology.store.schema import ledger_entries, ledger_nodes, ledger_state

__all__ = ["LogState", "append_acts", "create_log", "lock_log", "node_of", "read_log"]

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


def lock_log(connection: Connection) -> LogState:
    """Return where the ledger stands, and let nobody else append until this transaction ends."""
    return _state(connection, lock=True)


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


def append_acts(
    connection: Connection,
    state: LogState,
    acts: Sequence[tuple[Act, Mapping[str, str | None]]],
    now_us: int,
) -> LogState:
    """Append acts, each with the digests of the rows it changed, and return where the ledger stands then.

    A clock that went backwards is written down in the entry; the order of entries is that of their numbers.
    """
    frontier, entries, nodes = state.frontier, [], []
    back = max(0, state.last_us - now_us)
    for act, objects in acts:
        n = frontier.size
        body = canonical(build_entry(n, now_us, act, objects, back))
        leaf = leaf_hash(body)
        frontier, made = frontier.append(leaf)
        nodes += [{"level": lv, "position": at, "hash": digest} for lv, at, digest in made if lv > 0]
        entries.append(
            {
                "n": n,
                "leaf": leaf,
                "at_us": now_us,
                "kind": str(act.kind),
                "actor": act.actor,
                "packet": act.packet or "",
                "body": body,
            }
        )
    connection.execute(insert(ledger_entries), entries)
    if nodes:
        connection.execute(insert(ledger_nodes), nodes)
    last = max(state.last_us, now_us)
    connection.execute(
        update(ledger_state)
        .where(ledger_state.c.id == 1)
        .values(size=frontier.size, peaks=b"".join(frontier.peaks), last_us=last)
    )
    return LogState(state.log, frontier, last)


def node_of(connection: Connection, level: int, position: int) -> bytes:
    """Return the hash of a complete subtree."""
    if level == 0:
        query = select(ledger_entries.c.leaf).where(ledger_entries.c.n == position)
    else:
        query = select(ledger_nodes.c.hash).where(
            ledger_nodes.c.level == level, ledger_nodes.c.position == position
        )
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise LedgerError(f"ledger: the node {level}/{position} is missing; the ledger was altered")
    return bytes(found)
