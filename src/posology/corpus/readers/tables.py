"""Tables: CSV files with a header, and JSON-lines files of any fields; the named fields make the text."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from posology.corpus.readers.raw import Raw, Unreadable, files_of, root_of
from posology.corpus.spec import SourceSpec
from posology.errors import UserError
from posology.files import TableReader

__all__ = ["read_rows", "read_tables", "row_text"]


def read_tables(source: SourceSpec, beside: Path) -> Iterator[Raw | Unreadable]:
    """Yield a text for each row."""
    for place, row in read_rows(source, root_of(source, beside), (".csv", ".tsv")):
        if isinstance(row, str):
            yield Unreadable(place, row)
            continue
        text = row_text(source, row)
        if isinstance(text, Unreadable):
            yield Unreadable(place, text.why)
        else:
            yield Raw(place, text, field_of(row, source.id), field_of(row, source.group))


def row_text(source: SourceSpec, row: Mapping[str, Any]) -> str | Unreadable:
    """Return the text of a row: the named fields in their order, with an empty line between."""
    missing = [name for name in source.text if not isinstance(row.get(name), str)]
    if missing:
        return Unreadable("", f"no text in the field {missing[0]}")
    return "\n\n".join(row[name].strip() for name in source.text if row[name].strip())


def field_of(row: Mapping[str, Any], name: str) -> str:
    """Return a field that is a text or a whole number as text, else nothing."""
    value = row.get(name) if name else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def read_rows(
    source: SourceSpec, root: Path, ends: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
    """Yield place and row of each file; in place of a row that cannot be read, why."""
    for number, path in enumerate(files_of(root, ends), 1):
        rows = _objects(path) if path.suffix.lower() in (".jsonl", ".ndjson") else _cells(source, path)
        for line, row in rows:
            yield f"{number}.{line}", row


def _cells(source: SourceSpec, path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = TableReader(stream, delimiter=source.delimiter)
            header = next(reader, None)
            _require_columns(source, path, header or [])
            for number, row in enumerate(reader, 1):
                cells = len(header or [])
                fits = len(row) == cells
                yield (
                    number,
                    (
                        dict(zip(header or [], row, strict=True))
                        if fits
                        else f"{len(row)} values where the header has {cells}"
                    ),
                )
    except (UnicodeDecodeError, csv.Error) as cause:
        raise UserError(f"{path}: not a UTF-8 table ({type(cause).__name__})") from None
    except OSError as cause:
        raise UserError(f"{path}: cannot be read ({cause.strerror})") from cause


def _require_columns(source: SourceSpec, path: Path, header: list[str]) -> None:
    wanted = [*source.text, *([source.id] if source.id else []), *([source.group] if source.group else [])]
    missing = [name for name in wanted if name not in header]
    if missing:
        raise UserError(f"{path}: no column {', '.join(missing)} (source {source.name})")


def _objects(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, text in enumerate(stream, 1):
                if text.strip():
                    yield number, _object(text)
    except UnicodeDecodeError as cause:
        raise UserError(f"{path}: not UTF-8 text (byte {cause.start})") from cause
    except OSError as cause:
        raise UserError(f"{path}: cannot be read ({cause.strerror})") from cause


def _object(text: str) -> Mapping[str, Any] | str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "not JSON"
    return value if isinstance(value, dict) else "not a JSON object"
