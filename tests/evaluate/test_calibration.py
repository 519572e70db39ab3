"""Scores of probabilities: as scikit-learn's, and moved by the probabilities that they are of."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.calibration import calibration_curve

from posology.errors import UserError
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item, Outcome, Response
from posology.evaluate.scorers.calibration import calibration_measures, confidence_of
from posology.evaluate.scorers.measures import Measure, total
from posology.evaluate.task import Card, Family, Task


def a_task(labels: tuple[str, ...]) -> Task:
    card = Card("A task", "made", "none", "", "", "")
    form = ChoiceForm(labels)
    return Task(
        "made", Family.CLAIMS, "en", "made", lambda _: [], "", lambda item: item.text, form, "macro-F1", card,
        labels=labels,
    )  # fmt: skip


TWO, THREE = ("no", "yes"), ("low", "middle", "high")


def told(gold: str, scores: dict[str, float], number: int = 0) -> Outcome:
    """Return an outcome whose answer is the likeliest label."""
    answer = max(scores, key=lambda label: scores[label])
    return Outcome(Item(f"i{number}", f"g{number}", "", gold), Response(answer, scores=scores))


def values_of(
    labels: tuple[str, ...], outcomes: list[Outcome], weights: list[int] | None = None
) -> dict[str, float]:
    found = {}
    for measure in calibration_measures(a_task(labels)):
        rows, places = total(measure, outcomes)
        drawn = np.array(
            [1.0] * len(rows) if weights is None else [float(weights[place]) for place in places]
        )
        if not len(rows):
            found[measure.name] = np.nan
        elif isinstance(measure, Measure):
            found[measure.name] = float(measure.value(drawn @ rows))
        else:
            found[measure.name] = float(measure.weigh(rows, drawn[None])[0])
    return found


def some(labels: tuple[str, ...], seed: int, n: int = 60, digits: int = 2) -> list[Outcome]:
    """Return outcomes whose scores say something of the gold label, with ties."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for number in range(n):
        gold = number % len(labels) if number < len(labels) else int(rng.integers(len(labels)))
        raw = rng.random(len(labels)) + 0.6 * (np.arange(len(labels)) == gold)
        shares = np.round(raw / raw.sum(), digits)
        scores = dict(zip(labels, (shares / shares.sum()).tolist(), strict=True))
        outcomes.append(told(labels[gold], scores, number))
    return outcomes


@pytest.mark.parametrize("seed", range(3))
def test_auroc_of_two_labels_is_scikit_learns(seed: int) -> None:
    outcomes = some(TWO, seed)
    gold = [one.item.gold == "yes" for one in outcomes]
    scores = [one.response.scores["yes"] for one in outcomes]
    assert values_of(TWO, outcomes)["AUROC"] == pytest.approx(metrics.roc_auc_score(gold, scores))


@pytest.mark.parametrize("seed", range(3))
def test_auroc_of_three_labels_is_scikit_learns_mean_of_each_against_the_rest(seed: int) -> None:
    outcomes = some(THREE, seed)
    gold = [THREE.index(str(one.item.gold)) for one in outcomes]
    table = [[one.response.scores[label] for label in THREE] for one in outcomes]
    reference = metrics.roc_auc_score(gold, table, multi_class="ovr", average="macro")
    assert values_of(THREE, outcomes)["AUROC"] == pytest.approx(reference)


def test_the_brier_score_is_scikit_learns() -> None:
    outcomes = some(TWO, 1)
    gold = [one.item.gold == "yes" for one in outcomes]
    scores = [one.response.scores["yes"] for one in outcomes]
    assert values_of(TWO, outcomes)["Brier score"] == pytest.approx(metrics.brier_score_loss(gold, scores))
    outcomes = some(THREE, 1)
    table = [[one.response.scores[label] for label in THREE] for one in outcomes]
    places = [THREE.index(str(one.item.gold)) for one in outcomes]
    reference = metrics.brier_score_loss(places, table, labels=range(3), scale_by_half=True)
    assert values_of(THREE, outcomes)["Brier score"] == pytest.approx(reference)


def test_the_calibration_error_is_that_of_scikit_learns_curve() -> None:
    outcomes = some(THREE, 2, n=200, digits=12)
    confidence = np.array([max(one.response.scores.values()) for one in outcomes])
    right = np.array([one.response.answer == one.item.gold for one in outcomes])
    accuracy, mean = calibration_curve(right, confidence, n_bins=10)
    sizes = np.histogram(confidence, bins=np.linspace(0, 1, 11))[0]
    reference = np.sum(sizes[sizes > 0] * np.abs(accuracy - mean)) / len(outcomes)
    assert values_of(THREE, outcomes)["calibration error"] == pytest.approx(reference)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=12, max_size=12), st.integers(0, 5))
def test_a_weight_is_as_good_as_so_many_copies(weights: list[int], seed: int) -> None:
    outcomes = some(THREE, seed, n=12, digits=1)
    copies = [one for one, weight in zip(outcomes, weights, strict=True) for _ in range(weight)]
    weighted = values_of(THREE, outcomes, weights)
    assert weighted == pytest.approx(values_of(THREE, copies), nan_ok=True)


def test_every_measure_moves_when_the_scores_do() -> None:
    outcomes = some(THREE, 4)
    rng = np.random.default_rng(0)
    shuffled = [
        told(str(one.item.gold), dict(zip(THREE, rng.dirichlet(np.ones(3)).tolist(), strict=True)))
        for one in outcomes
    ]
    before, after = values_of(THREE, outcomes), values_of(THREE, shuffled)
    assert before.keys() == after.keys()
    assert all(abs(before[name] - after[name]) > 0.01 for name in before)
    assert before["AUROC"] > after["AUROC"]
    assert before["Brier score"] < after["Brier score"]


def test_scores_need_not_add_up_to_one() -> None:
    outcomes = some(THREE, 5)
    larger = [
        told(str(one.item.gold), {label: 7 * score for label, score in one.response.scores.items()})
        for one in outcomes
    ]
    assert values_of(THREE, larger) == pytest.approx(values_of(THREE, outcomes))


def test_perfect_and_sure_answers_have_perfect_scores() -> None:
    outcomes = [told(label, {one: float(one == label) for one in THREE}) for label in THREE]
    assert values_of(THREE, outcomes) == {
        "AUROC": 1.0,
        "calibration error": 0.0,
        "Brier score": 0.0,
        "selective accuracy": 1.0,
        "accuracy at 80 % coverage": 1.0,
    }


def test_selective_accuracy_is_the_mean_of_the_accuracy_at_each_coverage() -> None:
    confidences, rights = (0.9, 0.8, 0.7, 0.6, 0.55), (True, True, False, True, False)
    outcomes = [
        told("yes" if right else "no", {"yes": confidence, "no": 1 - confidence}, number)
        for number, (confidence, right) in enumerate(zip(confidences, rights, strict=True))
    ]
    found = values_of(TWO, outcomes)
    assert found["selective accuracy"] == pytest.approx((1 + 1 + 2 / 3 + 3 / 4 + 3 / 5) / 5)
    assert found["accuracy at 80 % coverage"] == pytest.approx(3 / 4)


def test_equal_confidences_stand_or_fall_together() -> None:
    outcomes = [told("yes", {"yes": 0.7, "no": 0.3}), told("no", {"yes": 0.7, "no": 0.3})]
    assert values_of(TWO, outcomes)["selective accuracy"] == pytest.approx(0.5)
    assert values_of(TWO, outcomes[::-1])["selective accuracy"] == pytest.approx(0.5)
    assert values_of(TWO, outcomes)["AUROC"] == pytest.approx(0.5)


def test_an_item_without_an_answer_ranks_wrong_and_claims_nothing() -> None:
    outcomes = some(THREE, 6)
    failed = Outcome(Item("x", "x", "", "low"), Response(None, "parse: no label"))
    before, after = values_of(THREE, outcomes), values_of(THREE, [*outcomes, failed])
    for name in ("AUROC", "selective accuracy"):
        assert after[name] < before[name]
    for name in ("calibration error", "Brier score"):
        assert after[name] == before[name]


def test_an_abstention_with_scores_is_ranked_by_them() -> None:
    outcomes = some(THREE, 7)
    scores = {"low": 0.4, "middle": 0.3, "high": 0.3}
    quiet = Outcome(Item("x", "x", "", "low"), Response(None, abstained=True, scores=scores))
    assert confidence_of(quiet) == pytest.approx(0.4)
    assert values_of(THREE, [*outcomes, quiet]) == pytest.approx(
        values_of(THREE, [*outcomes, told("low", scores)])
    )


def test_a_system_that_tells_no_probabilities_has_no_such_scores() -> None:
    silent = [
        Outcome(Item("a", "a", "", "low"), Response("low")),
        Outcome(Item("b", "b", "", "low"), Response(None, "parse: no label")),
        Outcome(Item("c", "c", "", "high"), Response(None, "parse: no label")),
    ]
    assert all(np.isnan(value) for value in values_of(THREE, silent).values())


def test_lettered_options_have_no_auroc_but_the_rest() -> None:
    names = [measure.name for measure in calibration_measures(a_task(()))]
    assert "AUROC" not in names
    assert len(names) == 4


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf")])
def test_scores_that_are_no_probabilities_are_refused_by_their_item(wrong: float) -> None:
    with pytest.raises(UserError, match="item i0: its scores are not probabilities"):
        values_of(TWO, [told("yes", {"yes": wrong, "no": 0.5})])
