"""Bringing a store to this program's version of the tables: verified before, bound again after, recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData

from posology.errors import LedgerError, StoreError
from posology.ledger.entries import Kind
from posology.store.actors import SYSTEM
from posology.store.engine import database_words, open_engine
from posology.store.keys import MasterKeys
from posology.store.opening import take_turn
from posology.store.revisions import SCRIPTS, apply_revisions, head_revision, is_older, revision_of
from posology.store.schema import METADATA
from posology.store.store import Store, Writing, clock_us
from posology.store.verification import stale_rows, verify_connection
from posology.store.walk import Findings, walk_ledger

__all__ = ["Migration", "migrate_store"]


@dataclass(frozen=True, slots=True)
class Migration:
    """From which version to which, and how many rows look different now."""

    was: str
    revision: str
    rows: int


def migrate_store(
    address: str, masters: MasterKeys, *, clock: Callable[[], int] = clock_us, scripts: Path = SCRIPTS
) -> Migration:
    """Bring a store's tables to the newest version, in one transaction: all of it, or nothing.

    Raise LedgerError, and change nothing, where the store does not verify: a migration writes down how every
    row looks afterwards, and would hide that one was altered before.
    """
    store = Store(open_engine(address, must_exist=True, foreign_keys=False), masters, clock)
    try:
        store.check_key()
        with store.write(SYSTEM) as w:
            return _migrate(w, scripts)
    finally:
        store.close()


def _migrate(w: Writing, scripts: Path) -> Migration:
    where, newest = database_words(w.store.engine), head_revision(scripts)
    take_turn(w.connection)
    was = revision_of(w.connection)
    if was == newest:
        return Migration(was, newest, 0)
    if was is None or not is_older(was, scripts):
        raise StoreError(f"{where}: has version {was}, which this program does not know; it knows {newest}")
    _require_verified(w)
    apply_revisions(w.connection, scripts)
    _require_tied(w.connection, where)
    rows = _rebind(w)
    w.record(Kind.MIGRATION_APPLIED, details={"revision": newest, "was": was, "rows": rows})
    return Migration(was, newest, rows)


def _require_verified(w: Writing) -> None:
    tables = MetaData()
    tables.reflect(w.connection)
    for name, table in tables.tables.items():
        if name in METADATA.tables:
            table.info = METADATA.tables[name].info
    report = verify_connection(w.store, w.connection, tables=tables.tables)
    if not report.ok:
        raise LedgerError(f"the store does not verify; nothing was changed: {report.problems[0]}")


def _rebind(w: Writing) -> int:
    bound = walk_ledger(w.connection, (), Findings()).bound
    stale = list(stale_rows(w.connection, bound))
    for name, key in stale:
        w.rebind(METADATA.tables[name], key)
    return len(stale)


def _require_tied(connection: Connection, where: str) -> None:
    """Raise where SQLite, which did not watch references meanwhile, finds one that leads nowhere."""
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StoreError(f"{where}: the migration left a row that refers to none; nothing was changed")
