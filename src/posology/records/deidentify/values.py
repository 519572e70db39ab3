"""What is known of a patient and a practice: people, dates of birth, and other values."""

from dataclasses import dataclass
from datetime import date

from posology.records.deidentify.kinds import Kind

__all__ = ["KnownIdentifiers", "KnownPerson", "KnownValue"]


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person's name in its parts; ``given`` holds the first and the middle names."""

    family: str = ""
    given: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show no name."""
        return "KnownPerson()"


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A value with its kind: a number, an address, a telephone number, the name of an organization."""

    kind: Kind
    text: str

    def __repr__(self) -> str:
        """Show the kind only."""
        return f"KnownValue({self.kind})"


@dataclass(frozen=True, slots=True)
class KnownIdentifiers:
    """Everything that is known to identify the patient, relatives, providers and places of care."""

    people: tuple[KnownPerson, ...] = ()
    births: tuple[date, ...] = ()
    values: tuple[KnownValue, ...] = ()

    def __repr__(self) -> str:
        """Show counts only."""
        return f"KnownIdentifiers({len(self.people)} people, {len(self.values)} values)"
