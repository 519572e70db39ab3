"""Exports give what their source gives, and are refused where they do not."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posology.adapt.export import Export, Tolerance, compare_logits, export_model
from posology.adapt.export.decoder import decoder_logits
from posology.adapt.export.probes import OWN, Probe
from posology.adapt.licences import path_licences
from posology.adapt.merge import change_of, open_weights
from posology.chat import weights_at
from posology.errors import ModelError, OutputError
from tests.adapt.tiny_models import TEXTS, as_gguf, made_model, saved, torch_logits, with_adapter

pytest.importorskip("torch")
pytest.importorskip("peft")

pytestmark = pytest.mark.filterwarnings(
    "ignore:.is_gradient_checkpointing:FutureWarning"
)  # peft's, of transformers
PROBES = tuple(Probe(ids, len(ids)) for ids in TEXTS)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return a llama folder, its GGUF file, an adapter, and the logits of base and adapted model."""
    home = tmp_path_factory.mktemp("tiny")
    model = made_model()
    folder = saved(model, home / "base")
    plain = torch_logits(model)
    adapted = with_adapter(model, home / "adapter")
    return {
        "folder": folder,
        "gguf": as_gguf(folder, home / "base.gguf"),
        "adapter": home / "adapter",
        "plain": plain,
        "adapted": torch_logits(adapted),
    }


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
@pytest.mark.parametrize("tied", [False, True])
def test_the_numpy_decoder_gives_what_transformers_gives(tmp_path: Path, kind: str, tied: bool) -> None:
    model = made_model(kind, tied=tied)
    folder = saved(model, tmp_path / "base")
    wanted = torch_logits(model)
    for weights in (open_weights(folder), open_weights(as_gguf(folder, tmp_path / "base.gguf"))):
        assert weights.tied == tied
        for mine, theirs in zip(decoder_logits(weights, TEXTS), wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=2e-4)


def test_a_change_beside_the_weights_gives_what_peft_gives(tiny: dict[str, Any]) -> None:
    for base in (open_weights(tiny["folder"]), open_weights(tiny["gguf"])):
        mine = decoder_logits(base, TEXTS, change_of(tiny["adapter"], base))
        for one, other in zip(mine, tiny["adapted"], strict=True):
            np.testing.assert_allclose(one, other, atol=5e-4)


@pytest.mark.parametrize(
    ("form", "base", "precision", "kl"),
    [
        ("gguf", "gguf", "float32", 1e-9),
        ("gguf", "gguf", "bfloat16", 1e-3),
        ("gguf", "gguf", "q8_0", 5e-3),
        ("transformers", "folder", "float32", 1e-9),
        ("transformers", "folder", "bfloat16", 1e-3),
    ],
)
def test_an_export_gives_what_its_source_gives(
    tmp_path: Path, tiny: dict[str, Any], form: Any, base: str, precision: str, kl: float
) -> None:
    limits = Tolerance(kl, 0.9)  # random weights: two tokens are often as likely
    order = Export(tiny[base], (tiny["adapter"],), form, precision=precision, probes=PROBES, tolerance=limits)
    done = export_model(order, tmp_path / "out")
    assert done.effect.mean_kl > 100 * done.difference.mean_kl  # the adapter did something, and is in
    assert done.difference.tokens == sum(map(len, TEXTS))
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["difference"]["top1"] == pytest.approx(done.difference.top1, rel=1e-5)
    assert (tmp_path / "out" / "card.md").is_file()
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["settings"]["form"] == form


def test_transformers_reads_an_exported_gguf_file_as_the_adapted_model(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    order = Export(tiny["gguf"], (tiny["adapter"],), "gguf", precision="float32", probes=PROBES)
    export_model(order, tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(
        str(tmp_path / "out"),
        gguf_file="model.gguf",
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
    )
    for mine, wanted in zip(torch_logits(model), tiny["adapted"], strict=True):
        np.testing.assert_allclose(mine, wanted, atol=1e-3)


def test_transformers_reads_an_exported_folder_as_the_adapted_model(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    from transformers import AutoModelForCausalLM

    order = Export(tiny["folder"], (tiny["adapter"],), "transformers", precision="float32", probes=PROBES)
    export_model(order, tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(str(tmp_path / "out"))
    for mine, wanted in zip(torch_logits(model), tiny["adapted"], strict=True):
        np.testing.assert_allclose(mine, wanted, atol=1e-3)


def test_every_field_of_the_base_file_is_kept(tmp_path: Path, tiny: dict[str, Any]) -> None:
    import gguf

    export_model(Export(tiny["gguf"], (tiny["adapter"],), "gguf", probes=PROBES), tmp_path / "out")
    before, after = (gguf.GGUFReader(path).fields for path in (tiny["gguf"], tmp_path / "out" / "model.gguf"))
    for name, field in before.items():
        if not name.startswith("GGUF.") and name != "general.file_type":
            assert after[name].contents() == field.contents(), name


@pytest.mark.parametrize(
    ("form", "base", "made"), [("gguf", "gguf", "model.gguf"), ("transformers", "folder", "")]
)
def test_an_export_has_the_licences_of_its_base_and_of_its_source(
    tmp_path: Path, tiny: dict[str, Any], form: Any, base: str, made: str
) -> None:
    there = tmp_path / "base"
    if base == "folder":
        shutil.copytree(tiny["folder"], there)
        (there / "README.md").write_text("---\nlicense: mit\n---\n")
    else:
        there.mkdir()
        shutil.copyfile(tiny["gguf"], there / "base.gguf")
        (there / "manifest.json").write_text('{"licence": "MIT", "files": {"base.gguf": {}}}')
    start = there if base == "folder" else there / "base.gguf"
    source = shutil.copytree(tiny["adapter"], tmp_path / "adapter")
    (source / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    export_model(Export(start, (source,), form, probes=PROBES), tmp_path / "out")
    found = path_licences(tmp_path / "out" / made)
    assert [one.lower() for one in found] == ["mit", "cc-by-nc-4.0"]


def test_beyond_tolerance_nothing_is_written(tmp_path: Path, tiny: dict[str, Any]) -> None:
    order = Export(tiny["gguf"], (tiny["adapter"],), "gguf", probes=PROBES, tolerance=Tolerance(1e-12, 0.0))
    with pytest.raises(ModelError, match=r"beyond tolerance: mean KL .* nats a token"):
        export_model(order, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_an_export_that_costs_a_good_part_of_what_tuning_changed_is_refused(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    order = Export(
        tiny["folder"],
        (tiny["adapter"],),
        "adapter",
        rank=1,
        probes=PROBES,
        tolerance=Tolerance(9.0, 0.0, 0.01),
    )
    with pytest.raises(ModelError, match=r"% of what tuning changed"):
        export_model(order, tmp_path / "out")


def test_an_adapter_of_the_rank_it_had_is_the_same_adapter(tmp_path: Path, tiny: dict[str, Any]) -> None:
    order = Export(tiny["folder"], (tiny["adapter"],), "adapter", rank=4, probes=PROBES)
    done = export_model(order, tmp_path / "out")
    assert done.kept == pytest.approx(1, abs=1e-6)
    assert done.difference.mean_kl < 1e-8


def test_peft_loads_an_adapter_that_was_written_here(tmp_path: Path, tiny: dict[str, Any]) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    export_model(
        Export(tiny["folder"], (tiny["adapter"],), "adapter", rank=4, probes=PROBES), tmp_path / "out"
    )
    (tmp_path / "out" / "adapter.safetensors").rename(tmp_path / "out" / "adapter_model.safetensors")
    model = AutoModelForCausalLM.from_pretrained(str(tiny["folder"]))
    adapted = PeftModel.from_pretrained(model, str(tmp_path / "out")).eval()
    for mine, wanted in zip(torch_logits(adapted), tiny["adapted"], strict=True):
        np.testing.assert_allclose(mine, wanted, atol=1e-3)


def test_an_adapter_made_for_another_base_is_refused(tmp_path: Path, tiny: dict[str, Any]) -> None:
    model = made_model(seed=5)
    with_adapter(model, tmp_path / "adapter")
    (tmp_path / "adapter" / "manifest.json").write_text(
        json.dumps({"models": {"base": {"sha256": "0" * 64}}})
    )
    order = Export(tiny["gguf"], (tmp_path / "adapter",), "gguf", probes=PROBES)
    with pytest.raises(ModelError, match="made for another base"):
        export_model(order, tmp_path / "out")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("use_dora", True),
        ("bias", "all"),
        ("modules_to_save", ["lm_head"]),
        ("fan_in_fan_out", True),
        ("init_lora_weights", "pissa"),
    ],
)
def test_an_adapter_that_cannot_be_merged_whole_is_refused(
    tmp_path: Path, tiny: dict[str, Any], key: str, value: Any
) -> None:
    for path in tiny["adapter"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(ModelError, match=key):
        change_of(tmp_path, open_weights(tiny["folder"]))


@pytest.mark.parametrize(
    "settings", [{"use_rslora": True}, {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"k_proj": 3}}]
)
def test_scales_are_pefts(tmp_path: Path, tiny: dict[str, Any], settings: dict[str, Any]) -> None:
    adapted = torch_logits(with_adapter(made_model(), tmp_path / "adapter", **settings))
    base = open_weights(tiny["folder"])
    for mine, wanted in zip(
        decoder_logits(base, TEXTS, change_of(tmp_path / "adapter", base)), adapted, strict=True
    ):
        np.testing.assert_allclose(mine, wanted, atol=5e-4)


def test_a_tuned_folder_is_exported_like_an_adapter(tmp_path: Path, tiny: dict[str, Any]) -> None:
    merged = Export(tiny["folder"], (tiny["adapter"],), "transformers", precision="float32", probes=PROBES)
    export_model(merged, tmp_path / "tuned")
    again = Export(tiny["gguf"], (tmp_path / "tuned",), "gguf", precision="float32", probes=PROBES)
    export_model(again, tmp_path / "out")
    for mine, wanted in zip(
        decoder_logits(open_weights(tmp_path / "out" / "model.gguf"), TEXTS), tiny["adapted"], strict=True
    ):
        np.testing.assert_allclose(mine, wanted, atol=1e-3)


def test_the_answers_that_come_out_word_by_word_are_the_task_score(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    best = tiny["adapted"][2].argmax(-1)
    right = Probe((*TEXTS[2], int(best[-1])), len(TEXTS[2]))
    wrong = Probe((*TEXTS[2], (int(best[-1]) + 1) % 90), len(TEXTS[2]))
    order = Export(tiny["gguf"], (tiny["adapter"],), "gguf", probes=(right, wrong))
    done = export_model(order, tmp_path / "out")
    assert (done.answers, done.source_right, done.export_right) == (2, 0.5, 0.5)


def test_a_folder_with_files_is_not_written_over(tmp_path: Path, tiny: dict[str, Any]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    order = Export(tiny["gguf"], (tiny["adapter"],), "gguf", probes=PROBES)
    with pytest.raises(OutputError):
        export_model(order, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_differences_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(3)
    one, other = (rng.normal(size=(6, 9)).astype(np.float32) for _ in range(2))
    p, q = (
        np.exp(values.astype(float)) / np.exp(values.astype(float)).sum(-1, keepdims=True)
        for values in (one, other)
    )
    found = compare_logits([one], [other])
    assert found.mean_kl == pytest.approx((p * np.log(p / q)).sum(-1).mean(), rel=1e-4)
    assert found.max_logit == pytest.approx(np.abs(one - other).max())
    assert found.top1 == pytest.approx((one.argmax(-1) == other.argmax(-1)).mean())
    assert compare_logits([one], [one + 7]).mean_kl == pytest.approx(0, abs=1e-6)  # what a softmax cannot see


@pytest.mark.parametrize("broken", [np.float32(np.nan), np.float32(np.inf)])
def test_logits_that_are_no_numbers_are_refused(broken: np.float32) -> None:
    good = np.zeros((2, 3), np.float32)
    bad = good.copy()
    bad[1, 1] = broken
    with pytest.raises(ModelError, match="not finite"):
        compare_logits([good], [bad])


def test_queries_and_keys_in_the_wrong_order_are_noticed(tmp_path: Path, tiny: dict[str, Any]) -> None:
    """The trap of llama in GGUF: added without the permutation, the change lands on wrong rows."""
    base = open_weights(tiny["gguf"])
    assert base.shape is not None
    wrong = replace(base, shape=replace(base.shape, architecture="qwen2"))
    change = change_of(tiny["adapter"], base)
    from posology.adapt.export.writing import write_gguf

    write_gguf(wrong, change, tmp_path / "model.gguf", "F32")
    difference = compare_logits(
        decoder_logits(base, TEXTS, change), decoder_logits(open_weights(tmp_path / "model.gguf"), TEXTS)
    )
    assert difference.mean_kl > 0.01


@pytest.mark.slow
@pytest.mark.model
def test_the_embedded_engine_loads_an_export_and_answers_as_its_source(tmp_path: Path) -> None:
    """SmolLM2 with a random adapter, as int8 OpenVINO: compared by another engine's arithmetic."""
    from posology.chat import Message, ModelIdentity, Prompt, find_weights
    from posology.chat.matrices.adapters import write_adapter
    from posology.chat.openvino import OpenVinoOptions, open_openvino

    try:
        base = find_weights("smollm2-135m-instruct")
    except ModelError as cause:
        pytest.skip(str(cause))
    weights, chance = open_weights(base.path), np.random.default_rng(0)
    parts = {}
    for name, stored in weights.tensors.items():
        if name.endswith("_proj.weight"):
            out, into = stored.shape
            a = chance.normal(size=(8, into)) / np.sqrt(into)
            parts[name] = a.astype(np.float32), (0.02 * chance.normal(size=(out, 8))).astype(np.float32)
    (tmp_path / "adapter").mkdir()
    write_adapter(tmp_path / "adapter", parts)
    order = Export(base.path, (tmp_path / "adapter",), "openvino", examples=OWN[4:])  # two short texts
    done = export_model(order, tmp_path / "out")
    assert done.difference.mean_kl < 0.006  # 0.0017 over all six texts
    assert done.difference.mean_kl < 0.25 * done.effect.mean_kl
    folder = weights_at(tmp_path / "out")
    assert folder.window == base.window
    engine = open_openvino(
        folder.path, ModelIdentity("x", "smollm2", "", "", ""), folder.window or 0, OpenVinoOptions()
    )
    answer = engine.generate([Prompt((Message("user", "Say yes."),), max_tokens=8)])[0]
    assert answer.output_tokens > 0
