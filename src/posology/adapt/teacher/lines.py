"""Strict JSON lines of the teacher's files: scenarios and reviews."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from posology.corpus import Provenance
from posology.errors import UserError
from posology.files import read_utf8, write_atomic

__all__ = ["Line", "Source", "parse_line", "parse_lines", "place_of", "read_lines", "write_lines"]


class Line(BaseModel):
    """A value of a line: strict types, no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Source(Line):
    """Where a line comes from, as in a corpus."""

    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    consent: str = ""
    group: str = ""

    def made(self) -> Provenance:
        """Return it as a corpus knows it."""
        return Provenance(self.source, self.licence, self.consent, self.group)


L = TypeVar("L", bound=Line)


def read_lines(path: Path, form: type[L]) -> Iterator[tuple[str, L]]:
    """Yield each line with its place, "file, line n"; raise UserError where one has another form."""
    for number, line in parse_lines(read_utf8(path), path.name, form):
        yield place_of(path.name, number), line


def parse_lines(text: str, name: str, form: type[L]) -> Iterator[tuple[int, L]]:
    """Yield each line that is not blank with its number; ``name`` is the file's name in messages."""
    seen: set[str] = set()
    for number, one in enumerate(text.split("\n"), 1):
        if not one.strip():
            continue
        line = parse_line(one, place_of(name, number), form)
        key = str(getattr(line, "id", number))
        if key in seen:
            raise UserError(f"{place_of(name, number)}: its id stands in an earlier line already")
        seen.add(key)
        yield number, line


def parse_line(text: str, where: str, form: type[L]) -> L:
    """Return one line; raise UserError with its place where it has another form."""
    try:
        return form.model_validate_json(text)
    except ValidationError as cause:
        raise UserError(f"{where}: {_fault(cause)}") from None


def place_of(name: str, number: int) -> str:
    """Return how messages name a line."""
    return f"{name}, line {number}"


def _fault(cause: ValidationError) -> str:
    """Say what is wrong by the key, never with the value."""
    first = cause.errors(include_input=False, include_context=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    return f"{key or 'the line'}: {'not JSON' if first['type'] == 'json_invalid' else first['msg']}"


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as JSON lines, whole or not at all; return how many they were."""
    lines = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows]
    write_atomic(path, "".join(f"{line}\n" for line in lines).encode())
    return len(lines)
