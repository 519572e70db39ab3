"""Signatures of packets: found, and voided by any act that follows."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from posology.store import Store, Writing
from posology.store.schema import signatures, users

__all__ = ["Voided", "last_voided", "standing_signature", "void_signature"]


@dataclass(frozen=True, slots=True)
class Voided:
    """A signature that a later act voided: who had signed which version, and who acted."""

    version: int
    name: str
    signed_us: int
    voided_us: int
    by: str


def standing_signature(connection: Connection, packet_id: str) -> Row[Any] | None:
    """Return the row of a packet's signature that nobody voided, or ``None``."""
    standing = (signatures.c.packet_id == packet_id) & (signatures.c.voided_us == 0)
    return connection.execute(select(signatures).where(standing)).one_or_none()


def void_signature(w: Writing, packet_id: str, reason: str) -> dict[str, str] | None:
    """Void a packet's signature, and return what the entry that must follow says; None without one."""
    row = standing_signature(w.connection, packet_id)
    if row is None:
        return None
    w.update(signatures, row.id, {"voided_us": w.now_us, "voided_by": w.actor.id})
    return {"signature": row.id, "reason": reason, "user": row.user_id}


def last_voided(store: Store, packet_id: str) -> Voided | None:
    """Return the signature of a packet that was voided last, or ``None``."""
    query = (
        select(signatures, users.c.name.label("by"))
        .join(users, users.c.id == signatures.c.voided_by, isouter=True)
        .where((signatures.c.packet_id == packet_id) & (signatures.c.voided_us > 0))
        .order_by(signatures.c.voided_us.desc())
        .limit(1)
    )
    with store.read() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else Voided(row.version, row.name, row.signed_us, row.voided_us, row.by or "")
