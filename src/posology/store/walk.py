"""One walk along the ledger as the database holds it: entries, nodes, state, and the heads given."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from posology.ledger.entries import Kind, check_details, check_envelope, format_time
from posology.ledger.export import parse_object
from posology.ledger.heads import SignedHead, key_id_of, verify_head
from posology.ledger.tree import EMPTY_ROOT, Frontier, leaf_hash
from posology.ledger.values import HASH
from posology.store.schema import ledger_entries, ledger_nodes, ledger_state

__all__ = ["READ_DIGITS", "Bound", "Findings", "ReadEntry", "Walked", "walk_ledger"]

Bound = dict[str, dict[str, tuple[bytes | None, int]]]  # table -> row -> (newest digest, entry)

_CHUNK = 4096  # entries between two questions for nodes
_TOLD = 100
_END_US = 253402300800_000000  # the end of the year 9999
READ_DIGITS = 24  # of a source's keyed hash, in the mark that its reading is recorded
_READS = (Kind.PACKET_READ, Kind.SOURCE_READ)


class ReadEntry(NamedTuple):
    """What an entry says of a reading: whose session, which packet, which source of it, and when."""

    session: str
    packet: str
    source: str  # the beginning of its keyed hash, or the id of a comparison; "": the packet itself
    at_us: int


@dataclass
class Findings:
    """Problems as they are found: the first hundred are told, all are counted."""

    problems: list[str] = field(default_factory=list)
    found: int = 0

    def add(self, words: str) -> None:
        """Note one problem."""
        self.found += 1
        if len(self.problems) < _TOLD:
            self.problems.append(words)

    def told(self) -> tuple[str, ...]:
        """Return the problems, and how many more there are."""
        more = self.found - len(self.problems)
        return (*self.problems, f"and {more} more problems") if more else tuple(self.problems)


@dataclass
class Walked:
    """What the entries say when they are read in order."""

    log: str = ""
    frontier: Frontier = field(default_factory=Frontier)
    last_us: int = 0
    bound: Bound = field(default_factory=dict)
    reads: Counter[ReadEntry] = field(default_factory=Counter)
    keys: dict[str, bytes] = field(default_factory=dict)  # signing keys by id
    roots: dict[int, bytes] = field(default_factory=dict)  # at the sizes of the heads


def walk_ledger(connection: Connection, heads: Sequence[SignedHead], findings: Findings) -> Walked:
    """Read the whole ledger, note every problem, and return what it says."""
    walked = Walked(roots=dict.fromkeys((head.size for head in heads), b"") | {0: EMPTY_ROOT})
    nodes: dict[tuple[int, int], bytes] = {}
    for row in _entries(connection):
        made = _take(walked, row, findings)
        nodes |= {(level, at): digest for level, at, digest in made if level}
        if walked.frontier.size % _CHUNK == 0:
            _check_nodes(connection, nodes, findings)
            nodes = {}
    _check_nodes(connection, nodes, findings)
    _check_count(connection, walked, findings)
    _check_state(connection, walked, findings)
    for head in heads:
        fault = _head_fault(walked, head)
        if fault:
            findings.add(f"the head of {head.size} entries of {format_time(head.at_us)}: {fault}")
    return walked


def _entries(connection: Connection) -> Iterator[Row[Any]]:
    query = select(ledger_entries).order_by(ledger_entries.c.n)
    options = {"stream_results": True, "yield_per": 1000}
    yield from connection.execute(query, execution_options=options)


def _take(walked: Walked, row: Row[Any], findings: Findings) -> list[tuple[int, int, bytes]]:
    """Check one entry, take what it says, and return the nodes that it completes."""
    n, body = walked.frontier.size, _bytes(row.body)
    leaf = leaf_hash(body)
    if row.n != n:
        findings.add(f"ledger: here belongs entry {n}, and entry {row.n} stands here")
    if _bytes(row.leaf) != leaf:
        findings.add(f"ledger: entry {row.n}: not what was hashed when it was made: it was altered")
    entry = parse_object(body)
    fault = _entry_fault(entry, row)
    if fault:
        findings.add(f"ledger: entry {row.n}: {fault}")
    elif entry is not None:
        _check_before(walked, entry, findings)
        _learn(walked, entry, row)
    walked.frontier, made = walked.frontier.append(leaf)
    walked.last_us = max(walked.last_us, row.at_us if _is_time(row.at_us) else 0)
    if walked.frontier.size in walked.roots:
        walked.roots[walked.frontier.size] = walked.frontier.root()
    return made


def _entry_fault(entry: dict[str, Any] | None, row: Row[Any]) -> str:
    if entry is None:
        return "not a whole JSON object"
    fault = check_envelope(entry) or check_details(entry["kind"], entry["details"])
    if fault:
        return fault
    shown = (entry["n"], entry["at"], entry["kind"], entry["actor"], entry["packet"] or "")
    if not _is_time(row.at_us):
        return "its column at_us is no time"
    if shown != (row.n, format_time(row.at_us), row.kind, row.actor, row.packet):
        return "its columns do not say what it says"
    return ""


def _is_time(value: Any) -> bool:
    return type(value) is int and 0 <= value < _END_US


def _bytes(value: Any) -> bytes:
    """Return what a column of bytes holds, though SQLite lets anything else stand there."""
    return value if isinstance(value, bytes) else repr(value).encode()


def _check_before(walked: Walked, entry: dict[str, Any], findings: Findings) -> None:
    """Compare the rows that an act changed, as it found them, with what the entries before say of them.

    A migration, which verifies the whole store first, changes rows that no act looked at.
    """
    if entry["kind"] == Kind.MIGRATION_APPLIED:
        return
    before = entry["details"].get("before", {})
    for place in entry["objects"]:
        table, _, key = place.partition("/")
        digest, n = walked.bound.get(table, {}).get(key, (None, 0))
        found = before.get(place)
        if (digest.hex() if digest else None) == found:
            continue
        last = f"as entry {n} recorded it" if digest else "known to the ledger"
        findings.add(
            f"{place}: not {last} when entry {entry['n']} changed it: the row was altered in between"
        )


def _learn(walked: Walked, entry: dict[str, Any], row: Row[Any]) -> None:
    for place, digest in entry["objects"].items():
        table, _, key = place.partition("/")
        walked.bound.setdefault(table, {})[key] = (bytes.fromhex(digest) if digest else None, row.n)
    if entry["kind"] in _READS and entry["session"] and entry["packet"]:
        walked.reads[ReadEntry(entry["session"], entry["packet"], _source_of(entry), row.at_us)] += 1
    details = entry["details"]
    if entry["kind"] in (Kind.STORE_CREATED, Kind.KEY_ROTATED) and HASH.holds(details.get("public_key")):
        public_key = bytes.fromhex(details["public_key"])
        walked.keys[key_id_of(public_key)] = public_key
    if entry["kind"] == Kind.STORE_CREATED and row.n == 0:
        walked.log = str(details.get("log", ""))


def _source_of(entry: dict[str, Any]) -> str:
    """Return by what a reading is marked as recorded, beside its session and packet."""
    if entry["kind"] == Kind.PACKET_READ:
        return ""
    details = entry["details"]
    named = str(details.get("source", "")).rpartition("/")[2]
    return str(details["hash"])[:READ_DIGITS] if "hash" in details else named


def _check_nodes(connection: Connection, nodes: dict[tuple[int, int], bytes], findings: Findings) -> None:
    """Compare the nodes that a stretch of entries completed with those that the database holds."""
    levels: dict[int, list[int]] = {}
    for level, at in nodes:
        levels.setdefault(level, []).append(at)
    for level, places in levels.items():
        query = select(ledger_nodes.c.position, ledger_nodes.c.hash).where(
            ledger_nodes.c.level == level, ledger_nodes.c.position.between(min(places), max(places))
        )
        held = {row.position: _bytes(row.hash) for row in connection.execute(query)}
        for at in places:
            if held.get(at) != nodes[level, at]:
                findings.add(f"ledger: the node {level}/{at} is not that of its entries")


def _check_count(connection: Connection, walked: Walked, findings: Findings) -> None:
    held = connection.execute(select(func.count()).select_from(ledger_nodes)).scalar_one()
    needed = walked.frontier.size - walked.frontier.size.bit_count()
    if held != needed:
        findings.add(f"ledger: holds {held} nodes; {walked.frontier.size} entries have {needed}")


def _check_state(connection: Connection, walked: Walked, findings: Findings) -> None:
    rows = connection.execute(select(ledger_state)).all()
    if len(rows) != 1 or rows[0].id != 1:
        findings.add("ledger: its state must be one row")
        return
    state, frontier = rows[0], walked.frontier
    if (state.size, _bytes(state.peaks)) != (frontier.size, b"".join(frontier.peaks)):
        findings.add(
            f"ledger: its state is not the one that its {frontier.size} entries give: "
            "entries were altered, added or cut off"
        )
    if state.log != walked.log or not walked.log:
        findings.add("ledger: its id is not the one that its first entry names")
    if state.last_us != walked.last_us:
        findings.add("ledger: the time of its last entry is not the one that its state names")


def _head_fault(walked: Walked, head: SignedHead) -> str:
    if head.log != walked.log:
        return "it is of another ledger"
    key = walked.keys.get(head.key_id)
    if key is None:
        return f"signed by the key {head.key_id}, which the ledger does not record"
    if not verify_head(head, key):
        return f"its signature is not that of the key {head.key_id}"
    if head.size > walked.frontier.size:
        return f"the ledger holds only {walked.frontier.size} entries: entries were cut off"
    if head.root != walked.roots[head.size]:
        return "its root is not that of these entries: one of them was altered since"
    return ""
