"""The smallest effective dose: what makes a dose effective, and which is the smallest."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_titration import TASKS, made_arm, made_arms, made_items, made_plan

from posology.evaluate.cost import Basis, Figure
from posology.evaluate.items import Item, Mention, Outcome, Response
from posology.evaluate.scorers import measures_of
from posology.evaluate.tasks.ncbi_disease import NCBI_DISEASE
from posology.evaluate.titration import Results, analyze
from posology.evaluate.titration.arms import Fallen
from posology.evaluate.titration.doses import find_dose
from posology.evaluate.titration.fronts import Point, find_front
from posology.evaluate.titration.judging import Demand, Judgement, judge, order_of
from posology.evaluate.titration.pictures import front_pictures
from posology.evaluate.titration.plan import Budget
from posology.evaluate.titration.slicing import slice_scores
from posology.statistics import Difference, Estimate

HIGH, LOW = Estimate(0.8, 100, 0.7, 0.9), Estimate(0.5, 100, 0.4, 0.6)


@pytest.mark.parametrize(
    ("found", "against", "demand", "budget", "effective", "reason"),
    [
        (HIGH, None, Demand("F1", score=0.7), Budget(), True, ""),
        (HIGH, None, Demand("F1", score=0.75), Budget(), False, "the lower end does not reach 0.75"),
        (Estimate(0.9, 1), None, Demand("F1", score=0.5), Budget(), False, "without an interval"),
        (LOW, None, Demand("error", -1, score=0.6), Budget(), True, ""),
        (LOW, None, Demand("error", -1, score=0.55), Budget(), False, "the upper end does not reach"),
        (HIGH, None, Demand("F1"), Budget(), False, "requires no score"),
        (
            LOW,
            Difference(-0.01, 100, -0.04, 0.02),
            Demand("F1", reference="x", margin=0.05),
            Budget(),
            True,
            "",
        ),
        (
            LOW,
            Difference(-0.01, 100, -0.06, 0.02),
            Demand("F1", reference="x", margin=0.05),
            Budget(),
            False,
            "-0.060",
        ),
        (LOW, None, Demand("F1", reference="x", margin=0.05), Budget(), False, "no difference from x"),
        (
            Estimate(0.0, 100, 0.0, 0.0),
            Difference(-0.01, 100, -0.04, 0.02),
            Demand("F1", reference="x", margin=0.05),
            Budget(),
            False,
            "it does nothing of the task",
        ),
        (HIGH, None, Demand("F1", score=0.7), Budget(latency_p95_s=1.0), False, "1.53, above 1"),
        (HIGH, None, Demand("F1", score=0.7), Budget(latency_p95_s=2.0), True, ""),
        (HIGH, None, Demand("F1", score=0.7), Budget(cost_per_1000=1.0), False, "not known, so not within"),
        (HIGH, None, Demand("F1", score=0.7), Budget(parameters=1e8), False, "500,000,000 are above"),
    ],
)
def test_a_dose_is_effective_by_the_end_of_its_interval_and_within_the_budget(
    found, against, demand, budget, effective, reason
):
    row = ("middle", "generator", "alpha", "zero", 500_000_000, 0.6, 0.9)
    judgement = judge(made_arm("t", made_items(10), row), found, against, demand, budget)
    assert judgement.effective is effective
    assert reason in "; ".join(judgement.reasons)
    assert bool(judgement.reasons) is not effective


def _triage(folder):
    return analyze(made_plan(folder), Results(tuple(made_arms())), rounds=200).tasks[0]


def _dose(effective: set[str]):
    arms = made_arms(n=10)
    judged = {
        arm.name: Judgement(arm.name in effective, True, () if arm.name in effective else ("too low",))
        for arm in arms
    }
    return find_dose("t", arms, {arm.name: HIGH for arm in arms}, judged, Demand("F1", score=0.7))


def test_the_smallest_is_by_parameters_and_the_runner_up_is_another_system():
    dose = _dose({"large zero", "middle few+constrained", "middle zero"})
    assert (dose.smallest, dose.runner_up) == ("middle zero", "large zero")
    assert (
        "the smallest effective dose is middle zero (500M parameters; F1 0.800, 95 % interval 0.700 to"
        in dose.sentence
    )
    assert "the runner-up large zero (1.5B parameters" in dose.sentence


def test_no_model_is_the_smallest_dose_and_is_said_so():
    dose = _dose({"tf-idf", "small zero"})
    assert (dose.smallest, dose.model) == ("tf-idf", "small zero")
    assert "On t no language model is needed: tf-idf (no language model;" in dose.sentence
    assert "the smallest effective model is small zero" in dose.sentence


def test_where_no_dose_is_effective_the_closest_is_named_with_what_it_lacks():
    dose = _dose(set())
    assert dose.smallest is None
    assert dose.sentence.startswith("On t no dose of the ladder is effective (required: F1 of at least 0.7)")
    assert dose.sentence.endswith("too low.")


@settings(max_examples=20, deadline=None)
@given(st.sets(st.sampled_from([arm.name for arm in made_arms(n=3)])))
def test_no_effective_dose_is_smaller_than_the_smallest(effective):
    dose = _dose(effective)
    sizes = {arm.name: arm.identity.parameters or 0 for arm in made_arms(n=3)}
    assert set(dose.effective) == effective
    if effective:
        assert sizes[dose.smallest] == min(sizes[name] for name in effective)
    else:
        assert dose.smallest is None


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1)
)
def test_an_arm_is_on_the_front_exactly_where_none_beats_it(points):
    front = find_front("s", {name: Point(*point) for name, point in points.items()})
    for name, (cost, score) in points.items():
        beaten = any((c <= cost and s >= score) and (c < cost or s > score) for c, s in points.values())
        assert (name in front.best) is not beaten


def test_non_inferiority_over_tasks_uses_the_reference_of_the_plan(tmp_path):
    text = '[requirement]\nnon_inferior_to = "large few+constrained"\nmargin = 0.6\n'
    from made_titration import PLAN

    plan = made_plan(tmp_path, PLAN.partition("[requirement]")[0] + text)
    study = analyze(plan, Results((*made_arms(), *made_arms("made_claims"))), rounds=200)
    assert study.tasks[0].reference == "large few+constrained"
    assert study.dose.smallest is not None
    assert "less than 0.6 below that of large few+constrained" in study.tasks[0].dose.sentence
    assert "large few+constrained" in study.tasks[0].dose.effective


def test_a_task_without_results_keeps_every_dose_from_being_effective_on_all(tmp_path):
    study = analyze(made_plan(tmp_path), Results(tuple(made_arms(lift=0.5))), rounds=200)
    assert study.tasks[0].dose.smallest is not None
    assert study.dose.smallest is None
    assert "No dose of the ladder is effective on every one of the 2 tasks" in study.dose.sentence


def test_without_its_reference_no_dose_is_judged_and_none_is_called_ineffective(tmp_path):
    from made_titration import PLAN

    text = '[requirement]\nnon_inferior_to = "large few+constrained"\nmargin = 0.1\n'
    plan = made_plan(tmp_path, PLAN.partition("[requirement]")[0] + text)
    arms = [one for task in TASKS for one in made_arms(task) if one.name != "large few+constrained"]
    fallen = tuple(Fallen(task, "large few+constrained", "not run yet") for task in TASKS)
    study = analyze(plan, Results(tuple(arms), fallen), rounds=100)
    for task in study.tasks:
        assert task.dose.undecided
        assert "no dose can be judged: the reference, large few+constrained, has no" in task.dose.sentence
    assert study.dose.sentence.startswith("No dose can be judged for the whole plan: the reference has no")
    assert "is effective" not in study.dose.sentence


def test_arms_without_a_result_are_counted_in_the_sentence(tmp_path):
    fallen = (
        Fallen("made_triage", "small zero", "not run yet"),
        Fallen("made_triage", "x", "?", ruled_out=True),
    )
    arms = [one for one in made_arms() if one.name != "small zero"]
    study = analyze(made_plan(tmp_path), Results(tuple(arms), fallen), rounds=100)
    assert study.tasks[0].dose.missing == 1
    assert study.tasks[0].dose.sentence.endswith("1 arm of the plan has no result, which may change this.")
    assert study.dose.sentence.endswith("1 task has no result at all.")


def test_differences_are_paired_and_corrected_over_all_arms(tmp_path):
    task = _triage(tmp_path)
    assert task.reference == "large few+constrained"
    assert len(task.from_reference) == 7
    for one in task.from_reference:
        assert one.adjusted >= one.difference.p_value
        assert one.difference.n == 60
    assert task.baseline in ("majority", "tf-idf")


def test_wins_and_losses_name_items_and_labels_only(tmp_path):
    task = _triage(tmp_path)
    first, second, items = task.read
    assert first == task.dose.model
    assert second == task.baseline
    assert {one.won for one in items} == {True, False} or all(one.won for one in items)
    assert not any("pain" in one.first + one.second for one in items)


def test_what_is_required_of_a_measure_of_which_less_is_better_is_said_so():
    assert Demand("Brier score", -1, score=0.2).words == "Brier score of at most 0.2"
    against = Demand("Brier score", -1, reference="large zero", margin=0.1)
    assert against.words == "Brier score less than 0.1 above that of large zero"


def test_a_front_shows_a_measure_of_which_less_is_better_as_it_is(tmp_path):
    plan = made_plan(tmp_path)
    errors = tuple(replace(task, metric="parse failures") for task in plan.tasks)
    task = analyze(replace(plan, tasks=errors), Results(tuple(made_arms())), rounds=100).tasks[0]
    assert task.fronts[0].best == ("majority",)
    assert ">-0.2<" not in front_pictures(task)[0], "no share is below 0"


def test_a_written_mention_is_found_in_its_slice_where_strict_f1_takes_it_to_be():
    text = "Gout in the family; now gout of the knee."
    gold = (Mention(24, 28, "Disease", "gout"),)
    said = Response((Mention(0, 4, "Disease", "Gout"),), text="gout")
    outcomes = tuple(Outcome(Item(f"i{n}", f"g{n}", text, gold), said) for n in range(12))
    arm = replace(made_arms(n=3)[2], outcomes=outcomes)
    found = slice_scores(NCBI_DISEASE, measures_of(NCBI_DISEASE)[0], [arm], seed=1, rounds=50)
    assert [(one.value, one.found.value) for one in found] == [("common answers", 1.0)]


def test_slices_hold_n_and_leave_out_what_is_too_small(tmp_path):
    task = _triage(tmp_path)
    found = {(one.by, one.value): one.found.n for one in task.slices}
    assert found["sex", "female"] == found["sex", "male"] == 30
    assert {by for by, _ in found} == {"sex", "length", "frequency"}
    assert all(n >= 10 for (by, _), n in found.items())


def test_equal_arms_have_no_wins(tmp_path):
    arms = made_arms()
    same = tuple(Outcome(one.item, one.response) for one in arms[1].outcomes)
    from posology.evaluate.titration.comparisons import items_to_read

    task = made_plan(tmp_path).tasks[0]
    assert items_to_read(task, arms[1], replace(arms[2], outcomes=same)) == ()


def test_a_reference_that_no_smaller_dose_reaches_is_not_sold_as_a_finding(tmp_path):
    from made_titration import PLAN

    text = PLAN.partition("[requirement]")[0]
    text += '[requirement]\nnon_inferior_to = "large few+constrained"\nmargin = 0.01\n'
    task = analyze(made_plan(tmp_path, text), Results(tuple(made_arms())), rounds=200).tasks[0]
    assert "no dose smaller than the reference itself, large few+constrained" in task.dose.sentence
    assert "says little" not in task.dose.sentence


def test_a_reference_that_alone_is_effective_on_every_task_is_not_sold_as_the_smallest_dose(tmp_path):
    from made_titration import PLAN

    text = PLAN.partition("[requirement]")[0]
    text += '[requirement]\nnon_inferior_to = "large few+constrained"\nmargin = 0.01\n'
    arms = tuple(one for task in TASKS for one in made_arms(task))
    dose = analyze(made_plan(tmp_path, text), Results(arms), rounds=200).dose
    assert dose.sentence.startswith("No dose smaller than the reference itself, large few+constrained (1.5B")
    weak = text.replace("large few+constrained", "small few+constrained").replace("0.01", "0.5")
    said = analyze(made_plan(tmp_path, weak), Results(arms), rounds=200).dose.sentence
    assert "On 2 of the 2 tasks the reference is not shown to be better than the best system" in said


def test_a_reference_no_better_than_counting_words_is_said_to_be_so(tmp_path):
    from made_titration import PLAN

    text = PLAN.partition("[requirement]")[0]
    text += '[requirement]\nnon_inferior_to = "small few+constrained"\nmargin = 0.5\n'
    task = analyze(made_plan(tmp_path, text), Results(tuple(made_arms())), rounds=200).tasks[0]
    opening, _, rest = task.dose.sentence.partition("not being worse than it says little. By it alone, ")
    assert opening.startswith("On made_triage the reference, small few+constrained (macro-F1 0.3")
    assert "is itself not shown to be better than tf-idf (macro-F1 0." in opening
    assert rest.startswith("no language model is needed: majority (")


def test_of_one_size_the_arm_with_fewer_operations_is_the_smaller_dose_whatever_the_clock_said():
    arm = next(one for one in made_arms() if one.identity.parameters)
    costs = {"quick": (2e9, 0.1), "small": (1e9, 0.9)}
    quick, small = (
        replace(arm, cost=dict(arm.cost) | {"flops": flops, "latency_p50": seconds})
        for flops, seconds in (
            (Figure(flops, "FLOP per item", Basis.MODELLED), Figure(seconds, "s", Basis.MEASURED))
            for flops, seconds in costs.values()
        )
    )
    assert sorted([quick, small], key=order_of) == [small, quick]
