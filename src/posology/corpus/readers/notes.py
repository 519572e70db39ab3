"""Texts and notes: one file each; notes of one patient stand in one folder or have one file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from posology.corpus.readers.charts import holds_fhir, is_chart_file
from posology.corpus.readers.raw import Raw, Unreadable, files_of, root_of, text_of
from posology.corpus.spec import SourceSpec
from posology.errors import ChartError
from posology.records import read_chart
from posology.records.deidentify import KnownIdentifiers, known_identifiers

__all__ = ["read_notes", "read_texts"]

_ENDS = (".txt", ".md")
_NO_TEXT = "not UTF-8 text, or not readable"
_NO_CHART = "no readable chart of its patient: identifiers are not known"


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

    With ``among_charts`` the charts stand beside the notes in the same way. A note in a folder that is read
    as a chart comes with that chart, not from here; one whose chart cannot be read is not read; one whose
    patient has none is read without.
    """
    root = root_of(source, beside)
    charts = _charts(source, root, beside)
    for number, path in enumerate(files_of(root, _ENDS), 1):
        place, parts = str(number), path.relative_to(root).parts if root.is_dir() else (path.name,)
        group = parts[0] if len(parts) > 1 else path.stem
        chart = charts.of(group) if charts else _WITHOUT
        if source.among_charts and len(parts) > 1 and chart.is_folder:
            continue
        text = text_of(path)
        if text is None:
            yield Unreadable(place, _NO_TEXT)
        elif chart.known is None and (chart.is_there or source.charts):
            yield Unreadable(place, _NO_CHART)
        else:
            yield Raw(place, text, "/".join(parts), group, meta={"kind": "note"}, known=chart.known)


@dataclass(frozen=True, slots=True)
class _Chart:
    """A patient's chart: whether there is one, whether it is a folder, and what it tells where it is read."""

    is_there: bool = False
    is_folder: bool = False
    known: KnownIdentifiers | None = None


_WITHOUT = _Chart()


def _charts(source: SourceSpec, root: Path, beside: Path) -> "_Charts | None":
    if source.among_charts and root.is_dir():
        return _Charts(root, among_notes=True)
    return _Charts(beside / source.charts, among_notes=False) if source.charts else None


class _Charts:
    """Reads what identifies a patient from the patient's chart, and keeps the last one."""

    def __init__(self, folder: Path, *, among_notes: bool) -> None:
        self._folder, self._among_notes = folder, among_notes
        self._files: dict[str, list[Path]] = {}
        for one in sorted(folder.iterdir()) if folder.is_dir() else ():
            if is_chart_file(one):
                self._files.setdefault(one.stem, []).append(one)
        self._last: tuple[str, _Chart] = ("", _WITHOUT)

    def of(self, group: str) -> _Chart:
        if self._last[0] != group:
            self._last = (group, self._read(group))
        return self._last[1]

    def _read(self, group: str) -> _Chart:
        """Return the first chart of a patient that can be read; among notes a folder may hold no chart."""
        files, own = self._files.get(group, []), self._folder / group
        folders = [own] if own.is_dir() and (holds_fhir(own) or not self._among_notes) else []
        paths = [*folders, *files] if self._among_notes else [*files, *folders]
        for path in paths:
            try:
                return _Chart(True, path in folders, known_identifiers(read_chart(path)))
            except ChartError:
                continue
        return _Chart(is_there=bool(paths))
