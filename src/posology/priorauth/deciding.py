"""One criterion in review: what the program read, what persons said of it, and what follows."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from posology.errors import RequestError
from posology.policies import Finding, Leaf
from posology.priorauth.conclusion import is_confirmed
from posology.priorauth.statements import (
    REVIEW,
    Person,
    confirmation_evidence,
    decided_by_person,
    is_confirmation,
    statement_evidence,
)
from posology.quotes import Evidence, Status

__all__ = ["Criterion", "Said", "confirm", "override", "read_anew", "reject", "state"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of a criterion, and the status that it speaks for."""

    evidence: Evidence
    status: Status


@dataclass(frozen=True)
class Criterion:
    """A criterion in review.

    ``finding`` is what counts now and ``read`` what was found without the persons of the review;
    ``rejected`` are quotes that a person found to be read wrongly; ``decision`` is the last act on it, as
    the record keeps it.
    """

    leaf: Leaf
    finding: Finding
    read: Finding
    said: tuple[Said, ...] = ()
    rejected: tuple[Evidence, ...] = ()
    decision: dict[str, Any] | None = None

    def __repr__(self) -> str:
        """Show id and status only."""
        return f"Criterion({self.leaf.id}, {self.finding.status})"


def confirm(criterion: Criterion, person: Person, at: datetime) -> Criterion:
    """Agree with a reading of the notes: the person decides, and what was read stays cited."""
    finding, leaf = criterion.finding, criterion.leaf
    where = f"criterion {leaf.id!r}"
    if finding.status is Status.UNKNOWN:
        raise RequestError(f"{where}: nothing was read that could be confirmed; state or override it instead")
    if is_confirmed(leaf, finding):
        by = "a person" if finding.basis == "human" else "structured data"
        raise RequestError(
            f"{where}: {by} decided it, so nothing is to be confirmed; override it to change it"
        )
    said = confirmation_evidence(person.name, at.date())
    reason = "A person confirmed the reading of the notes."
    if finding.basis == "absence":
        reason = "A person confirmed that no passage of the record says so."
    confirmed = replace(
        finding,
        basis="human",
        evidence=(*finding.evidence, said),
        reason=reason,
        looked=(),
        decided_by="person",
    )
    rows = (Said(said, finding.status),)
    return _decided(
        criterion, replace(criterion, finding=confirmed, said=rows), _decision("confirm", person, at)
    )


def reject(criterion: Criterion, person: Person, at: datetime, reason: str) -> Criterion:
    """Find a reading wrong: the criterion is unknown again, and what was quoted for it is set aside."""
    read, leaf = criterion.read, criterion.leaf
    if not _is_reading(criterion):
        raise RequestError(
            f"criterion {leaf.id!r}: it does not rest on a reading of the notes that could be rejected; "
            "override it instead"
        )
    looked = (*read.looked, f"the reading of the notes, rejected by {person.name} on {at.date()}")
    why = "A person rejected what was read from the notes."
    opened = Finding(Status.UNKNOWN, "none", (), read.contrary, why, looked, "person")
    rejected = tuple(dict.fromkeys((*criterion.rejected, *read.evidence)))
    changed = replace(criterion, finding=opened, read=opened, said=(), rejected=rejected)
    return _decided(criterion, changed, _decision("reject", person, at, reason))


def override(
    criterion: Criterion,
    person: Person,
    at: datetime,
    *,
    status: Literal["met", "not_met", "unknown"],
    reason: str,
) -> Criterion:
    """Decide otherwise than the program or another person did; the chart's evidence stays in sight."""
    wanted = Status(status)
    if wanted is criterion.finding.status:
        hint = "" if is_confirmed(criterion.leaf, criterion.finding) else "; confirm it instead"
        raise RequestError(f"criterion {criterion.leaf.id!r}: status: it is {status} already{hint}")
    said = statement_evidence(REVIEW, reason, person.name, at.date())
    decided = _by_person(criterion, person, Said(said, wanted))
    if wanted is criterion.read.status and wanted is not Status.UNKNOWN:
        evidence = (*decided.finding.evidence, *criterion.read.evidence)  # back to what was read
        decided = replace(decided, finding=replace(decided.finding, evidence=evidence))
    return _decided(criterion, decided, _decision("override", person, at, reason))


def state(criterion: Criterion, person: Person, at: datetime, said: Said) -> Criterion:
    """Let a person's signed statement decide, as a statement of the request file does."""
    decided = _by_person(criterion, person, said)
    return _decided(criterion, decided, _decision("state", person, at))


def read_anew(criterion: Criterion, finding: Finding, decision: dict[str, Any]) -> Criterion:
    """Take a new reading of the chart."""
    return replace(criterion, finding=finding, read=finding, decision=decision | _was(criterion))


def _is_reading(criterion: Criterion) -> bool:
    read = criterion.read
    if is_confirmed(criterion.leaf, read) or read.basis not in ("text", "absence"):
        return False
    return all(is_confirmation(said.evidence) for said in criterion.said)


def _by_person(criterion: Criterion, person: Person, said: Said) -> Criterion:
    """Decide by what a person says; what other persons said stays, on the side that it speaks for."""
    others = tuple(one for one in criterion.said if one.evidence.how != person.name)
    finding = decided_by_person(criterion.read, said.status, said.evidence)
    agreeing = tuple(one.evidence for one in others if one.status is said.status)
    opposed = tuple(one.evidence for one in others if one.status is not said.status)
    finding = replace(
        finding, evidence=(*finding.evidence, *agreeing), contrary=(*finding.contrary, *opposed)
    )
    if said.status is Status.UNKNOWN:
        looked = (*criterion.read.looked, f"what {person.name} decided: that this stays open")
        finding = replace(finding, reason="A person decided that this stays open.", looked=looked)
    return replace(criterion, finding=finding, said=(*others, said))


def _decided(before: Criterion, after: Criterion, decision: dict[str, Any]) -> Criterion:
    return replace(after, decision=decision | _was(before))


def _was(before: Criterion) -> dict[str, Any]:
    """Return what an act found, so that the record says what was confirmed, rejected or overridden."""
    finding = before.finding
    was = {"status": str(finding.status), "basis": finding.basis, "decided_by": finding.decided_by}
    return {"was": was}


def _decision(act: str, person: Person, at: datetime, reason: str = "") -> dict[str, Any]:
    row = {"act": act, "by": person.name, "role": person.role, "at": at.isoformat(timespec="seconds")}
    return row | ({"reason": reason} if reason else {})
