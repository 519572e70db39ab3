"""The commands on finished models, from one end to the other, on a random model of bytes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from posology.adapt.canaries import make_canaries
from posology.cli.app import app
from posology.corpus.jsonl import read_examples, write_jsonl
from tests.adapt.tiny_models import with_adapter
from tests.adapt.tuning import example
from tests.chat.tiny_model import write_tiny

pytest.importorskip("torch")
pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a base, two adapters and examples."""
    from posology.chat.runtime import import_transformers

    folder = tmp_path_factory.mktemp("cli")
    write_tiny(folder / "tiny")
    for seed, name in ((1, "one"), (2, "two")):
        model = import_transformers().AutoModelForCausalLM.from_pretrained(str(folder / "tiny"))
        with_adapter(model.float(), folder / name, seed=seed)
    write_jsonl(folder / "examples.jsonl", [example(number) for number in range(3)])
    return folder


def _run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["adapt", *map(str, words)])
    return result.exit_code, result.output


def test_an_adapter_is_exported_and_the_figures_are_shown(home: Path, tmp_path: Path) -> None:
    more = ("--precision", "float32", "--examples", home / "examples.jsonl", "--json")
    code, said = _run(
        "export",
        home / "one",
        "--base",
        home / "tiny",
        "--to",
        "transformers",
        "--out",
        tmp_path / "out",
        *more,
    )
    assert code == 0, said
    told = json.loads(said)
    assert told["task_score"]["n"] == 3
    assert told["difference"]["mean_kl"] < 1e-6
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_two_adapters_are_merged_into_one(home: Path, tmp_path: Path) -> None:
    code, said = _run(
        "merge", home / "one", home / "two", "--base", home / "tiny", "--method", "linear", "--rank", "64",
        "--out", tmp_path / "both",
    )  # fmt: skip
    assert code == 0, said
    assert (tmp_path / "both" / "adapter.safetensors").is_file()
    assert "linear" in (tmp_path / "both" / "card.md").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "one", "--to", "onnx"), "there are gguf, transformers, openvino, adapter"),
        (("export", "one", "--to", "gguf", "--precision", "q4"), "written as q8_0 or bfloat16 or float32"),
        (("merge", "one", "two", "--method", "slerp"), "there are linear, ties, dare_linear, dare_ties"),
    ],
)
def test_what_is_unknown_is_refused_with_what_there_is(
    home: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    named = [home / word if word in ("one", "two") else word for word in words]
    result = CliRunner().invoke(
        app, ["adapt", *map(str, named), "--base", str(home / "tiny"), "--out", str(tmp_path / "out")]
    )
    assert result.exit_code != 0
    assert said in f"{result.output} {result.exception}"


def test_canaries_are_planted_and_looked_for(home: Path, tmp_path: Path) -> None:
    code, said = _run(
        "canaries", "plant", home / "examples.jsonl", "--out", tmp_path / "planted.jsonl", "--each", "1"
    )
    assert code == 0, said
    canaries = make_canaries(0, 1)
    planted = list(read_examples(tmp_path / "planted.jsonl"))
    assert len(planted) == 3 + sum(one.times for one in canaries)
    code, said = _run(
        "canaries", "find", home / "tiny", "--each", "1", "--candidates", "4", "--samples", "0", "--json"
    )
    told = json.loads(said)
    assert code == 0, said
    assert told["extracted"] == 0
    assert told["most_exposure_bits"] <= 2
