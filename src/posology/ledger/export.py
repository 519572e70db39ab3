"""The ledger as a file that an outsider can check without the database.

JSON lines in canonical form: a header (which ledger, which public key), one entry a line, and last the
signed head. The leaf of an entry is the hash of its line as it stands, without the line feed.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from posology.errors import InternalError, LedgerError
from posology.ledger.entries import Kind, canonical, check_envelope
from posology.ledger.heads import SignedHead, key_id_of, verify_head, verify_successor
from posology.ledger.tree import EMPTY_ROOT, Frontier, leaf_hash
from posology.ledger.values import HASH, ID, SIGNATURE

__all__ = ["EXPORT_FORMAT", "Verification", "parse_object", "verify_export", "write_export"]

EXPORT_FORMAT = "ledger-export/1"
MAX_LINE_BYTES = 64_000_000  # an entry may bind every row of a store
MAX_PROBLEMS = 100  # told one by one; the rest are counted


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified: the size and root that the entries give, and every problem found."""

    size: int
    root: bytes
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Say whether nothing was found."""
        return not self.problems


def write_export(stream: BinaryIO, head: SignedHead, public_key: bytes, entries: Iterable[bytes]) -> None:
    """Write a ledger, given its entries in canonical form, up to the size of the head.

    Raise LedgerError, before the last line is written, where the entries are not those that the head signs.
    """
    if not verify_head(head, public_key):
        raise LedgerError(f"the head of {head.size} entries is not signed by the key {key_id_of(public_key)}")
    header = {"posology": EXPORT_FORMAT, "log": head.log, "public_key": public_key.hex()}
    stream.write(canonical(header) + b"\n")
    frontier = Frontier()
    for entry in entries:
        frontier, _ = frontier.append(leaf_hash(entry))
        stream.write(entry + b"\n")
    if (frontier.size, frontier.root()) != (head.size, head.root):
        raise LedgerError(
            f"the {frontier.size} entries of the ledger do not have the root of its head of {head.size}"
            " entries; the ledger was altered: verify it against an older exported head"
        )
    stream.write(canonical(head.as_json()) + b"\n")


def verify_export(
    path: Path, *, heads: Sequence[SignedHead] = (), public_key: bytes | None = None
) -> Verification:
    """Check an exported ledger, line by line, and that it continues every older head given.

    ``public_key`` is the one that the verifier holds from elsewhere; without it the file's own is used, which
    shows that the file agrees with itself and with the heads given, not who signed it.
    """
    reading = _Reading(heads, public_key)
    try:
        with path.open("rb") as stream:
            reading.read(_lines(stream))
    except OSError as cause:
        raise LedgerError(f"{path}: cannot be read ({cause.strerror})") from cause
    return reading.result()


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(MAX_LINE_BYTES):
        yield line


@dataclass
class _Reading:
    """An export as it is read: the tree so far, the signing keys met, the problems found."""

    heads: Sequence[SignedHead]
    given_key: bytes | None
    frontier: Frontier = field(default_factory=Frontier)
    log: str = ""
    key: bytes | None = None  # the one that the header names
    keys: dict[str, bytes] = field(default_factory=dict)  # by id: all that the ledger records
    followers: set[str] = field(default_factory=set)  # ids that follow, by signatures, from the given
    roots: dict[int, bytes] = field(default_factory=dict)  # at the sizes of the heads given
    problems: list[str] = field(default_factory=list)
    found: int = 0

    def read(self, lines: Iterator[bytes]) -> None:
        """Read the header, the entries, and the last line as the head."""
        self.roots = dict.fromkeys((head.size for head in self.heads), b"") | {0: EMPTY_ROOT}
        if self.given_key is not None:
            self.followers.add(key_id_of(self.given_key))
        self._header(next(lines, b""))
        last = next(lines, b"")
        for line in lines:
            self._entry(last)
            last = line
        self._head(last)
        for head in self.heads:
            self._older(head)

    def result(self) -> Verification:
        """Return what was found."""
        untold = self.found - len(self.problems)
        more = (f"and {untold} more problems",) if untold else ()
        return Verification(self.frontier.size, self.frontier.root(), (*self.problems, *more))

    def _problem(self, words: str) -> None:
        self.found += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(words)

    def _value(self, line: bytes, where: str) -> dict[str, Any] | None:
        """Return the JSON object of a line in canonical form; note a problem where it is not one."""
        value = parse_object(line)
        if value is None:
            self._problem(f"{where}: not a whole line of JSON")
        elif not _is_canonical(value, line):
            self._problem(f"{where}: not in canonical form")
        return value

    def _header(self, line: bytes) -> None:
        value = self._value(line, "line 1")
        if value is None:
            return
        if value.keys() != {"posology", "log", "public_key"} or value["posology"] != EXPORT_FORMAT:
            self._problem(f"line 1: not the header of a {EXPORT_FORMAT} file")
        elif not (ID.holds(value["log"]) and HASH.holds(value["public_key"])):
            self._problem("line 1: the ledger's id or public key is malformed")
        else:
            self.log, self.key = value["log"], bytes.fromhex(value["public_key"])

    def _entry(self, line: bytes) -> None:
        n = self.frontier.size
        where = f"line {n + 2}"
        value = self._value(line, where)
        if value is not None:
            fault = check_envelope(value)
            if fault:
                self._problem(f"{where}: {fault}")
            elif value["n"] != n:
                self._problem(f"{where}: here belongs entry {n}, and entry {value['n']} stands here")
            elif value["kind"] in (Kind.STORE_CREATED, Kind.KEY_ROTATED):
                self._learn(value["details"], where)
        self.frontier, _ = self.frontier.append(leaf_hash(line.removesuffix(b"\n")))
        if self.frontier.size in self.roots:
            self.roots[self.frontier.size] = self.frontier.root()

    def _learn(self, details: dict[str, Any], where: str) -> None:
        """Note a public key that the ledger records, and whether the key before it names it as the next."""
        if not HASH.holds(details.get("public_key")):
            return
        key = bytes.fromhex(details["public_key"])
        self.keys[key_id_of(key)] = key
        before = self._key_of(str(details.get("old_key_id", "")))
        if before is None or not SIGNATURE.holds(details.get("signature")):
            return
        if not verify_successor(before, self.log, key, bytes.fromhex(details["signature"])):
            self._problem(f"{where}: the signing key is not the one that the key before it names")
        elif key_id_of(before) in self.followers:
            self.followers.add(key_id_of(key))

    def _key_of(self, key_id: str) -> bytes | None:
        known = {key_id_of(key): key for key in (self.key, self.given_key) if key is not None}
        return known.get(key_id) or self.keys.get(key_id)

    def _head(self, line: bytes) -> None:
        where = "last line"
        value = self._value(line, where)
        if value is None:
            return
        try:
            head = SignedHead.from_json(value)
        except LedgerError as fault:
            self._problem(f"{where}: {fault}; the export may be cut off")
            return
        if head.log != self.log:
            self._problem(f"{where}: the head is of another ledger than the header")
        if self.key is not None and not verify_head(head, self.key):
            self._problem(f"{where}: the head is not signed by the key of the header")
        if self.given_key is not None and head.key_id not in self.followers:
            self._problem(
                f"{where}: signed by the key {head.key_id}, which does not follow from the key given"
            )
        if head.size != self.frontier.size:
            self._problem(f"the head signs {head.size} entries, the file holds {self.frontier.size}")
        elif head.root != self.frontier.root():
            self._problem("the entries do not have the root that the head signs: an entry was altered")

    def _older(self, head: SignedHead) -> None:
        where = f"the head of {head.size} entries of {head.as_json()['at']}"
        key = self._key_of(head.key_id)
        if head.log != self.log:
            self._problem(f"{where}: it is of another ledger")
        elif key is None:
            self._problem(f"{where}: signed by the key {head.key_id}, which the ledger does not record")
        elif not verify_head(head, key):
            self._problem(f"{where}: its signature is not that of the key {head.key_id}")
        elif head.size > self.frontier.size:
            self._problem(f"{where}: the file holds only {self.frontier.size}: entries were cut off")
        elif head.root != self.roots[head.size]:
            self._problem(f"{where}: its root is not that of these entries: one of them was altered since")


def parse_object(data: bytes | str) -> dict[str, Any] | None:
    """Return the JSON object of these bytes; None where they are not exactly one, or a key stands twice."""
    try:
        value = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value


def _is_canonical(value: dict[str, Any], line: bytes) -> bool:
    try:
        return canonical(value) + b"\n" == line
    except InternalError:
        return False
