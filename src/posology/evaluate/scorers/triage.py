"""Scores of levels of urgency: quadratic kappa, within one level, under-triage and over-triage.

The labels of an ordered task stand in their order with the most urgent first, as the scales number them: KTAS
and ESI 1 is the most urgent. A patient whom the system did not place (no readable answer, a text too long, an
abstention) counts as placed at the level farthest from the right one, of two equally far at the less urgent:
so no measure here gets better by not answering.

What a measure says of labels without their order (macro-F1, balanced accuracy) is in ``labels``.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from posology.evaluate.items import Outcome
from posology.evaluate.scorers.measures import Floats, Measure, ratio
from posology.evaluate.task import Task

__all__ = ["farthest_level", "triage_measures"]

_Mask = NDArray[np.float64]


def triage_measures(task: Task) -> tuple[Measure, ...]:
    """Return the measures of an ordered choice, quadratic kappa first.

    The urgent levels are the first half of the labels and the non-urgent ones the last half, without the one
    in the middle: of five levels 1-2 and 4-5, of three the first and the last.
    """
    size = len(task.labels)
    if not task.ordered or size < 2:
        raise ValueError(f"{task.name}: its labels are no levels")
    counts = _counts_of(task.labels)
    rows, columns = np.indices((size, size))
    urgent, last = rows < size // 2, columns >= size - size // 2

    def share(name: str, wrong: NDArray[np.bool_], of: NDArray[np.bool_], about: str) -> Measure:
        value = _share_of(wrong.astype(np.float64), of.astype(np.float64))
        return Measure(name, counts, value, 1 if name == "within one" else -1, "", about)

    everyone = np.ones((size, size), dtype=np.bool_)
    return (
        Measure(
            "quadratic kappa",
            counts,
            _quadratic_kappa(size),
            about="Agreement beyond chance, two levels off counted four times one level; nan where all "
            "patients are of one level and placed at it.",
        ),
        share("within one", abs(rows - columns) <= 1, everyone, "The share placed at most one level off."),
        share(
            "strict under-triage",
            urgent & last,
            everyone,
            "The share of all patients that are of an urgent level and placed at a non-urgent one: of five "
            "levels, 1 or 2 placed at 4 or 5, as published for KTAS (PLOS ONE 2026).",
        ),
        share(
            "urgent missed",
            urgent & (columns >= size // 2),
            urgent,
            "The share of patients of the urgent levels who are placed at none of them.",
        ),
        share("under-triage", columns > rows, everyone, "The share placed at a less urgent level."),
        share("over-triage", columns < rows, everyone, "The share placed at a more urgent level."),
    )


def farthest_level(gold: int, size: int) -> int:
    """Return the level farthest from a level, of two equally far the less urgent.

    >>> [farthest_level(gold, 5) for gold in range(5)]
    [4, 4, 4, 0, 0]
    """
    return size - 1 if 2 * gold <= size - 1 else 0


def _counts_of(labels: tuple[str, ...]) -> Callable[[Outcome], list[float]]:
    """Return the place of one outcome in the table of gold levels (rows) by levels given: one 1."""
    places = {label: place for place, label in enumerate(labels)}
    size = len(labels)

    def counts(outcome: Outcome) -> list[float]:
        gold = outcome.item.gold
        if not isinstance(gold, str) or gold not in places:
            raise ValueError(f"item {outcome.item.id}: its gold answer is none of the task's labels")
        row = [0.0] * (size * size)
        row[places[gold] * size + _given(outcome, places, places[gold])] = 1.0
        return row

    return counts


def _given(outcome: Outcome, places: dict[str, int], gold: int) -> int:
    response = outcome.response
    answered = not response.abstained and not response.failure and isinstance(response.answer, str)
    if answered and response.answer in places:
        return places[str(response.answer)]
    return farthest_level(gold, len(places))


def _share_of(wrong: _Mask, of: _Mask) -> Callable[[Floats], Floats]:
    def value(sums: Floats) -> Floats:
        return ratio(sums @ wrong.ravel(), sums @ of.ravel())

    return value


def _quadratic_kappa(size: int) -> Callable[[Floats], Floats]:
    """Return one minus the observed over the expected disagreement, each weighed by its square."""
    rows, columns = np.indices((size, size))
    weights = ((rows - columns) ** 2).astype(np.float64)

    def value(sums: Floats) -> Floats:
        table = sums.reshape(*sums.shape[:-1], size, size)
        gold, given = table.sum(axis=-1), table.sum(axis=-2)
        expected = np.einsum("...i,ij,...j->...", gold, weights, given)
        n = gold.sum(axis=-1)
        observed = np.einsum("...ij,ij->...", table, weights)
        return 1.0 - ratio(observed * n, expected)

    return value
