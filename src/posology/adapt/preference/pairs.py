"""Pairs of a faithful answer and the same answer with one fault, matched in length."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from posology.adapt.preference.corruption import FAULTS, corrupt_sentence
from posology.adapt.support import find_support
from posology.corpus import Example, Preference
from posology.records.sentences import sentence_spans

__all__ = ["Pairs", "build_pairs", "length_gap"]

LONGER, SHORTER = "finding", "omission"


@dataclass(frozen=True, slots=True)
class Pairs:
    """What was built, and why examples gave less than asked for."""

    pairs: tuple[Preference, ...]
    rejected: tuple[tuple[str, str], ...] = field(default=())  # example, reason

    @property
    def faults(self) -> dict[str, int]:
        """Return how many pairs have each fault."""
        return dict(sorted(Counter(one.fault for one in self.pairs).items()))


def build_pairs(
    examples: Sequence[Example], *, each: int = 1, most_gap: float = 0.25, seed: int = 0
) -> Pairs:
    """Return up to ``each`` pairs an example: its answer, and the answer with one fault in one sentence.

    An answer with a fact that its source does not bear out gives none: it would be preferred wrongly. Kinds
    of fault come in turn, the rarest first. No rejected answer differs in length from the chosen one by more
    than ``most_gap`` of its characters, and as many are longer by an added finding as are shorter by an
    omission, but for the last one.
    """
    counts = Counter[str](dict.fromkeys(FAULTS, 0))
    pairs: list[Preference] = []
    rejected: list[tuple[str, str]] = []
    for example in examples:
        reason = _unusable(example)
        if reason:
            rejected.append((example.id, reason))
            continue
        made = list(_pairs_of(example, each, most_gap, counts, random.Random(f"{seed} {example.id}")))
        pairs += made
        if not made:
            rejected.append((example.id, "no fact that could be changed"))
    return Pairs(tuple(pairs), tuple(rejected))


def _unusable(example: Example) -> str:
    if not example.source_text.strip():
        return "no source text: what is faithful is not known"
    if not example.answer.strip():
        return "no answer"
    if find_support(example.answer, example.source_text).unsupported:
        return "the answer has a fact that the source does not bear out"
    return ""


def _pairs_of(
    example: Example, each: int, most_gap: float, counts: "Counter[str]", chance: random.Random
) -> Iterator[Preference]:
    used: set[str] = set()
    for number in range(1, each + 1):
        found = _faulty(example, most_gap, counts, chance, used)
        if found is None:
            return
        fault, text = found
        used.add(text)
        counts[fault] += 1
        yield Preference(
            f"{example.id}/{number}", example.messages, example.answer, text, example.provenance, fault
        )


def _faulty(
    example: Example, most_gap: float, counts: "Counter[str]", chance: random.Random, used: set[str]
) -> tuple[str, str] | None:
    spans = sentence_spans(example.answer)
    for fault in sorted(FAULTS, key=lambda kind: (counts[kind], chance.random())):
        if (fault == LONGER and counts[LONGER] > counts[SHORTER]) or (
            fault == SHORTER and counts[SHORTER] > counts[LONGER]
        ):
            continue
        for span in chance.sample(spans, len(spans)):
            sentence = corrupt_sentence(fault, span.of(example.answer), example.source_text, chance)
            if sentence is None:
                continue
            text = example.answer[: span.start] + sentence + example.answer[span.end :]
            if text not in used and abs(len(text) - len(example.answer)) <= most_gap * len(example.answer):
                return fault, text
    return None


def length_gap(pairs: Sequence[Preference]) -> float | None:
    """Return by how many characters rejected answers are longer than chosen ones in the mean; None of none.

    Far from zero, a model could tell them apart by length alone.
    """
    if not pairs:
        return None
    return sum(len(pair.rejected) - len(pair.chosen) for pair in pairs) / len(pairs)
