"""The people whom a packet can be handed to, and the payers there are: what the lists of a page offer.

Every page offers them and they seldom change: they are read again when an account or a packet was added
or changed since.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Executable, func, select

from posology.store import Role, Store
from posology.store.schema import packets, users

__all__ = ["Colleague", "colleagues", "known_payers", "name_of"]

_PRIME = 1_000_000_007
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who prepares or signs packets."""

    id: str
    name: str
    role: Role


class _Kept(Generic[Value]):
    """What was read of each database, and what told then that it is the latest."""

    def __init__(self, mark: Executable, read: Callable[[Connection], Value]) -> None:
        self._mark, self._read = mark, read
        self._values: WeakKeyDictionary[Engine, tuple[tuple[Any, ...], Value]] = WeakKeyDictionary()

    def of(self, store: Store) -> Value:
        with store.read() as connection:
            mark = tuple(connection.execute(self._mark).one())
            found = self._values.get(store.engine)
            if found is None or found[0] != mark:
                found = self._values[store.engine] = mark, self._read(connection)
        return found[1]


def _read_colleagues(connection: Connection) -> tuple[Colleague, ...]:
    wanted = (
        select(users.c.id, users.c.name, users.c.role)
        .where(users.c.role.in_((Role.CLINICIAN, Role.STAFF)), users.c.disabled == 0)
        .order_by(users.c.name, users.c.id)
    )
    return tuple(Colleague(row.id, row.name, Role(row.role)) for row in connection.execute(wanted))


def _read_payers(connection: Connection) -> tuple[str, ...]:
    return tuple(connection.execute(select(packets.c.payer).distinct().order_by(packets.c.payer)).scalars())


_COLLEAGUES = _Kept(
    select(func.count(), func.max(users.c.changed_us), func.sum(users.c.changed_us % _PRIME)),
    _read_colleagues,
)
_PAYERS = _Kept(select(func.max(packets.c.created_us)), _read_payers)


def colleagues(store: Store) -> tuple[Colleague, ...]:
    """Return the clinicians and staff with an account that is in use, by name."""
    return _COLLEAGUES.of(store)


def known_payers(store: Store) -> tuple[str, ...]:
    """Return every payer that a packet goes to."""
    return _PAYERS.of(store)


def name_of(store: Store, user_id: str) -> str:
    """Return a person's name; empty for an account that is not there."""
    with store.read() as connection:
        wanted = select(users.c.name).where(users.c.id == user_id)
        return str(connection.execute(wanted).scalar_one_or_none() or "")
