"""Reading one patient's chart from FHIR R4 JSON and notes, with nothing dropped in silence."""

import base64
import binascii
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from posology.errors import ChartError
from posology.records.assembling import assemble
from posology.records.attachments import Failure, decode_base64
from posology.records.bundles import Entry
from posology.records.chart import Chart, Document, Resource, Unread
from posology.records.documents import documents_of
from posology.records.notes import read_note
from posology.records.sources import MAX_BYTES, Gathered, NoteFile, gather, gather_files

__all__ = ["read_chart", "read_chart_files"]


def read_chart(
    path: Path | str,
    *,
    stdin: BinaryIO | None = None,
    include_restricted: bool = False,
    max_bytes: int = MAX_BYTES,
) -> Chart:
    """Read a chart: a Bundle, a list or NDJSON of FHIR R4 resources, a folder, or ``-`` for standard input.

    Raises ChartError where the chart as a whole cannot be used: no FHIR R4 JSON, no patient or two, a
    resource of another patient. What cannot be read otherwise is listed in ``unread``. ``max_bytes``
    bounds all bytes read.
    """
    gathered = gather(path, stdin, max_bytes=max_bytes)
    return _chart_of(gathered, str(path), include_restricted=include_restricted)


def read_chart_files(
    files: Sequence[tuple[str, bytes]], *, include_restricted: bool = False, max_bytes: int = MAX_BYTES
) -> Chart:
    """Read a chart from files in memory, each a name and its bytes, as ``read_chart`` reads a folder.

    A single file that is no note is read as a Bundle, a list or NDJSON whatever its name.
    """
    gathered = gather_files(files, max_bytes=max_bytes)
    return _chart_of(gathered, "the chart", include_restricted=include_restricted)


def _chart_of(gathered: Gathered, name: str, *, include_restricted: bool) -> Chart:
    if not gathered.entries:
        raise ChartError(f"{name}: no FHIR resource in it (JSON objects need a resourceType)")
    unread = list(gathered.unread)
    patient, resources = assemble(gathered.entries, unread, include_restricted=include_restricted, name=name)
    unread.extend(_reported_problems(resources))
    documents = _read_documents(gathered, resources, unread)
    return Chart(patient, resources, tuple(documents), tuple(dict.fromkeys(unread)), gathered.inputs)


def _reported_problems(resources: tuple[Resource, ...]) -> list[Unread]:
    found: list[Unread] = []
    for resource in resources:
        issues = resource.body.get("issue") if resource.type == "OperationOutcome" else None
        for number, issue in enumerate(issues if isinstance(issues, list) else ()):
            if isinstance(issue, dict) and issue.get("severity") in ("fatal", "error"):
                why = f"issue[{number}]: the server reported a problem; the chart may be incomplete"
                found.append(Unread(resource.reference, why))
    return found


def _read_documents(
    gathered: Gathered, resources: tuple[Resource, ...], unread: list[Unread]
) -> list[Document]:
    fetch = _Fetcher(gathered.notes, resources)
    restricted = _restricted_names(gathered.entries, unread)
    documents: list[Document] = []
    for found in documents_of(resources, fetch, restricted):
        (documents if isinstance(found, Document) else unread).append(found)  # type: ignore[arg-type]
    claimed = fetch.used | _named_files(gathered.entries, fetch)
    for note in gathered.notes:
        if note.name not in claimed:
            for found in read_note(note):
                (documents if isinstance(found, Document) else unread).append(found)  # type: ignore[arg-type]
    for binary in resources:
        if binary.type == "Binary" and binary.reference not in fetch.used:
            unread.append(Unread(binary.reference, "a Binary that no document refers to"))
    return documents


def _restricted_names(entries: list[Entry], unread: list[Unread]) -> frozenset[str]:
    names = {u.source for u in unread if u.why.startswith("restricted")}
    urls = {
        entry.full_url
        for entry in entries
        if entry.full_url and f"{entry.body['resourceType']}/{entry.body.get('id')}" in names
    }
    return frozenset(names | urls)


class _Fetcher:
    """Finds the bytes behind an attachment's URL inside the chart: a Binary, or a file of the folder."""

    def __init__(self, notes: list[NoteFile], resources: tuple[Resource, ...]) -> None:
        self._notes = {note.name: note for note in notes}
        self._binaries: Mapping[str, Resource] = {r.reference: r for r in resources if r.type == "Binary"}
        self.used: set[str] = set()

    def __call__(self, url: str, source: Resource) -> bytes | Failure:
        if url.startswith("data:"):
            return _data_url(url)
        binary = self._binary(url, source)
        if binary is not None:
            self.used.add(binary.reference)
            data = binary.body.get("data")
            return decode_base64(data) if isinstance(data, str) and data else Failure("an empty Binary")
        name = self.file_name(url, source.file)
        if name is None:
            return Failure("its url leads out of the chart and was not fetched")
        self.used.add(name)
        return self._notes[name].data

    def _binary(self, url: str, source: Resource) -> Resource | None:
        if url.startswith("#"):
            return self._binaries.get(source.reference.split("#")[0] + url)
        return self._binaries.get("/".join(url.split("/_history")[0].split("/")[-2:]))

    def file_name(self, url: str, beside: str) -> str | None:
        """Return the note file that a relative URL names, beside the resource's file or from the top."""
        path = unquote(url.removeprefix("./"))
        if ":" in path.split("/")[0] or path.startswith("/"):
            return None
        tries = (posixpath.join(posixpath.dirname(beside), path), path)
        return next((posixpath.normpath(t) for t in tries if posixpath.normpath(t) in self._notes), None)


def _named_files(entries: list[Entry], fetch: _Fetcher) -> set[str]:
    """Return every note file that a resource names, one that was left out (restricted, say) included."""
    found: set[str] = set()
    for entry in entries:
        if entry.body.get("resourceType") in ("DocumentReference", "DiagnosticReport", "Media"):
            for url in _urls(entry.body):
                name = fetch.file_name(url, entry.file)
                if name is not None:
                    found.add(name)
    return found


def _urls(value: object) -> list[str]:
    stack, found = [value], []
    while stack:
        node = stack.pop()
        if isinstance(node, Mapping):
            url = node.get("url")
            if isinstance(url, str):
                found.append(url)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found


def _data_url(url: str) -> bytes | Failure:
    head, comma, body = url.partition(",")
    if not comma:
        return Failure("a data url without data")
    if not head.endswith(";base64"):
        return unquote(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(unquote(body), validate=True)
    except (binascii.Error, ValueError):
        return Failure("data is not base64")
