"""Reading is recorded: once a session and packet or source, before anything is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from posology.ledger.entries import Kind
from posology.store import Actor, Store
from posology.store.schema import reads

__all__ = ["Reading", "is_recorded", "record_reading"]


_FOUND = select(reads.c.id).where(reads.c.id == bindparam("read"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read: a packet, or a source of it, with what its entry says."""

    kind: Kind
    packet: str
    version: int
    what: str  # an id: the packet's, or the packet's and a hash of the source
    details: Mapping[str, Any] = field(default_factory=dict)


def is_recorded(connection: Connection, actor: Actor, what: str) -> bool:
    """Tell whether a reading of the same session was recorded; without a session it never was."""
    key = _key(actor, what)
    return bool(key) and connection.execute(_FOUND, {"read": key}).first() is not None


def record_reading(store: Store, actor: Actor, reading: Reading) -> None:
    """Record a reading, unless another request of the same session just did."""
    with store.write(actor) as w:
        if is_recorded(w.connection, actor, reading.what):
            return
        key = _key(actor, reading.what)
        if key:
            w.connection.execute(insert(reads).values(id=key, at_us=w.now_us))
        w.record(reading.kind, packet=reading.packet, version=reading.version, details=reading.details)


def _key(actor: Actor, what: str) -> str:
    return f"{actor.session}.{what}" if actor.session else ""
