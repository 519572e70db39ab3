"""What must stop a run stops it at the command, with a message that says what to do, and loses nothing."""

import json
import re
import resource
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from posology.adapt.recipes import render_recipe
from posology.corpus import ProtectedText, build_protected, save_protected
from posology.corpus.jsonl import write_jsonl
from posology.errors import ModelError, OutputError, PosologyError, UserError
from tests.adapt.tuning import example, job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH

pytestmark = NEEDS_TORCH
SHORT: dict[str, Any] = {"optimizer": {"steps": 4}, "stop": {"every": 2, "checkpoint": 2}}


@dataclass(frozen=True)
class Bench:
    """A folder with model and examples, and the command on it."""

    folder: Path

    def run(self, changes: dict[str, Any] | None = None, *more: str) -> Result:
        (self.folder / "recipe.toml").write_text(render_recipe(recipe_of({**SHORT, **(changes or {})})))
        words = ["adapt", "run", str(self.folder / "recipe.toml"), "--out", str(self.folder / "out"), *more]
        home = {"POSOLOGY_HOME": str(self.folder / "home"), "POSOLOGY_DATA": ""}
        from posology.cli.app import app

        return CliRunner().invoke(app, words, env=home)

    def refused(self, pattern: str, changes: dict[str, Any] | None = None) -> PosologyError:
        result = self.run(changes)
        assert result.exit_code != 0, result.output
        assert isinstance(result.exception, PosologyError), repr(result.exception)
        assert re.search(pattern, str(result.exception)), str(result.exception)
        assert not (self.folder / "out").exists()
        return result.exception


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(write_bench(tmp_path))


def test_a_loss_that_is_no_number(bench: Bench) -> None:
    wild = {"optimizer": {"lr": 1e30, "clip": 0.0, "warmup": 0.5, "steps": 8}, "stop": {"checkpoint": 1}}
    found = bench.refused(r"step \d+: the loss or its gradient is no number; .*lower optimizer.lr", wild)
    assert isinstance(found, ModelError)
    assert (bench.folder / "out.work" / "log.jsonl").is_file()


def _spoil(folder: Path, tensor: str, row: int) -> None:
    """Put what is no number into one row of a model's weights."""
    from safetensors.torch import load_file, save_file

    weights = load_file(str(folder / "model.safetensors"))
    weights[tensor][row] = float("nan")
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})


def test_a_loss_on_select_that_is_no_number_before_the_first_step(bench: Bench) -> None:
    from tokenizers import Tokenizer

    eight = Tokenizer.from_file(str(bench.folder / "tiny" / "tokenizer.json")).token_to_id("8")
    _spoil(bench.folder / "tiny", "model.embed_tokens.weight", eight)
    told = (
        r"step 0: the loss on select is no number; no checkpoint was due yet; take the base from its source"
    )
    assert isinstance(bench.refused(told), ModelError)


def test_a_loss_on_select_that_is_no_number_later(bench: Bench) -> None:
    from posology.adapt.loop import train
    from posology.adapt.tune import _training, prepare

    recipe, job = recipe_of(SHORT), job_of(bench.folder)
    training = _training(recipe, prepare(recipe, job), job)
    spoiled: list[int] = []

    class Select:
        """Measures as the run's own does, and no number once it is spoiled."""

        lengths, names, count = training.select.lengths, training.select.names, training.select.count

        def losses(self, rows: Any) -> Any:
            found = training.select.losses(rows)
            return replace(found, parts=dict.fromkeys(found.parts, float("inf"))) if spoiled else found

    def spoil(stage: str, done: int | None = None, total: int | None = None) -> None:
        spoiled.extend([3] if done == 3 else [])

    told = r"step 4: the loss on select is no number; the checkpoint of step 2 is kept; lower optimizer\.lr"
    with pytest.raises(ModelError, match=told):
        train(replace(training, select=Select(), tell=spoil))  # type: ignore[arg-type]
    assert (bench.folder / "out.work" / "checkpoint" / "step-000002").is_dir()


def test_a_base_whose_logits_are_no_numbers(bench: Bench) -> None:
    _spoil(bench.folder / "tiny", "lm_head.weight", 5)
    bench.refused(r"tiny: the model's logits are no numbers: its weights are damaged")
    assert not (bench.folder / "out.work").exists()


def test_an_answer_that_supervises_nothing(bench: Bench) -> None:
    write_jsonl(bench.folder / "tune.jsonl", [example(1), example(2, answer=" ")])
    assert "note-2" in str(bench.refused(r"note-2"))
    assert not (bench.folder / "out.work").exists()


def test_a_licence_that_forbids_the_use(bench: Bench) -> None:
    write_jsonl(bench.folder / "tune.jsonl", [example(1), example(2, licence="CC-BY-NC-4.0")])
    changes = {"data": {"purpose": "ship"}}
    bench.refused(r"base\.path: tiny: the licence of these weights", changes)
    (bench.folder / "tiny" / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    found = bench.refused(r'made notes \(CC-BY-NC-4\.0\): 1 examples.*purpose = "study"', changes)
    assert isinstance(found, UserError)


def test_a_test_text_among_what_is_learned(bench: Bench) -> None:
    words = "Weight 53 kg HbA1c 9.1 and so on until there are thirteen words in it"
    write_jsonl(
        bench.folder / "tune.jsonl",
        [example(1), example(2, answer=f"{words}.")],
    )
    save_protected(build_protected([ProtectedText("ours, test", words)]), bench.folder / "tests.npz")
    found = bench.refused(r"ours, test: 1 \(note-2\)", {"tests": {"files": ["tests.npz"]}})
    assert "thirteen" not in str(found)
    made = bench.run({"tests": {"files": ["tests.npz"], "found": "drop"}})
    assert made.exit_code == 0, made.output
    assert "ours, test: 1" in (bench.folder / "out" / "card.md").read_text()


def test_a_tokenizer_of_another_model(bench: Bench) -> None:
    tokenizer = bench.folder / "tiny" / "tokenizer.json"
    state = json.loads(tokenizer.read_text())
    first = max(state["model"]["vocab"].values()) + len(state["added_tokens"]) + 1
    more = {"content": "<more>", "single_word": False, "lstrip": False, "rstrip": False}
    more |= {"normalized": False, "special": True}
    state["added_tokens"] += [{"id": first + n, **more, "content": f"<more{n}>"} for n in range(5)]
    tokenizer.write_text(json.dumps(state))
    bench.refused(r"the tokenizer is of another model: it has \d+ tokens and the weights rows for \d+")


def _stopped(bench: Bench, step: int, changes: dict[str, Any]) -> None:
    """Run up to a step and end there, as a killed process does."""
    from posology.adapt.tune import run_tune

    class Stop(BaseException):
        pass

    def end(stage: str, done: int | None = None, total: int | None = None) -> None:
        if stage == "Tuning" and done == step:
            raise Stop

    with pytest.raises(Stop):
        run_tune(recipe_of({**SHORT, **changes}), replace(job_of(bench.folder), tell=end))


def test_a_tokenizer_that_changed_since_the_checkpoint(bench: Bench) -> None:
    _stopped(bench, 3, {})
    tokenizer = bench.folder / "tiny" / "tokenizer_config.json"
    told = json.loads(tokenizer.read_text())
    tokenizer.write_text(json.dumps({**told, "model_max_length": 77}))
    bench.refused(r"another recipe, other data, other weights or another version; pass --restart")
    assert (bench.folder / "out.work" / "checkpoint" / "step-000002").is_dir()
    assert bench.run(None, "--restart").exit_code == 0


def test_a_damaged_checkpoint(bench: Bench) -> None:
    long = {"optimizer": {"steps": 6}}
    _stopped(bench, 5, long)
    kept = bench.folder / "out.work" / "checkpoint"
    tensors = kept / "step-000004" / "tensors.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-7])
    bench.refused("damaged; remove the folder step-000004 to go on from step-000002", long)
    shutil.rmtree(tensors.parent)
    assert bench.run(long).exit_code == 0


def test_a_disk_that_fills_when_training_is_over(bench: Bench) -> None:
    from posology.adapt.tune import run_tune

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def full(stage: str, done: int | None = None, total: int | None = None) -> None:
        if stage == "Tuning" and done == total:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2048, before[1]))  # no file may grow beyond

    try:
        with pytest.raises(OutputError, match=r"what was learned is kept in .*out\.work: raise the limit"):
            run_tune(recipe_of(SHORT), replace(job_of(bench.folder), tell=full))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    log = (bench.folder / "out.work" / "log.jsonl").read_text()
    assert not (bench.folder / "out").exists()
    assert bench.run().exit_code == 0
    assert (bench.folder / "out" / "log.jsonl").read_text() == log  # no step was done again


def test_a_folder_that_was_filled_during_the_run_is_not_called_a_full_disk(bench: Bench) -> None:
    from posology.adapt.tune import run_tune

    def fill(stage: str, done: int | None = None, total: int | None = None) -> None:
        if stage == "Tuning" and done == total:
            (bench.folder / "out").mkdir(exist_ok=True)
            (bench.folder / "out" / "mine.txt").write_text("kept")

    told = r"not empty.*what was learned is kept in .*out\.work: once this is mended"
    with pytest.raises(OutputError, match=told):
        run_tune(recipe_of(SHORT), replace(job_of(bench.folder), tell=fill))
    assert (bench.folder / "out" / "mine.txt").read_text() == "kept"


def test_four_bits_where_there_is_no_gpu(bench: Bench) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    bench.refused(r"lora.quantize: nf4: .*pip install bitsandbytes", {"lora": {"quantize": "nf4"}})
    with pytest.raises(ValueError, match=r"set lora\.rank above 0"):
        recipe_of({"lora": {"quantize": "nf4", "rank": 0}})
