"""Who acts: a person in a session, or the program itself."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["SYSTEM", "Actor", "Role"]


class Role(StrEnum):
    """What a person may do; the table of permissions says what that is."""

    CLINICIAN = "clinician"  # reviews, confirms and signs
    STAFF = "staff"  # prepares
    AUDITOR = "auditor"  # reads the ledger, never a packet
    ADMINISTRATOR = "administrator"  # accounts, deletion, figures; never a packet


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does what is recorded: an account's id, and the name of the session it acts in."""

    id: str
    role: Role | None = None
    session: str = ""
    name: str = ""  # as it is printed
    npi: str = ""

    def __repr__(self) -> str:
        """Show the id and the role."""
        return f"Actor({self.id}, {self.role or 'program'})"


SYSTEM = Actor("system")
