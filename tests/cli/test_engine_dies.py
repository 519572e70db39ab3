"""A model server that is killed while posology evaluate asks it: what is answered stays, and stays once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.cli_runs import Ran, run

ROOT = Path(__file__).resolve().parents[2]
TASK = """posology = "task/1"
name = "made"
kind = "choice"
labels = ["urgent", "routine"]
instruction = "How urgent is it?"
file = "items.jsonl"
"""
CANARIES = 5  # chats that a server is tried with before it is asked anything


@contextmanager
def serving(log: Path, dies_after: int = 10_000) -> Iterator[str]:
    """Run the server in a process of its own; yield its address."""
    log.touch()
    command = [sys.executable, "-m", "tests.cli.dying_server", "urgent", str(dies_after), str(log)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def asked(address: str, folder: Path, *more: object) -> Ran:
    (folder / "task.toml").write_text(TASK)
    items = [
        {"id": f"i{n}", "text": f"Letter {n}.", "gold": "urgent" if n % 3 else "routine"} for n in range(120)
    ]
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    model = ("--model", "fake", "--engine", "openai", "--base-url", address, "--window", 4096)
    return run("evaluate", folder / "task.toml", *model, "--n", 45, "--out", folder / "out", *more)


def ids(folder: Path) -> list[str]:
    path = folder / "out" / "made" / "fake_zero" / "items.jsonl"
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("cached", [False, True])
def test_a_killed_server_loses_and_repeats_no_item(tmp_path: Path, cached: bool) -> None:
    more = ("--cache", tmp_path / "cache") if cached else ()
    with serving(tmp_path / "first", CANARIES + 30) as address:
        ran = asked(address, tmp_path, *more)
    kept = ids(tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"Error: {address}: ")
    assert f"; {len(kept)} of 45 items are answered and kept in {tmp_path / 'out'}" in ran.err
    assert "run the same command again" in ran.err
    assert 26 <= len(kept) <= 30  # four requests are under way at once
    with serving(tmp_path / "second") as address:
        again = asked(address, tmp_path, *more)
    assert (again.code, again.err) == (0, "")
    assert len(set(ids(tmp_path))) == len(ids(tmp_path)) == 45
    assert ids(tmp_path)[: len(kept)] == kept
    assert len((tmp_path / "second").read_text().split()) == 45 - len(kept)


def test_a_server_that_is_not_there_at_all_is_said(tmp_path: Path) -> None:
    with serving(tmp_path / "log") as address:
        pass
    ran = asked(address, tmp_path)
    assert ran.code == 2
    assert "no server answers there; start it, or correct base_url" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_server_that_does_not_tell_its_window_is_answered_with_the_option(tmp_path: Path) -> None:
    with serving(tmp_path / "log") as address:
        ran = asked(address, tmp_path, "--window", 0)
    assert ran.code == 2
    assert (
        "does not tell its model's window; set window_tokens in the profile or plan, or --window" in ran.err
    )
