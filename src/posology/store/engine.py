"""Connecting to the database: SQLite in WAL mode by default, PostgreSQL by address."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from posology.errors import StoreError
from posology.store.failures import explain

__all__ = ["commit", "database_words", "make_database", "open_engine", "reading", "translated", "writing"]

_BUSY_MS = 20_000  # how long one process waits for another that writes
_IDLE_MS = 120_000  # after which PostgreSQL ends a transaction whose program hangs
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")


def open_engine(address: str, *, must_exist: bool = False, foreign_keys: bool = True) -> Engine:
    """Connect to ``sqlite:///FILE`` or ``postgresql+psycopg://USER@HOST/NAME``; nothing is sent yet.

    Only a migration, which checks them at its end, turns SQLite's ``foreign_keys`` off.
    """
    url = _parse(address)
    if url.drivername.startswith("sqlite"):
        return _open_sqlite(url, must_exist=must_exist, foreign_keys=foreign_keys)
    return create_engine(
        url,
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 10,
            "options": f"-c lock_timeout={_BUSY_MS} -c idle_in_transaction_session_timeout={_IDLE_MS}",
        },
    )


def make_database(address: str) -> None:
    """Make the database of an address where the server, or the folder, has none; keep one that is there."""
    url = _parse(address)
    if url.drivername.startswith("sqlite"):
        file = _file_of(url)
        if not file.exists():
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        return
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with translated(engine), engine.connect() as connection:
            known = text("SELECT 1 FROM pg_database WHERE datname = :name")
            if connection.execute(known, {"name": url.database}).scalar() is None:
                name = engine.dialect.identifier_preparer.quote(url.database or "")
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
    finally:
        engine.dispose()


def _parse(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        raise StoreError("store: not a database address; write sqlite:///posology.db") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in _DRIVERS:
        raise StoreError(f"store: {url.drivername} is not supported; possible: {', '.join(_DRIVERS)}")
    if not url.drivername.startswith("sqlite") and not url.database:
        raise StoreError("store: the address names no database; write postgresql+psycopg://USER@HOST/NAME")
    return url


def _file_of(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise StoreError("store: a database in memory keeps nothing; write sqlite:///posology.db")
    file = Path(url.database)
    if not file.parent.is_dir():
        raise StoreError(f"{file}: its folder does not exist")
    return file


def _open_sqlite(url: URL, *, must_exist: bool, foreign_keys: bool) -> Engine:
    file = _file_of(url)
    if must_exist and not file.is_file():
        raise StoreError(_missing(file))

    def connect() -> sqlite3.Connection:
        mode = f"file:{quote(str(file.absolute()))}?mode=rw"  # never makes an empty database in silence
        return sqlite3.connect(mode, uri=True, check_same_thread=False, isolation_level=None)

    engine = create_engine(url, creator=connect, pool_size=20, max_overflow=30)
    event.listen(engine, "connect", _prepare_sqlite)
    if not foreign_keys:
        event.listen(engine, "connect", lambda made, _record: made.execute("PRAGMA foreign_keys=OFF"))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _missing(file: Path) -> str:
    return f"{file}: there is no such database; make it with `posology store init`"


def _prepare_sqlite(connection: Any, record: ConnectionPoolEntry) -> None:
    """Let transactions begin where we say, survive a power cut, and wait for other processes."""
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    record.info["file"] = _identity(connection.execute("PRAGMA database_list").fetchone()[2])


def _identity(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; refuse where the file was removed or replaced, for what is written to a file
    without a name is lost.
    """
    file = Path(str(connection.engine.url.database))
    if connection.connection.info["file"] != _identity(str(file)):
        connection.invalidate()
        raise StoreError(f"{file}: the database was removed or replaced; nothing was written. Put it back")
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection for reading; what it sees does not change meanwhile."""
    with translated(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection for writing: all of the block is committed, or nothing."""
    with (
        translated(engine),
        engine.connect().execution_options(writes=True) as connection,
        connection.begin() as transaction,
    ):
        yield connection
        commit(engine, transaction)


def commit(engine: Engine, transaction: RootTransaction) -> None:
    """Commit; where the server went away meanwhile, nobody can know whether it did."""
    try:
        transaction.commit()
    except DBAPIError as cause:
        if cause.connection_invalidated:
            raise StoreError(
                f"{database_words(engine)}: the database server went away while the act was being kept: "
                "it may have been kept, or not. Look before you try again"
            ) from None
        raise


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn a database's failure into a StoreError that says what to do and quotes no row."""
    try:
        yield
    except DBAPIError as cause:
        raise StoreError(f"{database_words(engine)}: {explain(cause)}") from None
    except SQLAlchemyError as cause:
        raise StoreError(f"{database_words(engine)}: {type(cause).__name__}") from None


def database_words(engine: Engine) -> str:
    """Name a database without its password."""
    url = engine.url
    return str(url.database) if url.drivername.startswith("sqlite") else f"{url.host or ''}/{url.database}"
