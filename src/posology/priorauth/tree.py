"""Walking a policy's tree: every leaf, and the path of each as the packet writes it."""

from collections.abc import Iterator

from posology.policies import Branch, Leaf, Node, Policy

__all__ = ["all_leaves", "exclusion_ids", "leaf_paths"]


def all_leaves(policy: Policy) -> tuple[Leaf, ...]:
    """Return every leaf of a policy in the order of the file, criteria before exclusions."""
    return tuple(leaf for _, leaf in _walk(policy))


def leaf_paths(policy: Policy) -> dict[str, str]:
    """Return the path of each leaf by its id: ``all[0]``, ``all[1].any[0]``, ``exclusions[0]``."""
    return {leaf.id: path for path, leaf in _walk(policy)}


def exclusion_ids(policy: Policy) -> frozenset[str]:
    """Return the ids of the leaves that stand under the exclusions."""
    return frozenset(leaf.id for path, leaf in _walk(policy) if path.startswith("exclusions["))


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
