"""The card of a packet: the few identifying values that lists show, sealed, and how they are found."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from posology.store import Cipher

__all__ = ["Card", "card_of", "member_index", "name_index", "open_card", "seal_card"]


@dataclass(frozen=True, slots=True, repr=False)
class Card:
    """Whose packet it is and for which day; empty where the record has none."""

    name: str
    birth_date: str
    day: str  # the date of service
    member_id: str

    def __repr__(self) -> str:
        """Show nothing: all of it identifies a patient."""
        return "Card()"


def card_of(record: Mapping[str, Any]) -> Card:
    """Return the card of a packet's record."""
    patient = record["patient"]
    return Card(
        patient.get("name") or "",
        patient.get("birth_date") or "",
        record["request"]["date"],
        patient.get("member_id") or "",
    )


def seal_card(cipher: Cipher, packet_id: str, card: Card) -> bytes:
    """Seal the card of a packet."""
    return cipher.seal(json.dumps(asdict(card), ensure_ascii=False).encode(), _place(packet_id))


def open_card(cipher: Cipher, packet_id: str, sealed: bytes) -> Card:
    """Open the card of a packet."""
    return Card(**json.loads(cipher.open(sealed, _place(packet_id))))


def _place(packet_id: str) -> str:
    return f"packets/card/{packet_id}"


def name_index(index: Cipher, name: str) -> str:
    """Return the keyed hash by which an exact name is found; empty for none."""
    return _index(index, "name", name)


def member_index(index: Cipher, member_id: str) -> str:
    """Return the keyed hash by which an exact member id is found; empty for none."""
    return _index(index, "member", member_id)


def _index(index: Cipher, purpose: str, text: str) -> str:
    """Hash a text without regard to case, white space and how its accents are encoded."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return index.hash(purpose, folded.encode()) if folded else ""
