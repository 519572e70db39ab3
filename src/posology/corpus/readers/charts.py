"""FHIR charts: the documents of each patient, with what the chart says identifies the patient."""

from collections.abc import Iterator
from pathlib import Path

from posology.corpus.readers.raw import Raw, Unreadable, root_of, unread_of
from posology.corpus.spec import SourceSpec
from posology.errors import ChartError
from posology.records import Chart, read_chart
from posology.records.deidentify import known_identifiers

__all__ = ["chart_paths", "holds_fhir", "is_chart_file", "read_charts"]

_ENDS = (".json", ".ndjson")


def chart_paths(root: Path) -> list[Path]:
    """Return the charts of a source: a file, or each file and each folder with FHIR JSON in a folder."""
    if root.is_file():
        return [root]
    files = [one for one in root.iterdir() if is_chart_file(one)]
    folders = [one for one in root.iterdir() if one.is_dir() and holds_fhir(one)]
    return sorted([*files, *folders])


def read_charts(source: SourceSpec, beside: Path) -> Iterator[Raw | Unreadable]:
    """Yield the documents of every chart; what a chart holds unread is listed, restricted parts stay out.

    The group is the name of the chart's file or folder: ids such as ``Patient/1`` are not unique.
    """
    for number, path in enumerate(chart_paths(root_of(source, beside)), 1):
        try:
            chart = read_chart(path)
        except ChartError as error:
            yield Unreadable(str(number), f"no chart: {_reason(error, path)}")
            continue
        yield from _documents(chart, str(number), path.stem if path.is_file() else path.name)


def _documents(chart: Chart, place: str, group: str) -> Iterator[Raw | Unreadable]:
    known = known_identifiers(chart)
    if not chart.documents:
        yield Unreadable(place, "a chart without text: no note, report or narrative")
    for number, document in enumerate(chart.documents, 1):
        yield Raw(
            f"{place}.{number}",
            document.text,
            own_id=document.source,
            group=group,
            meta={"kind": document.kind},
            known=known,
        )
    yield from unread_of(place, chart.unread)


def holds_fhir(folder: Path) -> bool:
    """Say whether a folder holds a file that is read as FHIR JSON: it is then read as one chart."""
    return any(is_chart_file(one) for one in folder.rglob("*"))


def is_chart_file(path: Path) -> bool:
    """Say whether a path is a file that is read as FHIR JSON."""
    return path.suffix.lower() in _ENDS and path.is_file()


def _reason(error: ChartError, path: Path) -> str:
    """Return what is wrong without the file's name, which may be a patient's."""
    return str(error).replace(f"{path}: ", "").replace(str(path), "the file").splitlines()[0]
