"""A model that was written just before its run was killed is known again; any other is left alone."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posology.adapt.running import run_recipe
from posology.corpus.jsonl import write_jsonl
from posology.errors import OutputError
from tests.adapt.tuning import example, job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH

pytestmark = NEEDS_TORCH
SHORT: Mapping[str, Any] = {"optimizer": {"steps": 4}, "stop": {"every": 2, "checkpoint": 2}}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a model, and beside it the work folder as it was when the model was written."""
    folder = write_bench(tmp_path_factory.mktemp("ended"))
    job = job_of(folder)

    def keep(stage: str, done: int | None = None, total: int | None = None) -> None:
        if stage == "Tuning" and done == total:
            shutil.copytree(job.work, folder / "kept")

    run_recipe(recipe_of(SHORT), replace(job, tell=keep))
    assert not job.work.exists()
    (folder / "kept").rename(job.work)
    return folder


@pytest.fixture
def bench(ended: Path, tmp_path: Path) -> Path:
    """Copy the state, so that every test may change it."""
    return Path(shutil.copytree(ended, tmp_path / "bench"))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _refused(bench: Path, changes: Mapping[str, Any] = SHORT) -> None:
    """See to it that a run is refused as one whose folder is another's, and that nothing is removed."""
    before = _bytes(bench / "out"), sorted((bench / "out.work").rglob("*"))
    with pytest.raises(OutputError, match=r"out: the folder is not empty; name another or pass --overwrite"):
        run_recipe(recipe_of(changes), job_of(bench))
    assert (_bytes(bench / "out"), sorted((bench / "out.work").rglob("*"))) == before


def test_the_same_command_keeps_the_finished_model_and_removes_what_is_left(bench: Path) -> None:
    before = _bytes(bench / "out")
    assert run_recipe(recipe_of(SHORT), job_of(bench)) == bench / "out"
    assert _bytes(bench / "out") == before
    assert not (bench / "out.work").exists()
    with pytest.raises(OutputError, match="not empty"):
        run_recipe(recipe_of(SHORT), job_of(bench))  # as ever, once nothing is left


def test_a_finished_model_needs_no_room_on_the_disk(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(bench)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    before = _bytes(bench / "out")
    assert run_recipe(recipe_of(SHORT), job_of(bench)) == bench / "out"
    assert _bytes(bench / "out") == before
    assert not (bench / "out.work").exists()
    with pytest.raises(OutputError, match="make room"):
        run_recipe(recipe_of(SHORT), job_of(bench, "another"))


@pytest.mark.parametrize(
    "gone",
    ["checkpoint/step-000002", "checkpoint/step-000004/tensors.safetensors", "checkpoint/step-000004/*"],
)
def test_a_kill_during_the_removal_is_the_same(bench: Path, gone: str) -> None:
    shutil.rmtree(bench / "out.work" / "best", ignore_errors=True)
    shutil.rmtree(bench / "out.work" / "checkpoint" / "step-000002")
    for path in (bench / "out.work").glob(gone):
        path.unlink()
    run_recipe(recipe_of(SHORT), job_of(bench))
    assert not (bench / "out.work").exists()


def test_another_recipe_is_refused(bench: Path) -> None:
    _refused(bench, {**SHORT, "seed": 7})


def test_other_examples_are_refused(bench: Path) -> None:
    write_jsonl(bench / "tune.jsonl", [example(number) for number in range(5)])
    _refused(bench)


def test_another_base_is_refused(bench: Path) -> None:
    template = bench / "tiny" / "tokenizer_config.json"
    told = json.loads(template.read_text())
    told["chat_template"] = f"{told.get('chat_template') or ''} "
    template.write_text(json.dumps(told))
    _refused(bench)


def test_a_run_that_is_not_over_is_refused(bench: Path) -> None:
    shutil.rmtree(bench / "out.work" / "checkpoint" / "step-000004")  # the one before has not ended
    _refused(bench)


def test_the_checkpoint_of_another_run_is_refused(bench: Path) -> None:
    state = bench / "out.work" / "checkpoint" / "step-000004" / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"fingerprint": "another"}))
    _refused(bench)


@pytest.mark.parametrize("text", ["", "no json", '{"inputs": 3}'])
def test_a_folder_with_no_manifest_of_a_model_is_refused(bench: Path, text: str) -> None:
    (bench / "out" / "manifest.json").write_text(text)
    _refused(bench)


def test_with_overwrite_the_model_is_written_again(bench: Path) -> None:
    before = _bytes(bench / "out")["manifest.json"]
    run_recipe(recipe_of(SHORT), job_of(bench, overwrite=True))
    assert _bytes(bench / "out")["manifest.json"] != before
    assert not (bench / "out.work").exists()
