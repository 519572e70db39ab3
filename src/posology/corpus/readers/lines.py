"""JSON lines: records of an earlier corpus, with the licence each has, or objects of any fields."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from posology.corpus.example import Record
from posology.corpus.jsonl import parse_record
from posology.corpus.readers.raw import Raw, Unreadable, root_of
from posology.corpus.readers.tables import field_of, read_rows, row_text
from posology.corpus.spec import SourceSpec

__all__ = ["read_record_lines"]


def read_record_lines(source: SourceSpec, beside: Path) -> Iterator[Raw | Unreadable]:
    """Yield a text for each line: a line that says it is a record keeps its own licence, language and group.

    Any other object is read as a row of a table, by the fields that the source names. Among charts a file
    that ends in ``.ndjson`` is a chart.
    """
    ends = (".jsonl",) if source.among_charts else (".jsonl", ".ndjson")
    for place, row in read_rows(source, root_of(source, beside), ends):
        if isinstance(row, str):
            yield Unreadable(place, row)
        elif "posology" in row:
            yield _record(place, row)
        else:
            yield _row(source, place, row)


def _record(place: str, row: Mapping[str, Any]) -> Raw | Unreadable:
    made = parse_record(row)
    if not isinstance(made, Record):
        return Unreadable(place, f"not a record/1 ({made})")
    kept = {key: value for key, value in made.meta.items() if key != "part"}
    home = made.provenance
    return Raw(place, made.text, made.id, home.group or made.id, made.language, home.licence, kept)


def _row(source: SourceSpec, place: str, row: Mapping[str, Any]) -> Raw | Unreadable:
    text = row_text(source, row)
    if isinstance(text, Unreadable):
        return Unreadable(place, text.why)
    return Raw(place, text, field_of(row, source.id), field_of(row, source.group))
