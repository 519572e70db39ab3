"""Levels of urgency: the scores agree with scikit-learn, and a patient not placed is never a success."""

import dataclasses
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score

from posology.evaluate.items import Item, Outcome, Response
from posology.evaluate.scorers.labels import label_measures
from posology.evaluate.scorers.measures import total
from posology.evaluate.scorers.triage import farthest_level, triage_measures
from posology.evaluate.task import Task
from posology.evaluate.tasks.healthver import HEALTHVER
from posology.evaluate.tasks.ktas_triage import KTAS_TRIAGE
from posology.evaluate.tasks.symptom_vignettes import SYMPTOM_VIGNETTES

LEVELS = KTAS_TRIAGE.labels


def outcome(gold: str, given_level: str | None, failure: str = "parse: no label") -> Outcome:
    """Return one patient's gold level and the level given; None: not placed."""
    answered = Response(given_level) if given_level else Response(None, failure)
    return Outcome(Item("1", "1", "", gold), answered)


def scores(task: Task, pairs: list[tuple[str, str | None]]) -> dict[str, float]:
    """Return every measure of the pairs."""
    outcomes = [outcome(gold, said) for gold, said in pairs]
    return {m.name: float(m.value(total(m, outcomes)[0].sum(axis=0))) for m in triage_measures(task)}


@pytest.mark.parametrize(
    ("gold", "said", "reason", "counted"),
    [
        ("2", "2", "right", set()),
        ("1", "2", "one level low, still among the urgent", {"under-triage"}),
        ("2", "3", "an urgent patient waits with the not so urgent", {"under-triage", "urgent missed"}),
        ("2", "4", "urgent placed as non-urgent", {"under-triage", "urgent missed", "strict under-triage"}),
        ("1", "5", "the worst error", {"under-triage", "urgent missed", "strict under-triage"}),
        ("3", "5", "two levels low, but level 3 is not among the urgent", {"under-triage"}),
        ("5", "3", "takes a place that another needs", {"over-triage"}),
        (
            "2",
            None,
            "not placed is as bad as can be",
            {"under-triage", "urgent missed", "strict under-triage"},
        ),
        ("5", None, "not placed: as far off as can be", {"over-triage"}),
    ],
)
def test_what_counts_as_under_and_over_triage(
    gold: str, said: str | None, reason: str, counted: set[str]
) -> None:
    found = scores(KTAS_TRIAGE, [(gold, said)])
    errors = ("under-triage", "urgent missed", "strict under-triage", "over-triage")
    assert {name for name in errors if found[name] == 1} == counted, reason


def test_of_three_levels_the_first_is_urgent_and_the_last_is_not() -> None:
    found = scores(
        SYMPTOM_VIGNETTES,
        [
            ("emergency", "self-care"),
            ("emergency", "non-emergency"),
            ("self-care", "emergency"),
            ("self-care", None),
        ],
    )
    assert found["strict under-triage"] == 1 / 4
    assert found["urgent missed"] == 1
    assert found["within one"] == 1 / 4


@given(st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)), min_size=2, max_size=60))
@settings(max_examples=60, deadline=None)
def test_quadratic_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    gold, said = zip(*pairs, strict=True)
    mine = scores(KTAS_TRIAGE, list(pairs))["quadratic kappa"]
    if len({*gold, *said}) == 1:
        assert math.isnan(mine)
        return
    theirs = cohen_kappa_score(gold, said, labels=list(LEVELS), weights="quadratic")
    assert mine == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_macro_f1_and_balanced_accuracy_beside_it_are_those_of_scikit_learn(seed: int) -> None:
    rng = random.Random(seed)
    gold = [*LEVELS, *rng.choices(LEVELS, (1, 5, 20, 20, 4), k=80)]
    said = [level if rng.random() < 0.5 else rng.choice(LEVELS) for level in gold]
    outcomes = [outcome(*pair) for pair in zip(gold, said, strict=True)]
    mine = {m.name: m.value(total(m, outcomes)[0].sum(axis=0)) for m in label_measures(KTAS_TRIAGE)}
    assert mine["macro-F1"] == pytest.approx(f1_score(gold, said, average="macro"), abs=1e-12)
    assert mine["balanced accuracy"] == pytest.approx(balanced_accuracy_score(gold, said), abs=1e-12)


def test_many_resamples_are_scored_at_once_as_one_by_one() -> None:
    rng = np.random.default_rng(4)
    outcomes = [outcome(*rng.choice(LEVELS, 2)) for _ in range(40)]
    draws = rng.integers(0, 3, (50, 40)).astype(np.float64)
    for measure in triage_measures(KTAS_TRIAGE):
        sums = draws @ total(measure, outcomes)[0]
        together = measure.value(sums)
        assert together.shape == (50,)
        np.testing.assert_allclose(together, [measure.value(one) for one in sums])


@given(
    st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from((*LEVELS, None))), min_size=1, max_size=30)
)
@settings(max_examples=40, deadline=None)
def test_a_patient_not_placed_never_improves_a_score(pairs: list[tuple[str, str | None]]) -> None:
    before = scores(KTAS_TRIAGE, pairs)
    worse = scores(KTAS_TRIAGE, [(pairs[0][0], None), *pairs[1:]])
    for name in ("strict under-triage", "urgent missed"):
        assert math.isnan(before[name]) or worse[name] >= before[name]
    assert worse["within one"] <= before["within one"]


def test_the_shares_of_right_under_and_over_add_up_to_one() -> None:
    found = scores(KTAS_TRIAGE, [("1", "1"), ("2", "4"), ("3", "1"), ("4", None), ("3", None)])
    assert found["under-triage"] + found["over-triage"] + 1 / 5 == 1


def test_an_abstention_and_a_failed_engine_are_not_placed() -> None:
    item = Item("1", "1", "", "1")
    kinds = [Response(None, abstained=True), Response(None, "engine: died"), Response("urgent")]
    assert len({str(triage_measures(KTAS_TRIAGE)[0].counts(Outcome(item, kind))) for kind in kinds}) == 1


def test_the_primary_measure_of_triage_tasks_stands_first() -> None:
    assert triage_measures(KTAS_TRIAGE)[0].name == KTAS_TRIAGE.metric
    assert [farthest_level(level, 3) for level in range(3)] == [2, 2, 0]


def test_labels_without_order_have_no_triage_measures() -> None:
    with pytest.raises(ValueError, match="no levels"):
        triage_measures(HEALTHVER)
    with pytest.raises(ValueError, match="none of the task's labels"):
        triage_measures(KTAS_TRIAGE)[0].counts(outcome("6", "1"))
    with pytest.raises(ValueError, match="no levels"):
        triage_measures(dataclasses.replace(KTAS_TRIAGE, labels=("1",)))


def test_where_nobody_is_urgent_nothing_is_said_of_the_urgent() -> None:
    assert math.isnan(scores(KTAS_TRIAGE, [("4", "4"), ("5", "1")])["urgent missed"])
