"""Two processes learn together what one learns alone."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from posology.adapt.job import Job
from posology.adapt.network import _device
from posology.adapt.recipes import read_recipe, render_recipe
from posology.adapt.running import run_recipe
from posology.errors import ModelError, UserError
from tests.adapt.tuning import recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH
from tests.ports import free_port

pytestmark = NEEDS_TORCH
ROOT = Path(__file__).resolve().parents[2]

# Runs the command in forks of one process, which has imported what every one of them would import again.
DRIVER = """
import os, sys
from pathlib import Path

import torch

torch.set_num_threads(1)
import accelerate
from posology.adapt.network import open_network
from posology.cli import main
from tests.adapt.tuning import job_of, recipe_of

folder, port = Path(sys.argv[1]), sys.argv[2]
recipe = recipe_of()
open_network(recipe.base, recipe.lora, job_of(folder), seed=0)
PLACE = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "ACCELERATE_USE_CPU": "true"}


def started(out, **more):
    child = os.fork()
    if child == 0:
        os.environ.update(more)
        sys.argv = ["posology", "adapt", "run", str(folder / "recipe.toml"), "--out", str(folder / out)]
        main()  # ends the child
    return child


def ended(children):
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


codes = ended([started("alone")])
codes += ended([started("both", RANK=rank, LOCAL_RANK=rank, **PLACE) for rank in ("0", "1")])
sys.exit(any(codes))
"""


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    from safetensors.numpy import load_file

    folder = write_bench(tmp_path)
    (folder / "recipe.toml").write_text(render_recipe(recipe_of({"optimizer": {"steps": 4}})))
    more = {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "POSOLOGY_HOME": str(folder / "home")}
    more |= {"POSOLOGY_DATA": "", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder), str(free_port())],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = (load_file(folder / name / "adapter.safetensors") for name in ("alone", "both"))
    assert set(one) == set(two)
    assert max(float(abs(one[name] - two[name]).max()) for name in one) < 1e-4


def _torch(gpus: int) -> SimpleNamespace:
    """Return what of torch says which GPUs there are."""
    cuda = SimpleNamespace(is_available=lambda: gpus > 0, device_count=lambda: gpus)
    return SimpleNamespace(cuda=cuda, device=str)


@pytest.mark.parametrize(
    ("wanted", "gpus", "started", "place", "device", "why"),
    [
        ("auto", 0, "", "", "cpu", "there is no GPU"),
        ("auto", 2, "", "", "cuda", "alone: torch's own choice"),
        ("cuda", 2, "1", "0", "cuda", "alone, as accelerate launch starts one process"),
        ("auto", 2, "2", "0", "cuda:0", "the first of two"),
        ("auto", 2, "2", "1", "cuda:1", "the second"),
        ("cuda", 2, "2", "1", "cuda:1", "the second, where the recipe names the GPU"),
        ("cuda", 1, "2", "1", "cuda:0", "each sees its own GPU only"),
        ("cpu", 2, "2", "1", "cpu", "the recipe wants none"),
        ("auto", 0, "2", "1", "cpu", "two processes without a GPU"),
    ],
)
def test_each_process_opens_its_model_on_its_own_gpu(
    monkeypatch: pytest.MonkeyPatch, wanted: str, gpus: int, started: str, place: str, device: str, why: str
) -> None:
    monkeypatch.setenv("WORLD_SIZE", started)
    monkeypatch.setenv("LOCAL_RANK", place)
    assert _device(_torch(gpus), wanted) == device, why


def test_a_gpu_that_is_named_and_not_there_is_refused() -> None:
    with pytest.raises(ModelError, match="there is no GPU that torch can use; set auto or cpu"):
        _device(_torch(0), "cuda")


@pytest.mark.parametrize("name", ["embed-static.toml", "encode-ktas.toml", "vocabulary-clinical.toml"])
def test_what_one_process_makes_is_refused_where_two_were_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    recipe = read_recipe(ROOT / "recipes" / name)
    told = rf"{recipe.name}: a recipe of kind {recipe.kind} runs in one process, and 2 were started"
    with pytest.raises(UserError, match=told):
        run_recipe(recipe, Job(tmp_path / "out", tmp_path))
    assert list(tmp_path.iterdir()) == []
