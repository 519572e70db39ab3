"""Heads on a writing model: it makes of a text what transformers makes of it, and a linear head learns."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posology.adapt.encode import plan_encode
from posology.adapt.encoders.export import export_head
from posology.adapt.encoders.frozen import FrozenDecoder
from posology.adapt.encoders.run import run_encode
from posology.adapt.encoders.saving import digest_of
from posology.adapt.recipes.encode import EncodeRecipe
from posology.chat.matrices.weights import open_weights
from posology.errors import ModelError, UserError
from posology.evidence.decoder_graph import DecoderGraph
from posology.evidence.heads import open_head, open_head_checker, read_head_card
from posology.evidence.heads.card import render_head_card
from posology.evidence.heads.precision import quantized
from posology.evidence.heads.windows import Window, padded_ids
from tests.adapt.made_encoder import NEEDS_HEADS, changed, job, pairs, recipe, sentences, texts
from tests.adapt.tiny_models import LAYERS, TEXTS, as_gguf, made_model, saved

pytestmark = NEEDS_HEADS
WRITER = "smollm2-135m-instruct"
TUNE = [one for filler in range(4) for one in texts(12, f"t{filler}-", filler)]
SELECT = texts(12, "s", filler=2)


def graph_vectors(path: Path, layers: int, *, int8: bool = False) -> list[np.ndarray]:
    """Return what the graph makes of TEXTS, padded to one batch."""
    import openvino
    from openvino import opset13 as op

    stored = open_weights(path)
    weights = {name: stored.read(name) for name in stored.tensors}
    assert stored.shape is not None
    ids = op.parameter([-1, -1], openvino.Type.i64, name="ids")
    build = DecoderGraph(op, quantized(weights) if int8 else weights, stored.shape, 64)
    model = openvino.Model([build.vectors(ids, layers)], [ids], "made")
    settings = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 32 if int8 else 0}
    found = openvino.Core().compile_model(model, "CPU", settings)([padded_ids(TEXTS)[0]])[0]
    return [np.array(found[row, : len(one)]) for row, one in enumerate(TEXTS)]


def transformers_vectors(model: Any, layers: int) -> list[np.ndarray]:
    import torch

    found = []
    with torch.no_grad():
        for ids in TEXTS:
            told = model.model(torch.tensor([ids]), output_hidden_states=True)
            state = (
                told.last_hidden_state if layers == LAYERS else model.model.norm(told.hidden_states[layers])
            )
            found.append(state[0].numpy())
    return found


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
@pytest.mark.parametrize("layers", [1, LAYERS])
def test_the_graph_gives_what_transformers_gives(tmp_path: Path, kind: str, layers: int) -> None:
    model = made_model(kind)
    folder = saved(model, tmp_path / "base")
    wanted = transformers_vectors(model, layers)
    for path in (folder, as_gguf(folder, tmp_path / "base.gguf")):
        for mine, theirs in zip(graph_vectors(path, layers), wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=2e-4, err_msg="padding is seen by no token")


def test_in_int8_the_vectors_point_the_same_way(tmp_path: Path) -> None:
    model = made_model()
    rounded = graph_vectors(saved(model, tmp_path / "base"), LAYERS, int8=True)
    for mine, theirs in zip(rounded, transformers_vectors(model, LAYERS), strict=True):
        a, b = mine.mean(axis=0), theirs.mean(axis=0)
        assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.995


def window(*ids: int) -> Window:
    return Window(0, ids, (0,) * len(ids), 0, 1)


def counting_decoder(asked: list[int]) -> FrozenDecoder:
    """Return a decoder whose state of a window is made of its ids; ``asked`` counts what it reads."""

    def read(inputs: list[np.ndarray]) -> list[np.ndarray]:
        ids, mask, _ = inputs
        asked.append(len(ids))
        total = (ids * mask).sum(axis=1)
        return [np.stack([total, 1e-3 * total**2, 5 + 0 * total], axis=1).astype(np.float32)]

    return FrozenDecoder(read, 3, 1, 10)


def test_each_window_is_read_once_and_standardized_by_what_is_learned() -> None:
    asked: list[int] = []
    told: list[tuple[int, int]] = []
    decoder = counting_decoder(asked)
    learned, other = [window(1, 2), window(4, 5), window(7)], window(100, 3)
    decoder.keep([*learned, window(1, 2)], [other], lambda done, of: told.append((done, of)))
    assert sum(asked) == 4, "five windows, two of them alike"
    assert told[-1] == (4, 4)
    assert decoder.pieces == 7
    shift, spread = decoder.standard.values()
    rows = decoder.states([*learned, window(1, 2)])
    np.testing.assert_allclose(shift, rows.mean(axis=0), rtol=1e-5)
    stds = rows.std(axis=0)
    np.testing.assert_allclose(spread, np.maximum(stds, np.median(stds)), rtol=1e-5)
    assert spread[2] > 0, "what is the same of all texts is not divided by nothing"
    features = decoder.features([*learned, other])
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), np.sqrt(3), rtol=1e-5)
    assert sum(asked) == 4
    decoder.close()
    assert len(decoder.states(learned)) == 3, "what was read is still known"


def lesson(kind: str = "sequence", *tables: str) -> EncodeRecipe:
    """Return a recipe on the lowest two layers of the shipped writing model."""
    made = recipe(Path(), kind, *(tables or ("tune_encoder = false", "layers = 2")), epochs=12.0)
    return changed(made, "base", {"model": WRITER, "path": "", "dtype": "auto"})


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from posology.chat import find_weights

    try:
        find_weights(WRITER)
    except ModelError as cause:
        pytest.skip(str(cause))
    out = tmp_path_factory.mktemp("writer") / "head"
    return run_encode(lesson(), job(out, TUNE, SELECT))


@pytest.mark.model
def test_a_head_learns_on_the_shipped_model_and_is_a_few_kilobytes(head: Path) -> None:
    report, card = json.loads((head / "report.json").read_text()), read_head_card(head)
    assert report["select"]["macro-F1"] == 1.0
    assert report["equivalence"]["logit_difference"] < 1e-3
    assert report["equivalence"]["least_cosine_to_transformers"] > 0.99
    assert (card.network, card.base, card.layers, card.precision) == ("decoder", WRITER, 2, "int8")
    assert (card.begin, card.end) == ("<|im_start|>", "<|im_end|>")
    assert card.trunk == "base"
    assert (head / "head.safetensors").stat().st_size < 10_000
    assert not (head / "int8").exists()
    assert 20e6 < card.parameters < 60e6, "the embedding and two layers of thirty"
    reader = open_head(head, threads=1)
    long = "the knee is mild " * 12 + "aspirin helps."
    good, bad, far = reader.label_texts(["aspirin helps today.", "aspirin does not help.", long])
    assert (good.best, bad.best) == ("yes", "no")
    assert sum(far.scores.values()) == pytest.approx(1), "a long text is read in windows to its end"
    alone = reader.label_texts(["aspirin helps today."])[0]
    assert alone.scores["yes"] == pytest.approx(good.scores["yes"], abs=1e-5), "alone and among others alike"
    logits = reader.text_logits(
        [(one, "") for one in ("", "zzzz qqqq", "Cardiac arrest!", "aspirin helps today.")]
    )
    assert np.abs(logits).max() < 3 * np.abs(logits[-1]).max(), (
        "no text is surer than those it learned from by far"
    )


@pytest.mark.model
def test_training_that_was_killed_goes_on_to_the_same_weights(head: Path, tmp_path: Path) -> None:
    class Killed(Exception):
        """Stands for a kill."""

    def die(stage: str, done: int | None = None, total: int | None = None) -> None:
        if (stage, done) == ("train", 18):
            raise Killed

    out = tmp_path / "head"
    with pytest.raises(Killed):
        run_encode(lesson(), job(out, TUNE, SELECT, tell=die))
    run_encode(lesson(), job(out, TUNE, SELECT))
    assert read_head_card(out).weights_sha256 == read_head_card(head).weights_sha256


@pytest.mark.model
def test_without_select_it_is_compared_on_what_it_learned_long_texts_too(head: Path, tmp_path: Path) -> None:
    made = changed(lesson(), "windows", {"at_most": 1})
    out = run_encode(made, job(tmp_path / "head", texts(8, filler=30), []))
    assert json.loads((out / "report.json").read_text())["equivalence"]["examples"] == 8


@pytest.mark.model
def test_a_head_whose_file_lacks_what_it_needs_is_refused(head: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "head"
    shutil.copytree(head, folder)
    weights = load_file(str(folder / "head.safetensors"))
    del weights["standard.shift"]
    save_file(weights, str(folder / "head.safetensors"))
    card = read_head_card(head).model_copy(update={"weights_sha256": digest_of(folder / "head.safetensors")})
    (folder / "head.json").write_text(render_head_card(card))
    with pytest.raises(ModelError, match=f"weights of {WRITER} do not belong together"):
        open_head(folder)


@pytest.mark.model
def test_a_plan_counts_what_is_read_once(head: Path, tmp_path: Path) -> None:
    plan = plan_encode(lesson(), job(tmp_path / "head", TUNE, SELECT))
    pieces = json.loads((head / "report.json").read_text())["training"]["pieces"]
    assert (plan.steps, plan.tokens) == (72, pieces), "each piece is read once, however many epochs there are"
    assert plan.seconds
    assert plan.disk_bytes is not None
    assert plan.disk_bytes < 0.1e9, "the model below is not written again"
    assert not list(tmp_path.iterdir())
    stated = plan_encode(lesson(), job(tmp_path / "head", TUNE, SELECT, tokens_per_second=100.0))
    assert stated.seconds == pytest.approx(pieces / 100), "a stated speed is that of reading"


@pytest.mark.model
def test_other_weights_than_those_it_learned_with_are_refused(head: Path, tmp_path: Path) -> None:
    shutil.copytree(head, tmp_path / "head")
    card = read_head_card(head).model_copy(update={"base_sha256": "0" * 64})
    (tmp_path / "head" / "head.json").write_text(render_head_card(card))
    with pytest.raises(ModelError, match="not those that the head learned with"):
        open_head(tmp_path / "head")


@pytest.mark.model
@pytest.mark.parametrize(
    ("kind", "tables", "told"),
    [
        ("sequence", ("layers = 2",), "is a writing model: a head on it takes the mean"),
        ("token", ("tune_encoder = false",), "set head.kind = sequence or pair"),
        ("sequence", ("tune_encoder = false", 'pooling = "first"'), "head.pooling = mean"),
        ("sequence", ("tune_encoder = false", "hidden = 0.1"), "has no piece for what is hidden"),
        ("pair", ("tune_encoder = false", 'reads = "apart"'), "head.reads = together"),
        ("sequence", ("tune_encoder = false", "layers = 31"), "has 30 layers, not 31"),
    ],
)
def test_what_a_writing_model_cannot_do_is_refused(
    head: Path, tmp_path: Path, kind: str, tables: tuple[str, ...], told: str
) -> None:
    examples = {"pair": pairs, "token": sentences, "sequence": texts}[kind]
    with pytest.raises((UserError, ModelError), match=told):
        run_encode(lesson(kind, *tables), job(tmp_path / "head", examples(8), examples(4, "s")))
    assert not (tmp_path / "head").exists()


@pytest.mark.model
@pytest.mark.parametrize(
    ("base", "told"),
    [
        ({"device": "cuda"}, "reads in int8 on the processor"),
        ({"dtype": "float32"}, "leave both at auto"),
        ({"model": "judge-writer"}, "a head does not tell what its base learned from: name smollm2"),
        ({"model": "qwen3.5-4b"}, "is not installed by a package"),
        ({"model": "", "path": "weights.gguf"}, "a writing model below a head is named by base.model"),
    ],
)
def test_other_bases_of_a_writing_model_are_refused(
    head: Path, tmp_path: Path, base: dict[str, str], told: str
) -> None:
    asked = job(tmp_path / "head", texts(8), texts(4, "s"))
    with pytest.raises((UserError, ModelError), match=told):
        run_encode(changed(lesson(), "base", base), asked)


@pytest.mark.model
def test_it_is_of_the_writers_family_and_has_nothing_to_export(head: Path, tmp_path: Path) -> None:
    card = read_head_card(head)
    assert card.family == "smollm2", "so that no draft is checked by its writer's own family"
    with pytest.raises(UserError, match="nothing to export"):
        export_head(head, tmp_path / "int8", texts(4))
    pair = card.model_copy(update={"kind": "pair", "positive": "yes"})
    folder = tmp_path / "pair"
    shutil.copytree(head, folder)
    (folder / "head.json").write_text(render_head_card(pair))
    assert open_head_checker(folder, threads=1).identity.family == "smollm2"


@pytest.mark.model
def test_windows_longer_than_the_model_reads_and_a_head_as_base_are_refused(
    head: Path, tmp_path: Path
) -> None:
    asked = job(tmp_path / "head", texts(8), texts(4, "s"))
    with pytest.raises(ModelError, match="the model reads 8192 at most"):
        run_encode(changed(lesson(), "windows", {"pieces": 9000}), asked)
    with pytest.raises(ModelError, match="begin from that"):
        run_encode(changed(lesson(), "base", {"model": "", "path": str(head)}), asked)
