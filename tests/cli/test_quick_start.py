"""The quick start works exactly as it is written, with the program that is installed here."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fake_server import serving

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _blocks(repo_root: Path) -> list[tuple[str, str]]:
    return BLOCK.findall((repo_root / "docs" / "quick-start.md").read_text(encoding="utf-8"))


def _shell(script: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a block in a shell that stops at the first command that fails."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = os.environ | {"PATH": paths, "COLUMNS": "200"} | more
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture
def begun(tmp_path, repo_root) -> Path:
    """Return a folder in which the parts of the page before the request file were done, by rules alone."""
    shell = [text for kind, text in _blocks(repo_root) if kind == "sh"]
    for script in shell[:3]:
        done = _shell(script, tmp_path, POSOLOGY_PROFILE="rules")
        assert done.returncode == 0, f"{script}\n{done.stderr}"
    return tmp_path


def _packet(folder: Path) -> Any:
    return json.loads((folder / "packet" / "packet.json").read_text(encoding="utf-8"))


def test_a_pasted_note_and_ones_own_policy_become_a_packet(begun):
    record = _packet(begun)
    assert record["policy"]["id"] == "my-plan-lumbar"
    assert record["patient"]["name"] == "Ana Rivera"
    row = next(row for row in record["criteria"] if row["id"] == "conservative-care")
    quotes = {e["id"]: e for e in record["evidence"]}
    assert (row["status"], [quotes[key]["kind"] for key in row["evidence"]]) == ("met", ["text"])
    assert record["conclusion"] == "review"
    assert {gap["id"] for gap in record["gaps"]} == {"member-id", "npi"}


def test_a_person_and_the_request_file_make_the_packet_ready(begun, repo_root):
    script = [text for kind, text in _blocks(repo_root) if kind == "sh"][3]
    done = _shell(script, begun, POSOLOGY_PROFILE="rules")
    assert done.returncode == 0, done.stderr
    assert (_packet(begun)["conclusion"], _packet(begun)["gaps"]) == ("ready", [])


def test_ones_own_server_is_checked_and_drafts(begun, repo_root):
    settings = next(text for kind, text in _blocks(repo_root) if kind == "toml")
    script = [text for kind, text in _blocks(repo_root) if kind == "sh"][4]
    with serving() as url:
        settings = settings.replace("http://127.0.0.1:8000/v1", url).replace('"my-model"', '"fake"')
        settings = settings.replace('model = "fake"', 'model = "fake", window_tokens = 8192')
        (begun / "posology.toml").write_text(settings, encoding="utf-8")
        done = _shell(script, begun)
    assert done.returncode == 0, done.stderr
    assert (begun / "packet2" / "packet.json").is_file()
