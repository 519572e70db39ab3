"""Intervals cover what they should, tests find what is there, and a mean is never without its table."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from posology.errors import UserError
from posology.evaluate.estimates import (
    compare_arms,
    compare_runs,
    estimate,
    estimate_all,
    group_count,
    non_inferior,
    table_mean,
)
from posology.evaluate.items import Item, Mention, Outcome, Response
from posology.evaluate.scorers import measures_of
from posology.evaluate.scorers.measures import Measure, rate_of
from posology.evaluate.tasks.healthver import HEALTHVER
from posology.evaluate.tasks.ncbi_disease import NCBI_DISEASE
from posology.power import design_effect, detectable_difference, needed_n
from posology.statistics import Difference, Estimate, bootstrap_interval, holm, mcnemar, wilson_interval

MEASURES = {measure.name: measure for measure in measures_of(HEALTHVER)}
ACCURACY, MACRO_F1, AUROC = MEASURES["accuracy"], MEASURES["macro-F1"], MEASURES["AUROC"]
STRICT_F1 = measures_of(NCBI_DISEASE)[0]


def arm(rights: Sequence[bool], groups: Sequence[int] | None = None) -> list[Outcome]:
    """Return outcomes of two labels in turn, right or not, each its own group unless told."""
    return [
        Outcome(
            Item(f"i{n}", f"g{n if groups is None else groups[n]}", "", ("Supports", "Refutes")[n % 2]),
            Response(("Supports", "Refutes")[(n + (not right)) % 2]),
        )
        for n, right in enumerate(rights)
    ]


def judged(seed: int, skill: float, n: int = 60) -> list[Outcome]:
    """Return outcomes with probabilities; two items a group."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for number in range(n):
        gold = HEALTHVER.labels[number % 3]
        raw = rng.random(3) + skill * np.array([label == gold for label in HEALTHVER.labels])
        scores = dict(zip(HEALTHVER.labels, (raw / raw.sum()).tolist(), strict=True))
        response = Response(max(scores, key=lambda label: scores[label]), scores=scores)
        outcomes.append(Outcome(Item(f"i{number}", f"g{number // 2}", "", gold), response))
    return outcomes


def width(found: Difference) -> float:
    """Return how wide an interval is."""
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def mean_measure(values: dict[str, float]) -> Measure:
    return Measure("mean", lambda outcome: (values[outcome.item.id], 1.0), rate_of)


def clustered(
    rng: np.random.Generator, groups: int = 40, size: int = 5
) -> tuple[list[Outcome], dict[str, float]]:
    """Return items whose values share a part with their group; their expected value is 0."""
    groups, size = 40, 5
    shared = np.repeat(rng.normal(size=groups), size)
    values = shared + rng.normal(size=groups * size)
    outcomes = arm([True] * len(values), np.repeat(np.arange(groups), size).tolist())
    return outcomes, {f"i{n}": float(value) for n, value in enumerate(values)}


def test_the_interval_of_clustered_items_covers_the_truth_and_the_plain_one_does_not() -> None:
    rng = np.random.default_rng(1)
    covered, plain, widths = 0, 0, []
    for _ in range(200):
        outcomes, values = clustered(rng)
        found = estimate(mean_measure(values), outcomes, rounds=400)
        alone = bootstrap_interval(list(values.values()), seed=0, rounds=400)
        assert found.low is not None
        assert found.high is not None
        assert alone.low is not None
        assert alone.high is not None
        covered += found.low <= 0 <= found.high
        plain += alone.low <= 0 <= alone.high
        widths.append((found.high - found.low) / (alone.high - alone.low))
    assert 0.90 <= covered / 200 <= 0.98
    assert plain / 200 < 0.85
    assert np.mean(widths) == pytest.approx(math.sqrt(design_effect(5, 0.5)), rel=0.1)


def test_the_interval_of_a_share_covers_the_truth() -> None:
    rng = np.random.default_rng(2)
    found = [estimate(ACCURACY, arm((rng.random(150) < 0.7).tolist()), rounds=400) for _ in range(200)]
    covered = [one.low <= 0.7 <= one.high for one in found if one.low is not None and one.high is not None]
    assert 0.90 <= np.mean(covered) <= 0.98


def test_an_estimate_is_the_same_for_a_seed_and_the_same_alone_or_among_others() -> None:
    outcomes = judged(3, 0.5)
    together = estimate_all(list(MEASURES.values()), outcomes, seed=4, rounds=300)
    assert list(together) == list(MEASURES)
    for name in ("macro-F1", "AUROC", "parse failures"):
        assert together[name] == estimate(MEASURES[name], outcomes, seed=4, rounds=300)
    assert estimate(AUROC, outcomes, seed=4) != estimate(AUROC, outcomes, seed=5)
    assert together["AUROC"].n == 60
    assert group_count(AUROC, outcomes) == 30


def test_a_curve_is_drawn_by_groups_like_a_sum() -> None:
    outcomes = judged(5, 0.3)
    single = [Outcome(Item(o.item.id, o.item.id, "", o.item.gold), o.response) for o in outcomes]
    twice = [
        Outcome(Item(f"{o.item.id}-{k}", o.item.id, "", o.item.gold), o.response)
        for o in outcomes
        for k in range(2)
    ]
    one, doubled = estimate(AUROC, single, rounds=300), estimate(AUROC, twice, rounds=300)
    assert one.value == pytest.approx(doubled.value)
    assert one.low == pytest.approx(doubled.low), "copies within a group add nothing to know"
    assert (one.n, doubled.n) == (60, 120)


def test_nothing_and_one_group_have_no_interval() -> None:
    assert estimate(ACCURACY, []) == Estimate(None, 0)
    assert compare_arms(ACCURACY, [], []) == Difference(None, 0)
    one_group = arm([True, False], [0, 0])
    assert estimate(ACCURACY, one_group) == Estimate(0.5, 2)
    assert compare_arms(ACCURACY, one_group, one_group).low is None


def test_a_share_of_none_or_all_is_not_claimed_to_be_sure() -> None:
    found = estimate_all(list(MEASURES.values()), arm([True] * 100), rounds=200)
    assert found["accuracy"] == Estimate(1.0, 100, *(wilson_interval(100, 100, stats.norm.ppf(0.975)) or ()))
    assert found["parse failures"].low == 0.0
    assert found["parse failures"].high == pytest.approx(0.037, abs=5e-4)
    assert found["macro-F1"] == found["accuracy"], "perfect on all is not perfect everywhere"
    in_groups = estimate(ACCURACY, arm([True] * 100, [n // 10 for n in range(100)]))
    assert in_groups.low == pytest.approx(0.722, abs=5e-4), "ten groups of ten are ten, not a hundred"


def test_a_score_that_is_none_by_its_making_is_not_given_a_width() -> None:
    always = [Outcome(one.item, Response("Supports")) for one in arm([True] * 40)]
    found = estimate(MEASURES["recall of Refutes"], always)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0), "it never says so, on any items"


def test_arms_that_never_differ_may_differ_elsewhere() -> None:
    outcomes = judged(6, 0.4)
    for measure in (ACCURACY, MACRO_F1, AUROC):
        found = compare_arms(measure, outcomes, outcomes)
        assert (found.value, found.n, found.p_value) == (0.0, 60, 1.0)
        assert found.high == pytest.approx(0.1135, abs=5e-4), "of 30 groups"
        assert found.low == -(found.high or 0.0)
    assert non_inferior(compare_arms(ACCURACY, outcomes, outcomes), 0.05) == "not shown"


def test_arms_that_both_find_nothing_may_differ_elsewhere() -> None:
    items = [
        Item(f"i{n}", f"g{n // 2}", "gout or rash", (Mention(0, 4, "Disease", "gout"),)) for n in range(20)
    ]
    wrong = Response((Mention(8, 12, "Disease", "rash"),))
    first = [Outcome(item, wrong) for item in items]
    second = [Outcome(item, wrong if n % 3 else Response(())) for n, item in enumerate(items)]
    found = compare_arms(STRICT_F1, first, second)
    assert (found.value, found.p_value) == (0.0, 1.0)
    assert found.high == pytest.approx(0.2775, abs=5e-4), "of 10 groups; no spread of draws is no certainty"
    assert non_inferior(found, 0.1) == "not shown"


def test_answers_of_which_none_hits_are_not_sure_to_be_worth_nothing() -> None:
    gold = (Mention(0, 4, "Disease", "gout"),)
    items = [Item(f"i{n}", f"g{n}", "gout or rash", gold) for n in range(100)]
    tried = estimate(
        STRICT_F1, [Outcome(item, Response((Mention(8, 12, "Disease", "rash"),))) for item in items]
    )
    assert (tried.value, tried.low) == (0.0, 0.0)
    assert tried.high == pytest.approx(0.037, abs=5e-4)
    silent = estimate(STRICT_F1, [Outcome(item, Response(())) for item in items])
    assert (silent.value, silent.low, silent.high) == (0.0, 0.0, 0.0), "it never says any, on any items"


def test_a_difference_is_that_of_the_values_whatever_the_order_of_the_second_arm() -> None:
    first, second = judged(7, 0.8), judged(8, 0.1)
    for measure in (MACRO_F1, AUROC):
        found = compare_arms(measure, first, second)
        values = estimate(measure, first).value, estimate(measure, second).value
        assert values[0] is not None
        assert values[1] is not None
        assert found.value == pytest.approx(values[0] - values[1])
        assert found.p_value is not None
        assert found.p_value < 0.01
        assert found.low is not None
        assert found.low > 0
        assert compare_arms(measure, first, second[::-1]) == found


def test_the_interval_of_a_difference_covers_the_truth() -> None:
    rng = np.random.default_rng(12)
    covered = 0
    for _ in range(150):
        skill = np.repeat(rng.random(40), 3)  # a group of three is easy or hard for both arms
        groups = np.repeat(np.arange(40), 3).tolist()
        first = arm((rng.random(120) < 0.5 * skill + 0.4).tolist(), groups)
        second = arm((rng.random(120) < 0.5 * skill + 0.2).tolist(), groups)
        found = compare_arms(ACCURACY, first, second, rounds=300)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.2 <= found.high
    assert 0.90 <= covered / 150 <= 0.98


def test_an_item_that_a_measure_asks_of_one_arm_alone_is_in_the_difference() -> None:
    said = Measure("said", lambda outcome: (1.0, 2.0) if outcome.response.answer else None, rate_of)
    first, second = arm([True] * 20), arm([True] * 20)
    second[:5] = [Outcome(one.item, Response(None, "parse: nothing")) for one in second[:5]]
    assert compare_arms(said, first, second).n == 20
    assert compare_arms(said, second, first).n == 20


def test_a_p_value_of_random_swaps_is_never_zero() -> None:
    found = compare_arms(ACCURACY, arm([True] * 40), arm([False] * 40), rounds=99)
    assert found.p_value == pytest.approx(1 / 100)


def test_swapping_single_items_is_the_exact_mcnemar_test() -> None:
    first, second = [True] * 9 + [False] * 3, [False] * 7 + [True] * 2 + [True] + [False] * 2
    found = compare_arms(ACCURACY, arm(first), arm(second))
    assert found.p_value == pytest.approx(mcnemar(first, second))


def test_the_test_of_two_alike_arms_is_right_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(9)
    p_values = []
    for _ in range(150):
        skill = np.repeat(rng.random(15), 3)
        groups = np.repeat(np.arange(15), 3).tolist()
        first, second = (arm((rng.random(45) < skill).tolist(), groups) for _ in range(2))
        p_values.append(compare_arms(MACRO_F1, first, second, rounds=200).p_value or 0.0)
    assert np.mean(np.array(p_values) <= 0.05) <= 0.09
    assert 0.35 <= np.mean(np.array(p_values) <= 0.5) <= 0.65


def test_the_mean_of_runs_less_an_arm_is_the_mean_of_their_differences() -> None:
    other, runs = judged(9, 0.2), [judged(seed, skill) for seed, skill in ((1, 0.3), (2, 0.6), (3, 0.9))]
    each = [compare_arms(MACRO_F1, run, other).value for run in runs]
    found = compare_runs(MACRO_F1, [runs[0], runs[1][::-1], runs[2]], other[::-1])
    assert found.value == pytest.approx(np.mean([one for one in each if one is not None]))
    assert found.n == 60
    assert found.p_value is None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        (judged(1, 0.5), judged(2, 0.2)),
        (arm([True] * 40), arm([True] * 40)),  # no spread: still not sure
    ],
)
def test_one_run_is_compared_as_an_arm_is(mine: list[Outcome], other: list[Outcome]) -> None:
    alone, found = compare_arms(MACRO_F1, mine, other), compare_runs(MACRO_F1, [mine], other)
    assert (found.value, found.n, found.low, found.high) == (alone.value, alone.n, alone.low, alone.high)


def test_the_mean_of_alike_runs_has_the_interval_of_one_and_of_unlike_runs_a_smaller_one() -> None:
    other = judged(9, 0.2)
    alone, alike = (
        compare_arms(ACCURACY, judged(1, 0.5), other),
        compare_runs(ACCURACY, [judged(1, 0.5)] * 3, other),
    )
    assert (alike.low, alike.high) == pytest.approx((alone.low, alone.high))
    ideal = arm([True] * 60)
    runs = [arm(list(np.random.default_rng(seed).random(60) < 0.5)) for seed in range(8)]
    single, mean = compare_runs(ACCURACY, runs[:1], ideal), compare_runs(ACCURACY, runs, ideal)
    assert width(mean) < 0.7 * width(single)


def test_runs_that_a_measure_asks_of_other_items_are_drawn_by_the_same_groups() -> None:
    rng = np.random.default_rng(3)
    values = {f"i{number}": value for number, value in enumerate(rng.random(30))}

    def counts(outcome: Outcome) -> tuple[float, float] | None:  # nothing is asked of what is not answered
        return None if outcome.response.answer is None else (values[outcome.item.id], 1.0)

    def run(silent: Sequence[int]) -> list[Outcome]:
        return [
            Outcome(one.item, Response(None, failure="parse: none") if number in silent else one.response)
            for number, one in enumerate(arm([True] * 30))
        ]

    measure = Measure("mean of the answered", counts, rate_of)
    other = run([5])
    alone = [compare_runs(measure, [run(silent)], other) for silent in ([0], [29])]
    for silent in ([0], [29], [0, 1]):  # as many groups, and fewer
        both = compare_runs(measure, [run([0]), run(silent)], other)
        assert both.value is not None
        assert both.n == 30
        assert both.low is not None
        assert both.high is not None
    mean = compare_runs(measure, [run([0]), run([29])], other)
    ends = [(one.low, one.high) for one in alone]
    # both runs answer alike where both answer: their mean varies as each does
    assert mean.low == pytest.approx(np.mean([low for low, _ in ends if low is not None]), abs=0.02)
    assert mean.high == pytest.approx(np.mean([high for _, high in ends if high is not None]), abs=0.02)


def test_no_run_has_no_mean_and_runs_of_other_items_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a run"):
        compare_runs(ACCURACY, [], judged(1, 0.5))
    with pytest.raises(UserError, match="different items"):
        compare_runs(ACCURACY, [judged(1, 0.5), judged(1, 0.5)[:-1]], judged(2, 0.5))


def test_arms_that_answered_other_items_are_not_compared() -> None:
    outcomes = arm([True] * 6)
    with pytest.raises(UserError, match=r"different items \(1 in one only: i5\)"):
        compare_arms(ACCURACY, outcomes, outcomes[:5])
    with pytest.raises(UserError, match="two answers to one item"):
        compare_arms(ACCURACY, [*outcomes, outcomes[0]], outcomes)


def test_an_arm_without_probabilities_has_no_difference_of_curves() -> None:
    assert compare_arms(AUROC, judged(1, 0.5), arm([True] * 60)).value is None


@pytest.mark.parametrize(
    ("first_alone", "second_alone"), [(0, 0), (1, 9), (12, 5), (30, 30), (700, 600), (600, 600)]
)
def test_mcnemar_is_the_two_sided_binomial_test(first_alone: int, second_alone: int) -> None:
    first = [True] * first_alone + [False] * second_alone + [True, False]
    second = [False] * first_alone + [True] * second_alone + [True, False]
    n = first_alone + second_alone
    reference = stats.binomtest(first_alone, n).pvalue if n else 1.0
    assert mcnemar(first, second) == pytest.approx(reference, rel=5e-3)


def test_holm_multiplies_the_smallest_most_and_keeps_the_order() -> None:
    # Worked by hand: 0.005 x 4, 0.01 x 3, 0.03 x 2, then not below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([1.2])


@pytest.mark.parametrize(
    ("low", "high", "better", "verdict"),
    [
        (-0.03, 0.02, 1, "non-inferior"),
        (-0.05, 0.02, 1, "not shown"),
        (-0.09, -0.06, 1, "inferior"),
        (-0.02, 0.03, -1, "non-inferior"),
        (0.06, 0.09, -1, "inferior"),
        (None, None, 1, "not shown"),
    ],
)
def test_non_inferiority_is_read_from_the_end_of_the_interval(
    low: float | None, high: float | None, better: int, verdict: str
) -> None:
    assert non_inferior(Difference(0.0, 100, low, high), 0.05, better=better) == verdict


@pytest.mark.parametrize(("margin", "better"), [(0.0, 1), (-0.1, 1), (0.05, 0)])
def test_non_inferiority_without_a_margin_or_a_better_side_is_refused(margin: float, better: int) -> None:
    with pytest.raises(ValueError, match="margin"):
        non_inferior(Difference(0.0, 100, -0.1, 0.1), margin, better=better)


def test_telling_two_rates_of_invention_apart_needs_what_the_published_formula_says() -> None:
    # 1.8 % against 3.2 % at alpha 0.05 and power 0.8: 1,951.03 an arm, so 1,952 whole ones.
    assert needed_n(0.014, p1=0.018) == 1952
    assert needed_n(-0.014, p1=0.032) == 1952
    # Fleiss, Levin and Paik's way for one half against 0.6: 387.3 an arm.
    assert needed_n(0.1, p1=0.5) == 388
    # Connor's for 10 points where 30 % of the pairs differ.
    assert needed_n(0.1, discordant=0.3) == 234
    # The two-sided test of a mean: (1.96 + 0.84)² x 4.
    assert needed_n(0.5, sd=1.0) == 32


@pytest.mark.parametrize("design", ["p1", "discordant", "sd"])
def test_the_difference_that_n_items_show_needs_n_items(design: str) -> None:
    p1, discordant, sd = (0.3 if name == design else None for name in ("p1", "discordant", "sd"))
    found = detectable_difference(200, p1=p1, discordant=discordant, sd=sd)
    assert found is not None
    assert needed_n(found, p1=p1, discordant=discordant, sd=sd) == 200
    assert needed_n(found * 0.99, p1=p1, discordant=discordant, sd=sd) > 200


def test_needed_n_has_the_power_it_says() -> None:
    n = needed_n(0.15, discordant=0.35)
    rng = np.random.default_rng(11)
    draws = rng.multinomial(n, [0.25, 0.10, 0.65], size=400)
    found = [stats.binomtest(int(b), int(b + c)).pvalue < 0.05 for b, c, _ in draws]
    assert 0.70 <= np.mean(found) <= 0.85, "the exact test is a little below the formula's 0.8"


def test_what_no_n_can_show_is_none_and_what_is_asked_amiss_is_refused() -> None:
    assert detectable_difference(3, p1=0.5) is None
    assert detectable_difference(2, discordant=0.1) is None
    with pytest.raises(ValueError, match="exactly one"):
        needed_n(0.1, p1=0.5, sd=1.0)
    with pytest.raises(ValueError, match="exactly one"):
        needed_n(0.1)
    with pytest.raises(ValueError, match="both proportions"):
        needed_n(0.6, p1=0.5)
    with pytest.raises(ValueError, match="discordant share"):
        needed_n(0.4, discordant=0.3)
    with pytest.raises(ValueError, match="power"):
        needed_n(0.1, p1=0.5, power=0.01)
    with pytest.raises(ValueError, match="a difference of 0"):
        needed_n(0.0, sd=1.0)


def test_a_mean_over_tasks_comes_with_its_table_and_interval() -> None:
    table = {"one": Estimate(0.5, 100, 0.4, 0.6), "two": Estimate(0.7, 200, 0.6, 0.8)}
    found = table_mean(table)
    assert found.rows == tuple(table.items())
    assert found.mean.value == pytest.approx(0.6)
    assert found.mean.n == 300
    assert found.mean.high == pytest.approx(0.6 + math.hypot(0.1, 0.1) / 2)


def test_a_mean_over_one_task_is_refused_and_a_task_without_a_value_leaves_none() -> None:
    with pytest.raises(ValueError, match="two tasks"):
        table_mean({"one": Estimate(0.5, 100, 0.4, 0.6)})
    missing = table_mean({"one": Estimate(0.5, 100, 0.4, 0.6), "two": Estimate(None, 0)})
    assert missing.mean == Estimate(None, 100)
    assert len(missing.rows) == 2
    bare = table_mean({"one": Estimate(0.5, 100, 0.4, 0.6), "two": Estimate(0.3, 1)})
    assert bare.mean == Estimate(pytest.approx(0.4), 101)
