"""Words that were typed and not yet saved: kept for their author until they are saved or let go."""

import re
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from posology.errors import RequestError
from posology.review.heads import require_packet
from posology.review.permitted import PREPARERS, require_role
from posology.store import Actor, Store
from posology.store.schema import scratches

__all__ = [
    "Scratch",
    "delete_scratch",
    "drop_scratch",
    "get_scratch",
    "is_target",
    "keep_scratch",
    "list_scratches",
]

MOST_CHARACTERS = 400_000
_MOST_HELD = 100  # of one person on one packet
_TARGET = re.compile(r"[a-z]{1,20}:[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class Scratch:
    """What one person typed for one target of a packet, and the version it was typed over."""

    target: str
    seen_version: int
    saved_us: int
    text: str

    def __repr__(self) -> str:
        """Show the target only."""
        return f"Scratch({self.target})"


def keep_scratch(store: Store, actor: Actor, packet_id: str, scratch: Scratch) -> None:
    """Keep a person's unsaved words; what they kept for this target before is replaced."""
    require_role(actor, "unsaved words", PREPARERS)
    if len(scratch.text) > MOST_CHARACTERS:
        raise RequestError(f"unsaved words: longer than {MOST_CHARACTERS:,} characters; shorten them")
    identifier = _identifier(actor, packet_id, scratch.target)
    with store.volatile() as connection:
        packet = require_packet(connection, packet_id)
        sealed = store.cipher(connection, packet.key_id).seal(scratch.text.encode(), _place(identifier))
        connection.execute(delete(scratches).where(scratches.c.id == identifier))
        _require_room(connection, actor, packet_id)
        row = {
            "id": identifier,
            "packet_id": packet_id,
            "user_id": actor.id,
            "target": scratch.target,
            "seen_version": scratch.seen_version,
            "saved_us": store.clock(),
            "text": sealed,
        }
        connection.execute(insert(scratches).values(**row))


def _require_room(connection: Connection, actor: Actor, packet_id: str) -> None:
    mine = (scratches.c.packet_id == packet_id) & (scratches.c.user_id == actor.id)
    held = connection.execute(select(func.count()).select_from(scratches).where(mine)).scalar_one()
    if held >= _MOST_HELD:
        raise RequestError(f"unsaved words: {held} are kept for this packet; save some or let them go")


def get_scratch(store: Store, actor: Actor, packet_id: str, target: str) -> Scratch | None:
    """Return this person's unsaved words for a target, or ``None``."""
    _identifier(actor, packet_id, target)  # a target that is none is refused
    return next((one for one in list_scratches(store, actor, packet_id) if one.target == target), None)


def list_scratches(store: Store, actor: Actor, packet_id: str) -> tuple[Scratch, ...]:
    """Return all of this person's unsaved words on a packet; nobody sees another person's."""
    require_role(actor, "unsaved words", PREPARERS)
    with store.read() as connection:
        packet = require_packet(connection, packet_id)
        cipher = store.cipher(connection, packet.key_id)
        mine = (scratches.c.packet_id == packet_id) & (scratches.c.user_id == actor.id)
        rows = connection.execute(select(scratches).where(mine).order_by(scratches.c.target)).all()
        return tuple(
            Scratch(
                row.target, row.seen_version, row.saved_us, cipher.open(row.text, _place(row.id)).decode()
            )
            for row in rows
        )


def delete_scratch(store: Store, actor: Actor, packet_id: str, target: str) -> None:
    """Let go of this person's unsaved words for a target."""
    require_role(actor, "unsaved words", PREPARERS)
    with store.volatile() as connection:
        require_packet(connection, packet_id)
        drop_scratch(connection, actor, packet_id, target)


def is_target(target: str) -> bool:
    """Tell whether unsaved words can be kept for a target: it stands in clear, so it must be a plain id."""
    return _TARGET.fullmatch(target) is not None


def drop_scratch(connection: Connection, actor: Actor, packet_id: str, target: str) -> None:
    """Remove unsaved words inside the transaction that saves them."""
    if not is_target(target):
        return
    identifier = _identifier(actor, packet_id, target)
    connection.execute(delete(scratches).where(scratches.c.id == identifier))


def _identifier(actor: Actor, packet_id: str, target: str) -> str:
    if not is_target(target):
        raise RequestError("unsaved words: a target is written as sentence:s3 or criterion:bmi-35")
    return f"{actor.id}.{packet_id}.{target}"


def _place(identifier: str) -> str:
    return f"scratches/text/{identifier}"
