"""What a packet concludes: the four rules, on confirmed statuses first and then on all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from posology.policies import Finding, Leaf, Policy, evaluate
from posology.priorauth.tree import all_leaves
from posology.quotes import Status

__all__ = ["Conclusion", "conclude", "is_confirmed"]

Outcome = Literal["ready", "review", "incomplete", "not_supported"]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The outcome; ``provisional`` and ``to_confirm`` (leaf ids) belong to ``review``."""

    outcome: Outcome
    provisional: Literal["ready", "not_supported"] | None = None
    to_confirm: tuple[str, ...] = ()


def is_confirmed(leaf: Leaf, finding: Finding) -> bool:
    """Tell whether a finding was decided from structured data or by a person.

    A reading of text, by a model or by rules, never is; nor is "no passage says so".
    """
    if finding.basis in ("structured", "human"):
        return True
    return finding.basis == "absence" and leaf.find is not None


def conclude(policy: Policy, findings: Mapping[str, Finding], *, gaps: bool) -> Conclusion:
    """Apply the four rules; ``gaps`` tells whether a document or administrative gap is open."""
    leaves = all_leaves(policy)
    read = {leaf.id: findings[leaf.id].status for leaf in leaves}
    confirmed = {
        leaf.id: read[leaf.id] if is_confirmed(leaf, findings[leaf.id]) else Status.UNKNOWN for leaf in leaves
    }
    sure, likely = _verdict(policy, confirmed), _verdict(policy, read)
    if sure == "against":
        return Conclusion("not_supported")
    if sure == "for" and not gaps:
        return Conclusion("ready")
    if likely == "open":
        return Conclusion("incomplete")
    return Conclusion(
        "review", "ready" if likely == "for" else "not_supported", _to_confirm(leaves, read, confirmed)
    )


def _verdict(policy: Policy, statuses: Mapping[str, Status]) -> Literal["for", "against", "open"]:
    root = evaluate(policy.criteria, statuses)
    exclusions = [evaluate(node, statuses) for node in policy.exclusions]
    if root is Status.NOT_MET or Status.MET in exclusions:
        return "against"
    if root is Status.MET and all(status is Status.NOT_MET for status in exclusions):
        return "for"
    return "open"


def _to_confirm(
    leaves: Sequence[Leaf], read: Mapping[str, Status], confirmed: Mapping[str, Status]
) -> tuple[str, ...]:
    return tuple(leaf.id for leaf in leaves if read[leaf.id] is not confirmed[leaf.id])
