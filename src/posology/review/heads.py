"""What is known of a packet without opening its record: where it stands, whose it is, what is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from posology.errors import NotFound
from posology.priorauth.record import unconfirmed
from posology.review.cards import Card, open_card
from posology.store import Cipher
from posology.store.schema import packets, users

__all__ = ["PacketHead", "find_packet", "head_of", "head_query", "not_there", "require_packet", "summary_of"]


@dataclass(frozen=True, slots=True)
class PacketHead:
    """One packet as lists show it; times are microseconds since 1970, 0 where there is none."""

    id: str
    chart_id: str
    job_id: str
    version: int
    state: str
    conclusion: str
    provisional: str
    gaps: int
    to_confirm: int
    withheld: int
    owner_id: str
    owner: str  # the owner's name
    payer: str
    policy_id: str
    policy_version: str
    service: str  # SYSTEM:CODE
    urgency: str
    created_us: int
    created_by: str
    updated_us: int
    sent_us: int
    due_us: int
    decided_us: int
    card: Card

    def __repr__(self) -> str:
        """Show the id and the state."""
        return f"PacketHead({self.id}, version {self.version}, {self.state})"


_PLAIN = tuple(name for name in PacketHead.__slots__ if name not in ("owner", "card"))


def head_query() -> Select[Any]:
    """Return the query of packets with the names of their owners."""
    joined = packets.join(users, users.c.id == packets.c.owner_id)
    return select(packets, users.c.name.label("owner")).select_from(joined)


_FOUND = head_query().where(packets.c.id == bindparam("packet"))
_REQUIRED = select(packets).where(packets.c.id == bindparam("packet"))


def find_packet(connection: Connection, packet_id: str) -> Row[Any]:
    """Return a packet's row with its owner's name; raise NotFound where there is none."""
    row = connection.execute(_FOUND, {"packet": packet_id}).one_or_none()
    if row is None:
        raise not_there(packet_id)
    return row


def require_packet(connection: Connection, packet_id: str) -> Row[Any]:
    """Return a packet's bare row; raise NotFound where there is none."""
    row = connection.execute(_REQUIRED, {"packet": packet_id}).one_or_none()
    if row is None:
        raise not_there(packet_id)
    return row


def not_there(packet_id: str) -> NotFound:
    """Return the error of a packet that is not there, which repeats no text that is not an id."""
    shown = packet_id if packet_id.isalnum() and len(packet_id) <= 40 else "of this id"
    return NotFound(f"there is no packet {shown}")


def head_of(row: Row[Any], cipher: Cipher) -> PacketHead:
    """Return the head of a row of ``head_query``."""
    values = {name: getattr(row, name) for name in _PLAIN}
    return PacketHead(**values, owner=row.owner, card=open_card(cipher, row.id, row.card))


def summary_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that sum a packet's record up and identify nobody."""
    service = record["request"]["service"]
    return {
        "conclusion": record["conclusion"],
        "provisional": record["provisional"] or "",
        "gaps": len(record["gaps"]),
        "to_confirm": len(unconfirmed(record)),
        "withheld": len(record["withheld"]),
        "payer": record["policy"]["payer"],
        "policy_id": record["policy"]["id"],
        "policy_version": record["policy"]["version"],
        "service": f"{service['system']}:{service['code']}",
        "urgency": record["administrative"].get("urgency") or "standard",
    }
