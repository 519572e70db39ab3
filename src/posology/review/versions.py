"""Versions of a packet: each act makes one, none is ever changed, and each is sealed by itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import Connection, bindparam, select

from posology.errors import NotFound
from posology.priorauth import Packet
from posology.review.recent import Recent
from posology.store import Store, Writing
from posology.store.schema import users, versions
from posology.store.store import AUDIT_KEY

__all__ = [
    "NewVersion",
    "Version",
    "VersionHead",
    "add_version",
    "forget_versions",
    "list_versions",
    "load_version",
    "packet_hash",
]

_SWELL = 6  # bytes of a parsed record for each byte of its JSON, about


@dataclass(frozen=True, slots=True)
class VersionHead:
    """What made a version: who, when, which act on what, and all that it changed."""

    number: int
    created_us: int
    created_by: str
    by: str  # the person's name
    cause: str
    target: str
    touched: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Version:
    """A version that was opened: the record, and the act that made it with what it told the person."""

    number: int
    record: Mapping[str, Any]
    manifest: Mapping[str, Any]  # of the draft; empty in later versions
    act: Mapping[str, Any]

    def __repr__(self) -> str:
        """Show the number only."""
        return f"Version({self.number})"


@dataclass(frozen=True, repr=False)
class NewVersion:
    """What a version is made of."""

    packet_id: str
    key_id: str
    number: int
    cause: str
    record: Mapping[str, Any]
    act: Mapping[str, Any]
    target: str = ""
    touched: tuple[str, ...] = ()
    manifest: Mapping[str, Any] | None = None
    by: str = ""  # the account; else who writes


_HASH = select(versions.c.packet_hash, versions.c.created_us).where(versions.c.id == bindparam("version"))
_VERSIONS: Recent[Version] = Recent(count=512, size_bytes=192 << 20)


def packet_hash(store: Store, connection: Connection, record: Mapping[str, Any]) -> str:
    """Return the keyed hash of a record's packet.json; it outlives the packet and tells nothing of it."""
    return store.cipher(connection, AUDIT_KEY).hash("packet", Packet(record, {}).to_bytes())


def add_version(w: Writing, new: NewVersion) -> str:
    """Seal and insert a version, and return the hash of its packet.json."""
    identifier, cipher = f"{new.packet_id}.{new.number}", w.cipher(new.key_id)
    hashed = packet_hash(w.store, w.connection, new.record)

    def sealed(column: str, value: Mapping[str, Any]) -> bytes:
        return cipher.seal(_dumped(value), f"versions/{column}/{identifier}")

    row = {
        "id": identifier,
        "packet_id": new.packet_id,
        "number": new.number,
        "created_us": w.now_us,
        "created_by": new.by or w.actor.id,
        "cause": new.cause,
        "target": new.target,
        "touched": " ".join(quote(one, safe=":") for one in new.touched),
        "act": sealed("act", new.act),
        "record": sealed("record", new.record),
        "manifest": b"" if new.manifest is None else sealed("manifest", new.manifest),
        "packet_hash": hashed,
    }
    w.insert(versions, row)
    return hashed


def _dumped(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def list_versions(connection: Connection, packet_id: str, *, after: int = 0) -> tuple[VersionHead, ...]:
    """Return the heads of a packet's versions, oldest first."""
    columns = [
        versions.c[name] for name in ("number", "created_us", "created_by", "cause", "target", "touched")
    ]
    query = (
        select(*columns, users.c.name.label("by"))
        .join(users, users.c.id == versions.c.created_by)
        .where(versions.c.packet_id == packet_id, versions.c.number > after)
        .order_by(versions.c.number)
    )
    return tuple(_head(row) for row in connection.execute(query))


def _head(row: Any) -> VersionHead:
    touched = tuple(unquote(one) for one in row.touched.split())
    return VersionHead(row.number, row.created_us, row.created_by, row.by, row.cause, row.target, touched)


def load_version(store: Store, connection: Connection, packet_id: str, key_id: str, number: int) -> Version:
    """Return one version, opened; raise NotFound where there is none."""
    found = {"version": f"{packet_id}.{number}"}
    made = connection.execute(_HASH, found).one_or_none()
    if made is None:
        raise NotFound(f"packet {packet_id}: there is no version {number}")
    key = (packet_id, key_id, number, *made)  # of a commit that failed nothing is ever served
    return _VERSIONS.get(key, lambda: _open(store, connection, packet_id, key_id, number))


def _open(
    store: Store, connection: Connection, packet_id: str, key_id: str, number: int
) -> tuple[Version, int]:
    identifier = f"{packet_id}.{number}"
    row = connection.execute(select(versions).where(versions.c.id == identifier)).one()
    cipher = store.cipher(connection, key_id)

    def opened(column: str) -> bytes:
        sealed = getattr(row, column)
        return cipher.open(sealed, f"versions/{column}/{identifier}") if sealed else b"{}"

    record, manifest, act = opened("record"), opened("manifest"), opened("act")
    version = Version(number, json.loads(record), json.loads(manifest), json.loads(act))
    return version, (len(record) + len(manifest) + len(act)) * _SWELL


def forget_versions(packet_id: str) -> None:
    """Drop a packet's versions from memory once it is deleted."""
    _VERSIONS.forget(lambda key: isinstance(key, tuple) and key[0] == packet_id)
