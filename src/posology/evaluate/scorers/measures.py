"""What a score is made of: each item adds counts, a measure is a value of their sums.

So any resampling of items, or of clusters of items, is a weighted sum: thousands of bootstrap rounds are one
matrix product, and two arms are compared on the same draws.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posology.evaluate.items import Outcome

__all__ = ["Floats", "Measure", "rate_of", "total"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a task.

    ``counts``: what one outcome adds, of fixed length d, or None where the measure does not ask about it (an
    item without a gold value, a relation measure on an item without relations): such items are not in its n.
    ``value``: sums (..., d) -> values (...), nan where nothing is there to score.
    """

    name: str  # such as "macro-F1", "strict F1", "parse failures"
    counts: Callable[[Outcome], Sequence[float] | None]
    value: Callable[[Floats], Floats]
    better: int = 1  # 1: more is better; -1: less is; 0: neither
    unit: str = ""  # "" for a share of one
    about: str = ""  # one sentence for the reader


def total(measure: Measure, outcomes: Sequence[Outcome]) -> tuple[Floats, list[int]]:
    """Return the counts of the outcomes that a measure asks about, (n, d), and their places."""
    rows, places = [], []
    for place, outcome in enumerate(outcomes):
        counts = measure.counts(outcome)
        if counts is not None:
            rows.append(counts)
            places.append(place)
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1), places


def rate_of(sums: Floats) -> Floats:
    """Return the first count over the second, nan over nothing: the value of means and shares."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sums[..., 1] > 0, sums[..., 0] / sums[..., 1], np.nan)
