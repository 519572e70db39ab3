"""Signatures of packets: found, and voided by any act that follows."""

from typing import Any

from sqlalchemy import Connection, Row, select

from posology.store import Writing
from posology.store.schema import signatures

__all__ = ["standing_signature", "void_signature"]


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
