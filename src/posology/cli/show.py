"""What the commands print with: consoles, tables, progress, JSON."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

__all__ = [
    "JsonFlag",
    "Steps",
    "count",
    "print_json",
    "print_table",
    "print_text",
    "progress",
    "say",
    "visible",
    "warn",
]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


_UNBROKEN = 30  # characters that the first cell of a row may have and still stand on one line

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


def count(number: int, noun: str) -> str:
    """Say how many there are: ``1 chart``, ``2 charts``."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else plural}"


def print_json(value: Any) -> None:
    """Print JSON to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, or its title and "none" where there are no rows; cells are literal text."""
    if title and not rows:
        say(f"{title}: none")
        return
    shown = [["" if cell is None else visible(str(cell)) for cell in row] for row in rows]
    table = Table(
        title=escape(title) if title else None, title_justify="left", title_style="bold",
        box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    whole = all(len(row[0]) <= _UNBROKEN for row in shown)
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=whole and number == 0)
    for row in shown:
        table.add_row(*map(escape, row))
    console = Console()
    Console(width=None if console.is_terminal else 160).print(table, Text())


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
