"""Estimates with their uncertainty: proportions, means, medians, agreement and paired differences.

Every function returns an ``Estimate`` with its n; where there is nothing to estimate its value is ``None``,
never 0. Random resampling is seeded: the same input and seed give the same numbers.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Difference",
    "Estimate",
    "Level",
    "Rating",
    "bootstrap_interval",
    "clustered_interval",
    "holm",
    "intraclass_correlation",
    "krippendorff_alpha",
    "mcnemar",
    "mean_of",
    "median_interval",
    "median_of",
    "paired_difference",
    "percentile_estimate",
    "proportion",
    "weighted_kappa",
    "wilson_interval",
]

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]  # reduces the last axis: (rounds, n) -> (rounds,)
Rating = float | str | None  # None: this rater did not judge this item
Level = Literal["nominal", "ordinal", "interval"]

_BLOCK = 4_000_000  # resampled values held at once: 32 MB
_EXACT_DISCORDANT = 1000  # above, the normal approximation agrees to four digits
_EXACT_PAIRS = 14  # up to 2 ** 14 sign patterns are all counted
_UNDEFINED_SHARE = 0.05  # an interval rests on at least 95 % of its rounds


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, how many observations it rests on, and its interval; ``None`` where there is none."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of paired differences with its interval and the p-value of sign flips."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    p_value: float | None = None


def wilson_interval(successes: int, n: int, z: float = 1.96) -> tuple[float, float] | None:
    """Return the Wilson score interval of a proportion, ``None`` of nothing; z of 1.96 gives 95 %.

    With p = k/n: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). Wilson EB. Probable inference, the law
    of succession, and statistical inference. J Am Stat Assoc 1927;22:209-212.
    """
    if n == 0:
        return None
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)


def proportion(successes: int, n: int) -> Estimate:
    """Return a proportion with its 95 % Wilson interval."""
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is not a proportion")
    interval = wilson_interval(successes, n)
    return Estimate(None, 0) if interval is None else Estimate(successes / n, n, *interval)


def mean_of(samples: Floats) -> Floats:
    """Return the mean over the last axis, as ``bootstrap_interval`` takes it."""
    return np.asarray(samples.mean(axis=-1), dtype=np.float64)


def median_of(samples: Floats) -> Floats:
    """Return the median over the last axis, as ``bootstrap_interval`` takes it."""
    return np.asarray(np.median(samples, axis=-1), dtype=np.float64)


def bootstrap_interval(
    values: Sequence[float],
    statistic: Statistic = mean_of,
    *,
    seed: int,
    rounds: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Return a statistic with its percentile bootstrap interval.

    ``statistic`` reduces the last axis of an array, so that all rounds are computed at once. Efron B,
    Tibshirani RJ. An introduction to the bootstrap. Chapman & Hall 1993, chapter 13.
    """
    data = np.asarray(values, dtype=np.float64)
    if data.size == 0:
        return Estimate(None, 0)
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK // data.size)
    blocks = [
        statistic(data[rng.integers(data.size, size=(min(step, rounds - done), data.size))])
        for done in range(0, rounds, step)
    ]
    return percentile_estimate(float(statistic(data)), data.size, np.concatenate(blocks), level)


def clustered_interval(
    clusters: Sequence[Sequence[float]],
    statistic: Statistic = mean_of,
    *,
    seed: int,
    rounds: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Return a statistic of all values whose bootstrap draws whole clusters, such as patients.

    Values of one patient resemble each other; drawing them singly makes intervals too narrow. n counts the
    clusters that hold a value. Field CA, Welsh AH. Bootstrapping clustered data. J R Stat Soc B
    2007;69:369-390 (the cluster bootstrap).
    """
    groups = [np.asarray(cluster, dtype=np.float64) for cluster in clusters if len(cluster)]
    if not groups:
        return Estimate(None, 0)
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(groups), size=(rounds, len(groups)))
    results = [float(statistic(np.concatenate([groups[i] for i in row]))) for row in draws]
    value = float(statistic(np.concatenate(groups)))
    return percentile_estimate(value, len(groups), np.asarray(results), level)


def median_interval(values: Sequence[float], *, level: float = 0.95) -> Estimate:
    """Return the median with its exact interval between order statistics, for any distribution.

    The interval runs from the k-th smallest to the k-th largest value, k the largest for which
    2 P(Binomial(n, 1/2) < k) <= 1 - level; under six values there is none at 95 %. Conover WJ. Practical
    nonparametric statistics, 3rd ed. Wiley 1999, section 3.2.
    """
    ordered = sorted(float(value) for value in values)
    n = len(ordered)
    if n == 0:
        return Estimate(None, 0)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    outside = Fraction(1 - level).limit_denominator(10**9)
    limit = outside.numerator * 2**n // (2 * outside.denominator)  # whole numbers: 2.0 ** n ends at 1,023
    tail, rank, term = 0, 0, 1  # of 2 ** n; term is n over rank
    while rank < n and tail + term <= limit:
        tail, rank, term = tail + term, rank + 1, term * (n - rank) // (rank + 1)
    return Estimate(middle, n, ordered[rank - 1], ordered[n - rank]) if rank else Estimate(middle, n)


def krippendorff_alpha(
    ratings: Sequence[Sequence[Rating]], level: Level, *, seed: int = 0, rounds: int = 1000
) -> Estimate:
    """Return Krippendorff's alpha of items by raters, missing ratings allowed, with a bootstrap interval.

    alpha = 1 - Do/De over the coincidences of values within items. n counts the items with two ratings or
    more; others say nothing of agreement. ``None`` where all ratings are the same: there is no disagreement
    to expect. The interval draws items. Krippendorff K. Computing Krippendorff's alpha-reliability.
    University of Pennsylvania 2011; ordinal distance after the same.
    """
    units = [[rating for rating in unit if rating is not None] for unit in ratings]
    units = [unit for unit in units if len(unit) > 1]
    if not units:
        return Estimate(None, 0)
    values = _ordered_values(units, level)
    counts = np.array([[unit.count(value) for value in values] for unit in units], dtype=np.float64)
    sizes = counts.sum(axis=1)
    pairs = (counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(values))) / (
        sizes[:, None, None] - 1
    )
    scale = np.array([float(value) for value in values]) if level == "interval" else np.zeros(len(values))
    flat = pairs.reshape(len(units), -1)

    def alpha(weights: Floats) -> Floats:
        return _alpha((weights @ flat).reshape(-1, len(values), len(values)), level, scale)

    draws = np.random.default_rng(seed).multinomial(len(units), [1 / len(units)] * len(units), size=rounds)
    value = float(alpha(np.ones((1, len(units))))[0])
    return percentile_estimate(value, len(units), alpha(draws.astype(np.float64)), 0.95)


def weighted_kappa(
    first: Sequence[int], second: Sequence[int], *, seed: int = 0, rounds: int = 1000
) -> Estimate:
    """Return Cohen's kappa of two raters with quadratic weights, with a bootstrap interval over items.

    1 - Σ w o / Σ w e with w = (i - j)², o the observed and e the shares expected from the margins. Ratings
    are whole numbers on one scale. Cohen J. Weighted kappa. Psychol Bull 1968;70:213-220; Fleiss JL,
    Cohen J. Educ Psychol Meas 1973;33:613-619 for the weights.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} ratings of one rater and {len(second)} of the other")
    n = len(first)
    if n == 0:
        return Estimate(None, 0)
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)

    def kappa(rows: NDArray[np.int64]) -> Floats:
        # The mean of (i - j)² over independent margins is var(a) + var(b) + (mean(a) - mean(b))².
        x, y = a[rows], b[rows]
        expected = x.var(axis=-1) + y.var(axis=-1) + (x.mean(axis=-1) - y.mean(axis=-1)) ** 2
        return 1 - _ratio(((x - y) ** 2).mean(axis=-1), expected)

    draws = np.random.default_rng(seed).integers(n, size=(rounds, n))
    return percentile_estimate(float(kappa(np.arange(n)[None])[0]), n, kappa(draws), 0.95)


def intraclass_correlation(
    ratings: Sequence[Sequence[float]], *, seed: int = 0, rounds: int = 1000
) -> Estimate:
    """Return ICC(2,1), the absolute agreement of single ratings, of items by raters without gaps.

    (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n) of the two-way analysis of variance; the interval
    draws items. Shrout PE, Fleiss JL. Intraclass correlations: uses in assessing rater reliability. Psychol
    Bull 1979;86:420-428. ``None`` below two items or two raters.
    """
    if len({len(row) for row in ratings}) > 1:
        raise ValueError("every item needs the same number of ratings; use krippendorff_alpha with gaps")
    n = len(ratings)
    if n < 2 or len(ratings[0]) < 2:
        return Estimate(None, n)
    table = np.asarray(ratings, dtype=np.float64)
    draws = np.random.default_rng(seed).integers(n, size=(rounds, n))
    return percentile_estimate(float(_icc(table[None])[0]), n, _icc(table[draws]), 0.95)


def paired_difference(
    first: Sequence[float], second: Sequence[float], *, seed: int, rounds: int = 10_000
) -> Difference:
    """Return the mean of ``first - second`` by pair, its bootstrap interval and a two-sided p-value.

    The p-value is the share of sign patterns whose mean is at least as far from 0: all of them up to 14
    pairs, else (b + 1) / (rounds + 1) of random ones. Phipson B, Smyth GK. Permutation p-values should
    never be zero. Stat Appl Genet Mol Biol 2010;9:39.
    """
    if len(first) != len(second):
        raise ValueError(f"pairs need two values: {len(first)} and {len(second)}")
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    n = differences.size
    if n == 0:
        return Difference(None, 0)
    found = bootstrap_interval(differences.tolist(), seed=seed, rounds=rounds)
    return Difference(found.value, n, found.low, found.high, _flip_p_value(differences, seed, rounds))


def mcnemar(first_right: Sequence[bool], second_right: Sequence[bool]) -> float:
    """Return the two-sided p-value that two systems are right equally often on the same items.

    Only items that one alone has right tell: up to 1,000 of them by the exact binomial test, above by the
    chi-square with continuity correction. McNemar Q. Note on the sampling error of the difference between
    correlated proportions. Psychometrika 1947;12:153-157.
    """
    if len(first_right) != len(second_right):
        raise ValueError(f"pairs need two values: {len(first_right)} and {len(second_right)}")
    pairs = list(zip(first_right, second_right, strict=True))
    first_alone = sum(1 for a, b in pairs if a and not b)
    second_alone = sum(1 for a, b in pairs if b and not a)
    n = first_alone + second_alone
    if n > _EXACT_DISCORDANT:
        return math.erfc(max(0, abs(first_alone - second_alone) - 1) / math.sqrt(2 * n))
    tail = sum(math.comb(n, k) for k in range(min(first_alone, second_alone) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**n)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for how many were tested, in the order given; they hold the familywise error.

    The k-th smallest of m is multiplied by m - k + 1 and is at least the one before it. Holm S. A simple
    sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70.
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise ValueError("p-values lie between 0 and 1")
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = least
    return adjusted


def percentile_estimate(value: float, n: int, rounds: Floats, level: float = 0.95) -> Estimate:
    """Return a value with the quantiles of its resampled values, nan where a round has none.

    There is no interval where one value is all there is or too many rounds are undefined.
    """
    if math.isnan(value):
        return Estimate(None, n)
    defined = rounds[~np.isnan(rounds)]
    if n < 2 or defined.size < (1 - _UNDEFINED_SHARE) * rounds.size:
        return Estimate(value, n)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, n, float(low), float(high))


def _flip_p_value(differences: Floats, seed: int, rounds: int) -> float:
    n = differences.size
    size = np.abs(differences)
    limit = abs(float(differences.sum())) - 1e-12 * max(1.0, float(size.sum()))
    if n <= _EXACT_PAIRS:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return float(np.mean(np.abs((2 * bits - 1) @ size) >= limit))
    rng = np.random.default_rng(seed + 1)
    step = max(1, _BLOCK // n)
    beyond = 0
    for done in range(0, rounds, step):
        signs = 2 * rng.integers(2, size=(min(step, rounds - done), n)) - 1
        beyond += int(np.count_nonzero(np.abs(signs @ size) >= limit))
    return (beyond + 1) / (rounds + 1)


def _icc(tables: Floats) -> Floats:
    """Return ICC(2,1) of each table; shape (rounds, items, raters)."""
    n, k = tables.shape[-2:]
    grand = tables.mean(axis=(-2, -1), keepdims=True)
    rows, columns = tables.mean(axis=-1, keepdims=True), tables.mean(axis=-2, keepdims=True)
    between = k * ((rows - grand) ** 2).sum(axis=(-2, -1)) / (n - 1)
    raters = n * ((columns - grand) ** 2).sum(axis=(-2, -1)) / (k - 1)
    error = ((tables - rows - columns + grand) ** 2).sum(axis=(-2, -1)) / ((n - 1) * (k - 1))
    return _ratio(between - error, between + (k - 1) * error + k * (raters - error) / n)


def _ordered_values(units: Sequence[Sequence[float | str]], level: Level) -> list[float | str]:
    found = {value for unit in units for value in unit}
    if level == "nominal":
        return sorted(found, key=str)
    if any(isinstance(value, str) for value in found):
        raise ValueError(f"{level} ratings are numbers")
    return sorted(found, key=float)


def _alpha(pairs: Floats, level: Level, scale: Floats) -> Floats:
    """Return alpha of each coincidence matrix; shape (rounds, values, values)."""
    margins = pairs.sum(axis=-1)
    distance = _distance(margins, level, scale)
    observed = (pairs * distance).sum(axis=(-2, -1))
    expected = (margins[..., :, None] * margins[..., None, :] * distance).sum(axis=(-2, -1))
    return np.asarray(1 - (margins.sum(axis=-1) - 1) * _ratio(observed, expected))


def _distance(margins: Floats, level: Level, scale: Floats) -> Floats:
    if level == "interval":
        return np.asarray(np.broadcast_to((scale[:, None] - scale) ** 2, (*margins.shape, scale.size)))
    if level == "nominal":
        return np.asarray(np.broadcast_to(1 - np.eye(scale.size), (*margins.shape, scale.size)))
    # Ordinal: the ratings from one value to the other, half of those at either end.
    middle = np.cumsum(margins, axis=-1) - margins / 2
    return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2, dtype=np.float64)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    undefined = np.full(np.shape(bottom), np.nan)
    return np.asarray(np.divide(top, bottom, out=undefined, where=np.abs(bottom) > 1e-12))
