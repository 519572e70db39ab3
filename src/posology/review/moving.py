"""Moving a packet along: assigned, prepared, returned to staff with a note, withdrawn."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from posology.errors import NotFound, RequestError
from posology.ledger.entries import Kind
from posology.review.heads import require_packet
from posology.review.permitted import CLINICIANS, PREPARERS, require_role
from posology.review.signatures import void_signature
from posology.review.states import OPEN, State, require_state
from posology.review.versions import NewVersion, add_version, load_version
from posology.store import Actor, Store, Writing
from posology.store.schema import packets, users

__all__ = ["WITHDRAWALS", "add_note", "assign", "prepare", "send_back", "withdraw"]

WITHDRAWALS: tuple[str, ...] = ("not-needed", "other-request", "patient-wish", "mistake", "other")
_MOST_NOTE = 2_000  # characters


def assign(store: Store, actor: Actor, packet_id: str, user_id: str) -> None:
    """Make a clinician or a member of staff the owner of a packet."""
    require_role(actor, "assigning a packet", PREPARERS)
    with store.write(actor) as w:
        row = require_packet(w.connection, packet_id)
        user = w.connection.execute(select(users).where(users.c.id == user_id)).one_or_none()
        if user is None or user.disabled or user.role not in PREPARERS:
            raise NotFound("assigning a packet: there is no clinician or member of staff with this account")
        if row.owner_id == user_id:
            return
        w.update(packets, packet_id, {"owner_id": user_id, "updated_us": w.now_us})
        details = {"user": user_id, "was": row.owner_id}
        w.record(Kind.PACKET_ASSIGNED, packet=packet_id, version=row.version, details=details)


def prepare(store: Store, actor: Actor, packet_id: str) -> None:
    """Say that staff has done its part: the packet waits for a clinician."""
    require_role(actor, "preparing a packet", PREPARERS)
    with store.write(actor) as w:
        row = require_packet(w.connection, packet_id)
        require_state(row.state, (State.DRAFTED,), "preparing")
        w.update(packets, packet_id, {"state": State.PREPARED, "updated_us": w.now_us})
        details = {"was": row.state, "is": State.PREPARED}
        w.record(Kind.PACKET_PREPARED, packet=packet_id, version=row.version, details=details)


def send_back(store: Store, actor: Actor, packet_id: str, note: str) -> None:
    """Return a packet to staff with a note of what to do; a signature is voided."""
    require_role(actor, "returning a packet", CLINICIANS)
    note = note.strip()
    if not note or len(note) > _MOST_NOTE:
        raise RequestError(f"returning: write what staff is to do, in up to {_MOST_NOTE:,} characters")
    with store.write(actor) as w:
        row = require_packet(w.connection, packet_id)
        require_state(row.state, (State.PREPARED, State.SIGNED), "returning")
        version = add_note(w, row, "returned", {"note": note})
        w.update(packets, packet_id, {"state": State.DRAFTED, "updated_us": w.now_us, "version": version})
        details = {"was": row.state, "is": State.DRAFTED}
        w.record(Kind.PACKET_RETURNED, packet=packet_id, version=version, details=details)
        _void(w, packet_id, version, "returned")


def withdraw(store: Store, actor: Actor, packet_id: str, reason: str) -> None:
    """Withdraw a packet before the payer has decided; ``reason`` is one of WITHDRAWALS."""
    require_role(actor, "withdrawing a packet", PREPARERS)
    if reason not in WITHDRAWALS:
        raise RequestError(f"withdrawing: the reason is one of {', '.join(WITHDRAWALS)}")
    with store.write(actor) as w:
        row = require_packet(w.connection, packet_id)
        require_state(row.state, (*OPEN, State.SENT), "withdrawing")
        w.update(packets, packet_id, {"state": State.WITHDRAWN, "updated_us": w.now_us, "due_us": 0})
        details = {"reason": reason, "was": row.state}
        w.record(Kind.PACKET_WITHDRAWN, packet=packet_id, version=row.version, details=details)


def add_note(w: Writing, row: Row[Any], cause: str, act: Mapping[str, Any]) -> int:
    """Add a version that says something of a packet and changes nothing in its record; return its number."""
    current = load_version(w.store, w.connection, row.id, row.key_id, row.version)
    number = int(row.version) + 1
    said = {"act": {"act": cause, **act}}
    add_version(w, NewVersion(row.id, row.key_id, number, cause, current.record, said))
    return number


def _void(w: Writing, packet_id: str, version: int, reason: str) -> None:
    voided = void_signature(w, packet_id, reason)
    if voided is not None:
        w.record(Kind.PACKET_SIGNATURE_VOIDED, packet=packet_id, version=version, details=voided)
