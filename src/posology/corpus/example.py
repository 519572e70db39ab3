"""What a corpus holds: records of text, examples to tune on, preferences; each says where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from posology.chat import Message

__all__ = ["JOINED", "Example", "Preference", "Provenance", "Record"]

JOINED = "; "  # between the sources, licences and groups of what was made from several records


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record comes from and what it may be used for."""

    source: str  # data set, folder or maker
    licence: str  # SPDX identifier, "public domain", "made here" or "not stated"
    consent: str = ""  # the site's consent setting or agreement, "" where the licence is enough
    group: str = ""  # patient, document or question: parts never share one


@dataclass(frozen=True, slots=True)
class Record:
    """A text of a corpus; its repr hides the text."""

    id: str
    text: str
    provenance: Provenance
    language: str = "en"  # ISO 639-1
    meta: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the id and the length only: the text may be a patient's."""
        return f"Record({self.id}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt with the answer that is to be learned; its repr hides the texts."""

    id: str
    messages: tuple[Message, ...]  # ends with the user's turn
    answer: str
    provenance: Provenance
    task: str = ""
    source_text: str = ""  # what the answer must be grounded in; "" has no grounding term
    weight: float = 1.0

    def __repr__(self) -> str:
        """Show the id and the lengths only: the texts may be a patient's."""
        return f"Example({self.id}, {len(self.messages)} messages, answer of {len(self.answer)} characters)"


@dataclass(frozen=True, slots=True)
class Preference:
    """A prompt with the answer to be preferred and one to be avoided; its repr hides the texts."""

    id: str
    messages: tuple[Message, ...]  # ends with the user's turn
    chosen: str
    rejected: str
    provenance: Provenance
    fault: str  # what is wrong with the rejected one, such as "number" or "negation"

    def __repr__(self) -> str:
        """Show the id and the fault only: the texts may be a patient's."""
        return f"Preference({self.id}, {self.fault})"
