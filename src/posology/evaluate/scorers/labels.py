"""Scores of one label an item: macro-F1 first, then F1 of other kinds, recall, agreement, accuracy.

All are values of three counts a label: how often it is right, is gold, is answered. An item without an answer
(a parse failure, a text too long, an abstention) is a miss of its gold label: wrong in every measure here.
"""

from collections.abc import Callable

import numpy as np

from posology.evaluate.items import Outcome
from posology.evaluate.scorers.measures import Floats, Measure, mean_where, rate_of, ratio
from posology.evaluate.task import Task

__all__ = ["is_right", "label_measures"]

_Value = Callable[[Floats], Floats]


def is_right(outcome: Outcome) -> bool:
    """Say whether the label answered is the right one; no answer is not."""
    response = outcome.response
    return not response.abstained and not response.failure and response.answer == outcome.item.gold


def label_measures(task: Task) -> tuple[Measure, ...]:
    """Return the measures of a choice, macro-F1 first; accuracy first where options differ by item.

    Averages over labels are over those that are gold somewhere in the sample, as in scikit-learn with
    ``labels`` set to them and ``zero_division=0``: a label that no item has is no label to be found, and
    answering it is punished in the recall of the right one.
    """
    accuracy = _accuracy()
    if not task.labels:
        return (accuracy,)
    counts = _counts_of(task.labels)
    return (
        *(Measure(name, counts, value, about=about) for name, value, about in _OVER_LABELS),
        accuracy,
        *(_f1_of(task.labels, place, counts) for place in range(len(task.labels))),
        *(_recall_of(task.labels, place, counts) for place in range(len(task.labels))),
        Measure("majority share", counts, _majority, better=0, about=_MAJORITY),
    )


def _accuracy() -> Measure:
    def counts(outcome: Outcome) -> tuple[float, float]:
        return float(is_right(outcome)), 1.0

    about = "The share of items answered right; no answer is wrong."
    return Measure("accuracy", counts, rate_of, about=about)


def _counts_of(labels: tuple[str, ...]) -> Callable[[Outcome], list[float]]:
    """Return the counts of one outcome: right, gold and answered, each a label."""
    places = {label: place for place, label in enumerate(labels)}
    size = len(labels)

    def counts(outcome: Outcome) -> list[float]:
        row = [0.0] * (3 * size)
        gold, said = _place(outcome, places), _said(outcome, places)
        row[size + gold] = 1.0
        if said < size:
            row[2 * size + said] = 1.0
        if said == gold:
            row[gold] = 1.0
        return row

    return counts


def _place(outcome: Outcome, places: dict[str, int]) -> int:
    gold = outcome.item.gold
    if not isinstance(gold, str) or gold not in places:
        raise ValueError(f"item {outcome.item.id}: its gold answer is none of the task's labels")
    return places[gold]


def _said(outcome: Outcome, places: dict[str, int]) -> int:
    """Return the place of the label answered, one past the last for no answer or none of the labels."""
    response = outcome.response
    if response.abstained or response.failure or not isinstance(response.answer, str):
        return len(places)
    return places.get(response.answer, len(places))


def _parts(sums: Floats) -> tuple[Floats, Floats, Floats]:
    right, gold, said = np.split(sums, 3, axis=-1)
    return right, gold, said


def _f1(sums: Floats) -> Floats:
    """Return the F1 of each label, nan where it is neither gold nor answered."""
    right, gold, said = _parts(sums)
    return ratio(2 * right, gold + said)


def _macro_f1(sums: Floats) -> Floats:
    return mean_where(_f1(sums), _parts(sums)[1] > 0)


def _balanced(sums: Floats) -> Floats:
    right, gold, _ = _parts(sums)
    return mean_where(ratio(right, gold), gold > 0)


def _weighted_f1(sums: Floats) -> Floats:
    gold = _parts(sums)[1]
    return ratio((np.nan_to_num(_f1(sums)) * gold).sum(axis=-1), gold.sum(axis=-1))


def _micro_f1(sums: Floats) -> Floats:
    right, gold, said = (part.sum(axis=-1) for part in _parts(sums))
    return ratio(2 * right, gold + said)


def _kappa(sums: Floats) -> Floats:
    right, gold, said = _parts(sums)
    n = gold.sum(axis=-1)
    chance = ratio((gold * said).sum(axis=-1), n * n)
    return ratio(ratio(right.sum(axis=-1), n) - chance, np.where(1 - chance > 1e-12, 1 - chance, 0.0))


def _majority(sums: Floats) -> Floats:
    gold = _parts(sums)[1]
    return ratio(gold.max(axis=-1), gold.sum(axis=-1))


_OVER_LABELS: tuple[tuple[str, _Value, str], ...] = (
    ("macro-F1", _macro_f1, "The mean of the F1 of each label that is gold somewhere."),
    ("weighted F1", _weighted_f1, "The mean F1 of the labels, each by how often it is gold."),
    ("micro-F1", _micro_f1, "F1 over all labels: accuracy, where every item is answered."),
    ("balanced accuracy", _balanced, "The mean recall of the labels that are gold somewhere."),
    ("Cohen kappa", _kappa, "Agreement beyond chance; no answer is a category of its own."),
)
_MAJORITY = "The accuracy of always answering the label that is most often gold in these items."


def _f1_of(labels: tuple[str, ...], place: int, counts: Callable[[Outcome], list[float]]) -> Measure:
    about = f"The harmonic mean of precision and recall of {labels[place]}."
    return Measure(f"F1 of {labels[place]}", counts, lambda sums: _f1(sums)[..., place], about=about)


def _recall_of(labels: tuple[str, ...], place: int, counts: Callable[[Outcome], list[float]]) -> Measure:
    def value(sums: Floats) -> Floats:
        right, gold, _ = _parts(sums)
        return ratio(right[..., place], gold[..., place])

    about = f"The share of items that are {labels[place]} which are answered so."
    return Measure(f"recall of {labels[place]}", counts, value, about=about)
