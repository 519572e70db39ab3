"""Importing the package does no work and loads nothing heavy."""

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "openvino", "openvino_genai", "typst", "bm25s", "fhirpathpy", "pydantic", "httpx")
COMMAND = [
    sys.executable,
    "-c",
    "import sys; from posology.cli import main; sys.argv = ['posology', '--help']; main()",
]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def fastest(code: str, times: int = 5) -> float:
    """Return the least time of several fresh interpreters: what the work takes when nobody else works."""
    return min(float(run(code)) for _ in range(times))


def test_import_posology_takes_under_a_fifth_of_a_second() -> None:
    clock = "import time; a = time.process_time(); import posology; print(time.process_time() - a)"
    assert fastest(clock) < 0.2


@pytest.mark.parametrize("package", HEAVY)
def test_import_posology_loads_nothing_heavy(package: str) -> None:
    assert run(f"import sys, posology; print({package!r} in sys.modules)").strip() == "False"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux seals processes")
@pytest.mark.parametrize(
    "module", ["posology.chat", "posology.chat.transport", "posology.config", "posology.egress"]
)
def test_what_a_process_needs_before_it_is_sealed_starts_no_thread(module: str) -> None:
    code = f"import os, {module}; print(len(os.listdir('/proc/self/task')))"
    assert run(code).strip() == "1", "only one thread may run when a process is sealed"


def test_importing_every_module_loads_no_engine() -> None:
    code = (
        "import importlib, pkgutil, sys, posology\n"
        "for m in pkgutil.walk_packages(posology.__path__, 'posology.'): importlib.import_module(m.name)\n"
        "heavy = ('torch', 'openvino', 'openvino_genai', 'typst', 'fhirpathpy', 'bm25s')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert run(code).strip() == "[]"


def test_help_takes_under_a_second() -> None:
    """Of processor time: what a user waits for where nothing else runs, as tests beside it do here."""
    took = []
    for _ in range(3):
        start = os.times()
        done = subprocess.run(COMMAND, capture_output=True, text=True, check=True)
        end = os.times()
        took.append(end.children_user - start.children_user + end.children_system - start.children_system)
        assert "draft" in done.stdout
    assert 0 < min(took) < 1.0


def test_importing_writes_nothing_and_says_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import posology"], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
