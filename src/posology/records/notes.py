"""Note files of a chart's folder, and the day a note gives for itself."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from posology.records.attachments import Failure, extract_text
from posology.records.chart import Document, Unread
from posology.records.dates import PartialDate, parse_date
from posology.records.sources import NoteFile

__all__ = ["note_date", "read_note"]

_IN_NAME = re.compile(r"(?<!\d)(\d{4})([-_.]?)(\d{2})\2(\d{2})(?!\d)")
_HEADER = re.compile(
    r"\s*[*#_]*\s*(?:date|visit date|date of (?:visit|service|encounter|note)|encounter date|note date|dos)"
    r"[*_]*\s*:[*_]*\s*(.+)",
    re.IGNORECASE,
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAMED = re.compile(r"([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)")
_NAMED_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\s+([A-Za-z]{3,9})\.?,?\s+(\d{4})(?!\d)")
_HEADER_LINES = 10


def read_note(note: NoteFile) -> Iterator[Document | Unread]:
    """Yield the document of a note file, and what of it was not read."""
    found = extract_text(note.data, note.content_type)
    if isinstance(found, Failure):
        yield Unread(note.name, found.why.replace("attachment", "file"))
        return
    for warning in found.warnings:
        yield Unread(note.name, warning)
    title = PurePosixPath(note.name).stem.replace("_", " ")
    yield Document(note.name, title, "note", found.text, note_date(note.name, found.text))


def note_date(name: str, text: str) -> PartialDate | None:
    """Return the day in a note's file name, else in a ``Date:`` line near its top, else ``None``.

    A day written 03/02/2019 could be in March or February and counts as none; 03/22/2019 could not.
    """
    for match in _IN_NAME.finditer(PurePosixPath(name).name):
        found = parse_date(f"{match[1]}-{match[3]}-{match[4]}")
        if found is not None and 1900 <= found.earliest.year <= 2200:
            return found
    for line in text.splitlines()[:_HEADER_LINES]:
        header = _HEADER.match(line)
        found = _written_date(header[1].strip()) if header else None
        if found is not None:
            return found
    return None


def _written_date(text: str) -> PartialDate | None:
    if match := _ISO.match(text):
        return parse_date(match[0])
    if match := _SLASHED.match(text):
        first, second, year = int(match[1]), int(match[2]), match[3]
        if first <= 12 < second or first == second:
            return parse_date(f"{year}-{first:02}-{second:02}")
        return parse_date(f"{year}-{second:02}-{first:02}") if second <= 12 < first else None
    if match := _NAMED.match(text):
        return _named(match[1], match[2], match[3])
    if match := _NAMED_DAY_FIRST.match(text):
        return _named(match[2], match[1], match[3])
    return None


def _named(month: str, day: str, year: str) -> PartialDate | None:
    short = month[:3].lower()
    return parse_date(f"{year}-{_MONTHS.index(short) + 1:02}-{int(day):02}") if short in _MONTHS else None
