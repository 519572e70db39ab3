"""Whatever ends a run, the same command goes on from where it was, and nothing is lost."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from posology.errors import ModelError, OutputError
from tests.adapt.tuning import job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH

pytestmark = NEEDS_TORCH
ROOT = Path(__file__).resolve().parents[2]
CHANGES = {"lora": {"dropout": 0.1}, "optimizer": {"steps": 12}, "stop": {"every": 4, "checkpoint": 2}}


def _log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def _curve(folder):
    """Return the losses of steps and measurements in order."""
    return [line.get("loss", line.get("select", {}).get("answer")) for line in _log(folder)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    from posology.adapt.tune import run_tune

    folder = write_bench(tmp_path_factory.mktemp("bench"))
    run_tune(recipe_of(CHANGES), job_of(folder, "whole"))
    return folder


class _Stop(BaseException):
    """Ends a run from without, as a signal would."""


def _stopped_at(bench, out, step, changes=CHANGES):
    """Run up to a step and end there, as a killed process does; return the job."""
    from dataclasses import replace

    from posology.adapt.tune import run_tune

    def end(stage, done=None, total=None):
        if stage == "Tuning" and done == step:
            raise _Stop

    job = job_of(bench, out)
    with pytest.raises(_Stop):
        run_tune(recipe_of(changes), replace(job, tell=end))
    return job


@pytest.mark.parametrize("step", [1, 2, 5, 8, 11], ids=lambda step: f"step {step}")
def test_a_run_that_is_stopped_anywhere_comes_to_the_same_curve_and_weights(bench, step: int) -> None:
    from posology.adapt.tune import run_tune

    job = _stopped_at(bench, f"stopped-{step}", step)
    made = run_tune(recipe_of(CHANGES), job)
    assert _curve(made) == pytest.approx(_curve(bench / "whole"), abs=1e-5)
    assert (made / "adapter.safetensors").read_bytes() == (bench / "whole/adapter.safetensors").read_bytes()


def test_a_process_that_is_killed_is_gone_on_with_by_the_same_command(bench) -> None:
    from posology.adapt.recipes import render_recipe

    recipe = recipe_of({**CHANGES, "optimizer": {"steps": 4000}})
    (bench / "recipe.toml").write_text(render_recipe(recipe))
    command = [sys.executable, "-c", "from posology.cli import main; main()", "adapt", "run"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "POSOLOGY_HOME": str(bench / "home")}
    process = subprocess.Popen(
        [*command, str(bench / "recipe.toml"), "--out", str(bench / "killed"), "--json"],
        env=environment,
        stderr=subprocess.PIPE,
    )
    log = bench / "killed.work" / "log.jsonl"
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        if log.is_file() and log.read_text().count('"loss"') >= 5:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()
    before = [line for line in _log(bench / "killed.work") if "loss" in line]
    job = _stopped_at(bench, "killed", before[-1]["step"] + 3, {**CHANGES, "optimizer": {"steps": 4000}})
    after = {line["step"]: line["loss"] for line in _log(job.work) if "loss" in line}
    for line in before:
        assert after[line["step"]] == pytest.approx(line["loss"], abs=1e-3)
    assert sorted(after) == list(range(1, before[-1]["step"] + 4))


def test_a_line_of_the_log_that_a_kill_cut_short_is_written_anew(bench) -> None:
    from posology.adapt.tune import run_tune

    job = _stopped_at(bench, "cut", 5)
    with (job.work / "log.jsonl").open("a") as stream:
        stream.write('{"step": 6, "lo')
    made = run_tune(recipe_of(CHANGES), job)
    assert _curve(made) == pytest.approx(_curve(bench / "whole"), abs=1e-5)


@pytest.mark.parametrize("file", ["tensors.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_said_with_what_to_do_and_the_one_before_it_serves(bench, file: str) -> None:
    import shutil

    from posology.adapt.tune import run_tune

    job = _stopped_at(bench, f"damaged-{file}", 9)
    folders = sorted((job.work / "checkpoint").iterdir())
    assert [folder.name for folder in folders] == ["step-000006", "step-000008"]
    data = (folders[1] / file).read_bytes()
    (folders[1] / file).write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match="damaged; remove the folder step-000008 to go on from step-000006"):
        run_tune(recipe_of(CHANGES), job)
    shutil.rmtree(folders[1])
    made = run_tune(recipe_of(CHANGES), job)
    assert _curve(made) == pytest.approx(_curve(bench / "whole"), abs=1e-5)


def test_a_checkpoint_of_another_recipe_or_other_data_is_refused_until_told_to_begin_anew(bench) -> None:
    from dataclasses import replace

    from posology.adapt.tune import run_tune

    job = _stopped_at(bench, "another", 3)
    other = recipe_of({**CHANGES, "seed": 5})
    with pytest.raises(ModelError, match="the checkpoint of another recipe, other data, other weights"):
        run_tune(other, job)
    assert (job.work / "checkpoint" / "step-000002").is_dir()
    made = run_tune(other, replace(job, restart=True))
    assert json.loads((made / "report.json").read_text())["steps"] == 12


def test_a_file_that_cannot_grow_stops_the_run_with_what_to_do_and_the_run_goes_on_afterwards(bench) -> None:
    from posology.adapt.tune import run_tune

    job = _stopped_at(bench, "full", 3)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))  # no file may grow beyond
    try:
        with pytest.raises(
            OutputError, match="raise the limit of a file's size and run the same command again"
        ):
            run_tune(recipe_of(CHANGES), job)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    made = run_tune(recipe_of(CHANGES), job)
    assert _curve(made) == pytest.approx(_curve(bench / "whole"), abs=1e-5)


def test_a_loss_that_is_no_number_stops_the_run_and_the_last_checkpoint_stays(bench) -> None:
    from posology.adapt.tune import run_tune

    wild = {"optimizer": {"lr": 1e30, "clip": 0.0, "warmup": 0.5}, "stop": {"every": 0, "checkpoint": 1}}
    job = job_of(bench, "wild")
    with pytest.raises(
        ModelError, match=r"step \d+: the loss or its gradient is no number; .*lower optimizer.lr"
    ):
        run_tune(recipe_of(wild), job)
    assert not job.out.exists()
    assert (job.work / "log.jsonl").is_file()
