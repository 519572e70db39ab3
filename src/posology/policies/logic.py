"""Three-valued logic (Kleene) over a policy's tree: unknown is not no."""

from collections.abc import Iterable, Mapping, Sequence

from posology.policies.policy import Leaf, Node
from posology.quotes import Status

__all__ = ["all_of", "any_of", "at_least", "evaluate", "negate"]


def evaluate(node: Node, statuses: Mapping[str, Status]) -> Status:
    """Return the status of a node from the statuses of its leaves, by their ids."""
    if isinstance(node, Leaf):
        return statuses[node.id]
    values = [evaluate(child, statuses) for child in node.children]
    if node.kind == "at_least":
        return at_least(node.n, values)
    return {"all": all_of, "any": any_of, "none": none_of}[node.kind](values)


def all_of(values: Sequence[Status]) -> Status:
    """Return met if all are met, not met if one is not met, else unknown."""
    return at_least(len(values), values)


def any_of(values: Sequence[Status]) -> Status:
    """Return met if one is met, not met if all are not met, else unknown."""
    return at_least(1, values)


def none_of(values: Sequence[Status]) -> Status:
    """Return met if none is met for sure, not met if one is met, else unknown."""
    return negate(any_of(values))


def at_least(n: int, values: Iterable[Status]) -> Status:
    """Return met if ``n`` are met, not met if so many no longer can be, else unknown."""
    listed = list(values)
    met, failed = listed.count(Status.MET), listed.count(Status.NOT_MET)
    if met >= n:
        return Status.MET
    return Status.NOT_MET if len(listed) - failed < n else Status.UNKNOWN


def negate(status: Status) -> Status:
    """Swap met and not met; unknown stays unknown."""
    return {Status.MET: Status.NOT_MET, Status.NOT_MET: Status.MET}.get(status, Status.UNKNOWN)
