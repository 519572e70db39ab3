"""The minding process: who dies is started again, who cannot start ends the whole, nobody is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.serve.living import group_of, lives, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")
PROGRAM = Path(__file__).with_name("minded.py")


@dataclass
class Minding:
    """A minding process, and what its children wrote when they started."""

    process: "subprocess.Popen[bytes]"
    folder: Path

    def starts(self, name: str) -> list[tuple[int, float]]:
        try:
            rows = (self.folder / name).read_text().splitlines()
        except OSError:
            return []
        return [(int(pid), float(when)) for pid, when in (row.split() for row in rows)]

    def pid(self, name: str, start: int = 0) -> int:
        """Wait for the n-th start of a child and return its process."""
        until(lambda: len(self.starts(name)) > start)
        return self.starts(name)[start][0]

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    def ended(self) -> int:
        """Wait for the end of the whole; nothing of it may be left."""
        status = self.process.wait(20)
        until(lambda: not group_of(self.process.pid), 5)
        return status


@pytest.fixture
def mind(tmp_path: Path) -> Iterator[Callable[..., Minding]]:
    started: list[Minding] = []

    def start(*names: str, **options: object) -> Minding:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        environ = {**os.environ, "PYTHONPATH": f"{ROOT}/src"}
        with (folder / "said").open("w") as said:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), str(folder), *names],
                stderr=said, env=environ, start_new_session=True, **options,
            )  # fmt: skip
        started.append(Minding(process, folder))
        return started[-1]

    yield start
    for one in started:
        for pid in group_of(one.process.pid):
            os.kill(pid, signal.SIGKILL)
        one.process.wait(10)


def test_who_is_killed_is_started_again_at_once_and_then_later_and_later(mind) -> None:
    minding = mind("steady", "other")
    os.kill(minding.pid("steady"), signal.SIGKILL)
    os.kill(minding.pid("steady", 1), signal.SIGKILL)
    killed = time.monotonic()
    assert minding.pid("steady", 2)
    starts = [when for _, when in minding.starts("steady")]
    assert starts[1] - starts[0] < 2.0
    assert starts[2] - killed > 1.9
    assert len(minding.starts("other")) == 1
    assert "steady ended with -9; it is started again in 0 s" in minding.said
    assert "steady ended with -9; it is started again in 2 s" in minding.said


def test_a_users_error_at_a_childs_start_ends_the_whole_with_its_message_alone(mind) -> None:
    minding = mind("steady", "wrong")
    assert minding.ended() == 2
    assert minding.said == "Error: the key does not open the store\n"
    assert len(minding.starts("wrong")) == 1
    assert minding.starts("greeting") == []


def test_the_same_error_of_a_child_that_did_its_work_before_is_tried_again(mind) -> None:
    minding = mind("steady", "later")
    assert minding.pid("later", 1)
    assert lives(minding.pid("steady"))
    assert len(minding.starts("steady")) == 1
    assert minding.process.poll() is None
    assert "later ended with 2; it is started again" in minding.said


def test_a_fault_of_ours_at_the_start_is_tried_again_and_its_words_are_not_shown(mind) -> None:
    minding = mind("faulty")
    assert minding.pid("faulty", 1)
    assert "faulty: ValueError" in minding.said
    assert "a word of a record" not in minding.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("to_all", [False, True], ids=["told alone", "told as a group, as by a terminal"])
def test_each_signal_that_ends_programs_ends_all_of_it(mind, number, to_all) -> None:
    minding = mind("steady", "other")
    assert minding.pid("greeting")
    (os.killpg if to_all else os.kill)(minding.process.pid, number)
    assert minding.ended() == 0


def test_who_does_not_stop_in_time_is_killed(mind) -> None:
    minding = mind("deaf", "steady")
    assert minding.pid("greeting")
    minding.process.terminate()
    assert minding.ended() == 0
    assert "deaf did not stop within 1 s; it is killed" in minding.said


def test_children_end_with_a_minding_process_that_is_killed(mind) -> None:
    minding = mind("steady", "other")
    assert minding.pid("greeting")
    minding.process.kill()
    assert minding.ended() == -signal.SIGKILL


def test_the_greeting_comes_once_when_all_have_settled(mind) -> None:
    minding = mind("steady", "waiting")
    minding.pid("waiting")
    os.kill(minding.pid("steady"), signal.SIGKILL)
    minding.pid("steady", 1)
    assert minding.starts("greeting") == []
    (minding.folder / "go").touch()
    greeted = minding.pid("greeting")
    until(lambda: not Path(f"/proc/{greeted}").exists())  # it ended, and was taken note of
    os.kill(minding.pid("waiting"), signal.SIGKILL)
    minding.pid("waiting", 1)
    assert len(minding.starts("greeting")) == 1


@pytest.mark.parametrize("share", range(6))
def test_a_signal_between_a_fork_and_the_childs_own_beginning_is_not_lost(mind, share) -> None:
    """Sent at another instant of the start each time: what is lost would cost a second, and a kill."""
    minding = mind("steady", "other", "steady", "other")
    until(lambda: minding.starts("steady"))
    time.sleep(share * 0.001)
    os.killpg(minding.process.pid, signal.SIGTERM)
    assert minding.ended() == 0
    assert "killed" not in minding.said


def test_a_hang_up_that_the_starter_ignores_stays_ignored(mind) -> None:
    minding = mind("steady", preexec_fn=_ignore_hang_up)
    assert minding.pid("greeting")
    minding.process.send_signal(signal.SIGHUP)
    os.kill(minding.pid("steady"), signal.SIGKILL)  # proof that it goes on minding
    assert minding.pid("steady", 1)
    assert minding.process.poll() is None


def _ignore_hang_up() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


ASIDE = """
import json, os, sys, time
from posology.errors import InternalError, SettingsError, UserError
from posology.web.processes import run_aside

def refuse():
    raise SettingsError("serve.port: another program has it")

def fail():
    raise ValueError("a word of a record")

def told(work):
    try:
        return run_aside(work)
    except (UserError, InternalError) as error:
        return f"{type(error).__name__}: {error}"

def wait():
    print(os.getpid(), flush=True)
    time.sleep(60)
    return ""

if sys.argv[1] == "wait":
    run_aside(wait)
print(json.dumps([told(lambda: str(os.getpid())), os.getpid(), told(refuse), told(fail)]))
"""


def aside(word: str) -> "subprocess.Popen[bytes]":
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}/src"}
    return subprocess.Popen([sys.executable, "-c", ASIDE, word], stdout=subprocess.PIPE, env=environ)


def test_work_aside_gives_its_text_or_its_error() -> None:
    with aside("tell") as process:
        there, here, refused, failed = json.loads(process.communicate(timeout=30)[0])
    assert there.isdigit()
    assert int(there) != here
    assert refused == "UserError: serve.port: another program has it"
    assert failed.startswith("InternalError: a process that prepares the application failed")
    assert "record" not in failed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_work_aside_ends_with_who_asked_for_it(number) -> None:
    with aside("wait") as process:
        worker = int(process.stdout.readline())
        process.send_signal(number)
        assert process.wait(10) == -number
        until(lambda: not lives(worker), 5)
