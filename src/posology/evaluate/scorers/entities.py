"""Entity scores: strict F1 (span and label, as seqeval counts it), relaxed F1, F1 by label, inventions.

**Which place is meant.** Systems that tag (encoders, dictionaries) answer with places, and those are scored
as they stand: on tagged sentences strict F1 equals seqeval's in its strict IOB2 mode. A generator answers
with words. Words that stand twice in a sentence do not say which of the two is meant, and where only the
second is a mention no answer could say it. So an answer that was written (its response has a text) is
matched by words, as evaluations of generated entities are: n namings of the same words with the same label
stand for n of their places, those of the gold first. "strict F1 by place" holds written answers to the
places that reading gave them (the first free one), so the credit can be seen; for tags the two are equal.
"""

from collections.abc import Sequence

from posology.evaluate.items import Mention, Outcome
from posology.evaluate.scorers.counts import (
    f1_of,
    hits_of,
    macro_f1_of,
    precision_of,
    recall_of,
    two_sided_f1_of,
)
from posology.evaluate.scorers.measures import Measure, rate_of
from posology.evaluate.task import Task

__all__ = ["answered_mentions", "entity_measures", "gold_mentions", "mention_keys", "place_written"]


def entity_measures(task: Task) -> tuple[Measure, ...]:
    """Return the measures of a task whose answers are mentions, strict F1 first."""
    labels = _labels_of(task)
    return (
        Measure("strict F1", _strict, f1_of, about="A mention is right with its exact span and label."),
        Measure("strict precision", _strict, precision_of, about="Mentions answered that are right."),
        Measure("strict recall", _strict, recall_of, about="Mentions of the gold that were answered."),
        Measure("relaxed F1", _relaxed, two_sided_f1_of, about="A mention is right where it overlaps one."),
        *_label_measures(labels),
        Measure(
            "strict F1 by place",
            _by_place,
            f1_of,
            about="Strict F1 where written words stand for their first free place, whatever the gold.",
        ),
        Measure(
            "inventions",
            _inventions,
            rate_of,
            better=-1,
            about="Mentions answered whose words do not stand in the text.",
        ),
    )


def _labels_of(task: Task) -> tuple[str, ...]:
    return tuple(getattr(task.form, "names", {})) or task.labels


def _label_measures(labels: Sequence[str]) -> tuple[Measure, ...]:
    if len(labels) < 2:
        return ()

    def by_label(outcome: Outcome) -> list[float]:
        return [count for label in labels for count in _strict(outcome, label)]

    def of(label: str) -> Measure:
        return Measure(
            f"strict F1: {label}", lambda outcome: _strict(outcome, label), f1_of, about=f"Of {label} alone."
        )

    mean = Measure("strict macro-F1", by_label, macro_f1_of, about="Mean of the labels' strict F1.")
    return (mean, *(of(label) for label in labels))


def place_written(answered: Sequence[Mention], gold: Sequence[Mention]) -> tuple[Mention, ...]:
    """Give written mentions the places of gold mentions of the same words and label, as far as they go."""
    spare: dict[tuple[str, str], list[Mention]] = {}
    for one in sorted(set(gold) - set(answered), reverse=True):
        spare.setdefault(_words(one), []).append(one)
    right = set(gold) & set(answered)
    placed = []
    for one in answered:
        places = spare.get(_words(one), [])
        placed.append(places.pop() if places and one not in right and one.start >= 0 else one)
    return tuple(sorted(placed))


def _words(mention: Mention) -> tuple[str, str]:
    return mention.label, " ".join(mention.text.casefold().split())


def _mentions(answer: object) -> tuple[Mention, ...]:
    if not isinstance(answer, tuple):
        return ()
    return tuple(dict.fromkeys(one for one in answer if isinstance(one, Mention)))


def gold_mentions(outcome: Outcome) -> tuple[Mention, ...]:
    """Return the mentions that an item asks for."""
    return _mentions(outcome.item.gold)


def answered_mentions(outcome: Outcome) -> tuple[Mention, ...]:
    """Return the mentions as they are scored: tags by place, written words where the gold has them."""
    answered = _mentions(outcome.response.answer)
    return place_written(answered, gold_mentions(outcome)) if outcome.response.text else answered


def _strict(outcome: Outcome, label: str | None = None) -> tuple[float, float, float]:
    gold, answered = (
        mention_keys(gold_mentions(outcome), label),
        mention_keys(answered_mentions(outcome), label),
    )
    return hits_of(gold, answered)


def _by_place(outcome: Outcome) -> tuple[float, float, float]:
    return hits_of(mention_keys(gold_mentions(outcome)), mention_keys(_mentions(outcome.response.answer)))


def mention_keys(
    mentions: Sequence[Mention], label: str | None = None
) -> frozenset[tuple[int, int, str, str]]:
    """Return what makes mentions the same: their place, or their words where they have none."""
    return frozenset(
        (one.start, one.end, one.label, one.text if one.start < 0 else "")
        for one in mentions
        if label is None or one.label == label
    )


def _relaxed(outcome: Outcome) -> tuple[float, float, float, float]:
    gold, answered = gold_mentions(outcome), answered_mentions(outcome)
    right = sum(any(_meets(one, other) for other in gold) for one in answered)
    found = sum(any(_meets(one, other) for other in answered) for one in gold)
    return float(right), float(len(answered)), float(found), float(len(gold))


def _meets(one: Mention, other: Mention) -> bool:
    return one.label == other.label and one.start < other.end and other.start < one.end


def _inventions(outcome: Outcome) -> tuple[float, float] | None:
    if outcome.response.answer is None:
        return None
    answered = _mentions(outcome.response.answer)
    return float(sum(one.start < 0 for one in answered)), float(len(answered))
