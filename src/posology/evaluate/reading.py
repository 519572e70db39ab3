"""Reading the files of a source: what is wrong is said with file and line, nothing is skipped in silence."""

import ast
import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from posology.errors import UserError
from posology.evaluate.forms import LETTERS
from posology.files import TableReader

__all__ = [
    "Line",
    "length_slice",
    "parse_dict",
    "read_csv",
    "read_elements",
    "read_json",
    "read_jsonl",
    "read_lines",
    "require_label",
    "require_letters",
    "require_number",
    "require_text",
]


@dataclass(frozen=True, slots=True)
class Line:
    """Where something was read: for messages."""

    path: Path
    number: int  # the first line is 1

    def fault(self, what: str) -> UserError:
        """Return the error of this line; ``what`` quotes no text of the source."""
        return UserError(f"{self.path}, line {self.number}: {what}")


def read_lines(path: Path) -> Iterator[tuple[Line, str]]:
    """Yield the lines of a UTF-8 file without their ends; raise UserError where it cannot be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for number, line in enumerate(stream, 1):
                yield Line(path, number), line.rstrip("\r\n")
    except FileNotFoundError as cause:
        raise UserError(f"{path}: there is no such file; is the data folder the right one?") from cause
    except UnicodeDecodeError as cause:
        raise UserError(f"{path}: not UTF-8 text (byte {cause.start})") from cause
    except OSError as cause:
        raise UserError(f"{path}: cannot be read ({cause.strerror})") from cause


def read_csv(
    path: Path, columns: Sequence[str], *, delimiter: str = ","
) -> Iterator[tuple[Line, dict[str, str]]]:
    """Yield the rows of a table with a header; every column named must be there, and filled in or empty."""
    lines = list(read_lines(path))
    reader = TableReader((f"{text}\n" for _, text in lines), delimiter=delimiter, strict=True)
    rows = _parsed(reader, path)
    header = next(rows, None)
    if header is None or (missing := [name for name in columns if name not in header]):
        named = "an empty file" if header is None else f"no column {', '.join(missing)}"
        raise Line(path, 1).fault(f"{named}; the columns {', '.join(columns)} are needed")
    for row in rows:
        line = Line(path, reader.line)
        if len(row) != len(header):
            raise line.fault(f"{len(row)} values where the header has {len(header)}")
        yield line, dict(zip(header, row, strict=True))


def _parsed(reader: TableReader, path: Path) -> Iterator[list[str]]:
    """Yield the rows; a quote that is not closed would swallow the rows behind it."""
    try:
        yield from reader
    except csv.Error as cause:
        raise Line(path, reader.line).fault(f"not a row of a table ({cause})") from cause


def read_jsonl(path: Path, keys: Sequence[str]) -> Iterator[tuple[Line, dict[str, Any]]]:
    """Yield the objects of a JSON-lines file; each must have the keys named."""
    for line, text in read_lines(path):
        if not text.strip():
            continue
        row = _parse_json(text, line)
        if not isinstance(row, dict) or (missing := [key for key in keys if key not in row]):
            raise line.fault("not an object" if not isinstance(row, dict) else f"no key {', '.join(missing)}")
        yield line, row


def read_json(path: Path) -> Any:
    """Read a JSON file whole."""
    return _parse_json("\n".join(text for _, text in read_lines(path)), Line(path, 1))


def _parse_json(text: str, line: Line) -> Any:
    """Read JSON that begins at a line."""
    try:
        value = json.loads(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as cause:
        raise Line(line.path, line.number + cause.lineno - 1).fault(f"not JSON ({cause.msg})") from cause
    except UnicodeEncodeError as cause:
        raise line.fault("half of a character (a \\u escape without its pair)") from cause
    except (ValueError, RecursionError) as cause:
        raise line.fault("a number of too many digits, or too many lists in lists") from cause
    return value


def read_elements(path: Path, tag: str, names: Sequence[str]) -> Iterator[tuple[Line, dict[str, str]]]:
    """Yield the elements of a name of an XML file: attributes and texts of children, by name, all there."""
    lines = list(read_lines(path))
    parser = expat.ParserCreate()
    rows: list[tuple[Line, dict[str, str]]] = []
    inside: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        inside.append(name)
        if name == tag:
            rows.append((Line(path, parser.CurrentLineNumber), dict(attributes)))

    def add(words: str) -> None:
        if len(inside) > 1 and inside[-2] == tag:
            rows[-1][1][inside[-1]] = rows[-1][1].get(inside[-1], "") + words

    def refuse(*_: object) -> None:
        raise Line(path, parser.CurrentLineNumber).fault("a document type with declarations is not read")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: inside.pop()
    parser.CharacterDataHandler = add
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse("\n".join(text for _, text in lines), True)
    except expat.ExpatError as cause:
        raise Line(path, cause.lineno).fault("not well-formed XML") from cause
    for line, row in rows:
        if missing := [name for name in names if name not in row]:
            raise line.fault(f"the {tag} has no {', '.join(missing)}")
        yield line, row


def parse_dict(written: str, column: str, line: Line) -> dict[Any, Any]:
    """Read a column that holds a dict as Python writes one."""
    try:
        value = ast.literal_eval(written)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as cause:
        raise line.fault(f"{column} is not a dict of Python") from cause
    if not isinstance(value, dict):
        raise line.fault(f"{column} is not a dict of Python")
    return value


def require_letters(letters: Iterable[str], line: Line) -> tuple[str, ...]:
    """Return the letters of options in their order; raise UserError where they are not A, B, C and so on."""
    ordered = tuple(sorted(letters))
    if not ordered or ordered != tuple(LETTERS[: len(ordered)]):
        raise line.fault("the letters of the options are not A, B, C, …")
    return ordered


def require_label(label: str, labels: Sequence[str], line: Line) -> str:
    """Return the label; raise UserError where it is none of the task's."""
    if label not in labels:  # what stands there is not said: in a shifted row it is text
        raise line.fault(f"the label is none of {', '.join(labels)}")
    return label


def require_text(row: Mapping[str, str], column: str, line: Line) -> str:
    """Return a column's text without the space around it; raise UserError where it is empty."""
    if not (text := row[column].strip()):
        raise line.fault(f"{column} is empty")
    return text


def require_number(
    row: Mapping[str, str], column: str, line: Line, *, low: float, high: float
) -> float | None:
    """Return a column's number, None where it is empty; raise UserError outside ``low`` to ``high``.

    A number with a decimal comma or a thousands separator is an error too: which of them a comma is cannot
    be known, and a temperature of 365 is no temperature.
    """
    if not (text := row[column].strip()):
        return None
    try:
        value = float(text)
    except ValueError as cause:
        hint = "; decimals are written with a point" if "," in text else ""
        raise line.fault(f"{column} is not a number{hint}") from cause
    if not low <= value <= high:
        raise line.fault(f"{column} is not between {low:g} and {high:g}")
    return value


def length_slice(text: str) -> str:
    """Return how long a text is, as one of four buckets of words."""
    words = len(text.split())
    for limit, name in ((50, "under 50 words"), (150, "50 to 149 words"), (400, "150 to 399 words")):
        if words < limit:
            return name
    return "400 words and over"
