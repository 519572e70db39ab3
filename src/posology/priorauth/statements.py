"""What a person states, confirms or decides, as evidence of its own kind, and how it decides a finding."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from posology.policies import Finding
from posology.quotes import Evidence, EvidenceKind, Status

__all__ = [
    "REVIEW",
    "Person",
    "confirmation_evidence",
    "decided_by_person",
    "is_confirmation",
    "statement_evidence",
    "told_evidence",
]

REVIEW = "review"  # the source that evidence given in a review names
_CONFIRMATION = "confirmation by "


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: the name that letters show, the sign-in, the role, and the NPI where there is one."""

    name: str
    login_id: str
    role: str
    npi: str | None = None

    def __repr__(self) -> str:
        """Show the role and the sign-in only."""
        return f"Person({self.role}, {self.login_id})"


def statement_evidence(source: str, statement: str, by: str, day: date) -> Evidence:
    """Return a person's own words as evidence."""
    label = f"statement by {by}"
    return Evidence(EvidenceKind.HUMAN, source, statement, date=day.isoformat(), how=by, label=label)


def confirmation_evidence(by: str, day: date) -> Evidence:
    """Return a person's agreement with a reading as evidence."""
    words = f"Confirmed by {by} on {day.isoformat()}"
    label = f"{_CONFIRMATION}{by}"
    return Evidence(EvidenceKind.HUMAN, REVIEW, words, date=day.isoformat(), how=by, label=label)


def is_confirmation(evidence: Evidence) -> bool:
    """Tell whether evidence is a person's agreement with a reading."""
    return evidence.kind is EvidenceKind.HUMAN and evidence.label.startswith(_CONFIRMATION)


def told_evidence(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the evidence that a letter's sentences tell: a confirmation only where nothing else is there."""
    facts = tuple(one for one in evidence if not is_confirmation(one))
    return facts or tuple(evidence)


def decided_by_person(read: Finding, status: Status, said: Evidence) -> Finding:
    """Let a person's words decide; what the chart says otherwise stays in sight as contrary."""
    against = read.contrary if read.status is status else (*read.evidence, *read.contrary)
    reason = "A person stated it."
    if read.status not in (status, Status.UNKNOWN):
        reason = "A person stated it; the chart says otherwise, which is shown as contrary."
    return Finding(status, "human", (said,), against, reason, (), "person")
