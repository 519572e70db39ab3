"""Scenarios for a teacher from made charts: what a document must say of a policy, with its truth."""

import io
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from posology.adapt.embedding.pairs import Pair
from posology.adapt.teacher.scenario import Point, Scenario
from posology.corpus import Provenance
from posology.evidence import split_passages
from posology.policies.policy import Leaf, Policy
from posology.records import read_chart
from posology.testing.charts import make_chart
from posology.testing.notes import NOTE_STYLES
from posology.testing.plans import all_leaves, random_plan

__all__ = ["make_note_pairs", "make_scenarios"]

_MOST_POINTS = 4  # questions that one document answers or leaves open


def make_scenarios(policies: Sequence[Policy], n: int, *, seed: int = 0) -> list[Scenario]:
    """Return ``n`` scenarios over the policies in turn, none of whose documents contradicts itself."""
    usable = [policy for policy in policies if any(leaf.question for leaf in all_leaves(policy))]
    found: list[Scenario] = []
    number = 0
    while usable and len(found) < n and number < 20 * n:
        policy = usable[number % len(usable)]
        found += _scenario(policy, seed * 1_000_003 + number)
        number += 1
    return found


def _scenario(policy: Policy, seed: int) -> Iterator[Scenario]:
    rng = random.Random(f"scenario:{policy.id}:{seed}")
    truth = make_chart(policy, plan=random_plan(policy, seed), seed=seed).truth
    points = [point for leaf in all_leaves(policy) for point in _points(leaf, truth["leaves"])]
    if not points:
        return
    rng.shuffle(points)
    group = f"{policy.id}/scenario-{seed}"
    yield Scenario(
        id=group,
        policy=policy.id,
        service=f"{truth['service']['system']} {truth['service']['code']}",
        style=rng.choice(NOTE_STYLES),
        patient=f"a {rng.randint(24, 84)}-year-old {rng.choice(('woman', 'man'))}",
        points=tuple(points[:_MOST_POINTS]),
        provenance=Provenance("posology scenarios", "made here", group=group),
    )


def _points(leaf: Leaf, truths: dict[str, Any]) -> Iterator[Point]:
    """Yield the question of a leaf with the sentences that answer it; one answered twice is left out."""
    truth = truths.get(leaf.id)
    if leaf.question is None or truth is None or truth["text"] is None:
        return
    said = [witness for witness in truth["witnesses"] if "answer" in witness]
    answers = {witness["answer"] for witness in said}
    if len(answers) > 1:
        return
    yield Point(
        leaf.id,
        leaf.question,
        answers.pop() if answers else "not stated",
        leaf.source_quote or "",
        tuple(witness["quote"] for witness in said),
        tuple(truth["distractors"]),
    )


def make_note_pairs(policies: Sequence[Policy], charts: int, *, seed: int = 0) -> list[Pair]:
    """Return each question of made charts with the passage of their notes that answers it.

    The other passages of the chart are the negatives; those that hold an answer to the question are none.
    """
    return [
        pair
        for policy in policies
        for number in range(charts)
        for pair in _note_pairs(policy, seed * 1_000_003 + number)
    ]


def _note_pairs(policy: Policy, seed: int) -> Iterator[Pair]:
    made = make_chart(policy, plan=random_plan(policy, seed), seed=seed)
    chart = read_chart("-", stdin=io.BytesIO(json.dumps(made.bundle).encode()))
    passages = split_passages(chart.documents)
    for leaf in all_leaves(policy):
        witnesses = made.truth["leaves"].get(leaf.id, {}).get("witnesses", ())
        quotes = [witness["quote"] for witness in witnesses if "answer" in witness]
        answering = [one for one in passages if any(quote in one.text for quote in quotes)]
        others = [one.text for one in passages if one not in answering]
        if leaf.question is not None and answering and others:
            group = f"{policy.id}/chart-{seed}"
            provenance = Provenance("posology notes", "made here", group=group)
            name = f"{group}/{leaf.id}"
            yield Pair(name, leaf.question, answering[0].text, provenance, tuple(others))
