"""The scripts that people and machines share: strict, from nothing, and clear where they cannot go on."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.project.tree import ROOT

SCRIPTS = [p for p in sorted((ROOT / "scripts").iterdir()) if p.is_file() and not p.suffix]
SHELL = [*SCRIPTS, ROOT / ".ci" / "run"]
TOOLS = ("bash", "env", "dirname", "id", "cat", "find", "mkdir", "rm", "printf")


@pytest.mark.parametrize("script", SHELL, ids=lambda path: path.name)
def test_a_script_stops_at_the_first_error_and_can_be_run(script: Path) -> None:
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert lines[1].startswith("# "), "the second line says what it is for"
    assert "set -euo pipefail" in lines
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("script", SHELL, ids=lambda path: path.name)
def test_no_script_installs_torch_by_its_name(script: Path) -> None:
    """By the extra and its pin comes the build for processors; by its name gigabytes."""
    installs = [line for line in script.read_text(encoding="utf-8").splitlines() if "pip install" in line]
    assert [line for line in installs if re.search(r"(?<![\[,])torch(?![,\]])", line)] == []


def test_shellcheck_finds_nothing() -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", *SHELL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def bootstrap(folder: Path, path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of scripts/bootstrap in an empty folder with only the programs in ``path``."""
    (folder / "scripts").mkdir(exist_ok=True)
    copy = shutil.copy(ROOT / "scripts" / "bootstrap", folder / "scripts" / "bootstrap")
    return subprocess.run(
        ["bash", copy, *arguments],
        env={"PATH": str(path), "HOME": str(folder)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a folder of the few programs that every machine has, without any Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return folder


def test_without_a_python_bootstrap_says_what_to_install(tmp_path: Path, tools: Path) -> None:
    done = bootstrap(tmp_path, tools)
    assert done.returncode == 2
    assert "Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_an_old_python_is_not_taken(tmp_path: Path, tools: Path) -> None:
    old = tools / "python3"
    old.write_text("#!/usr/bin/env bash\nexit 1\n", encoding="utf-8")  # what a version before 3.11 answers
    old.chmod(0o755)
    done = bootstrap(tmp_path, tools)
    assert done.returncode == 2
    assert "Python 3.11 or newer" in done.stderr


def test_bootstrap_knows_its_options(tmp_path: Path, tools: Path) -> None:
    done = bootstrap(tmp_path, tools, "--torch")
    assert done.returncode == 2
    assert "--dev" in done.stderr
