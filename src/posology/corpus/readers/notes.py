"""Texts and notes: one file each; notes of one patient stand in one folder or have one file."""

from collections.abc import Iterator
from pathlib import Path

from posology.corpus.readers.raw import Raw, Unreadable, files_of, root_of, text_of
from posology.corpus.spec import SourceSpec
from posology.errors import ChartError
from posology.records import read_chart
from posology.records.deidentify import KnownIdentifiers, known_identifiers

__all__ = ["read_notes", "read_texts"]

_ENDS = (".txt", ".md")
_NO_TEXT = "not UTF-8 text, or not readable"


def read_texts(source: SourceSpec, beside: Path) -> Iterator[Raw | Unreadable]:
    """Yield each text file of a folder as one document."""
    root = root_of(source, beside)
    for number, path in enumerate(files_of(root, _ENDS), 1):
        text = text_of(path)
        name = path.name if root.is_file() else path.relative_to(root).as_posix()
        yield Raw(str(number), text, name, name) if text is not None else Unreadable(str(number), _NO_TEXT)


def read_notes(source: SourceSpec, beside: Path) -> Iterator[Raw | Unreadable]:
    """Yield each note; its patient is the folder it stands in, or the file where it stands in none.

    With ``charts`` the patient's own chart (PATIENT.json, or a folder PATIENT) tells what identifies them;
    a note whose patient has no chart there is not read: less would be known of them than the source promises.
    """
    root = root_of(source, beside)
    known = _Known(beside / source.charts) if source.charts else None
    for number, path in enumerate(files_of(root, _ENDS), 1):
        place, parts = str(number), path.relative_to(root).parts if root.is_dir() else (path.name,)
        group = parts[0] if len(parts) > 1 else path.stem
        text = text_of(path)
        if text is None:
            yield Unreadable(place, _NO_TEXT)
        elif known is None:
            yield Raw(place, text, "/".join(parts), group, meta={"kind": "note"})
        elif (identifiers := known.of(group)) is None:
            yield Unreadable(place, "no readable chart of its patient: identifiers are not known")
        else:
            yield Raw(place, text, "/".join(parts), group, meta={"kind": "note"}, known=identifiers)


class _Known:
    """Reads what identifies a patient from the patient's chart, and keeps the last one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: tuple[str, KnownIdentifiers | None] = ("", None)

    def of(self, group: str) -> KnownIdentifiers | None:
        if self._last[0] != group:
            self._last = (group, self._read(group))
        return self._last[1]

    def _read(self, group: str) -> KnownIdentifiers | None:
        tries = (self._folder / f"{group}.json", self._folder / f"{group}.ndjson", self._folder / group)
        path = next((one for one in tries if one.exists()), None)
        try:
            return None if path is None else known_identifiers(read_chart(path))
        except ChartError:
            return None
