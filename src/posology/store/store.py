"""The store: one database, its keys, and the only ways in: read, or write with an entry in the ledger."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, update

from posology.errors import InternalError, KeyFileError, LedgerError, NotFound, StoreError
from posology.ledger.entries import Act, Kind, row_digest
from posology.ledger.kinds import PREPARATIONS
from posology.store.actors import SYSTEM, Actor
from posology.store.engine import database_words, reading, writing
from posology.store.keys import KEY_BYTES, Cipher, MasterKeys
from posology.store.log import LogState, OpenLog, create_log, is_sealed, read_log
from posology.store.once import ASKED
from posology.store.schema import BOUND, idempotency, keys, volatile_columns
from posology.store.signing import signing_key
from posology.store.turns import Turns

__all__ = [
    "AUDIT_KEY",
    "INDEX_KEY",
    "LEDGER_KEY",
    "PURPOSES",
    "SYSTEM_KEY",
    "Store",
    "Writing",
    "clock_us",
    "digest_of",
    "new_id",
]

SYSTEM_KEY, INDEX_KEY, AUDIT_KEY, LEDGER_KEY = "system", "index", "audit", "ledger"
PURPOSES = (SYSTEM_KEY, INDEX_KEY, AUDIT_KEY, LEDGER_KEY)
_AT_ONCE = 500  # keys in one question to the database


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
    _purposes: dict[str, Cipher] = field(default_factory=dict)  # the store's own keys, never destroyed
    _turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        """Let the threads of this process take turns in writing."""
        self._turns = Turns(self.engine, self.sealing)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading."""
        with reading(self.engine) as connection:
            yield connection

    @contextmanager
    def write(self, actor: Actor) -> Iterator["Writing"]:
        """Write rows and their ledger entries in one transaction: all of it is kept, or nothing.

        Raises InternalError, and keeps nothing, where rows were changed and nothing was recorded. Threads
        that write at the same time share one commit: a block must not wait for another thread that writes.
        """
        with self._turns.shared() as group:
            act = Writing(self, group.log, actor, self.clock())
            yield act
            act.finish()
        group.wait(self._turns)

    @contextmanager
    def volatile(self) -> Iterator[Connection]:
        """Give a connection that writes what the ledger does not bind: volatile columns, unbound tables."""
        with self._turns.alone(), writing(self.engine) as connection:
            yield connection

    def cipher(self, connection: Connection, key_id: str) -> Cipher:
        """Return the cipher of a data key; raise NotFound where the key was destroyed."""
        known = self._purposes.get(key_id)
        found = known or self.ciphers(connection, [key_id]).get(key_id)
        if found is None:
            raise NotFound(f"key {key_id}: destroyed; what it sealed can no longer be read")
        if key_id in PURPOSES:
            self._purposes[key_id] = found
        return found

    def ciphers(self, connection: Connection, key_ids: Iterable[str]) -> dict[str, Cipher]:
        """Return the ciphers of many data keys by id, without those that were destroyed.

        They are read each time: what was destroyed elsewhere is gone here at once.
        """
        query = select(keys.c.id, keys.c.wrapped, keys.c.master_id)
        wanted = list(dict.fromkeys(key_ids))
        found = {}
        for start in range(0, len(wanted), _AT_ONCE):
            part = query.where(keys.c.id.in_(wanted[start : start + _AT_ONCE]))
            for row in connection.execute(part):
                found[row.id] = Cipher(row.id, self.masters.of(row.master_id).unwrap(row.wrapped, row.id))
        return found

    def create(self) -> None:
        """Fill an empty, migrated database: its own keys, its ledger, and the first entry."""
        with self._turns.alone(), writing(self.engine) as connection:
            self.fill(connection)

    def fill(self, connection: Connection) -> None:
        """Do what ``create`` does, inside the caller's transaction."""
        log = secrets.token_hex(8)
        act = Writing(self, create_log(connection, log, self.sealing), SYSTEM, self.clock())
        for purpose in PURPOSES:
            act.new_key(purpose, key_id=purpose)
        key = signing_key(act.cipher(LEDGER_KEY))
        details = {"log": log, "key_id": key.key_id, "public_key": key.public_bytes().hex()}
        act.record(Kind.STORE_CREATED, details=details)
        act.finish()
        act.log.flush()

    def check_key(self) -> None:
        """Raise KeyFileError unless the master keys at hand open this store."""
        with self.read() as connection:
            row = connection.execute(select(keys.c.id).where(keys.c.id == SYSTEM_KEY)).one_or_none()
            if row is None:
                raise StoreError(
                    f"{database_words(self.engine)}: an empty store; make it with `posology store init`"
                )
            self.ciphers(connection, [SYSTEM_KEY])
            self.cipher(connection, LEDGER_KEY)  # kept: what was opened goes on though the key is exchanged

    def sealing(self, connection: Connection, state: bytes) -> str:
        """Return the keyed hash by which the ledger's state is known to be this program's."""
        return self.cipher(connection, LEDGER_KEY).hash("ledger state", state)

    def log_state(self, connection: Connection) -> LogState:
        """Return where the ledger stands; raise LedgerError where somebody without the key wrote that."""
        state = read_log(connection)
        if not is_sealed(connection, state, self.sealing):
            raise LedgerError("ledger_state: not sealed with the store's key; verify the ledger")
        return state

    def close(self) -> None:
        """Close every connection and forget the keys."""
        self.engine.dispose()
        self._purposes.clear()

    def __repr__(self) -> str:
        """Show which database."""
        return f"Store({database_words(self.engine)})"


@dataclass
class Writing:
    """A transaction: rows that change, and the entries that say so."""

    store: Store
    log: OpenLog
    actor: Actor
    now_us: int
    _touched: dict[tuple[str, str], bool] = field(default_factory=dict)  # (table, key): is it there
    _before: dict[str, str] = field(default_factory=dict)  # table/key: the digest before it was touched
    _acts: list[tuple[Act, Mapping[str, str | None]]] = field(default_factory=list)

    @property
    def connection(self) -> Connection:
        """Return the transaction's connection."""
        return self.log.connection

    def insert(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert a row."""
        self.connection.execute(insert(table).values(dict(values)))
        self._touch(table, str(values["id"]), there=True)

    def update(self, table: Table, key: str, values: Mapping[str, Any]) -> None:
        """Change columns of one row; raise NotFound where there is none."""
        self._look(table, key)
        done = self.connection.execute(update(table).where(table.c.id == key).values(dict(values)))
        if done.rowcount != 1:
            raise NotFound(f"{table.name}: there is no {key}")
        self._touch(table, key, there=True)

    def delete(self, table: Table, key: str) -> None:
        """Delete one row; raise NotFound where there is none."""
        self._look(table, key)
        if self.connection.execute(delete(table).where(table.c.id == key)).rowcount != 1:
            raise NotFound(f"{table.name}: there is no {key}")
        self._touch(table, key, there=False)

    def rebind(self, table: Table, key: str) -> None:
        """Let the next entry record the digest of a row that changed in another way than by ``update``."""
        self._touch(table, key, there=True)

    def new_key(self, kind: str, *, key_id: str | None = None) -> Cipher:
        """Make a data key, wrapped by the store's master key, and return its cipher.

        That is the key that wraps the store's own: KeyFileError where this program was not told of it.
        """
        cipher = Cipher(key_id or new_id(), secrets.token_bytes(KEY_BYTES))
        in_use = self.connection.execute(select(keys.c.master_id).where(keys.c.id == SYSTEM_KEY)).scalar()
        masters = self.store.masters
        master = masters.of(in_use) if in_use else masters.current
        wrapped = master.wrap(cipher.secret, cipher.key_id)
        row = {"id": cipher.key_id, "kind": kind, "wrapped": wrapped, "master_id": master.id}
        self.insert(keys, row | {"created_us": self.now_us})
        return cipher

    def destroy_key(self, key_id: str) -> None:
        """Destroy a data key: nothing that it sealed can be read again."""
        if key_id in PURPOSES:
            raise KeyFileError(f"key {key_id}: the store's own key is never destroyed")
        self.delete(keys, key_id)

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
        said = {**(details or {}), **({"before": self._before} if self._before else {})}
        self._before = {}
        act = Act(kind, self.actor.id, self.actor.session or None, packet, version, said)
        self._acts.append((act, self._digests()))

    def finish(self) -> None:
        """Append the entries to the open ledger, which is written and committed with the rows."""
        self._keep_key()
        if self._touched:
            if not self._acts:
                raise InternalError("rows were changed and nothing was recorded; nothing was kept")
            act, objects = self._acts[-1]
            more = {place: digest for place, digest in self._before.items() if place not in objects}
            before = {**act.details.get("before", {}), **more}
            said = {**act.details, **({"before": before} if before else {})}
            self._acts[-1] = replace(act, details=said), {**objects, **self._digests()}
        self.log.append(self._acts, self.now_us)
        self._acts = []

    def _keep_key(self) -> None:
        """Keep the key of a request that is to be done once, with the first thing that its person changes."""
        once = ASKED.get()
        if once is None or once.used or self.actor.id != once.actor:
            return
        if all(act.kind in PREPARATIONS for act, _ in self._acts):  # what was asked for is still to come
            return
        row = {"id": once.id, "request_hash": once.request_hash, "created_us": self.now_us}
        self.insert(idempotency, row | {"status": 0, "location": ""})
        once.used = True

    def _look(self, table: Table, key: str) -> None:
        """Note how a row is before it is touched: the entry says so, and tells of what else changed it."""
        if table.name not in BOUND or (table.name, key) in self._touched:
            return
        row = self.connection.execute(select(table).where(table.c.id == key)).one_or_none()
        if row is not None:
            self._before[f"{table.name}/{key}"] = digest_of(table, row)

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
