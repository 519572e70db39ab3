"""Estimates are those of the books, and nothing has no value."""

import itertools
import math
import random
import statistics as standard

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.statistics import (
    bootstrap_interval,
    clustered_interval,
    intraclass_correlation,
    krippendorff_alpha,
    median_interval,
    median_of,
    paired_difference,
    proportion,
    weighted_kappa,
    wilson_interval,
)

_ = None
# Krippendorff 2011, example D: four observers (rows), twelve units (columns), some missing.
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]
UNITS = [list(column) for column in zip(*FOUR_OBSERVERS, strict=True)]
# Shrout and Fleiss 1979, table 2: six targets (rows), four judges.
SIX_TARGETS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_is_that_of_the_published_example(level, published):
    found = krippendorff_alpha(UNITS, level)
    assert found.value == pytest.approx(published, abs=0.0005)
    assert found.n == 11, "the unit that one observer coded says nothing of agreement"
    assert found.low < found.value < found.high <= 1


def test_alpha_of_two_observers_and_a_yes_or_no_is_that_of_the_published_example():
    """Krippendorff 2011, example A: alpha 0.095."""
    first, second = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    found = krippendorff_alpha(list(zip(first, second, strict=True)), "nominal")
    assert found.value == pytest.approx(0.095, abs=0.0005)


def test_nominal_ratings_may_be_words():
    words = [["yes", "yes"], ["no", "no"], ["yes", "no"], ["unknown", "unknown"], ["no", None]]
    numbers = [[1, 1], [2, 2], [1, 2], [3, 3], [2, None]]
    assert krippendorff_alpha(words, "nominal") == krippendorff_alpha(numbers, "nominal")
    with pytest.raises(ValueError, match="ordinal ratings are numbers"):
        krippendorff_alpha(words, "ordinal")


def naive_alpha(units, level):
    """Compute alpha by its words: the mean distance of pairs within units over that of all pairs."""
    units = [[v for v in unit if v is not None] for unit in units]
    units = [unit for unit in units if len(unit) > 1]
    pool = [v for unit in units for v in unit]

    def distance(a, b):
        if level == "nominal":
            return float(a != b)
        if level == "interval":
            return (a - b) ** 2
        between = sum(1 for v in pool if min(a, b) <= v <= max(a, b))
        return (between - (pool.count(a) + pool.count(b)) / 2) ** 2 if a != b else 0.0

    within = sum(
        sum(distance(a, b) for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units
    )
    among = sum(distance(a, b) for a, b in itertools.permutations(pool, 2))
    return 1 - (within / len(pool)) / (among / (len(pool) * (len(pool) - 1)))


@settings(max_examples=25)
@given(
    st.lists(st.lists(st.sampled_from([1, 2, 3, 5, None]), min_size=3, max_size=3), min_size=3, max_size=8),
    st.sampled_from(["nominal", "ordinal", "interval"]),
)
def test_alpha_equals_its_definition(units, level):
    pairable = [[v for v in u if v is not None] for u in units]
    pool = {v for u in pairable if len(u) > 1 for v in u}
    found = krippendorff_alpha(units, level, rounds=20)
    if len(pool) < 2:
        assert found.value is None
    else:
        assert found.value == pytest.approx(naive_alpha(units, level))


def test_quadratic_kappa_is_that_of_the_reference_library():
    """scikit-learn's own test of cohen_kappa_score with quadratic weights: 0.9541."""
    first, second = [0] * 46 + [1] * 44 + [2] * 10, [0] * 50 + [1] * 40 + [2] * 10
    found = weighted_kappa(first, second)
    assert found.value == pytest.approx(0.9541, abs=0.00005)
    assert found.low < found.value < found.high <= 1


def naive_kappa(first, second):
    scale = range(min(first + second), max(first + second) + 1)
    n = len(first)
    pairs = list(zip(first, second, strict=True))
    observed = sum((i - j) ** 2 * pairs.count((i, j)) / n for i in scale for j in scale)
    expected = sum((i - j) ** 2 * first.count(i) * second.count(j) / n**2 for i in scale for j in scale)
    return 1 - observed / expected


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=20))
def test_quadratic_kappa_equals_its_definition(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found = weighted_kappa(first, second, rounds=20)
    if len(set(first + second)) < 2:
        assert found.value is None, "one value alone leaves nothing to agree about"
    else:
        assert found.value == pytest.approx(naive_kappa(first, second))


def test_intraclass_correlation_is_that_of_the_published_example():
    """Shrout and Fleiss 1979, table 4: ICC(2,1) is .29."""
    found = intraclass_correlation(SIX_TARGETS)
    assert found.value == pytest.approx(0.29, abs=0.005)
    assert found.n == 6


def test_a_shift_between_raters_is_disagreement():
    """The manual of MedCalc: (2,4), (4,6) and (6,8) have an absolute agreement of 0.6667."""
    assert intraclass_correlation([[2, 4], [4, 6], [6, 8]]).value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_those_of_the_published_table(k, n, low, high):
    assert wilson_interval(k, n) == pytest.approx((low, high), abs=0.00006)


@pytest.mark.parametrize("n", [1, 7, 238, 5000])
def test_intervals_of_none_and_of_all_reach_the_end(n):
    assert wilson_interval(0, n)[0] == 0.0
    assert wilson_interval(n, n)[1] == 1.0


@pytest.mark.parametrize(
    "found",
    [
        proportion(0, 0),
        bootstrap_interval([], seed=1),
        clustered_interval([], seed=1),
        clustered_interval([[], []], seed=1),
        median_interval([]),
        krippendorff_alpha([], "nominal"),
        krippendorff_alpha([[1, None], [None, None]], "interval"),
        weighted_kappa([], []),
        intraclass_correlation([]),
        paired_difference([], [], seed=1),
    ],
)
def test_nothing_has_no_value_and_no_interval(found):
    assert (found.value, found.n, found.low, found.high) == (None, 0, None, None)


def test_one_value_has_no_interval():
    assert bootstrap_interval([3.0], seed=1).low is None
    assert clustered_interval([[3.0, 4.0]], seed=1).low is None


@pytest.mark.parametrize(
    ("n", "rank"), [(5, None), (6, 1), (8, 1), (9, 2), (10, 2), (12, 3), (20, 6), (100, 40)]
)
def test_median_intervals_run_between_the_tabled_order_statistics(n, rank):
    """Ranks of the 95 % interval of a median, as in published tables of the sign test."""
    found = median_interval([float(i) for i in range(1, n + 1)])
    assert found.value == (n + 1) / 2
    assert (found.low, found.high) == ((rank, n + 1 - rank) if rank else (None, None))


def test_the_bootstrap_of_a_mean_agrees_with_its_standard_error():
    rng = random.Random(3)
    values = [rng.gauss(10, 2) for _ in range(400)]
    found = bootstrap_interval(values, seed=7, rounds=4000)
    half = 1.96 * standard.stdev(values) / math.sqrt(len(values))
    assert found.value == pytest.approx(standard.fmean(values))
    assert found.high - found.value == pytest.approx(half, rel=0.1)
    assert found.value - found.low == pytest.approx(half, rel=0.1)


def test_blocks_do_not_change_what_a_statistic_is():
    values = [float(i % 17) for i in range(5000)]
    found = bootstrap_interval(values, median_of, seed=1, rounds=1500)
    assert found.low <= standard.median(values) == found.value <= found.high


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    values = [1.0, 2.0, 5.0, 9.0, 4.0]
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1, rounds=50) != bootstrap_interval(values, seed=2, rounds=50)


def test_values_that_repeat_within_clusters_give_wider_intervals():
    clusters = [[float(i)] * 10 for i in range(20)]
    single = bootstrap_interval([v for c in clusters for v in c], seed=1)
    grouped = clustered_interval(clusters, seed=1)
    assert grouped.value == single.value
    assert grouped.n == 20
    assert grouped.high - grouped.low > 2.5 * (single.high - single.low)


def test_clusters_of_one_are_the_plain_bootstrap():
    values = [float(i) for i in range(30)]
    grouped = clustered_interval([[v] for v in values], seed=1, rounds=3000)
    single = bootstrap_interval(values, seed=2, rounds=3000)
    assert (grouped.low, grouped.high) == pytest.approx((single.low, single.high), rel=0.08)


def naive_flips(differences):
    far = abs(sum(differences)) - 1e-9
    patterns = list(itertools.product((1, -1), repeat=len(differences)))
    return sum(abs(sum(s * d for s, d in zip(p, differences, strict=True))) >= far for p in patterns) / len(
        patterns
    )


@settings(max_examples=25)
@given(st.lists(st.integers(-6, 6), min_size=1, max_size=8))
def test_the_p_value_of_few_pairs_counts_every_sign_pattern(differences):
    found = paired_difference(differences, [0] * len(differences), seed=1, rounds=50)
    assert found.p_value == pytest.approx(naive_flips(differences))


def test_darwins_maize_has_the_p_value_that_fisher_counted():
    """Fisher, The Design of Experiments, section 21: 1726 of 32768 sign patterns, 0.0527."""
    eighths = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    found = paired_difference(eighths, [0] * 15, seed=4, rounds=40_000)
    assert found.value == pytest.approx(314 / 15)
    assert found.p_value == pytest.approx(1726 / 32768, abs=0.004)
    assert found.low < found.value < found.high


def test_a_p_value_is_never_zero():
    assert paired_difference([1.0] * 40, [0.0] * 40, seed=1, rounds=99).p_value == 0.01


@pytest.mark.parametrize(
    "call",
    [
        lambda: proportion(3, 2),
        lambda: weighted_kappa([1, 2], [1]),
        lambda: paired_difference([1], [1, 2], seed=0),
        lambda: intraclass_correlation([[1, 2], [1]]),
    ],
)
def test_input_that_cannot_be_is_refused(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()


def test_results_are_plain_numbers():
    for found in (krippendorff_alpha(UNITS, "ordinal"), weighted_kappa([1, 2, 3] * 5, [1, 2, 2] * 5)):
        assert all(type(v) is float for v in (found.value, found.low, found.high))


@pytest.mark.parametrize(("n", "rank"), [(1023, 480), (1024, 481), (20_000, 9861)])  # normal: n/2 - 0.98 √n
def test_the_interval_of_the_median_of_many_values_is_exact_too(n, rank):
    found = median_interval(range(1, n + 1))
    assert (found.low, found.high) == (rank, n + 1 - rank)
    assert abs(rank - (n / 2 - 0.98 * n**0.5)) < 1.5
