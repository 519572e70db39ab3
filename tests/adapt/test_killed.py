"""Killed at any change of its files, a run goes on to the same curve and the same weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapt.tuning import write_bench
from tests.chat.tiny_model import NEEDS_TORCH

pytestmark = NEEDS_TORCH
ROOT = Path(__file__).resolve().parents[2]
QUIET = {"TOKENIZERS_PARALLELISM": "false"}  # threads would not live on in a fork

# Runs in a process of its own, so that no thread but the first lives when it forks. A child kills itself with
# SIGKILL just before its n-th change of a file under the work folder or of the model folder.
DRIVER = """
import os, signal, sys
from pathlib import Path

import torch

torch.set_num_threads(1)
from posology.adapt.network import open_network
from posology.adapt.running import run_recipe
from tests.adapt.tuning import job_of, recipe_of

CHANGES = {"lora": {"dropout": 0.1}, "optimizer": {"steps": 6}, "stop": {"every": 2, "checkpoint": 2}}
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree")
folder = Path(sys.argv[1])


def run(out, at):
    seen = [0]

    def hook(event, args):
        if event not in EVENTS or f"{folder / out}" not in str(args[0]) and f".{out}" not in str(args[0]):
            return
        if event == "open" and not (args[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        seen[0] += 1
        if seen[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    run_recipe(recipe_of(CHANGES), job_of(folder, out))
    (folder / "changes").write_text(str(seen[0]))


def forked(out, at=0):
    child = os.fork()
    if child == 0:
        try:
            run(out, at)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


recipe = recipe_of(CHANGES)
open_network(recipe.base, recipe.lora, job_of(folder), seed=0)  # no child has to import its modules again
assert forked("whole") == 0
changes = int((folder / "changes").read_text())
kills = []
for place in map(int, sys.argv[2:]):
    at = place if place > 0 else changes + place
    out = f"killed-{place}"
    codes = [forked(out, at)]
    if not (folder / out).is_dir():
        codes.append(forked(out, max(1, at // 2)))  # and again, while it goes on
    if not (folder / out).is_dir():
        codes.append(forked(out))
        assert codes[-1] == 0, codes
    if (folder / f"{out}.work").exists():
        codes.append(forked(out))  # the model was written before
    assert not (folder / f"{out}.work").exists(), codes
    kills.append(codes)
print(kills)
"""


def _curve(folder: Path) -> list[float]:
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line.get("loss", line.get("select", {}).get("answer")) for line in lines]


def test_a_run_killed_at_any_change_of_a_file_comes_to_the_same_curve_and_weights(tmp_path: Path) -> None:
    folder = write_bench(tmp_path)
    points = [1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 27, 34, 42, 50]
    removal = [-3, -2, -1, 0]  # from the last change: the model is written, the work folder goes
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder), *map(str, [*points, *removal])],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **QUIET},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    kills = json.loads(done.stdout.strip().splitlines()[-1])
    assert sum(codes[0] == -9 for codes in kills) >= 10, kills
    assert {code for codes in kills for code in codes} <= {-9, 0}, kills
    assert all(codes == [-9, 0] for codes in kills[-len(removal) :]), kills
    whole = folder / "whole"
    for at in [*points, *removal]:
        made = folder / f"killed-{at}"
        assert _curve(made) == pytest.approx(_curve(whole), abs=1e-3), at
        assert (made / "adapter.safetensors").read_bytes() == (whole / "adapter.safetensors").read_bytes(), at
