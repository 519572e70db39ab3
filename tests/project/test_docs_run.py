"""Every command and every line of Python that the documentation shows runs as shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.blocks import Block, Step, find_blocks, missing, parse_steps, words
from tests.project.tree import ROOT, documents

RUNNABLE = ("python", "console")
PROGRAMS = ("posology", "ls", "cat", "head", "cp", "mkdir", "cd")
PAGES = [page for page in documents() if any(block.language in RUNNABLE for block in find_blocks(page))]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def weights_are_here() -> bool:
    """Say whether the embedded writer lies where Posology looks for it."""
    from posology.chat.weights import list_models

    return all(row.installed == "yes" for row in list_models() if row.entry.name == "judge-writer")


def run_console(block: Block, folder: Path) -> None:
    for step in parse_steps(block.text):
        program = words(step.command)[0]
        assert program in PROGRAMS, f'line {block.line}: {program} is not run by this test; say skip="why"'
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script(step)],
            cwd=folder, env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode == 0 or "Error:" in "".join(step.expected), f"{step.command}\n{said[-3000:]}"
        absent = missing(step.expected, said)
        assert absent == [], f"{step.command} did not print {absent}; it printed\n{said[-3000:]}"


def script(step: Step) -> str:
    if "<<" not in step.command:
        return step.command
    end = words(step.command.rpartition("<<")[2])[0]
    return f"{step.command}\n{step.written}{end}\n"


def environment() -> dict[str, str]:
    here = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "160"}
    return {**os.environ, **here, "NO_COLOR": "1"}


def run_python(block: Block, page: Path, names: dict[str, object]) -> None:
    padded = "\n" * block.line + block.text  # so that a traceback shows the page's line
    exec(compile(padded, named(page), "exec"), names)  # noqa: S102 - our own documentation, in its own test


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_page_runs_as_shown(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for block in find_blocks(page):
        if block.language not in RUNNABLE or block.skip:
            continue
        if block.needs_model and not weights_are_here():
            pytest.skip("the embedded weights are not here: posology models get judge-writer")
        if block.language == "console":
            run_console(block, tmp_path)
        else:
            run_python(block, page, names)
