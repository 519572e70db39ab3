"""`scripts/demo --stop` ends the application that the script left running, and no other program."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the script looks at processes in /proc")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a folder that holds of the repository only the script."""
    for name in ("scripts", ".venv"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "scripts" / "demo", tmp_path / "scripts" / "demo")
    return tmp_path


@pytest.fixture
def program() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as running:
        yield running
        running.kill()


def stop(checkout: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(checkout / "scripts" / "demo"), *(words or ("--stop",))],
        cwd="/", capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def note(checkout: Path, pid: int, began: str) -> Path:
    file = checkout / ".venv" / "demo-serving.pid"
    file.write_text(f"{pid} {began}".strip() + "\n")
    return file


def beginning(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def test_where_nothing_runs_nothing_happens_however_often_it_is_asked(checkout) -> None:
    for _ in range(2):
        done = stop(checkout)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_it_left_running_is_ended_once(checkout, program) -> None:
    file = note(checkout, program.pid, beginning(program.pid))
    assert stop(checkout).returncode == 0
    assert program.wait(5) == -15
    assert not file.exists()
    assert stop(checkout).returncode == 0


@pytest.mark.parametrize("began", ["1", "", "0x"], ids=["of another time", "of an older script", "damaged"])
def test_another_program_that_has_the_number_now_is_left_alone(checkout, program, began) -> None:
    file = note(checkout, program.pid, began)
    done = stop(checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert program.poll() is None
    assert not file.exists()


def test_a_number_that_no_program_has_is_forgotten(checkout) -> None:
    file = note(checkout, 2**22 + 1, "5")
    assert stop(checkout).returncode == 0
    assert not file.exists()


def test_an_unknown_option_says_how_the_script_is_used(checkout) -> None:
    done = stop(checkout, "--start")
    assert done.returncode == 2
    assert done.stderr == "usage: scripts/demo [FOLDER] | --stop\n"
