"""What a made chart should lead to, computed from how it was made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from posology.policies.policy import Leaf, Node, Policy
from posology.quotes import Status

__all__ = ["Conclusion", "LeafTruth", "conclude", "node_status"]

Table = Mapping[str, Status]


@dataclass(frozen=True, slots=True)
class LeafTruth:
    """One leaf's status by structured data, by text, and in all; ``None`` where it does not look there."""

    structured: Status | None
    text: Status | None
    status: Status
    basis: str
    confirmed: Status  # what structured data alone decides


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the packet should conclude where no document and no administrative field is missing."""

    root: Status
    exclusions: tuple[Status, ...]
    conclusion: str
    provisional: str | None


def merge(leaf: Leaf, structured: Status | None, text: Status | None, *, found: bool) -> LeafTruth:
    """Merge what structured data and text say of a leaf; disagreement is unknown."""
    confirmed = structured or Status.UNKNOWN
    if structured is not None and text is not None and Status.UNKNOWN not in (structured, text):
        if structured is not text:
            return LeafTruth(structured, text, Status.UNKNOWN, "conflict", Status.UNKNOWN)
        return LeafTruth(structured, text, structured, "structured", structured)
    if structured not in (None, Status.UNKNOWN):
        basis = "structured" if found else "absence"
        return LeafTruth(structured, text, structured, basis, confirmed)
    if text not in (None, Status.UNKNOWN):
        return LeafTruth(structured, text, text, "text", Status.UNKNOWN)
    if leaf.find is None and leaf.question is not None and leaf.when_absent == "not_met":
        return LeafTruth(structured, text, Status.NOT_MET, "absence", Status.UNKNOWN)
    return LeafTruth(structured, text, Status.UNKNOWN, "none", Status.UNKNOWN)


def node_status(node: Node, table: Table) -> Status:
    """Return the Kleene value of a node over the statuses of its leaves."""
    if isinstance(node, Leaf):
        return table[node.id]
    values = [node_status(child, table) for child in node.children]
    met, failed = values.count(Status.MET), values.count(Status.NOT_MET)
    needed = {"all": len(values), "any": 1, "none": 1, "at_least": node.n}[node.kind]
    result = Status.UNKNOWN
    if met >= needed:
        result = Status.MET
    elif len(values) - failed < needed:
        result = Status.NOT_MET
    if node.kind != "none":
        return result
    return {Status.MET: Status.NOT_MET, Status.NOT_MET: Status.MET}.get(result, Status.UNKNOWN)


def conclude(policy: Policy, leaves: Mapping[str, LeafTruth]) -> Conclusion:
    """Apply the four rules to the confirmed statuses, then to all of them."""
    every = {leaf_id: truth.status for leaf_id, truth in leaves.items()}
    sure = {leaf_id: truth.confirmed for leaf_id, truth in leaves.items()}
    root = node_status(policy.criteria, every)
    exclusions = tuple(node_status(node, every) for node in policy.exclusions)
    sure_exclusions = [node_status(node, sure) for node in policy.exclusions]
    decided = _decided(node_status(policy.criteria, sure), sure_exclusions)
    if decided is not None:
        return Conclusion(root, exclusions, decided, None)
    provisional = _decided(root, exclusions)
    if provisional is not None:
        return Conclusion(root, exclusions, "review", provisional)
    return Conclusion(root, exclusions, "incomplete", None)


def _decided(root: Status, exclusions: Iterable[Status]) -> str | None:
    values = list(exclusions)
    if root is Status.NOT_MET or Status.MET in values:
        return "not_supported"
    if root is Status.MET and all(value is Status.NOT_MET for value in values):
        return "ready"
    return None
