"""Taking turns: one thread writes at a time, and those who wait meanwhile share one commit.

A commit waits for the disk, some milliseconds; a ledger that grows one commit an act would be no faster than
that. So the thread whose turn ends leaves its transaction open where another thread waits; that one goes on
in it, behind a savepoint; the last one commits for all. Nobody is told that an act was kept before it was.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, get_ident

from sqlalchemy import Connection, Engine, NestedTransaction, RootTransaction
from sqlalchemy.exc import SQLAlchemyError

from posology.errors import InternalError, StoreError
from posology.store.engine import commit, database_words, translated
from posology.store.log import OpenLog, Sealing, open_log

__all__ = ["Group", "Turns"]

_MOST = 64  # acts in one commit
_LONGEST_S = 0.02  # after which a transaction takes no further act
_PATIENCE_S = 0.25  # after which a thread looks whether anybody is still there to commit


@dataclass
class Group:
    """A transaction that several threads share, one after the other."""

    connection: Connection
    transaction: RootTransaction
    log: OpenLog
    begun: float
    members: int = 0
    done: Event = field(default_factory=Event)
    failure: str = "the write was interrupted: it may have been kept, or not. Look before you try again"

    @contextmanager
    def member(self) -> Iterator[None]:
        """Let one thread write; what it did is undone where it raises, and that of the others is not."""
        savepoint = self.connection.begin_nested() if self.members else None
        mark = self.log.mark()
        try:
            yield
            if savepoint is not None:
                savepoint.commit()
        except BaseException:
            self.log.reset(mark)
            if savepoint is not None:
                self._undo(savepoint)
            raise
        self.members += 1

    def _undo(self, savepoint: NestedTransaction) -> None:
        try:
            savepoint.rollback()
            lost = self.connection.invalidated
        except SQLAlchemyError:  # the database gave up the whole transaction, or went away
            lost = True
        if lost:
            self.failure = "the database failed before this was kept; nothing was written. Try again"
            self.members = 0

    @property
    def is_full(self) -> bool:
        """Say whether no further thread may join."""
        return self.members >= _MOST or time.monotonic() - self.begun > _LONGEST_S

    def wait(self, turns: "Turns") -> None:
        """Return once the act is kept; raise StoreError where it was not."""
        while not self.done.wait(_PATIENCE_S):
            turns.settle_abandoned(self)
        if self.failure:
            raise StoreError(self.failure)


class Turns:
    """Who writes to a store, one thread at a time, and the transaction that is open between two of them."""

    def __init__(self, engine: Engine, sealing: Sealing) -> None:
        """Begin with nobody writing."""
        self._engine, self._sealing = engine, sealing
        self._turn, self._counting = Lock(), Lock()
        self._waiting, self._writer = 0, 0
        self._open: Group | None = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Give the turn, with no transaction open."""
        with self._taken():
            self._settle()
            yield

    @contextmanager
    def shared(self) -> Iterator[Group]:
        """Give the turn, in the open transaction or a new one; ``Group.wait`` tells whether it was kept."""
        with self._taken():
            group = self._open or self._begin()
            try:
                with translated(self._engine), group.member():
                    yield group
            finally:
                if not group.members or group.is_full or not self._waiting:
                    self._settle()

    @contextmanager
    def _taken(self) -> Iterator[None]:
        if self._writer == get_ident():
            raise InternalError("the store is written inside a write of the same thread")
        self._count(1)
        try:
            self._turn.acquire()
        finally:
            self._count(-1)
        self._writer = get_ident()
        try:
            yield
        finally:
            self._writer = 0
            self._turn.release()

    def _count(self, change: int) -> None:
        with self._counting:
            self._waiting += change

    def _begin(self) -> Group:
        with translated(self._engine):
            connection = self._engine.connect().execution_options(writes=True)
            try:
                transaction = connection.begin()
                log = open_log(connection, self._sealing)
            except BaseException:
                connection.close()
                raise
        self._open = Group(connection, transaction, log, time.monotonic())
        return self._open

    def _settle(self) -> None:
        """Commit the open transaction, if there is one, and tell everybody who waits for it."""
        group, self._open = self._open, None
        if group is None:
            return
        try:
            if group.members:
                with translated(self._engine):
                    group.log.flush()
                    commit(self._engine, group.transaction)
                group.failure = ""
        except StoreError as error:
            group.failure = str(error)
        finally:
            group.connection.close()
            group.done.set()

    def settle_abandoned(self, group: Group) -> None:
        """Commit a transaction that was left for a thread which then never came."""
        if self._turn.acquire(blocking=False):
            try:
                if self._open is group:
                    self._settle()
            finally:
                self._turn.release()

    def __repr__(self) -> str:
        """Show which database."""
        return f"Turns({database_words(self._engine)})"
