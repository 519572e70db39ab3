"""Packets in the store: made by a job, opened by a person, with each reading on the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from posology.errors import InternalError
from posology.ledger.entries import Kind
from posology.ledger.values import ID, VERSION
from posology.priorauth import Packet
from posology.priorauth.history import Difference, differences
from posology.priorauth.record import unconfirmed
from posology.records import Chart, Document
from posology.review.attachments import load_attachments
from posology.review.cards import card_of, member_index, name_index, seal_card
from posology.review.heads import PacketHead, find_packet, head_of, summary_of
from posology.review.jobs import DraftRequest
from posology.review.permitted import PREPARERS, require_role
from posology.review.reads import Reading, is_recorded, record_reading
from posology.review.states import State
from posology.review.versions import (
    NewVersion,
    Version,
    VersionHead,
    add_version,
    list_versions,
    load_version,
)
from posology.store import Actor, Cipher, Store, Writing, new_id
from posology.store.schema import packets, scratches, users
from posology.store.store import INDEX_KEY

__all__ = [
    "OpenPacket",
    "Pulse",
    "card_columns",
    "create_packet",
    "differences_of",
    "open_packet",
    "open_version",
    "pulse_of",
    "versions_of",
]

_PRESENT_US = 10 * 60 * 1_000_000  # how long a person with unsaved words counts as being on a packet


@dataclass(frozen=True, repr=False)
class OpenPacket:
    """A packet as a person reads it; its values are shared between requests and are never changed."""

    head: PacketHead
    record: Mapping[str, Any]
    manifest: Mapping[str, Any]
    attachments: tuple[Document, ...]
    draft: Mapping[str, Any]  # the record as it was drafted

    def __repr__(self) -> str:
        """Show the head only."""
        return f"OpenPacket({self.head})"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a page asks again and again: where the packet stands and who else is on it."""

    version: int
    state: str
    updated_us: int
    changed_by: str  # name of who made the current version
    present: tuple[str, ...]  # names of others who have unsaved words on it


def create_packet(
    w: Writing, *, job_row: Row[Any], packet: Packet, chart: Chart, request: DraftRequest
) -> str:
    """Insert a drafted packet with its first version in a job's transaction, and return its id.

    Raises InternalError where the packet is not of this chart's patient and this request.
    """
    _require_same(packet, chart, request)
    packet_id, cipher = new_id(), w.new_key("packet")
    record, by = packet.record, job_row.created_by
    row = {
        "id": packet_id,
        "key_id": cipher.key_id,
        "chart_id": job_row.chart_id,
        "job_id": job_row.id,
        "created_us": w.now_us,
        "created_by": by,
        "updated_us": w.now_us,
        "version": 1,
        "state": State.DRAFTED,
        "owner_id": by,
    }
    w.insert(packets, row | summary_of(record) | card_columns(w, cipher, packet_id, record))
    first = NewVersion(
        packet_id, cipher.key_id, 1, "drafted", record, {"act": "drafted"}, "", (), packet.manifest, by
    )
    hashed = add_version(w, first)
    w.record(Kind.PACKET_DRAFTED, packet=packet_id, version=1, details=_drafted(job_row, record, hashed))
    return packet_id


def _require_same(packet: Packet, chart: Chart, request: DraftRequest) -> None:
    asked = packet.record["request"]
    same_day = date.fromisoformat(asked["date"]) == request.day
    if packet.record["patient"]["reference"] != chart.patient.reference or not same_day:
        raise InternalError("packet: it is not of this chart and this request; nothing was kept")


def card_columns(w: Writing, cipher: Cipher, packet_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns by which a packet is found and shown in lists."""
    card, index = card_of(record), w.cipher(INDEX_KEY)
    return {
        "name_index": name_index(index, card.name),
        "member_index": member_index(index, card.member_id),
        "card": seal_card(cipher, packet_id, card),
    }


def _drafted(job_row: Row[Any], record: Mapping[str, Any], hashed: str) -> dict[str, Any]:
    policy = record["request"]["policy"]
    details: dict[str, Any] = {
        "job": job_row.id,
        "chart": job_row.chart_id,
        "policy_sha256": policy["sha256"],
        "conclusion": record["conclusion"],
        "gaps": len(record["gaps"]),
        "to_confirm": len(unconfirmed(record)),
        "withheld": len(record["withheld"]),
        "sentences": len(record["narrative"]),
        "hash": hashed,
    }
    if record["provisional"]:
        details["provisional"] = record["provisional"]
    named = {"policy": (policy["id"], ID), "policy_version": (policy["version"], VERSION)}
    return details | {key: value for key, (value, rule) in named.items() if rule.holds(value)}


def open_packet(store: Store, actor: Actor, packet_id: str) -> OpenPacket:
    """Open a packet at its current version; the first reading of a session is written down before."""
    require_role(actor, "reading of a packet", PREPARERS)
    with store.read() as connection:
        opened = _opened(store, connection, packet_id)
        recorded = is_recorded(connection, actor, packet_id)
    if not recorded:
        reading = Reading(Kind.PACKET_READ, packet_id, opened.head.version, packet_id, {"form": "page"})
        record_reading(store, actor, reading)
    return opened


def _opened(store: Store, connection: Connection, packet_id: str) -> OpenPacket:
    row = find_packet(connection, packet_id)
    cipher = store.cipher(connection, row.key_id)
    current = load_version(store, connection, packet_id, row.key_id, row.version)
    draft = current if row.version == 1 else load_version(store, connection, packet_id, row.key_id, 1)
    number = len(current.record.get("attachments") or ())
    attached = load_attachments(connection, cipher, packet_id, number)
    return OpenPacket(head_of(row, cipher), current.record, draft.manifest, attached, draft.record)


def open_version(store: Store, actor: Actor, packet_id: str, number: int) -> Version:
    """Open one version of a packet; reading it counts as reading the packet."""
    head = open_packet(store, actor, packet_id).head
    with store.read() as connection:
        row = find_packet(connection, head.id)
        return load_version(store, connection, packet_id, row.key_id, number)


def versions_of(store: Store, actor: Actor, packet_id: str) -> tuple[VersionHead, ...]:
    """Return what made each version of a packet, oldest first."""
    require_role(actor, "reading of a packet", PREPARERS)
    with store.read() as connection:
        find_packet(connection, packet_id)
        return list_versions(connection, packet_id)


def differences_of(
    store: Store, actor: Actor, packet_id: str, *, old: int = 1, new: int | None = None
) -> tuple[Difference, ...]:
    """Return what lies between two versions of a packet: without numbers, from the draft to now."""
    before = open_version(store, actor, packet_id, old)
    number = open_packet(store, actor, packet_id).head.version if new is None else new
    return differences(before.record, open_version(store, actor, packet_id, number).record)


def pulse_of(store: Store, actor: Actor, packet_id: str) -> Pulse:
    """Return where a packet stands and who else is on it; no patient's text is read for it."""
    require_role(actor, "reading of a packet", PREPARERS)
    with store.read() as connection:
        row = find_packet(connection, packet_id)
        last = list_versions(connection, packet_id, after=row.version - 1)
        others = connection.execute(
            select(users.c.name)
            .join(scratches, scratches.c.user_id == users.c.id)
            .where(
                scratches.c.packet_id == packet_id,
                scratches.c.user_id != actor.id,
                scratches.c.saved_us > store.clock() - _PRESENT_US,
            )
            .distinct()
            .order_by(users.c.name)
        ).scalars()
        by = last[-1].by if last else ""
        return Pulse(row.version, row.state, row.updated_us, by, tuple(others))
