"""A backup: one file with every row of a store as it was at one moment, the same for every database.

A ZIP archive: ``manifest.json`` and, for each table, ``tables/NAME.jsonl``: a JSON array a row, the columns
in the order that the manifest names, bytes as {"base64": ...}. What is sealed in the store stays sealed; the
master keys are not in it. It is read under one transaction, so the store may be in use meanwhile.
"""

import base64
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Table, select

from posology.errors import OutputError
from posology.ledger.entries import Kind, format_time
from posology.store.actors import SYSTEM, Actor
from posology.store.log import LogState, read_log
from posology.store.revisions import revision_of
from posology.store.schema import METADATA
from posology.store.store import Store

__all__ = ["BACKUP_FORMAT", "Backup", "backup"]

BACKUP_FORMAT = "posology-backup/1"
_AT_ONCE = 20  # rows; some hold a whole chart


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: its file, its hash, and what it holds."""

    file: Path
    sha256: str
    rows: int
    size: int  # entries of the ledger
    root: str


def backup(store: Store, target: Path, actor: Actor = SYSTEM) -> Backup:
    """Write a backup into a folder, or a file NAME.zip, and record it; where either fails nothing is left."""
    named = target.suffix == ".zip" and not target.is_dir()
    folder, name = (
        (target.parent, target.name) if named else (target, f"posology-{_stamp(store.clock())}.zip")
    )
    with _whole_file(folder, name) as (stream, file):
        with store.read() as connection:
            made = _write(connection, stream, store.clock())
        stream.flush()
        os.fsync(stream.fileno())
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        done = Backup(file, digest, sum(made["rows"].values()), made["size"], made["root"])
        _record(store, actor, done, os.fstat(stream.fileno()).st_size)
    return done


def _record(store: Store, actor: Actor, made: Backup, size_bytes: int) -> None:
    details = {"sha256": made.sha256, "size_bytes": size_bytes, "rows": made.rows}
    with store.write(actor) as w:
        w.record(Kind.BACKUP_MADE, details=details | {"size": made.size, "root": made.root})


def _stamp(at_us: int) -> str:
    return format_time(at_us)[:19].replace("-", "").replace(":", "") + "Z"


@contextmanager
def _whole_file(folder: Path, name: str) -> Iterator[tuple[BufferedRandom, Path]]:
    """Give a file that appears under its name when the block ends without error; owner-only."""
    target = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
    except OSError as cause:
        raise OutputError(f"{folder}: cannot be written ({cause.strerror})") from cause
    try:
        with os.fdopen(handle, "w+b") as stream:
            yield stream, target
        os.link(temporary, target)  # never over a backup that is there
    except FileExistsError as cause:
        raise OutputError(f"{target}: is there already; a backup is never replaced") from cause
    except OSError as cause:
        raise OutputError(f"{target}: cannot be written ({cause.strerror})") from cause
    finally:
        Path(temporary).unlink(missing_ok=True)


def _write(connection: Connection, stream: IO[bytes], now_us: int) -> dict[str, Any]:
    state = read_log(connection)
    counts = {}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for table in METADATA.sorted_tables:
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as member:
                counts[table.name] = _write_table(connection, table, member)
        manifest = _manifest(connection, state, counts, now_us)
        archive.writestr("manifest.json", json.dumps(manifest, indent=2) + "\n")
    return manifest


def _manifest(connection: Connection, state: LogState, counts: dict[str, int], now_us: int) -> dict[str, Any]:
    return {
        "posology": BACKUP_FORMAT,
        "revision": revision_of(connection),
        "made": format_time(now_us),
        "log": state.log,
        "size": state.frontier.size,
        "root": state.frontier.root().hex(),
        "columns": {table.name: list(table.columns.keys()) for table in METADATA.sorted_tables},
        "rows": counts,
    }


def _write_table(connection: Connection, table: Table, member: IO[bytes]) -> int:
    query = select(table).order_by(*table.primary_key.columns)
    options = {"stream_results": True, "yield_per": _AT_ONCE}
    count = 0
    for row in connection.execute(query, execution_options=options):
        member.write(json.dumps([_plain(value) for value in row], ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
