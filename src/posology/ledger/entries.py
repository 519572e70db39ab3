"""Entries of the ledger: their fixed form, their canonical bytes, and digests that bind rows to them.

An entry names things by id and hash and never holds a patient's text: each kind allows a closed set of
details, each with a rule for its values (``kinds.py``).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import rfc8785

from posology.errors import InternalError
from posology.ledger.kinds import ALWAYS, DETAILS, Kind
from posology.ledger.values import CODE, COUNT, HASH, ID, OBJECT

__all__ = [
    "FORMAT",
    "Act",
    "Kind",
    "build_entry",
    "canonical",
    "check_details",
    "check_envelope",
    "format_time",
    "parse_time",
    "row_digest",
]

FORMAT = "ledger/1"
KEYS = frozenset(
    ("posology", "n", "at", "actor", "session", "kind", "packet", "version", "objects", "details")
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_US = 253402300799_999999  # the end of the year 9999
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_MAX_INTEGER = 2**53 - 1  # of canonical JSON


@dataclass(frozen=True, slots=True)
class Act:
    """What was done, by whom, to which packet; ``details`` as ``kinds.DETAILS`` allows them."""

    kind: Kind
    actor: str
    session: str | None = None
    packet: str | None = None
    version: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def build_entry(
    n: int,
    at_us: int,
    act: Act,
    objects: Mapping[str, str | None] | None = None,
    clock_back_us: int = 0,
) -> dict[str, Any]:
    """Return entry ``n``; raise InternalError where it would say what an entry may not say.

    ``at_us`` counts microseconds since 1970 in UTC. ``objects`` maps each row that changed ("table/id") to
    its digest, or to None where it was deleted. ``clock_back_us`` says by how much the clock stood behind
    the entry before.
    """
    details = dict(act.details)
    if clock_back_us:
        details["clock_back_us"] = clock_back_us
    entry: dict[str, Any] = {
        "posology": FORMAT,
        "n": n,
        "at": format_time(at_us),
        "actor": act.actor,
        "session": act.session,
        "kind": str(act.kind),
        "packet": act.packet,
        "version": act.version,
        "objects": dict(objects or {}),
        "details": details,
    }
    fault = check_envelope(entry) or check_details(act.kind, details)
    if fault:
        raise InternalError(f"ledger: {_shown(act.kind)}: {fault}")
    return entry


def canonical(entry: Mapping[str, Any]) -> bytes:
    """Return the one form in bytes of a JSON value, by RFC 8785."""
    try:
        return rfc8785.dumps(entry)
    except (rfc8785.CanonicalizationError, RecursionError):
        raise InternalError(
            "ledger: a value that canonical JSON cannot hold (a number out of range, a key that is no text,"
            " half a surrogate pair)"
        ) from None  # the cause may quote the value


def format_time(at_us: int) -> str:
    """Return microseconds since 1970 as text: UTC, ISO 8601, always with six decimals and Z."""
    if not 0 <= at_us <= _LAST_US:
        raise InternalError("ledger: the clock shows a time before 1970 or after 9999; set it right")
    return (_EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> int | None:
    """Return the microseconds since 1970 of such a text; None where it is not one."""
    if _TIME.fullmatch(text) is None:
        return None
    try:
        at_us = (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)
    except ValueError:  # such as 30 February
        return None
    return at_us if at_us >= 0 else None


def check_envelope(entry: Mapping[str, Any]) -> str:
    """Return what is wrong with an entry's form, details excepted; "" where nothing is."""
    if entry.keys() != KEYS:
        return f"an entry has the keys {', '.join(sorted(KEYS))} and no others"
    if entry["posology"] != FORMAT:
        return f"posology is not {FORMAT}"
    if not (isinstance(entry["at"], str) and _TIME.fullmatch(entry["at"])):
        return "at is not a time of UTC with microseconds and Z"
    for key, rule, needed in _FIELDS:
        value = entry[key]
        if not (rule.holds(value) or (value is None and not needed)):
            return f"{key} is not {rule.words}"
    objects = entry["objects"]
    if not (isinstance(objects, Mapping) and all(map(_is_object, objects.items()))):
        return "objects is not a mapping from table/id to a SHA-256 or null"
    return "" if isinstance(entry["details"], Mapping) else "details is not a mapping"


_FIELDS = (  # key, rule, whether it may not be null
    ("n", COUNT, True),
    ("actor", ID, True),
    ("session", ID, False),
    ("kind", CODE, True),
    ("packet", ID, False),
    ("version", COUNT, False),
)


def _is_object(item: tuple[Any, Any]) -> bool:
    key, digest = item
    return OBJECT.holds(key) and (digest is None or HASH.holds(digest))


def check_details(kind: str, details: Mapping[str, Any]) -> str:
    """Return what is wrong with the details of an entry of this kind; "" where nothing is.

    The answer names keys and rules and never quotes a value.
    """
    if kind not in DETAILS:
        return "there is no such kind of entry"
    allowed = DETAILS[Kind(kind)]
    for key, value in details.items():
        rule = allowed.get(key) or ALWAYS.get(key)
        if rule is None:
            return f"this kind has no detail named {_shown(key)}"
        if not rule.holds(value):
            return f"the detail {key} is not {rule.words}"
    return ""


def _shown(name: str) -> str:
    return name if CODE.holds(name) else "(a name that is no code)"


def row_digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal, of a database row by column: the same on every database.

    Bytes stand as their own SHA-256, true and false as 1 and 0, integers beyond 2^53 and floats as text.
    """
    row = {column: _plain(column, value) for column, value in values.items()}
    return hashlib.sha256(canonical(row)).hexdigest()


def _plain(column: str, value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return int(value) if -_MAX_INTEGER <= value <= _MAX_INTEGER else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return {"sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, float):
        return repr(value)
    raise InternalError(f"ledger: the column {column} holds a {type(value).__name__}, which has no digest")
