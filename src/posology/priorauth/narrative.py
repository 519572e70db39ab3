"""The sentences of a letter before and after checking."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from posology.quotes import Evidence

__all__ = ["PERSON", "TEMPLATE", "CheckedSentence", "DraftSentence", "Section", "Withheld"]

TEMPLATE = "template"  # who wrote a sentence of fixed words and quotes
PERSON = "person"  # who wrote a sentence in words of their own
Section = Literal["clinical_summary", "medical_necessity", "prior_treatment", "request"]


@dataclass(frozen=True)
class DraftSentence:
    """A sentence that someone wrote, with the evidence it cites; not yet checked.

    ``criterion`` is the leaf it speaks of, or empty; ``must_hold`` the decisive evidence that the sentence
    may not leave out.
    """

    section: Section
    text: str
    cites: tuple[Evidence, ...]
    written_by: str = TEMPLATE
    criterion: str = ""
    must_hold: tuple[Evidence, ...] = ()

    def __repr__(self) -> str:
        """Show section and criterion only: the text is patient text."""
        return f"DraftSentence({self.section}, {self.criterion or '-'}, by {self.written_by})"


@dataclass(frozen=True)
class CheckedSentence:
    """A sentence that passed: ``supported``, or ``unchecked`` where no validator was configured."""

    draft: DraftSentence
    verdict: Literal["supported", "unchecked"]
    checks: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Withheld:
    """A sentence that failed a check, and why; it is never shown as fact."""

    draft: DraftSentence
    why: str
    checks: tuple[Mapping[str, Any], ...] = ()
