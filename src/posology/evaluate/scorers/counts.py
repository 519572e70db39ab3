"""Hits, false alarms and misses, and what their sums are worth: precision, recall, F1."""

from collections.abc import Collection
from typing import TypeVar

import numpy as np

from posology.evaluate.scorers.measures import Floats, mean_where, rate_of, ratio

__all__ = ["f1_of", "hits_of", "macro_f1_of", "precision_of", "recall_of", "two_sided_f1_of"]

Thing = TypeVar("Thing")


def hits_of(gold: Collection[Thing], answered: Collection[Thing]) -> tuple[float, float, float]:
    """Count hits, false alarms and misses of two collections without repetitions."""
    hits = len(set(gold) & set(answered))
    return float(hits), float(len(set(answered)) - hits), float(len(set(gold)) - hits)


def f1_of(sums: Floats) -> Floats:
    """Return F1 of sums (..., 3): hits, false alarms, misses; nan where there is nothing to find or say."""
    hits, alarms, misses = sums[..., 0], sums[..., 1], sums[..., 2]
    return ratio(2 * hits, 2 * hits + alarms + misses)


def precision_of(sums: Floats) -> Floats:
    """Return the share of the answered that is right, of sums (..., 3)."""
    return ratio(sums[..., 0], sums[..., 0] + sums[..., 1])


def recall_of(sums: Floats) -> Floats:
    """Return the share of the gold that was answered, of sums (..., 3)."""
    return ratio(sums[..., 0], sums[..., 0] + sums[..., 2])


def macro_f1_of(sums: Floats) -> Floats:
    """Return the mean F1 over labels of sums (..., 3 x labels); labels that nobody named are left out."""
    scores = f1_of(sums.reshape(*sums.shape[:-1], -1, 3))
    return mean_where(scores, ~np.isnan(scores))


def two_sided_f1_of(sums: Floats) -> Floats:
    """Return F1 of sums (..., 4): answered that met gold, answered, gold that was met, gold."""
    right, found = rate_of(sums[..., :2]), rate_of(sums[..., 2:])
    right, found = np.nan_to_num(right), np.nan_to_num(found)
    nothing = (sums[..., 1] + sums[..., 3]) == 0
    return np.where(nothing, np.nan, np.nan_to_num(ratio(2 * right * found, right + found)))
