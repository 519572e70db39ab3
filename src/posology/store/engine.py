"""Connecting to the database: SQLite in WAL mode by default, PostgreSQL by address."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from posology.errors import StoreError

__all__ = ["database_words", "open_engine", "reading", "translated", "writing"]

_BUSY_MS = 20_000  # how long SQLite waits for another process that writes
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql+psycopg")


def open_engine(address: str, *, must_exist: bool = False) -> Engine:
    """Connect to ``sqlite:///FILE`` or ``postgresql+psycopg://USER@HOST/NAME``; nothing is sent yet."""
    url = _parse(address)
    if url.drivername.startswith("sqlite"):
        return _open_sqlite(url, must_exist=must_exist)
    return create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)


def _parse(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError as cause:
        raise StoreError("store: not a database address; write sqlite:///posology.db") from cause
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in _DRIVERS:
        raise StoreError(f"store: {url.drivername} is not supported; possible: {', '.join(_DRIVERS)}")
    return url


def _open_sqlite(url: URL, *, must_exist: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError("store: a database in memory keeps nothing; write sqlite:///posology.db")
    file = Path(url.database)
    if must_exist and not file.is_file():
        raise StoreError(f"{file}: there is no such database; make it with `posology store init`")
    if not file.parent.is_dir():
        raise StoreError(f"{file}: its folder does not exist")
    try:
        engine = create_engine(url, pool_size=20, max_overflow=30)
    except NoSuchModuleError as cause:  # pragma: no cover - the driver is part of Python
        raise StoreError("store: this Python has no SQLite") from cause
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Let transactions begin where we say, survive a power cut, and wait for other processes."""
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
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
        connection.begin(),
    ):
        yield connection


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Turn a database's failure into a StoreError that says what to do and quotes no row."""
    try:
        yield
    except DBAPIError as cause:
        raise StoreError(f"{database_words(engine)}: {_explain(str(cause.orig))}") from None
    except SQLAlchemyError as cause:
        raise StoreError(f"{database_words(engine)}: {type(cause).__name__}") from None


def database_words(engine: Engine) -> str:
    """Name a database without its password."""
    url = engine.url
    return str(url.database) if url.drivername.startswith("sqlite") else f"{url.host or ''}/{url.database}"


_CAUSES = (
    ("disk is full", "the disk is full; nothing was written. Make room and try again"),
    ("No space left", "the disk is full; nothing was written. Make room and try again"),
    ("database is locked", "another process holds the database; nothing was written. Try again"),
    ("readonly", "the database or its folder cannot be written; nothing was written"),
    ("unable to open", "the database cannot be opened; check the file and its folder"),
    ("malformed", "the database file is damaged; restore a backup (`posology store restore`)"),
    ("not a database", "the file is no database; restore a backup (`posology store restore`)"),
    ("no such table", "the database has another version; run `posology store migrate`"),
    ("does not exist", "the database or a table is missing; run `posology store migrate`"),
    ("connection", "the database server cannot be reached; nothing was written. Try again"),
    ("closed", "the database server went away; nothing was written. Try again"),
    ("terminat", "the database server went away; nothing was written. Try again"),
    ("disk I/O", "the disk failed while reading or writing; nothing was written"),
)


def _explain(message: str) -> str:
    """Say what a driver's message means; the message itself may quote a row, so it is not passed on."""
    for part, words in _CAUSES:
        if part.lower() in message.lower():
            return words
    if "UNIQUE" in message or "unique" in message:
        return "a record with this key is there already; nothing was written"
    return "the database refused; nothing was written"
