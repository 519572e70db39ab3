"""Restoring a backup into an empty database of either kind: read strictly, verified, recorded, or nothing."""

import base64
import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, MetaData, Table, insert, select

from posology.errors import LedgerError, StoreError
from posology.ledger.entries import Kind
from posology.store.actors import SYSTEM, Actor
from posology.store.backup import BACKUP_FORMAT
from posology.store.engine import database_words, make_database, open_engine, writing
from posology.store.keys import MasterKeys
from posology.store.log import open_log
from posology.store.migration import migrate_store
from posology.store.opening import open_store, require_empty, take_turn
from posology.store.revisions import SCRIPTS, VERSION_TABLE, apply_revisions, head_revision, is_older
from posology.store.schema import METADATA, sessions
from posology.store.store import SYSTEM_KEY, Store, Writing, clock_us
from posology.store.verification import verify_connection

__all__ = ["restore"]

_AT_ONCE = 50  # rows
_BIGGEST_MANIFEST = 1 << 20  # bytes


class _Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(extra="forbid", strict=True)

    posology: str
    revision: str = Field(pattern=r"^[0-9a-z]{1,32}$")
    made: str
    log: str
    size: int
    root: str
    columns: dict[str, list[str]]
    rows: dict[str, int]


def restore(
    file: Path,
    address: str,
    masters: MasterKeys,
    *,
    actor: Actor = SYSTEM,
    clock: Callable[[], int] = clock_us,
) -> Store:
    """Restore a backup into an empty database and return the store, open.

    Raises StoreError where the database holds a store or the file is no backup, KeyFileError where the
    master key is another, LedgerError where the backup does not verify; the database then stays empty.
    """
    make_database(address)
    store = Store(open_engine(address), masters, clock)
    try:
        with _opened(file) as archive, writing(store.engine) as connection:
            manifest = _read_manifest(archive, file)
            take_turn(connection)
            require_empty(connection, database_words(store.engine))
            tables = _make_tables(connection, manifest)
            for table in tables.sorted_tables:
                _fill(connection, table, archive, manifest, file)
            _require_whole(store, connection, manifest, tables, file)
            _record(store, connection, actor, file, manifest)
    finally:
        store.close()
    if manifest.revision != head_revision():
        migrate_store(address, masters, clock=clock)
    return open_store(address, masters, clock=clock)


def _opened(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except OSError as cause:
        raise StoreError(f"{file}: cannot be read ({cause.strerror})") from cause
    except zipfile.BadZipFile as cause:
        raise StoreError(f"{file}: not a backup, or cut off") from cause


def _read_manifest(archive: zipfile.ZipFile, file: Path) -> _Manifest:
    try:
        if archive.getinfo("manifest.json").file_size > _BIGGEST_MANIFEST:
            raise StoreError(f"{file}: its manifest is too long; not a backup of a store")
        manifest = _Manifest.model_validate_json(archive.read("manifest.json"))
    except (KeyError, ValidationError, zipfile.BadZipFile, zlib.error) as cause:
        raise StoreError(f"{file}: not a backup of a store, or damaged") from cause
    if manifest.posology != BACKUP_FORMAT:
        raise StoreError(f"{file}: not a backup of the form {BACKUP_FORMAT}")
    if manifest.revision != head_revision() and not is_older(manifest.revision):
        raise StoreError(f"{file}: made by a newer program (version {manifest.revision}); install that one")
    return manifest


def _make_tables(connection: Connection, manifest: _Manifest) -> MetaData:
    """Make the tables of the backup's version and return them as the database describes them."""
    apply_revisions(connection, SCRIPTS, manifest.revision)
    tables = MetaData()
    tables.reflect(connection, only=lambda name, _: name in manifest.columns and name != VERSION_TABLE)
    for name, table in tables.tables.items():
        table.info = METADATA.tables[name].info if name in METADATA.tables else {}
    return tables


def _fill(
    connection: Connection, table: Table, archive: zipfile.ZipFile, manifest: _Manifest, file: Path
) -> None:
    columns = manifest.columns[table.name]
    if sorted(columns) != sorted(table.columns.keys()):
        raise StoreError(f"{file}: the columns of {table.name} are not those of version {manifest.revision}")
    rows: list[dict[str, Any]] = []
    count = 0
    for values in _lines(archive, table.name, len(columns), file):
        rows.append(dict(zip(columns, values, strict=True)))
        count += 1
        if len(rows) == _AT_ONCE:
            connection.execute(insert(table), rows)
            rows = []
    if rows:
        connection.execute(insert(table), rows)
    if count != manifest.rows.get(table.name):
        raise StoreError(f"{file}: holds {count} rows of {table.name}, its manifest says another number")


def _lines(archive: zipfile.ZipFile, name: str, width: int, file: Path) -> Iterator[list[Any]]:
    try:
        with archive.open(f"tables/{name}.jsonl") as member:
            for number, line in enumerate(member, start=1):
                values = json.loads(line)
                if not isinstance(values, list) or len(values) != width:
                    raise StoreError(f"{file}: {name}, row {number}: not a row of this table")
                yield [_value(value) for value in values]
    except (KeyError, ValueError, TypeError, zipfile.BadZipFile, zlib.error) as cause:
        raise StoreError(f"{file}: {name}: damaged; nothing was restored") from cause


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"], validate=True) if isinstance(value, dict) else value


def _require_whole(
    store: Store, connection: Connection, manifest: _Manifest, tables: MetaData, file: Path
) -> None:
    """Raise where the key is another, or what was restored is not what its ledger recorded."""
    store.cipher(connection, SYSTEM_KEY)
    report = verify_connection(store, connection, tables=tables.tables)
    if not report.ok:
        raise LedgerError(f"{file}: does not verify; nothing was restored: {report.problems[0]}")
    if (report.log, report.size, report.root) != (manifest.log, manifest.size, manifest.root):
        raise LedgerError(f"{file}: its ledger is not the one its manifest names; nothing was restored")


def _record(store: Store, connection: Connection, actor: Actor, file: Path, manifest: _Manifest) -> None:
    act = Writing(store, open_log(connection, store.sealing), actor, store.clock())
    for key in list(connection.execute(select(sessions.c.id)).scalars()):
        act.delete(sessions, key)  # who was signed in when the backup was made signs in again
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    details = {"sha256": digest, "rows": sum(manifest.rows.values()), "made": manifest.made}
    details |= {"size": manifest.size, "root": manifest.root}
    act.record(Kind.STORE_RESTORED, details=details)
    act.finish()
    act.log.flush()
