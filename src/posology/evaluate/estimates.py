"""Scores with their uncertainty, and differences between two arms that answered the same items.

Intervals come from drawing whole groups of items (patients, documents, source texts) with replacement: the
percentile cluster bootstrap. Below some thirty groups such intervals are too narrow; say how many there are.

Where all items are alike, draws have no spread and would claim to be sure. So a share of exactly 0 or 1 has
Wilson's interval of as many groups, as have a perfect score and the F1 of 0 of a system that answers and
never hits, and a difference without spread (of arms that never differ, or that are both at 0) is bounded by
the most that it may be off: Wilson's upper end of no group out of so many.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from posology.errors import UserError
from posology.evaluate.items import Outcome
from posology.evaluate.scorers.counts import f1_of
from posology.evaluate.scorers.measures import AnyMeasure, Floats, Measure, rate_of, total
from posology.statistics import Difference, Estimate, percentile_estimate, wilson_interval

__all__ = [
    "TableMean",
    "Verdict",
    "compare_arms",
    "compare_runs",
    "estimate",
    "estimate_all",
    "group_count",
    "non_inferior",
    "table_mean",
]

Verdict = Literal["non-inferior", "inferior", "not shown"]

_BLOCK = 400_000  # weights held at once: 3 MB, so that they stay near the processor
_EXACT_GROUPS = 12  # up to 2 ** 12 swaps are all counted
_SHOWN_IDS = 3
_NO_SPREAD = 1e-12


@dataclass(frozen=True, slots=True)
class _Sample:
    """The rows of a measure and the group that each is of."""

    rows: Floats  # (n, d)
    group_of: NDArray[np.int64]  # (n,)
    groups: int


@dataclass(frozen=True, slots=True)
class TableMean:
    """A mean over tasks, never without the table that it is of; None where a task has no value."""

    mean: Estimate  # n: all items
    rows: tuple[tuple[str, Estimate], ...]  # task and its estimate


def estimate(
    measure: AnyMeasure,
    outcomes: Sequence[Outcome],
    *,
    seed: int = 0,
    rounds: int = 2000,
    level: float = 0.95,
) -> Estimate:
    """Return a measure of outcomes with its interval over groups of items; n counts the items asked about."""
    return estimate_all((measure,), outcomes, seed=seed, rounds=rounds, level=level)[measure.name]


def estimate_all(
    measures: Sequence[AnyMeasure],
    outcomes: Sequence[Outcome],
    *,
    seed: int = 0,
    rounds: int = 2000,
    level: float = 0.95,
) -> dict[str, Estimate]:
    """Return many measures of the same outcomes by name, each the same as alone, drawn once for all."""
    samples = _samples(measures, outcomes)
    alike: dict[bytes, list[int]] = {}
    for number, sample in enumerate(samples):
        alike.setdefault(sample.group_of.tobytes(), []).append(number)
    found: dict[str, Estimate] = {}
    for numbers in alike.values():
        chosen, theirs = [measures[number] for number in numbers], [samples[number] for number in numbers]
        estimates = _estimate_alike(chosen, theirs, seed, rounds, level)
        found |= {measure.name: one for measure, one in zip(chosen, estimates, strict=True)}
    return {measure.name: found[measure.name] for measure in measures}


def group_count(measure: AnyMeasure, outcomes: Sequence[Outcome]) -> int:
    """Return from how many groups of items a measure's estimate is drawn."""
    return len({outcomes[place].item.group for place in total(measure, outcomes)[1]})


def compare_arms(
    measure: AnyMeasure,
    first: Sequence[Outcome],
    second: Sequence[Outcome],
    *,
    seed: int = 0,
    rounds: int = 2000,
    level: float = 0.95,
) -> Difference:
    """Return first less second on the same items, its interval and a two-sided p-value.

    The interval is the paired bootstrap's: both arms on the same draws of groups. The p-value is of a
    permutation test, which holds for any measure: were the arms alike, the answers to a group of items could
    as well be swapped between them; p is the share of swaps that leave a difference at least as large, all of
    them up to 12 groups, else (b + 1) / (rounds + 1). Noreen EW. Computer-intensive methods for testing
    hypotheses. Wiley 1989; Phipson B, Smyth GK. Stat Appl Genet Mol Biol 2010;9:39.
    """
    pair = _aligned(measure, [first, _in_order(first, second)])
    if pair is None:
        return Difference(None, 0)
    mine, other = pair.samples
    of_first, of_second = _valuer(measure, mine), _valuer(measure, other)
    whole = np.ones((1, mine.groups))
    value = float((of_first(whole) - of_second(whole))[0])
    if np.isnan(value):
        return Difference(None, pair.n)
    draws = _draws(mine.groups, len(mine.rows), seed, rounds)
    drawn = np.concatenate([of_first(weights) - of_second(weights) for weights in draws])
    found = _spread(value, mine.groups, drawn, level)
    p_value = _swap_p_value(measure, pair, value, (seed, rounds))
    return Difference(value, pair.n, found.low, found.high, p_value)


def compare_runs(
    measure: AnyMeasure,
    runs: Sequence[Sequence[Outcome]],
    other: Sequence[Outcome],
    *,
    seed: int = 0,
    rounds: int = 2000,
    level: float = 0.95,
) -> Difference:
    """Return the mean of several runs of one arm, such as three seeds, less another arm on the same items.

    The interval is the paired bootstrap's, all on the same draws of groups: it tells how the mean of these
    runs would differ on other items, not how another run would. Of one run it is that of ``compare_arms``;
    there is no p-value.
    """
    if not runs:
        raise ValueError("a mean of runs needs a run")
    ordered = [_in_order(runs[0], run) for run in runs]
    found = _aligned(measure, [*ordered, _in_order(runs[0], other)])
    if found is None:
        return Difference(None, 0)
    *mine, theirs = (_valuer(measure, sample) for sample in found.samples)

    def differ(weights: Floats) -> Floats:
        return sum((value(weights) for value in mine), np.zeros(1)) / len(mine) - theirs(weights)

    groups, rows = found.samples[0].groups, max(len(sample.rows) for sample in found.samples)
    value = float(differ(np.ones((1, groups)))[0])
    if np.isnan(value):
        return Difference(None, found.n)
    drawn = np.concatenate([differ(weights) for weights in _draws(groups, rows, seed, rounds)])
    interval = _spread(value, groups, drawn, level)
    return Difference(value, found.n, interval.low, interval.high)


def _spread(value: float, groups: int, drawn: Floats, level: float) -> Estimate:
    """Return the interval of a difference; one that never varies is bounded by the most it may be off."""
    found = percentile_estimate(value, groups, drawn, level)
    if found.low is None or found.high is None or found.high - found.low >= _NO_SPREAD:
        return found
    most = _share_without_spread(Estimate(0.0, 0, 0.0, 0.0), groups, level).high or 0.0
    return Estimate(value, found.n, found.low - most, found.high + most)


def non_inferior(difference: Difference, margin: float, *, better: int = 1) -> Verdict:
    """Say whether a system is worse than a reference by less than the margin, from the interval's end.

    ``difference``: the system's measure less the reference's, with its two-sided 95 % interval, whose end is
    a one-sided test at 2.5 %. ``better``: the measure's; -1 where less is better. "inferior" is an interval
    that lies beyond the margin as a whole; anything else, and no interval, is "not shown". Piaggio G et al.
    Reporting of noninferiority and equivalence randomized trials. JAMA 2012;308:2594-2604.
    """
    if margin <= 0 or better not in (1, -1):
        raise ValueError("a margin is above 0, and a measure without a better side has no non-inferiority")
    if difference.low is None or difference.high is None:
        return "not shown"
    low, high = sorted((better * difference.low, better * difference.high))
    if low > -margin:
        return "non-inferior"
    return "inferior" if high < -margin else "not shown"


def table_mean(estimates: Mapping[str, Estimate]) -> TableMean:
    """Return the mean over tasks with its table; refuses a single task, which is no mean.

    Tasks count alike and are independent: the variance of the mean is the sum of theirs, read from their
    95 % intervals, over the square of their number. A task without a value leaves the mean without one.
    """
    if len(estimates) < 2:
        raise ValueError("a mean over tasks needs two tasks or more")
    rows = tuple(estimates.items())
    n = sum(found.n for found in estimates.values())
    values = [found.value for found in estimates.values() if found.value is not None]
    if len(values) < len(rows):
        return TableMean(Estimate(None, n), rows)
    mean = sum(values) / len(values)
    widths = [
        found.high - found.low
        for found in estimates.values()
        if found.low is not None and found.high is not None
    ]
    if len(widths) < len(rows):
        return TableMean(Estimate(mean, n), rows)
    half = float(np.sqrt(sum(width**2 for width in widths))) / 2 / len(rows)
    return TableMean(Estimate(mean, n, mean - half, mean + half), rows)


def _sample(measure: AnyMeasure, outcomes: Sequence[Outcome]) -> _Sample:
    rows, places = total(measure, outcomes)
    names = [outcomes[place].item.group for place in places]
    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return _Sample(rows, np.array([order[name] for name in names], dtype=np.int64), len(order))


def _samples(measures: Sequence[AnyMeasure], outcomes: Sequence[Outcome]) -> list[_Sample]:
    """Return the sample of each measure; measures with the same counts share theirs."""
    made: dict[Callable[[Outcome], Sequence[float] | None], _Sample] = {}
    for measure in measures:
        if measure.counts not in made:
            made[measure.counts] = _sample(measure, outcomes)
    return [made[measure.counts] for measure in measures]


def _estimate_alike(
    measures: Sequence[AnyMeasure], samples: Sequence[_Sample], seed: int, rounds: int, level: float
) -> list[Estimate]:
    """Return the estimates of measures that ask about the same items, from the same draws."""
    groups, rows = samples[0].groups, len(samples[0].rows)
    if rows == 0:
        return [Estimate(None, 0) for _ in measures]
    valuers = [_valuer(measure, sample) for measure, sample in zip(measures, samples, strict=True)]
    drawn = [[valuer(weights) for valuer in valuers] for weights in _draws(groups, rows, seed, rounds)]
    whole = np.ones((1, groups))
    found = []
    for place, measure in enumerate(measures):
        value = float(valuers[place](whole)[0])
        values = np.concatenate([block[place] for block in drawn])
        interval = percentile_estimate(value, groups, values, level)
        if _is_extreme_share(measure, samples[place], value):
            interval = _share_without_spread(interval, groups, level)
        n = _size(measure, samples[place])
        found.append(Estimate(interval.value, n, interval.low, interval.high))
    return found


def _is_extreme_share(measure: AnyMeasure, sample: _Sample, value: float) -> bool:
    """Say whether a measure is a share of 0 or 1, perfect, or the F1 of answers of which none is right."""
    if not isinstance(measure, Measure):
        return False
    if measure.value is rate_of:
        return value in (0, 1)
    if value == 1 and measure.better > 0:
        return True
    answered = measure.value is f1_of and bool(sample.rows[:, 1].any())
    return answered and value == 0


def _share_without_spread(found: Estimate, groups: int, level: float) -> Estimate:
    """Return a share of 0 or 1, whose draws have no width, with Wilson's interval of so many groups."""
    if found.value is None or found.low is None or found.low != found.high:
        return found
    ends = wilson_interval(round(found.value) * groups, groups, NormalDist().inv_cdf((1 + level) / 2))
    return found if ends is None else Estimate(found.value, found.n, *ends)


def _size(measure: AnyMeasure, sample: _Sample) -> int:
    return len(sample.rows) if isinstance(measure, Measure) else measure.size(sample.rows)


def _valuer(measure: AnyMeasure, sample: _Sample) -> Callable[[Floats], Floats]:
    """Return the measure as a function of how often each group is drawn: (rounds, groups) -> (rounds,)."""
    if isinstance(measure, Measure):
        value, sums = measure.value, np.zeros((sample.groups, sample.rows.shape[1]))
        np.add.at(sums, sample.group_of, sample.rows)
        return lambda weights: value(weights @ sums)
    weigh = measure.prepare(sample.rows)
    if np.array_equal(sample.group_of, np.arange(sample.groups)):
        return weigh
    return lambda weights: weigh(np.take(weights, sample.group_of, axis=1))


def _draws(groups: int, rows: int, seed: int, rounds: int) -> Iterator[Floats]:
    """Yield how often each group is drawn, in blocks of (rounds, groups)."""
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK // max(groups, rows))
    for done in range(0, rounds, step):
        size = min(step, rounds - done)
        places = rng.integers(groups, size=(size, groups)) + groups * np.arange(size)[:, None]
        counts = np.bincount(places.ravel(), minlength=size * groups)
        yield counts.reshape(size, groups).astype(np.float64)


def _in_order(first: Sequence[Outcome], second: Sequence[Outcome]) -> list[Outcome]:
    """Return the second arm's outcomes in the order of the first's; refuse other items."""
    by_id = {outcome.item.id: outcome for outcome in second}
    ids = {outcome.item.id for outcome in first}
    if len(ids) < len(first) or len(by_id) < len(second):
        raise UserError("an arm has two answers to one item; compare one run of each arm")
    if lonely := sorted(ids ^ by_id.keys()):
        shown = ", ".join(lonely[:_SHOWN_IDS]) + (", …" if len(lonely) > _SHOWN_IDS else "")
        raise UserError(
            f"the arms answered different items ({len(lonely)} in one only: {shown}); "
            "compare arms of the same task, part and number of items"
        )
    return [by_id[outcome.item.id] for outcome in first]


@dataclass(frozen=True, slots=True)
class _Aligned:
    """What a measure asks of several arms, by the same groups; n: items that it asks about in any."""

    samples: tuple[_Sample, ...]
    n: int


def _aligned(measure: AnyMeasure, arms: Sequence[Sequence[Outcome]]) -> _Aligned | None:
    """Return the samples of arms in the same order of items, None where one is asked about nothing."""
    found = [total(measure, outcomes) for outcomes in arms]
    if any(not places for _, places in found):
        return None
    first = arms[0]
    asked = sorted({place for _, places in found for place in places})
    names = dict.fromkeys(first[place].item.group for place in asked)
    order = {name: number for number, name in enumerate(names)}
    samples = tuple(
        _Sample(rows, np.array([order[first[place].item.group] for place in places]), len(order))
        for rows, places in found
    )
    n = len(asked) if isinstance(measure, Measure) else max(_size(measure, sample) for sample in samples)
    return _Aligned(samples, n)


def _swap_p_value(
    measure: AnyMeasure, pair: _Aligned, value: float, seed_and_rounds: tuple[int, int]
) -> float:
    first, second = pair.samples
    groups = first.groups
    rows = np.concatenate([first.rows, second.rows])
    both = np.concatenate([first.group_of, second.group_of + groups])
    of = _valuer(measure, _Sample(rows, both, 2 * groups))
    beyond = counted = 0
    for swapped in _swaps(groups, len(rows), *seed_and_rounds):
        kept = 1 - swapped
        differences = of(np.hstack([kept, swapped])) - of(np.hstack([swapped, kept]))
        # A swap that leaves nothing to score counts against the difference.
        beyond += int(np.count_nonzero(~(np.abs(differences) < abs(value) - 1e-12)))
        counted += len(differences)
    return beyond / counted if groups <= _EXACT_GROUPS else (beyond + 1) / (counted + 1)


def _swaps(groups: int, rows: int, seed: int, rounds: int) -> Iterator[Floats]:
    """Yield which groups are swapped, in blocks of (rounds, groups): every pattern, or random ones."""
    if groups <= _EXACT_GROUPS:
        yield ((np.arange(2**groups)[:, None] >> np.arange(groups)) & 1).astype(np.float64)
        return
    rng = np.random.default_rng(seed + 1)
    step = max(1, _BLOCK // max(2 * groups, rows))
    for done in range(0, rounds, step):
        yield rng.integers(2, size=(min(step, rounds - done), groups)).astype(np.float64)
