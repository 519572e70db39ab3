"""What the commands print with: consoles, tables, progress, JSON."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

__all__ = [
    "JsonFlag",
    "Steps",
    "print_json",
    "print_table",
    "print_text",
    "progress",
    "say",
    "visible",
    "warn",
]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


# text of a chart may hold control characters, with which a terminal could be made to show what is not there
_CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
_CONTROLS |= dict.fromkeys(range(0x7F, 0xA0), 0xFFFD)


def visible(text: str) -> str:
    """Return a text with one visible sign in place of each control character, so that offsets stay."""
    return text.translate(_CONTROLS)


def print_text(text: str) -> None:
    """Print a text: exactly, as UTF-8, into a file or pipe; with visible control characters on a terminal."""
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None or sys.stdout.isatty():
        sys.stdout.write(visible(text))
        return
    sys.stdout.flush()
    raw.write(text.encode())
    raw.flush()


def say(message: str) -> None:
    """Print a line for people; square brackets are literal."""
    Console(soft_wrap=True).print(escape(visible(message)), highlight=False)


def warn(message: str) -> None:
    """Print a line to standard error."""
    Console(stderr=True, soft_wrap=True).print(escape(visible(message)), style="yellow", highlight=False)


def print_json(value: Any) -> None:
    """Print JSON to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; cells are literal text."""
    table = Table(title=escape(title) if title else None, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape("" if cell is None else visible(str(cell))) for cell in row))
    console = Console()
    Console(width=None if console.is_terminal else 160).print(table)


class Steps:
    """Tells a person which stage runs and how far it is; silent where nobody looks."""

    def __init__(self, bar: Progress | None) -> None:
        """Keep the bar, if there is one."""
        self._bar = bar
        self._task = bar.add_task("Starting", total=None) if bar else None

    def __call__(self, stage: str, done: int | None = None, total: int | None = None) -> None:
        """Show a stage, and optionally ``done`` of ``total``."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=stage, completed=done or 0, total=total)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Steps]:
    """Yield what shows progress on standard error, when a terminal is there."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield Steps(None)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield Steps(bar)
