"""What a score is made of: each item adds counts, a measure is a value of their sums.

So any resampling of items, or of clusters of items, is a weighted sum: thousands of bootstrap rounds are one
matrix product, and two arms are compared on the same draws. What depends on the order of items, such as the
area under a curve, is a ``RankMeasure``: a value of all rows and their weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posology.evaluate.items import Outcome

__all__ = [
    "AnyMeasure",
    "Floats",
    "Measure",
    "RankMeasure",
    "mean_where",
    "rate_of",
    "ratio",
    "total",
    "value_of",
]

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
    reads_text: bool = False  # whether it needs the items' texts, which result folders do not hold


@dataclass(frozen=True, slots=True)
class RankMeasure:
    """One number of a task that is no value of sums.

    ``counts``: the row of one outcome, of fixed length d, or None where the measure does not ask about it.
    ``prepare``: rows (n, d) -> a function of how often each is drawn, (rounds, n) -> (rounds,), nan where
    nothing is there to score; what does not change between draws, such as sorting, is done once.
    ``size``: what is counted as n, where it is not the rows.
    """

    name: str
    counts: Callable[[Outcome], Sequence[float] | None]
    prepare: Callable[[Floats], Callable[[Floats], Floats]]
    better: int = 1
    unit: str = ""
    about: str = ""
    size: Callable[[Floats], int] = len

    def weigh(self, rows: Floats, weights: Floats) -> Floats:
        """Return the values of rows so often drawn: (n, d) and (rounds, n) -> (rounds,)."""
        return self.prepare(rows)(weights)


AnyMeasure = Measure | RankMeasure


def total(measure: AnyMeasure, outcomes: Sequence[Outcome]) -> tuple[Floats, list[int]]:
    """Return the counts of the outcomes that a measure asks about, (n, d), and their places."""
    rows, places = [], []
    for place, outcome in enumerate(outcomes):
        counts = measure.counts(outcome)
        if counts is not None:
            rows.append(counts)
            places.append(place)
    width = len(rows[0]) if rows else 0
    return np.array(rows, dtype=np.float64).reshape(len(rows), width), places


def value_of(measure: AnyMeasure, outcomes: Sequence[Outcome]) -> float | None:
    """Return a measure of outcomes without its interval, None where nothing is there to score."""
    rows, places = total(measure, outcomes)
    if not places:
        return None
    if isinstance(measure, Measure):
        value = float(measure.value(rows.sum(axis=0)))
    else:
        value = float(measure.weigh(rows, np.ones((1, len(rows))))[0])
    return None if np.isnan(value) else value


def ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide, nan over nothing."""
    undefined = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    return np.asarray(np.divide(top, bottom, out=undefined, where=bottom > 0))


def mean_where(values: Floats, there: NDArray[np.bool_], axis: int = -1) -> Floats:
    """Return the mean along an axis of the values that are there, nan of none."""
    return ratio(np.where(there, values, 0.0).sum(axis=axis), there.sum(axis=axis))


def rate_of(sums: Floats) -> Floats:
    """Return the first count over the second, nan over nothing: the value of means and shares."""
    return ratio(sums[..., 0], sums[..., 1])
