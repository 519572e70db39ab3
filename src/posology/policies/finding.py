"""What was found for one leaf, and joining what structured data and text say of it."""

from dataclasses import dataclass, field
from typing import Literal

from posology.quotes import Evidence, Status

__all__ = ["Basis", "Finding", "combine"]

Basis = Literal["structured", "text", "conflict", "absence", "human", "none"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The status of a leaf with its evidence, and in words why.

    ``reason`` is one plain sentence from a template; ``looked`` says what was searched, where, and what came
    closest; ``decided_by`` is ``rule``, a model's name, or ``person``.
    """

    status: Status
    basis: Basis
    evidence: tuple[Evidence, ...] = ()
    contrary: tuple[Evidence, ...] = ()
    reason: str = field(default="", repr=False)  # may name a value of the chart
    looked: tuple[str, ...] = ()
    decided_by: str = "rule"
    days: tuple[str, ...] = ()
    doubtful_days: tuple[str, ...] = ()


def combine(structured: Finding, text: Finding) -> Finding:
    """Join both sides of a leaf: agreement keeps the structured side, disagreement is unknown."""
    looked = structured.looked + text.looked
    contrary = structured.contrary + text.contrary
    if structured.basis == "conflict" and text.status is not Status.UNKNOWN:
        both = contrary + text.evidence
        return Finding(
            Status.UNKNOWN, "conflict", structured.evidence, both, structured.reason, looked, "rule"
        )
    if structured.status is Status.UNKNOWN and text.status is Status.UNKNOWN:
        chosen = structured if structured.evidence or not text.evidence else text
        basis: Basis = "conflict" if "conflict" in (structured.basis, text.basis) else chosen.basis
        return Finding(
            Status.UNKNOWN,
            basis,
            chosen.evidence,
            contrary,
            f"{structured.reason} {text.reason}",
            looked,
            chosen.decided_by,
        )
    if structured.status is Status.UNKNOWN:
        return Finding(text.status, text.basis, text.evidence, contrary, text.reason, looked, text.decided_by)
    if text.status in (Status.UNKNOWN, structured.status):
        evidence = structured.evidence + (text.evidence if text.status is structured.status else ())
        return Finding(
            structured.status, structured.basis, evidence, contrary, structured.reason, looked, "rule"
        )
    if text.basis == "absence":
        return Finding(
            structured.status,
            structured.basis,
            structured.evidence,
            contrary,
            structured.reason,
            looked,
            "rule",
        )
    return Finding(
        Status.UNKNOWN,
        "conflict",
        structured.evidence,
        contrary + text.evidence,
        "Structured data and the notes disagree; both are shown.",
        looked or (f"structured data: {structured.reason}", f"notes: {text.reason}"),
        text.decided_by,
    )
