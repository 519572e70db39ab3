"""Scores of the probabilities behind labels: whether they rank, whether they are true, when to abstain.

Probabilities are divided by their sum over the labels first. An item whose system tells none is not asked
about; one without an answer and without probabilities counts as ranked on the wrong side by AUROC and by the
measures of abstention, and is not in the calibration error and the Brier score: nothing was claimed of it.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from posology.errors import UserError
from posology.evaluate.items import Outcome
from posology.evaluate.scorers.measures import Floats, Measure, RankMeasure, mean_where, rate_of, ratio
from posology.evaluate.task import Task

__all__ = ["calibration_measures", "confidence_of"]

_BINS = 10
_COVERAGE = 0.8


def calibration_measures(task: Task) -> tuple[Measure | RankMeasure, ...]:
    """Return the measures of a choice that need the probabilities of its labels."""
    common = (
        Measure(
            "calibration error",
            _calibration_row,
            _calibration_error,
            better=-1,
            about="The mean distance of confidence and accuracy in ten equal bins of confidence.",
        ),
        Measure(
            "Brier score",
            _brier_row,
            rate_of,
            better=-1,
            about="Half the squared distance of the probabilities from the truth: 0 is best, 1 is worst.",
        ),
        RankMeasure(
            "selective accuracy",
            _confidence_row,
            _selective_accuracy,
            about="The accuracy of the most confident answers, averaged over all shares of items answered.",
        ),
        RankMeasure(
            "accuracy at 80 % coverage",
            _confidence_row,
            _accuracy_at_coverage,
            about="The accuracy of the most confident 80 % of answers, were the rest left to a person.",
        ),
    )
    return (_auroc_of(task.labels), *common) if len(task.labels) > 1 else common


def confidence_of(outcome: Outcome) -> float | None:
    """Return the probability of the label answered, else of the likeliest; None where none is told."""
    shares = _shares(outcome)
    answer = outcome.response.answer
    if not shares:
        return None
    return shares.get(answer, 0.0) if isinstance(answer, str) else max(shares.values())


def _shares(outcome: Outcome) -> dict[str, float]:
    scores = outcome.response.scores
    whole = math.fsum(scores.values())
    if any(not score >= 0 for score in scores.values()) or math.isinf(whole):
        raise UserError(
            f"item {outcome.item.id}: its scores are not probabilities by label; mend the answers"
        )
    return {label: score / whole for label, score in scores.items()} if whole > 0 else {}


def _unanswered(outcome: Outcome) -> bool:
    return outcome.response.answer is None


def _right(outcome: Outcome, shares: dict[str, float]) -> bool:
    """Say whether the label answered, else the likeliest, is right."""
    said = max(shares, key=lambda label: shares[label]) if _unanswered(outcome) else outcome.response.answer
    return said == outcome.item.gold


def _calibration_row(outcome: Outcome) -> list[float] | None:
    """Return 1, then confidence less accuracy in the place of its bin."""
    confidence = confidence_of(outcome)
    if confidence is None:
        return None
    row = [1.0, *[0.0] * _BINS]
    place = min(_BINS - 1, max(0, math.ceil(confidence * _BINS - 1e-12) - 1))
    row[1 + place] = confidence - _right(outcome, _shares(outcome))
    return row


def _calibration_error(sums: Floats) -> Floats:
    return ratio(np.abs(sums[..., 1:]).sum(axis=-1), sums[..., 0])


def _brier_row(outcome: Outcome) -> tuple[float, float] | None:
    shares = _shares(outcome)
    if not shares:
        return None
    gold = str(outcome.item.gold)
    rest = math.fsum(share**2 for label, share in shares.items() if label != gold)
    return (rest + (1 - shares.get(gold, 0.0)) ** 2) / 2, 1.0


def _confidence_row(outcome: Outcome) -> tuple[float, float] | None:
    """Return the confidence, -1 without an answer, and whether the answer is right."""
    shares, confidence = _shares(outcome), confidence_of(outcome)
    if confidence is None:
        return (-1.0, 0.0) if _unanswered(outcome) else None
    return confidence, float(_right(outcome, shares))


def _unknown(weights: Floats) -> Floats:
    return np.full(len(weights), np.nan)


def _curve_of(rows: Floats) -> Callable[[Floats], tuple[Floats, Floats, Floats]]:
    """Weigh how many items are at each threshold of confidence, so far, and right so far.

    The highest comes first. Equal confidences stand or fall together: no threshold divides them. Each is of
    shape (rounds, thresholds).
    """
    order = np.argsort(-rows[:, 0], kind="stable")
    right = rows[order, 1]
    ends = np.flatnonzero(np.diff(rows[order, 0], append=-np.inf))

    def weigh(weights: Floats) -> tuple[Floats, Floats, Floats]:
        here = np.take(weights, order, axis=1)
        covered, correct = np.cumsum(here, axis=1), np.cumsum(here * right, axis=1)
        if len(ends) < len(order):
            covered, correct = np.take(covered, ends, axis=1), np.take(correct, ends, axis=1)
            here = np.diff(covered, axis=1, prepend=0.0)
        return here, covered, correct

    return weigh


def _told(rows: Floats) -> bool:
    """Say whether the system tells any confidence."""
    return bool(len(rows)) and float(rows[:, 0].max()) >= 0


def _selective_accuracy(rows: Floats) -> Callable[[Floats], Floats]:
    curve = _curve_of(rows)

    def weigh(weights: Floats) -> Floats:
        here, covered, correct = curve(weights)
        drawn = covered[:, -1].copy()
        np.maximum(covered, 1.0, out=covered)  # whole items: under one is none
        np.divide(correct, covered, out=correct)
        return ratio(np.einsum("rt,rt->r", here, correct), drawn)

    return weigh if _told(rows) else _unknown


def _accuracy_at_coverage(rows: Floats) -> Callable[[Floats], Floats]:
    curve = _curve_of(rows)

    def weigh(weights: Floats) -> Floats:
        _, covered, correct = curve(weights)
        first = np.argmax(covered >= _COVERAGE * covered[:, -1:] - 1e-9, axis=1)[:, None]
        right, answered = (np.take_along_axis(table, first, axis=1)[:, 0] for table in (correct, covered))
        return ratio(right, answered)

    return weigh if _told(rows) else _unknown


def _auroc_of(labels: tuple[str, ...]) -> RankMeasure:
    places = {label: place for place, label in enumerate(labels)}

    def row(outcome: Outcome) -> list[float] | None:
        """Return the place of the gold label, whether probabilities are told, and one for each label."""
        gold = places[str(outcome.item.gold)]
        shares = _shares(outcome)
        if shares:
            return [gold, 1.0, *(shares.get(label, 0.0) for label in labels)]
        if not _unanswered(outcome):
            return None
        return [gold, 0.0, *(-1.0 if place == gold else 2.0 for place in range(len(labels)))]

    about = "How well probabilities rank items, 0.5 by chance: the mean over labels, each against the rest."
    return RankMeasure("AUROC", row, _macro_auroc, about=about)


def _macro_auroc(rows: Floats) -> Callable[[Floats], Floats]:
    """Weigh the mean area over labels that some drawn items have and others have not."""
    size = rows.shape[1] - 2
    asked = range(1, 2) if size == 2 else range(size)  # of two labels each area is the other's
    areas_of = [_auroc(rows[:, 2 + place], rows[:, 0] == place) for place in asked]

    def weigh(weights: Floats) -> Floats:
        areas = np.stack([area_of(weights) for area_of in areas_of])
        return mean_where(areas, ~np.isnan(areas), axis=0)

    return weigh if rows[:, 1].any() else _unknown


def _auroc(scores: Floats, positive: NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    """Weigh the chance that a positive item scores above a negative one, ties half."""
    order = np.argsort(scores, kind="stable")
    ours, others = order[positive[order]], order[~positive[order]]
    below = np.searchsorted(scores[others], scores[ours], side="left")
    not_above = np.searchsorted(scores[others], scores[ours], side="right")
    tied = not np.array_equal(below, not_above)

    def weigh(weights: Floats) -> Floats:
        positives = np.take(weights, ours, axis=1)
        negatives = np.zeros((len(weights), len(others) + 1))
        np.cumsum(np.take(weights, others, axis=1), axis=1, out=negatives[:, 1:])
        under = np.take(negatives, below, axis=1)
        if tied:
            under = (under + np.take(negatives, not_above, axis=1)) / 2
        pairs = positives.sum(axis=1) * negatives[:, -1]
        return ratio(np.einsum("ri,ri->r", positives, under), pairs)

    return weigh
