"""Walking a policy's tree: every leaf, and the path of each as the packet writes it."""

import re
from collections.abc import Iterator, Mapping

from posology.policies import Branch, Leaf, Node, Policy, evaluate
from posology.quotes import Status

__all__ = ["all_leaves", "deciding_ids", "exclusion_ids", "idle_ids", "leaf_paths", "unwanted_ids"]

_NONE = re.compile(r"(?:^|\.)none\[")


def all_leaves(policy: Policy) -> tuple[Leaf, ...]:
    """Return every leaf of a policy in the order of the file, criteria before exclusions."""
    return tuple(leaf for _, leaf in _walk(policy))


def leaf_paths(policy: Policy) -> dict[str, str]:
    """Return the path of each leaf by its id: ``all[0]``, ``all[1].any[0]``, ``exclusions[0]``."""
    return {leaf.id: path for path, leaf in _walk(policy)}


def exclusion_ids(policy: Policy) -> frozenset[str]:
    """Return the ids of the leaves that stand under the exclusions."""
    return frozenset(leaf.id for path, leaf in _walk(policy) if path.startswith("exclusions["))


def unwanted_ids(policy: Policy) -> frozenset[str]:
    """Return the ids of the leaves that speak for the request when they are not met.

    Those under the exclusions and those under ``none``; a ``none`` among the exclusions turns it round again.
    """
    return frozenset(
        leaf.id
        for path, leaf in _walk(policy)
        if (path.startswith("exclusions[") + len(_NONE.findall(path))) % 2
    )


def idle_ids(policy: Policy, statuses: Mapping[str, Status]) -> frozenset[str]:
    """Return the ids of the leaves of alternatives that are not met: what they say argues for nothing."""
    return frozenset(_idle(policy.criteria, statuses))


def deciding_ids(policy: Policy, statuses: Mapping[str, Status]) -> frozenset[str]:
    """Return the ids of the leaves by which the policy is not met, or an exclusion applies."""
    found = set(_causes(policy.criteria, statuses, Status.NOT_MET))
    for node in policy.exclusions:
        found |= set(_causes(node, statuses, Status.MET))
    return frozenset(found)


def _idle(node: Node, statuses: Mapping[str, Status]) -> Iterator[str]:
    if not isinstance(node, Branch):
        return
    for child in node.children:
        dead = isinstance(child, Branch) and evaluate(child, statuses) is Status.NOT_MET
        if dead:
            yield from (leaf.id for _, leaf in _leaves(child, ""))
        else:
            yield from _idle(child, statuses)


def _causes(node: Node, statuses: Mapping[str, Status], status: Status) -> Iterator[str]:
    """Yield the leaves that give a node its status, where it has the one asked for."""
    if evaluate(node, statuses) is not status:
        return
    if not isinstance(node, Branch):
        yield node.id
        return
    wanted = status
    if node.kind == "none":
        wanted = Status.MET if status is Status.NOT_MET else Status.NOT_MET
    for child in node.children:
        yield from _causes(child, statuses, wanted)


def _walk(policy: Policy) -> Iterator[tuple[str, Leaf]]:
    yield from _leaves(policy.criteria, "")
    for number, node in enumerate(policy.exclusions):
        yield from _leaves(node, f"exclusions[{number}]")


def _leaves(node: Node, path: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(node, Branch):
        prefix = f"{path}.{node.kind}" if path else node.kind
        for number, child in enumerate(node.children):
            yield from _leaves(child, f"{prefix}[{number}]")
    else:
        yield path or "criteria", node
