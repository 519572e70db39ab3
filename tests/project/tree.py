"""The checkout as the project tests see it: tracked files, modules and their syntax trees."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "posology"


@dataclass(frozen=True)
class Module:
    """One module of the package, parsed."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def where(self) -> str:
        return str(self.path.relative_to(ROOT))


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the package."""
    return tuple(_module(path) for path in sorted(SOURCE.rglob("*.py")))


def _module(path: Path) -> Module:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Module(name, path, text, ast.parse(text))


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function and method below a node."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def length(node: Function) -> int:
    """Return the number of lines of a function."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return the files that git tracks, or every file where this is no checkout of git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    names = [name for name in listed.split("\0") if name]
    found = [ROOT / name for name in names] or [p for p in ROOT.rglob("*") if ".venv" not in p.parts]
    return tuple(path for path in found if path.is_file())


def text_files() -> Iterator[tuple[Path, str]]:
    """Yield every tracked text file with its content."""
    for path in tracked_files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@cache
def documents() -> tuple[Path, ...]:
    """Return the README and every page of docs/."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    roots = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return tuple(path for path in [*roots, *pages] if path.is_file())
