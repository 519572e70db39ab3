"""What a made chart should show: for each leaf whether it is met, fails, or has no evidence."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from posology.policies.policy import Leaf, Node, Policy

__all__ = ["Aim", "Plan", "all_leaves", "favourable_aims", "plans_for", "random_plan"]

Aim = Literal["met", "not_met", "missing", "conflict"]
FLIPPED: Mapping[Aim, Aim] = {"met": "not_met", "not_met": "met"}


@dataclass(frozen=True)
class Plan:
    """An aim for each leaf; the ``focus`` leaf's aim goes before those that contradict it."""

    name: str
    aims: Mapping[str, Aim]
    focus: str = ""


def all_leaves(policy: Policy) -> tuple[Leaf, ...]:
    """Return every leaf of a policy, criteria first."""
    return tuple(leaf for leaf, _ in _signed(policy))


def _signed(policy: Policy) -> Iterator[tuple[Leaf, bool]]:
    yield from _walk(policy.criteria, True)
    for node in policy.exclusions:
        yield from _walk(node, False)


def _walk(node: Node, wanted: bool) -> Iterator[tuple[Leaf, bool]]:
    if isinstance(node, Leaf):
        yield node, wanted
        return
    for child in node.children:
        yield from _walk(child, wanted != (node.kind == "none"))


def favourable_aims(policy: Policy) -> dict[str, Aim]:
    """Return the aim of each leaf that speaks for the request."""
    return {leaf.id: "met" if wanted else "not_met" for leaf, wanted in _signed(policy)}


def plans_for(policy: Policy) -> tuple[Plan, ...]:
    """Return the plans that meet every leaf, then fail and lack each in turn."""
    good = favourable_aims(policy)
    plans = [Plan("meet", good)]
    for leaf in all_leaves(policy):
        if leaf.attest and leaf.find is None and leaf.question is None:
            continue
        plans.append(Plan(f"fail-{leaf.id}", {**good, leaf.id: FLIPPED[good[leaf.id]]}, leaf.id))
        plans.append(Plan(f"lack-{leaf.id}", {**good, leaf.id: "missing"}, leaf.id))
    return tuple(plans)


def random_plan(policy: Policy, seed: int) -> Plan:
    """Return a mixture: most leaves favourable, some failing, some without evidence."""
    rng = random.Random(f"plan:{policy.id}:{seed}")
    aims: dict[str, Aim] = {}
    for leaf_id, aim in favourable_aims(policy).items():
        roll = rng.random()
        aims[leaf_id] = aim if roll < 0.6 else FLIPPED[aim] if roll < 0.8 else "missing"
    return Plan(f"mixed-{seed}", aims)
