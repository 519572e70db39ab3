"""The people whom a packet can be handed to, and the payers there are: what the lists of a page offer."""

from dataclasses import dataclass

from sqlalchemy import select

from posology.store import Role, Store
from posology.store.schema import packets, users

__all__ = ["Colleague", "colleagues", "known_payers", "name_of"]


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who prepares or signs packets."""

    id: str
    name: str
    role: Role


def colleagues(store: Store) -> tuple[Colleague, ...]:
    """Return the clinicians and staff with an account that is in use, by name."""
    wanted = (
        select(users.c.id, users.c.name, users.c.role)
        .where(users.c.role.in_((Role.CLINICIAN, Role.STAFF)), users.c.disabled == 0)
        .order_by(users.c.name, users.c.id)
    )
    with store.read() as connection:
        return tuple(Colleague(row.id, row.name, Role(row.role)) for row in connection.execute(wanted))


def known_payers(store: Store) -> tuple[str, ...]:
    """Return every payer that a packet goes to."""
    with store.read() as connection:
        return tuple(
            connection.execute(select(packets.c.payer).distinct().order_by(packets.c.payer)).scalars()
        )


def name_of(store: Store, user_id: str) -> str:
    """Return a person's name; empty for an account that is not there."""
    with store.read() as connection:
        wanted = select(users.c.name).where(users.c.id == user_id)
        return str(connection.execute(wanted).scalar_one_or_none() or "")
