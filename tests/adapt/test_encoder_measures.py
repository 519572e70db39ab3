"""Temperature, thresholds, scores, weights of labels and int8, each against an independent reckoning."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.adapt.encoders.calibration import mean_loss, temperature_of
from posology.adapt.encoders.prepared import Task, batches_of, label_weights, prepare
from posology.adapt.encoders.scores import best_threshold, label_scores, span_scores
from posology.adapt.encoders.training import share_of_rate
from posology.adapt.recipes.encode import EncodeOptimizer
from posology.errors import UserError
from posology.evidence.heads import Span
from posology.evidence.heads.precision import quantized
from posology.evidence.heads.windows import Cutter
from tests.adapt.made_encoder import made_tokenizer, sentences, texts

CUTTER = Cutter(made_tokenizer(), 40, 6)


@pytest.mark.parametrize("true", [0.4, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found(true: float) -> None:
    draw = np.random.default_rng(5)
    logits = draw.normal(0, 3, (4000, 3))
    chances = np.exp(logits / true)
    chances /= chances.sum(axis=1, keepdims=True)
    gold = (chances.cumsum(axis=1) < draw.random((4000, 1))).sum(axis=1)
    assert temperature_of(logits, gold) == pytest.approx(true, rel=0.1)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_calibration_never_raises_the_loss(seed: int) -> None:
    draw = np.random.default_rng(seed)
    logits, gold = draw.normal(0, 2, (30, 3)), draw.integers(0, 3, 30)
    found = temperature_of(logits, gold)
    grid = [mean_loss(logits, gold, one) for one in np.geomspace(0.05, 20, 200)]
    assert mean_loss(logits, gold, found) <= min(grid) + 1e-6


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=2, max_size=30),
    st.sampled_from([0.0, 0.5, 0.9, 1.0]),
)
@settings(max_examples=120)
def test_no_threshold_that_lets_as_much_pass_has_a_better_balanced_accuracy(
    rows: list[tuple[bool, int]], least: float
) -> None:
    truth = np.array([one for one, _ in rows])
    chances = np.array([chance / 10 for _, chance in rows])
    found = best_threshold(truth, chances, least)
    if truth.all() or not truth.any():
        assert found is None
        return

    def balanced(threshold: float) -> float:
        said = chances >= threshold
        return (said[truth].mean() + (~said)[~truth].mean()) / 2

    assert found is not None
    usable = [one / 20 for one in range(22) if (chances >= one / 20)[truth].mean() >= least]
    assert (chances >= found)[truth].mean() >= least
    assert balanced(found) == pytest.approx(max(map(balanced, usable)))


def test_scores_of_labels_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    draw = np.random.default_rng(1)
    gold, found = draw.integers(0, 4, 200), draw.integers(0, 4, 200)
    found[:120] = gold[:120]
    scores = label_scores(gold, found, 4)
    assert scores["macro-F1"] == pytest.approx(metrics.f1_score(gold, found, average="macro"))
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(gold, found))
    assert scores["balanced accuracy"] == pytest.approx(metrics.balanced_accuracy_score(gold, found))
    assert label_scores(gold[:0], found[:0], 4)["macro-F1"] is None


def test_a_span_is_right_with_its_exact_place_and_label() -> None:
    gold = [[Span(0, 4, "Disease"), Span(9, 12, "Chemical")], []]
    found = [[Span(0, 4, "Disease", 0.7), Span(9, 12, "Disease")], [Span(1, 2, "Disease")]]
    scores = span_scores(gold, found)
    assert scores["strict precision"] == pytest.approx(1 / 3)
    assert scores["strict recall"] == pytest.approx(1 / 2)
    assert scores["strict F1"] == pytest.approx(2 / 5)
    assert span_scores([[]], [[]])["strict F1"] is None, "nothing was asked and nothing said: no score"


@pytest.mark.parametrize(("how", "power"), [("none", 0.0), ("root", 0.5), ("balanced", 1.0)])
def test_rare_labels_weigh_more_as_the_recipe_says(how, power: float) -> None:
    examples = [one for one in texts(40) if one.label == "yes"] + [texts(40)[n] for n in range(0, 14, 2)]
    counts = Counter(one.label for one in examples)
    units, _ = prepare(examples, Task("sequence", ("no", "yes")), CUTTER)
    no, yes = label_weights(units, 2, how)
    assert no / yes == pytest.approx((counts["yes"] / counts["no"]) ** power)
    assert (no * counts["no"] + yes * counts["yes"]) / len(units) == pytest.approx(1.0)


def test_a_label_that_does_not_occur_weighs_nothing_and_no_labels_at_all_are_refused() -> None:
    units, _ = prepare(sentences(1), Task("token", ("Chemical", "Disease")), CUTTER)
    assert label_weights(units, 5, "balanced")[1] == 0.0
    with pytest.raises(UserError, match="there is nothing to learn from"):
        label_weights([], 5, "none")


def test_an_epoch_sees_every_example_once_in_an_order_that_the_seed_gives() -> None:
    units, _ = prepare(texts(53, filler=2), Task("sequence", ("no", "yes")), CUTTER)
    first, again, other = (list(batches_of(units, 8, seed)) for seed in (1, 1, 2))
    assert sorted(n for batch in first for n in batch) == list(range(53))
    assert first == again != other
    assert len(first) == 7


def test_a_label_that_the_head_does_not_know_is_refused() -> None:
    with pytest.raises(UserError, match="example t1: its label 'yes' is none of this head's"):
        prepare(texts(2), Task("sequence", ("no", "perhaps")), CUTTER)
    with pytest.raises(UserError, match="example t0: a span of the label Disease, none of this head's"):
        prepare(sentences(1), Task("token", ("Chemical",)), CUTTER)


@pytest.mark.parametrize(
    ("schedule", "step", "share", "why"),
    [
        ("linear", 0, 0.1, "it rises in ten of a hundred steps"),
        ("linear", 9, 1.0, "and is at its highest at the tenth"),
        ("linear", 55, 0.5, "halfway down"),
        ("cosine", 55, 0.5, "halfway down"),
        ("cosine", 99, 0.0, "nearly nothing at the end"),
        ("constant", 99, 1.0, "it does not fall"),
    ],
)
def test_the_learning_rate_rises_and_falls(schedule, step: int, share: float, why: str) -> None:
    found = share_of_rate(EncodeOptimizer(schedule=schedule, warmup=0.1), step, 100)
    assert found == pytest.approx(share, abs=0.02), why


@given(st.integers(0, 1000))
@settings(max_examples=20)
def test_int8_is_within_half_a_step_of_every_weight(seed: int) -> None:
    draw = np.random.default_rng(seed)
    matrix = (draw.normal(0, 1, (5, 8)) * draw.choice([0.0, 1e-3, 1.0, 50.0], (5, 1))).astype(np.float32)
    made = quantized({"bert.dense.weight": matrix, "classifier.weight": matrix, "bert.dense.bias": matrix[0]})
    scale = made["bert.dense.weight.scale"]
    assert made["bert.dense.weight"].dtype == np.int8
    assert np.abs(made["bert.dense.weight"] * scale - matrix).max() <= scale.max() / 2 * 1.0001
    assert (made["classifier.weight"] == matrix).all(), "the head itself stays exact"
