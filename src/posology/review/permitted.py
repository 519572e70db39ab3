"""Who may do what in a review: one check in front of every use case."""

from posology.errors import NotAllowed
from posology.store import Actor, Role

__all__ = ["CLINICIANS", "PREPARERS", "require_role"]

PREPARERS = (Role.CLINICIAN, Role.STAFF)  # read, prepare, edit, send
CLINICIANS = (Role.CLINICIAN,)  # decide and sign


def require_role(actor: Actor, what: str, roles: tuple[Role, ...]) -> None:
    """Raise NotAllowed unless this person's role permits the act; the program itself is nobody here."""
    if actor.role not in roles:
        allowed = " or ".join(roles)
        raise NotAllowed(f"{what}: needs the role {allowed}; this account is {actor.role or 'the program'}")
