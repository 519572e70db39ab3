"""What is taught from made charts: scenarios for a teacher, judgements of their sentences, pairs to find."""

import io
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from posology.adapt.embedding.pairs import Pair
from posology.adapt.teacher.grammar import Judged
from posology.adapt.teacher.lessons import judgement
from posology.adapt.teacher.scenario import Point, Scenario
from posology.corpus import Example, Provenance
from posology.corpus.contamination import Protected, ProtectedText, build_protected
from posology.evidence import split_passages
from posology.policies.policy import Leaf, Policy
from posology.records import read_chart
from posology.testing.charts import make_chart
from posology.testing.drafts import Style
from posology.testing.notes import NOTE_STYLES, NoteStyle
from posology.testing.phrases import KINDS, load_phrases
from posology.testing.plans import all_leaves, random_plan

__all__ = [
    "HELD_STYLES",
    "LEARNED_STYLES",
    "held_texts",
    "make_chart_lessons",
    "make_note_pairs",
    "make_scenarios",
]

HELD_STYLES: tuple[NoteStyle, ...] = ("telegraphic", "consult")
"""Styles of notes that nothing is taught from, so that a judge can be measured on what it never saw."""
LEARNED_STYLES: tuple[NoteStyle, ...] = tuple(style for style in NOTE_STYLES if style not in HELD_STYLES)
_MOST_POINTS = 4  # questions that one document answers or leaves open
_CHARTS = 40  # a policy, at most: its sentences come from a bank and are used up by then


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
        style=rng.choice(LEARNED_STYLES),
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


def held_texts(policies: Sequence[Policy]) -> Protected:
    """Return every question of policies, and every sentence that their charts are written with, hashed."""
    return build_protected(
        ProtectedText(f"the policy {policy.id}", text) for policy in policies for text in _texts(policy)
    )


def _texts(policy: Policy) -> Iterator[str]:
    phrases = load_phrases(policy)
    for leaf in all_leaves(policy):
        if leaf.question is not None:
            yield leaf.question
            yield from (text for kind in KINDS for text in phrases[leaf.id].of(kind))


def make_chart_lessons(policies: Sequence[Policy], n: int, *, seed: int = 0) -> list[Example]:
    """Return ``n`` judgements of sentences of made notes under the policies' questions, or all there are.

    A quarter each of yes and no; of what is not stated one part speaks of the matter (a relative, a plan, a
    doubt), the other is what notes say besides: most of what a judge is shown answers nothing. Notes are
    written in the styles that may be learned.
    """
    rng = random.Random(f"chart lessons:{seed}")
    pools: dict[str, dict[tuple[str, str], Judged]] = {
        name: {} for name in ("yes", "no", "trap", "elsewhere")
    }
    for number in range(_CHARTS if n else 0):
        for policy in policies:
            for one in _judged(policy, seed * 1_000_003 + number, rng.choice(LEARNED_STYLES)):
                pool = one.answer if one.answer != "not stated" else one.trap
                pools[pool].setdefault((one.question, one.sentence), one)
    dealt = {name: sorted(pool.values(), key=lambda one: one.sentence) for name, pool in pools.items()}
    for rows in dealt.values():
        rng.shuffle(rows)
    shorter = min(len(dealt["trap"]), len(dealt["elsewhere"]))
    silent = [one for both in zip(dealt["trap"], dealt["elsewhere"], strict=False) for one in both]
    silent += dealt["trap"][shorter:] + dealt["elsewhere"][shorter:]
    deals = zip(dealt["yes"], dealt["no"], silent[::2], silent[1::2], strict=False)
    mixed = [one for deal in deals for one in deal]
    return [
        judgement(f"chart-{seed}-{number}", one, Provenance("posology notes", "made here", group=one.matter))
        for number, one in enumerate(mixed[:n])
    ]


def _judged(policy: Policy, seed: int, style: NoteStyle) -> Iterator[Judged]:
    """Yield what each sentence of a chart's notes says to each question of its policy, where that is known.

    A sentence that was written to answer another question may answer this one too: it is left out.
    """
    made = make_chart(policy, plan=random_plan(policy, seed), seed=seed, style=Style(note=style))
    chart = read_chart("-", stdin=io.BytesIO(json.dumps(made.bundle).encode()))
    sentences = [
        " ".join(passage.sentence_text(span).split())
        for passage in split_passages(chart.documents)
        for span in passage.sentences
    ]
    truths = made.truth["leaves"]
    written = {text for truth in truths.values() for text in _pieces(truth)}
    besides = [one for one in dict.fromkeys(sentences) if not any(_holds(one, text) for text in written)]
    for leaf in all_leaves(policy):
        truth = truths.get(leaf.id)
        if leaf.question is None or truth is None or truth["text"] is None:
            continue
        group = f"{policy.id}/{leaf.id}"
        for sentence in dict.fromkeys(sentences):
            told = {w["answer"] for w in truth["witnesses"] if "answer" in w and _is(sentence, w["quote"])}
            trap = any(_is(sentence, text) for text in truth["distractors"])
            if len(told) == 1 and not trap:
                yield Judged(leaf.question, sentence, told.pop(), leaf.id, group)
            elif trap and not told:
                yield Judged(leaf.question, sentence, "not stated", leaf.id, group, "trap")
        for sentence in besides[:: max(1, len(besides) // 2)]:
            yield Judged(leaf.question, sentence, "not stated", leaf.id, group, "elsewhere")


def _pieces(truth: dict[str, Any]) -> Iterator[str]:
    yield from (witness["quote"] for witness in truth["witnesses"] if "answer" in witness)
    yield from truth["distractors"]


def _holds(sentence: str, text: str) -> bool:
    """Say whether a sentence of a note is of a text that was written into it, in whole or in part."""
    text = " ".join(text.split())
    return text in sentence or sentence in text


def _is(sentence: str, text: str) -> bool:
    """Say whether a sentence of a note is a text that was written into it, but for the mark of a list."""
    return sentence.removeprefix("- ") == " ".join(text.split())


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
