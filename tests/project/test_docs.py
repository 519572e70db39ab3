"""The documentation cannot rot: what it shows runs, what it links to exists, what exists is documented."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from posology import errors
from tests.project.blocks import find_blocks, words
from tests.project.tree import ROOT, documents, tracked_files

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")
SCRIPT = re.compile(r"(?<![\w/])scripts/[a-z_]+(?:\.py)?")
PAGES = [page for page in documents() if page.is_file()]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def all_text() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return re.sub(r"^( *)```.*?^\1```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings as they are made on the web."""
    titles = re.findall(r"^#+ +(.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    lost = []
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        if not other.exists() or (anchor and other.suffix == ".md" and anchor not in anchors(other)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_image_exists(page: Path) -> None:
    sources = [one or other for one, other in IMAGE.findall(page.read_text(encoding="utf-8"))]
    assert [s for s in sources if not s.startswith("http") and not (page.parent / s).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_script_that_is_named_exists(page: Path) -> None:
    names = set(SCRIPT.findall(page.read_text(encoding="utf-8")))
    assert sorted(name for name in names if not (ROOT / name).is_file()) == []


def test_every_page_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in LINK.findall(prose(index))}
    pages = {p.resolve() for p in tracked_files() if p.parent.name == "docs" and p.suffix == ".md"}
    assert sorted(str(page) for page in pages - linked - {index.resolve()}) == []


def test_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_documented(name: str) -> None:
    assert f"`{name}`" in all_text()


def test_every_module_of_errors_py_stands_in_its_tree() -> None:
    tree = errors.__doc__ or ""
    assert [name for name in errors.__all__ if name not in tree] == []


def commands_shown() -> list[tuple[str, str]]:
    """Return every `posology` command of a shell or console block, with its page."""
    found = []
    for page in PAGES:
        for block in find_blocks(page):
            if block.language in ("sh", "bash", "console"):
                joined = re.sub(r"\\\n\s*(> )?", " ", block.text)
                lines = re.findall(r"^(?:\$ )?((?:\.venv/bin/)?posology .+)$", joined, flags=re.MULTILINE)
                found += [(named(page), line) for line in lines]
    return found


@pytest.mark.parametrize(("page", "line"), commands_shown())
def test_every_command_that_is_shown_exists_with_its_options(page: str, line: str) -> None:
    import typer

    from posology.cli import app

    command: Any = typer.main.get_command(app)
    rest = words(line)[1:]
    known = {"--help", "-h"}
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    assert not hasattr(command, "commands") or rest[:1] == ["--version"], f"{page}: {line}"
    known.update(option for parameter in command.params for option in parameter.opts)
    options = [word.partition("=")[0] for word in rest if word.startswith("--")]
    assert [option for option in options if option not in known] == [], f"{page}: {line}"
