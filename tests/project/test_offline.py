"""A draft with the embedded models opens no socket: no record and no count of runs leaves the machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Runs the command line in a process of its own in which any use of the network ends the process.
WATCHED = """
import os, sys
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"):
        os.write(2, f"network: {event} {arguments[1:]}".encode())
        os._exit(77)
sys.addaudithook(watch)
from posology.cli import main
main()
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WATCHED, *words], cwd=folder, capture_output=True, text=True, check=False
    )


def made_chart(folder: Path) -> list[str]:
    """Make one chart; return the arguments of the draft that it is for."""
    done = run(folder, "synth", "cms-ncd-100.1", "--out", "charts", "--n", "1", "--seed", "7")
    assert done.returncode == 0, done.stderr
    truth_file = next((folder / "charts").glob("*.truth.json"))
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    chart = str(truth_file).removesuffix(".truth.json") + ".json"
    service = f"{truth['service']['system']}:{truth['service']['code']}"
    return [chart, "--service", service, "--date", truth["date"], "--policy", "cms-ncd-100.1"]


@pytest.mark.parametrize(
    "profile", ["rules", pytest.param("embedded", marks=[pytest.mark.model, pytest.mark.slow])]
)
def test_a_draft_opens_no_socket(profile: str, tmp_path: Path) -> None:
    done = run(tmp_path, "draft", *made_chart(tmp_path), "--profile", profile, "--out", "packet")
    if "posology models get" in done.stderr:
        pytest.skip("the embedded weights are not here: scripts/bootstrap fetches them")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "packet" / "letter.pdf").is_file()


def test_the_watch_sees_the_network(tmp_path: Path) -> None:
    """A profile whose server is on loopback is enough to be seen."""
    (tmp_path / "posology.toml").write_text(
        '[profile.served]\nwriter = {engine = "openai", base_url = "http://127.0.0.1:9/v1", model = "m"}\n'
        'validator = {engine = "none"}\nembedder = {engine = "static"}\n',
        encoding="utf-8",
    )
    done = run(tmp_path, "draft", *made_chart(tmp_path), "--profile", "served", "--out", "packet")
    assert done.returncode == 77
    assert "network: socket." in done.stderr
