"""The comparing head: texts of a pair are read apart; torch and OpenVINO agree; each text is encoded once."""

import importlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posology.adapt.encode import plan_encode
from posology.adapt.encoders.comparing import build_comparer, compare, kept_company
from posology.adapt.encoders.run import run_encode
from posology.adapt.recipes.encode import EncodeRecipe
from posology.errors import UserError
from posology.evidence.bert_graph import BertShape
from posology.evidence.heads import open_head, open_head_checker, read_head_card
from posology.evidence.heads.apart import PairReader
from posology.evidence.heads.comparing import comparing_graph
from posology.evidence.heads.windows import Window, sides_of
from tests.adapt.made_encoder import NEEDS_HEADS, changed, job, pairs, recipe

pytestmark = NEEDS_HEADS
APART = (
    'reads = "apart"', "tune_encoder = false", "width = 32", "dropout = 0.0",
    'join = "highest"', 'positive = "supported"', 'threshold = "balanced"',
)  # fmt: skip
TUNE = [one for filler in (0, 1, 3, 5, 7, 9, 12, 21) for one in pairs(12, f"t{filler}-", filler)]


class Killed(Exception):
    """Stands for a kill."""


def lesson(base: Path) -> EncodeRecipe:
    return changed(recipe(base, "pair", *APART), "stop", {"patience": 0})


@pytest.fixture(scope="module")
def made(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("apart") / "head"
    return run_encode(lesson(base), job(out, TUNE, pairs(12, "s", filler=8)))


def test_it_learns_and_answers_without_torch_as_it_learned(made: Path) -> None:
    report = json.loads((made / "report.json").read_text())
    assert report["select"]["macro-F1"] == 1.0, "windows longer than one as well: the highest counts"
    assert report["equivalence"]["logit_difference"] < 1e-4
    assert report["int8"]["answers_alike"] == 1.0
    card = read_head_card(made)
    assert (card.reads, card.width, card.blocks) == ("apart", 32, 2)
    checker = open_head_checker(made, threads=1)
    good, bad = checker.score_many(
        [("aspirin helps", ["aspirin works well."]), ("aspirin helps", ["aspirin does not help."])]
    )
    assert good >= checker.threshold > bad
    assert checker.score("aspirin helps", [" "]) == 0.0


def test_a_pair_is_answered_alike_alone_and_among_others(made: Path) -> None:
    asked = [(one.first, one.second) for one in pairs(9, "x", filler=2)] + [
        ("a rash", "gout"),
        ("", "drug"),
        ("gout", ""),
    ]
    together = open_head(made, threads=1).text_logits(asked)
    alone = np.concatenate([open_head(made, threads=1).text_logits([one]) for one in asked])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_training_that_was_killed_goes_on_to_the_same_weights(base: Path, tmp_path: Path) -> None:
    tables = {"dropout": 0.2}
    whole = run_encode(changed(lesson(base), "head", tables), job(tmp_path / "whole", TUNE, pairs(12, "s")))

    def die(stage: str, done: int | None = None, total: int | None = None) -> None:
        if (stage, done) == ("train", 18):
            raise Killed

    out, select = tmp_path / "head", pairs(12, "s")
    with pytest.raises(Killed):
        run_encode(changed(lesson(base), "head", tables), job(out, TUNE, select, tell=die))
    run_encode(changed(lesson(base), "head", tables), job(out, TUNE, select))
    assert read_head_card(out).weights_sha256 == read_head_card(whole).weights_sha256


def test_the_encoder_stays_as_it_is_and_a_plan_counts_what_is_kept(
    base: Path, tmp_path: Path, made: Path
) -> None:
    from safetensors.numpy import load_file

    before, after = load_file(str(base / "model.safetensors")), load_file(str(made / "head.safetensors"))
    assert all((after[f"bert.{name}"] == array).all() for name, array in before.items())
    plan = plan_encode(lesson(base), job(tmp_path / "head", TUNE, pairs(4, "s")))
    assert plan.steps == 120
    kept = next(line for line in plan.lines if line.what == "memory")
    assert re.search(r"\+ \d+ MB of what was encoded once and kept", kept.how)
    assert "encoded once and kept" in next(line for line in plan.lines if line.what == "tokens").how
    assert not (tmp_path / "head.work").exists()


@pytest.mark.parametrize(
    ("kind", "tables", "told"),
    [
        ("sequence", APART[:2], "is of pairs"),  # a text alone has nothing to be compared with
        ("pair", APART[:1], "tune_encoder = false"),  # vectors are kept: the encoder cannot learn
        ("pair", (*APART, "hidden = 0.1"), "hides no pieces"),
        ("pair", (*APART[:2], "width = 18"), "shared by 4 heads"),
    ],
)
def test_what_cannot_be_compared_is_refused(base: Path, kind: str, tables: Sequence[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        recipe(base, kind, *tables)


def test_a_text_that_stands_in_many_pairs_is_encoded_once() -> None:
    read: list[int] = []

    def encoder(inputs: Sequence[Any]) -> list[Any]:
        read.extend(map(int, inputs[1].sum(axis=1)))
        return [np.ones((*inputs[0].shape, 4), dtype=np.float32)]

    def comparing(inputs: Sequence[Any]) -> list[Any]:
        return [inputs[2].sum(axis=(1, 2))[:, None] - inputs[5].sum(axis=(1, 2))[:, None]]

    source = (7, 8, 9, 10, 3)
    windows = [Window(n, (2, n, 3, *source), (0,) * 3 + (1,) * 5, 0, 3) for n in (20, 21, 22)]
    assert sides_of(windows[0]) == ((2, 20, 3), (2, *source))
    reader = PairReader(encoder, comparing)
    assert np.concatenate(reader(windows)).tolist() == [4 * (3 - 6)] * 3, "padding has no vectors"
    assert sorted(read) == [3, 3, 3, 6]
    reader(windows[:1])
    assert len(read) == 4, "and what was read before is known"
    long = [Window(0, (2, n, *[5] * 29_998, 3, 9, 3), (0,) * 30_001 + (1,) * 2, 0, 30_001) for n in (30, 31)]
    for one in (*long, windows[0]):
        reader([one])
    assert sorted(read[4:]) == [3, 3, 6, 30_001, 30_001], "what was read first has made room"


def both_ways(draw: np.random.Generator, hidden: int, blocks: int) -> tuple[Any, Any, Any, Any]:
    """Return torch, a comparing head with random weights, its table of words, and the same head compiled."""
    import openvino

    width = 8
    torch = importlib.import_module("torch")
    torch.manual_seed(1)
    head = build_comparer(torch, hidden, (width, blocks, 2), 1e-12)
    weights = {f"classifier.{name}": one.numpy() for name, one in head.state_dict().items()}
    words = draw.normal(size=(40, hidden)).astype(np.float32)
    weights["embeddings.word_embeddings.weight"] = words
    graph = comparing_graph(openvino, weights, BertShape(hidden, 1, 1, 1e-12), blocks, width)
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return torch, head, words, compiled


def test_a_value_of_another_line_keeps_less_company() -> None:
    torch = importlib.import_module("torch")
    name, value, other = 1, 2, 9
    source = [name, value, *[other] * 20, value]  # the value stands beside its name, and far from it
    same = torch.tensor([[[float(one == two) for two in source] for one in (name, value)]])
    for marks in kept_company(torch, same):
        assert marks[0, 0].tolist() == [1.0] + [0.0] * 22
        np.testing.assert_allclose(marks[0, 1], [0.0, 1.0, *[0.0] * 20, 0.5 / 1.5], atol=1e-6)
    nothing = next(kept_company(torch, torch.zeros(1, 2, 3)))
    assert nothing.abs().sum() == 0, "no piece is the same: nothing is divided by nothing"


def test_torch_and_openvino_mark_texts_with_many_same_pieces_alike() -> None:
    draw, hidden = np.random.default_rng(4), 6
    torch, head, words, compiled = both_ways(draw, hidden, blocks=2)
    sides = []
    for lengths in ((5, 9, 3), (40, 22, 31)):
        mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.float32)
        ids = draw.integers(1, 12, mask.shape) * mask.astype(np.int64)
        sides.append(
            (ids, mask, (draw.normal(size=(*mask.shape, hidden)) * mask[..., None]).astype(np.float32))
        )
    with torch.no_grad():
        asked = tuple(tuple(map(torch.from_numpy, side)) for side in sides)
        theirs = compare(torch, head, torch.from_numpy(words), asked, torch.nn.Identity()).numpy()
    np.testing.assert_allclose(compiled([*sides[0], *sides[1]])[0], theirs, atol=1e-5)


def test_a_piece_that_has_no_like_is_told_so_whatever_stands_beside_its_pair() -> None:
    draw, hidden = np.random.default_rng(3), 6
    torch, head, words, compiled = both_ways(draw, hidden, blocks=1)
    own = draw.normal(size=(1, 3, hidden)).astype(np.float32)
    ids, one = np.array([[4, 5, 6]]), np.ones((1, 3), dtype=np.float32)
    first = (ids, one, own)
    short = (np.array([[7, 8]]), np.ones((1, 2), dtype=np.float32), -own[:, :2])  # opposed: below zero
    padded = tuple(np.concatenate([part, np.zeros_like(part)], axis=1) for part in short)
    alone, beside = compiled([*first, *short])[0], compiled([*first, *padded])[0]
    np.testing.assert_allclose(alone, beside, atol=1e-6)
    sides = tuple(tuple(map(torch.from_numpy, side)) for side in (first, padded))
    with torch.no_grad():
        theirs = compare(torch, head, torch.from_numpy(words), sides, torch.nn.Identity())
    np.testing.assert_allclose(theirs.numpy(), alone, atol=1e-5)
