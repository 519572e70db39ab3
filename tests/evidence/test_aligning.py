"""The alignment that benchmarks compare with: its encoder equals the reference, features measure words."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.aligning.checker import (
    ENCODER,
    MODEL,
    AlignmentChecker,
    open_alignment_checker,
    read_support_model,
)
from benchmarks.aligning.encoder import Encoded, open_bert
from benchmarks.aligning.features import FEATURES, source_units, support_features
from posology.chat.weights import find_weights
from posology.errors import ModelError
from posology.evidence.tokens import lexical_overlap

GOLDEN = Path(__file__).parent / "golden" / "bert.json"


@pytest.fixture(scope="module")
def checker() -> AlignmentChecker:
    pytest.importorskip("openvino")
    try:
        return open_alignment_checker()
    except ModelError as cause:
        pytest.skip(f"the encoder's weights are not here: {cause}")


def spelled(text: str) -> Encoded:
    """Encode a text by its letters: enough to test what is computed from vectors."""
    words = text.lower().split()
    rows = np.zeros((len(words), 26), dtype=np.float32)
    for at, word in enumerate(words):
        for letter in word:
            rows[at, ord(letter) % 26] += 1
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)
    mean = rows.sum(axis=0) / max(1.0, float(np.linalg.norm(rows.sum(axis=0)))) if words else np.zeros(26)
    return Encoded(np.array([5000 + len(w) for w in words], dtype=np.int64), rows, mean.astype(np.float32))


def feature(name: str, sentence: str, *sources: str) -> float:
    return float(support_features(sentence, source_units(sources), spelled)[FEATURES.index(name)])


@pytest.mark.model
def test_the_encoder_gives_the_vectors_of_the_reference() -> None:
    pytest.importorskip("openvino")
    try:
        folder = find_weights(ENCODER).path
    except ModelError as cause:
        pytest.skip(f"the encoder's weights are not here: {cause}")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    encoded = open_bert(folder).encode(golden["texts"])
    for ours, mean, tokens in zip(encoded, golden["means"], golden["tokens"], strict=True):
        assert ours.ids.tolist() == tokens["ids"]
        np.testing.assert_allclose(ours.mean[:32], mean, atol=2e-5)
        np.testing.assert_allclose(ours.vectors[:, :8], tokens["first8"], atol=2e-5)


@pytest.mark.model
@pytest.mark.parametrize(
    ("sentence", "sources", "supported", "why"),
    [
        ("The body mass index is 41.2 kg/m2.", ["Body mass index: 41.2 kg/m2"], True, "the same fact"),
        (
            "He has obstructive sleep apnea.",
            ["Severe obstructive sleep apnea, on CPAP."],
            True,
            "worded anew",
        ),
        (
            "She was treated with adalimumab for psoriasis.",
            ["Body mass index: 41.2 kg/m2"],
            False,
            "another matter",
        ),
        ("The patient has diabetes.", ["Colonoscopy was normal."], False, "another matter"),
    ],
)
def test_plain_cases_fall_on_the_right_side(
    checker: AlignmentChecker, sentence: str, sources: list[str], supported: bool, why: str
) -> None:
    assert (checker.score(sentence, sources) >= checker.threshold) is supported, why


@pytest.mark.model
def test_nothing_said_and_nothing_cited_have_no_support(checker: AlignmentChecker) -> None:
    assert checker.score("The patient has asthma.", []) == 0.0
    assert checker.score("The patient has asthma.", ["  "]) == 0.0
    assert checker.score("", ["Asthma."]) == 0.0
    assert checker.score_many([]) == []


@pytest.mark.model
def test_many_scores_are_those_of_each_alone(checker: AlignmentChecker) -> None:
    pairs = [("He has asthma.", ["Asthma since 2001."]), ("BMI 41.", ["BMI 41.2 kg/m2", "Height 170 cm"])]
    together = checker.score_many(pairs)
    assert together == pytest.approx([checker.score(s, c) for s, c in pairs], abs=1e-4)
    assert all(0 <= score <= 1 for score in together)
    assert checker.probabilities(pairs, checker.features(pairs)) == together


@pytest.mark.model
def test_a_source_longer_than_the_window_is_read_to_its_end(checker: AlignmentChecker) -> None:
    long = "word and " * 400 + "severe obstructive sleep apnea on nightly CPAP"
    sentence = "Severe obstructive sleep apnea on nightly CPAP."
    assert checker.score(sentence, [long]) > checker.score(sentence, ["word and " * 400])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"features": ["alignment"]}, "other features"),
        ({"weights": [1.0]}, "too few weights"),
        ({"scale": [0.0] * len(FEATURES)}, "nothing to divide by"),
        ({"bias": "much"}, "no number"),
    ],
)
def test_a_support_model_made_for_something_else_is_refused(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    raw = json.loads(MODEL.read_text(encoding="utf-8")) | change
    path = tmp_path / "model.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ModelError):
        read_support_model(path)


def test_the_fitted_numbers_say_what_they_were_fit_on() -> None:
    raw = json.loads(MODEL.read_text(encoding="utf-8"))
    assert set(raw["fit"]["data"]) == {"medhallu", "expertqa", "medec"}
    assert read_support_model(MODEL).encoder_sha256 == raw["encoder_sha256"]


@pytest.mark.parametrize(
    ("name", "sentence", "sources", "value", "why"),
    [
        ("numbers_missing", "BMI 41.2 in 2024", ["BMI 41.2"], 0.5, "one number of two"),
        ("numbers_missing", "BMI is high", ["BMI 41.2"], 0.0, "no number, none missing"),
        ("numbers_missing", "1,500 steps", ["1500 steps"], 0.0, "a comma in thousands"),
        ("negation", "no fever", ["fever today"], 1.0, "denied here, said there"),
        ("negation", "no fever", ["denies fever"], 0.0, "denied in both"),
        ("words", "knee pain", ["knee pain", "hip pain"], 1.0, "all words stand there"),
        ("alignment", "knee pain", ["knee pain"], 1.0, "the same words"),
    ],
)
def test_a_feature_measures_what_it_names(
    name: str, sentence: str, sources: list[str], value: float, why: str
) -> None:
    assert feature(name, sentence, *sources) == pytest.approx(value, abs=1e-6), why


@settings(max_examples=60)
@given(st.text("ab 1.", max_size=40), st.lists(st.text("ab 1.\n", max_size=40), max_size=3))
def test_features_are_finite_and_shares_lie_between_zero_and_one(sentence: str, sources: list[str]) -> None:
    row = support_features(sentence, source_units(sources), spelled)
    assert row.shape == (len(FEATURES),)
    assert np.isfinite(row).all()
    assert np.all(row[4:] >= 0)
    assert np.all(row[4:] <= 1)
    assert 0 <= lexical_overlap(sentence, sources) <= 1
