"""The store: one database, its keys, and the only ways in: read, or write with an entry in the ledger."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, RLock
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, update

from posology.errors import InternalError, KeyFileError, NotFound, StoreError
from posology.ledger.entries import Act, Kind, row_digest
from posology.store.actors import SYSTEM, Actor
from posology.store.engine import database_words, reading, writing
from posology.store.keys import KEY_BYTES, Cipher, MasterKeys
from posology.store.log import LogState, append_acts, create_log, lock_log
from posology.store.schema import BOUND, keys, volatile_columns

__all__ = ["AUDIT_KEY", "INDEX_KEY", "LEDGER_KEY", "SYSTEM_KEY", "Store", "Writing", "clock_us", "new_id"]

SYSTEM_KEY, INDEX_KEY, AUDIT_KEY, LEDGER_KEY = "system", "index", "audit", "ledger"
_PURPOSES = (SYSTEM_KEY, INDEX_KEY, AUDIT_KEY, LEDGER_KEY)
_CACHED = 4096  # data keys kept open in memory


def clock_us() -> int:
    """Return the time in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def new_id() -> str:
    """Return a new random key of 20 hexadecimal digits."""
    return secrets.token_hex(10)


@dataclass
class Store:
    """An open store. ``read`` gives a connection; ``write`` a transaction that must record what it does."""

    engine: Engine
    masters: MasterKeys
    clock: Callable[[], int] = clock_us
    _ciphers: dict[str, Cipher] = field(default_factory=dict)
    _writers: Lock = field(default_factory=Lock)
    _caching: RLock = field(default_factory=RLock)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading."""
        with reading(self.engine) as connection:
            yield connection

    @contextmanager
    def write(self, actor: Actor) -> Iterator["Writing"]:
        """Write rows and their ledger entries in one transaction: all of it is kept, or nothing.

        Raises InternalError, and keeps nothing, where rows were changed and nothing was recorded.
        """
        with self._writers, writing(self.engine) as connection:
            act = Writing(self, connection, actor, lock_log(connection), self.clock())
            yield act
            act.finish()

    @contextmanager
    def volatile(self) -> Iterator[Connection]:
        """Give a connection that writes what the ledger does not bind: volatile columns, unbound tables."""
        with self._writers, writing(self.engine) as connection:
            yield connection

    def cipher(self, connection: Connection, key_id: str) -> Cipher:
        """Return the cipher of a data key; raise NotFound where the key was destroyed."""
        with self._caching:
            known = self._ciphers.get(key_id)
        if known is not None:
            return known
        row = connection.execute(select(keys).where(keys.c.id == key_id)).one_or_none()
        if row is None:
            raise NotFound(f"key {key_id}: destroyed; what it sealed can no longer be read")
        return self._keep(Cipher(key_id, self.masters.of(row.master_id).unwrap(row.wrapped, key_id)))

    def _keep(self, cipher: Cipher) -> Cipher:
        with self._caching:
            while len(self._ciphers) >= _CACHED:
                self._ciphers.pop(next(iter(self._ciphers)))
            self._ciphers[cipher.key_id] = cipher
        return cipher

    def forget(self, key_id: str) -> None:
        """Drop a data key from memory."""
        with self._caching:
            self._ciphers.pop(key_id, None)

    def create(self) -> None:
        """Fill an empty, migrated database: its own keys, its ledger, and the first entry."""
        log = secrets.token_hex(8)
        with self._writers, writing(self.engine) as connection:
            create_log(connection, log)
            act = Writing(self, connection, SYSTEM, lock_log(connection), self.clock())
            for purpose in _PURPOSES:
                act.new_key(purpose, key_id=purpose)
            act.record(Kind.STORE_CREATED, details={"log": log})
            act.finish()

    def check_key(self) -> None:
        """Raise KeyFileError unless the master keys at hand open this store."""
        with self.read() as connection:
            row = connection.execute(select(keys.c.id).where(keys.c.id == SYSTEM_KEY)).one_or_none()
            if row is None:
                raise StoreError(
                    f"{database_words(self.engine)}: an empty store; make it with `posology store init`"
                )
            self.cipher(connection, SYSTEM_KEY)

    def close(self) -> None:
        """Close every connection and forget the keys."""
        self.engine.dispose()
        with self._caching:
            self._ciphers.clear()

    def __repr__(self) -> str:
        """Show which database."""
        return f"Store({database_words(self.engine)})"


@dataclass
class Writing:
    """A transaction: rows that change, and the entries that say so."""

    store: Store
    connection: Connection
    actor: Actor
    state: LogState
    now_us: int
    _touched: dict[tuple[str, str], bool] = field(default_factory=dict)  # (table, key): is it there
    _acts: list[tuple[Act, Mapping[str, str | None]]] = field(default_factory=list)

    def insert(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert a row."""
        self.connection.execute(insert(table).values(dict(values)))
        self._touch(table, str(values["id"]), there=True)

    def update(self, table: Table, key: str, values: Mapping[str, Any]) -> None:
        """Change columns of one row; raise NotFound where there is none."""
        done = self.connection.execute(update(table).where(table.c.id == key).values(dict(values)))
        if done.rowcount != 1:
            raise NotFound(f"{table.name}: there is no {key}")
        self._touch(table, key, there=True)

    def delete(self, table: Table, key: str) -> None:
        """Delete one row; raise NotFound where there is none."""
        if self.connection.execute(delete(table).where(table.c.id == key)).rowcount != 1:
            raise NotFound(f"{table.name}: there is no {key}")
        self._touch(table, key, there=False)

    def new_key(self, kind: str, *, key_id: str | None = None) -> Cipher:
        """Make a data key, wrapped by the current master key, and return its cipher."""
        cipher = Cipher(key_id or new_id(), secrets.token_bytes(KEY_BYTES))
        master = self.store.masters.current
        wrapped = master.wrap(cipher.secret, cipher.key_id)
        row = {"id": cipher.key_id, "kind": kind, "wrapped": wrapped, "master_id": master.id}
        self.insert(keys, row | {"created_us": self.now_us})
        return cipher

    def destroy_key(self, key_id: str) -> None:
        """Destroy a data key: nothing that it sealed can be read again."""
        if key_id in _PURPOSES:
            raise KeyFileError(f"key {key_id}: the store's own key is never destroyed")
        self.delete(keys, key_id)
        self.store.forget(key_id)

    def cipher(self, key_id: str) -> Cipher:
        """Return the cipher of a data key."""
        return self.store.cipher(self.connection, key_id)

    def record(
        self,
        kind: Kind,
        *,
        packet: str | None = None,
        version: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down what is done; the rows changed since the entry before belong to this one."""
        act = Act(kind, self.actor.id, self.actor.session or None, packet, version, details or {})
        self._acts.append((act, self._digests()))

    def finish(self) -> None:
        """Append the entries; the caller's transaction commits them with the rows."""
        if self._touched:
            if not self._acts:
                raise InternalError("rows were changed and nothing was recorded; nothing was kept")
            act, objects = self._acts[-1]
            self._acts[-1] = act, {**objects, **self._digests()}
        if self._acts:
            self.state = append_acts(self.connection, self.state, self._acts, self.now_us)
            self._acts = []

    def _touch(self, table: Table, key: str, *, there: bool) -> None:
        if table.name in BOUND:
            self._touched[(table.name, key)] = there

    def _digests(self) -> dict[str, str | None]:
        touched, self._touched = self._touched, {}
        return {
            f"{name}/{key}": self._digest(name, key) if there else None
            for (name, key), there in touched.items()
        }

    def _digest(self, name: str, key: str) -> str:
        table = keys.metadata.tables[name]
        return digest_of(table, self.connection.execute(select(table).where(table.c.id == key)).one())


def digest_of(table: Table, row: Any) -> str:
    """Return the digest by which a row is bound to the ledger."""
    left_out = volatile_columns(table)
    return row_digest({key: value for key, value in row._mapping.items() if key not in left_out})
