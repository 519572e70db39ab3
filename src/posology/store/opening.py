"""Opening a store, and making a new one: nothing starts with a wrong key or another version of the tables."""

from collections.abc import Callable

from sqlalchemy import Connection

from posology.errors import StoreError
from posology.store.engine import database_words, make_database, open_engine, writing
from posology.store.keys import MasterKeys
from posology.store.revisions import apply_revisions, require_head, revision_of
from posology.store.store import Store, clock_us

__all__ = ["init_store", "open_store"]

_INIT_LOCK = 0x706F736F6C6F6779  # of PostgreSQL: two programs that make the same store take turns


def open_store(address: str, masters: MasterKeys, *, clock: Callable[[], int] = clock_us) -> Store:
    """Open a store; raise StoreError or KeyFileError, which say what to do, where it cannot be used."""
    store = Store(open_engine(address, must_exist=True), masters, clock)
    try:
        with store.read() as connection:
            require_head(connection, database_words(store.engine))
        store.check_key()
    except BaseException:
        store.close()
        raise
    return store


def init_store(address: str, masters: MasterKeys, *, clock: Callable[[], int] = clock_us) -> Store:
    """Make a store: the database where it is missing, its tables, keys and ledger, all or nothing."""
    make_database(address)
    store = Store(open_engine(address), masters, clock)
    try:
        with writing(store.engine) as connection:
            take_turn(connection)
            require_empty(connection, database_words(store.engine))
            apply_revisions(connection)
            store.fill(connection)
    except BaseException:
        store.close()
        raise
    return store


def take_turn(connection: Connection) -> None:
    """Wait until no other program makes or changes the tables of this database."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_INIT_LOCK})")


def require_empty(connection: Connection, where: str) -> None:
    """Raise StoreError where a database holds a store."""
    if revision_of(connection) is not None:
        raise StoreError(f"{where}: holds a store already; it is never replaced: name another database")
