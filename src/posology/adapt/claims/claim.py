"""A claim: a sentence, the source that it cites, and whether the source supports it."""

from collections.abc import Iterable
from dataclasses import dataclass

from posology.adapt.encoders.labelled import Labelled
from posology.corpus import Provenance

__all__ = ["SUPPORTED", "UNSUPPORTED", "Claim", "labelled_claims"]

SUPPORTED, UNSUPPORTED = "supported", "unsupported"
_TASK = "claims"


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence with its source. ``kind`` says how it came about: as stated, reworded, or by which fault.

    ``id`` is that of the true sentence: a true sentence and its faulty copies share it.
    """

    id: str
    sentence: str
    source: str
    supported: bool
    kind: str
    provenance: Provenance
    task: str = _TASK

    def __repr__(self) -> str:
        """Show id and kind only: the texts may be a patient's."""
        return f"Claim({self.id}, {self.kind})"

    @property
    def name(self) -> str:
        """Return the id of this one: a claim of a public task keeps the task's."""
        return self.id if self.task != _TASK else f"{self.id}/{self.kind}"

    @property
    def label(self) -> str:
        """Return the label that a head learns."""
        return SUPPORTED if self.supported else UNSUPPORTED


def labelled_claims(claims: Iterable[Claim]) -> list[Labelled]:
    """Return claims as what a head of pairs learns from: the sentence first, its source second."""
    return [
        Labelled(one.name, one.sentence, one.provenance, second=one.source, label=one.label, task=one.task)
        for one in claims
    ]
