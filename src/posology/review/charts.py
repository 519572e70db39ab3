"""Charts in the store: taken in as they were uploaded, sealed, and read again when they are needed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from posology.errors import ChartError, NotFound
from posology.ledger.entries import Kind
from posology.records import Chart, parse_date, read_chart_files
from posology.review.archives import MOST_BYTES, MOST_FILES, Files, is_archive, pack, require_names, unpack
from posology.review.permitted import PREPARERS, require_role
from posology.review.recent import Recent
from posology.store import Actor, Store, new_id
from posology.store.schema import charts
from posology.store.store import AUDIT_KEY

__all__ = ["ChartUpload", "PastedNote", "forget_chart", "load_chart", "note_upload", "store_chart"]

_SWELL = 8  # bytes of a parsed chart for each byte of its files, about
_CHARTS: Recent[Chart] = Recent(count=256, size_bytes=768 << 20)
_MOST_NOTE = 400_000  # characters


@dataclass(frozen=True)
class ChartUpload:
    """Files of one patient's chart as they were uploaded: names and bytes; one ZIP counts as its files."""

    files: Files
    restricted: bool = False  # whether resources labelled restricted may be used

    def __repr__(self) -> str:
        """Show the count only."""
        return f"ChartUpload({len(self.files)} files)"


@dataclass(frozen=True)
class PastedNote:
    """A note without a chart, and the little that must be known of the patient."""

    name: str
    birth_date: str
    text: str
    day: date  # of the note
    sex: str = "unknown"

    def __repr__(self) -> str:
        """Show nothing: all of it is patient data."""
        return "PastedNote()"


def note_upload(note: PastedNote) -> ChartUpload:
    """Make a chart of a pasted note: the patient as a FHIR resource, and the note as a text file."""
    name, text = " ".join(note.name.split()), note.text
    if not name or not text.strip():
        raise ChartError("pasted note: it needs the patient's name and the note's text")
    if len(text) > _MOST_NOTE:
        raise ChartError(f"pasted note: longer than {_MOST_NOTE:,} characters; upload it as a file")
    born = parse_date(note.birth_date.strip())
    if born is None:
        raise ChartError("pasted note: the birth date is no date; write it as 1970-01-31")
    if note.sex not in ("female", "male", "other", "unknown"):
        raise ChartError("pasted note: sex is female, male, other or unknown")
    patient = {"resourceType": "Patient", "id": "patient", "name": [{"text": name}], "gender": note.sex}
    patient["birthDate"] = note.birth_date.strip()
    return ChartUpload(
        (
            ("patient.json", json.dumps(patient, ensure_ascii=False).encode()),
            (f"note-{note.day.isoformat()}.txt", text.encode()),
        )
    )


def store_chart(store: Store, actor: Actor, upload: ChartUpload) -> str:
    """Keep a chart's files byte for byte, sealed under a key of their own, and return the chart's id.

    Raises ChartError, and keeps nothing, where the files are no chart that can be read.
    """
    require_role(actor, "upload of a chart", PREPARERS)
    files = _files_of(upload)
    chart = read_chart_files(files, include_restricted=upload.restricted, max_bytes=MOST_BYTES)
    body, chart_id = pack(files), new_id()
    with store.write(actor) as w:
        cipher = w.new_key("chart")
        row = {
            "id": chart_id,
            "key_id": cipher.key_id,
            "created_us": w.now_us,
            "created_by": actor.id,
            "size_bytes": len(body),
            "files": len(files),
            "restricted": int(upload.restricted),
            "body": cipher.seal(body, _place(chart_id)),
        }
        w.insert(charts, row)
        details = {
            "chart": chart_id,
            "files": len(files),
            "size_bytes": len(body),
            "resources": len(chart.resources),
            "restricted": upload.restricted,
            "hash": w.cipher(AUDIT_KEY).hash("chart", body),
        }
        w.record(Kind.CHART_UPLOADED, details=details)
    return chart_id


def _files_of(upload: ChartUpload) -> Files:
    if not upload.files or len(upload.files) > MOST_FILES:
        raise ChartError(f"upload: {len(upload.files)} files; a chart has between 1 and {MOST_FILES}")
    if len(upload.files) == 1 and is_archive(upload.files[0][1]):
        return _without_folder(unpack(upload.files[0][1]))
    require_names([name for name, _ in upload.files])
    if any(is_archive(data) for _, data in upload.files):
        raise ChartError("upload: a ZIP among other files; upload the ZIP alone, or the files without it")
    if sum(len(data) for _, data in upload.files) > MOST_BYTES:
        raise ChartError(f"upload: more than {MOST_BYTES >> 20} MiB")
    return upload.files


def _without_folder(files: Files) -> Files:
    """Name files from inside the one folder that a ZIP was made of, as if the folder were given."""
    kept = [(name, data) for name, data in files if not name.startswith("__MACOSX/")]
    if not kept:
        raise ChartError("upload: the ZIP holds no file")
    tops = {name.split("/")[0] if "/" in name else "" for name, _ in kept}
    if len(tops) > 1 or tops == {""}:
        return tuple(kept)
    start = len(tops.pop()) + 1
    return tuple((name[start:], data) for name, data in kept)


def load_chart(store: Store, chart_id: str) -> Chart:
    """Return a chart of the store, parsed; raise NotFound where it is not there, or was deleted."""
    query = select(charts.c.key_id, charts.c.restricted, charts.c.size_bytes).where(charts.c.id == chart_id)
    with store.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"there is no chart {_shown(chart_id)}")
    key = (chart_id, row.key_id)
    return _CHARTS.get(key, lambda: (_read(store, chart_id, row.restricted), row.size_bytes * _SWELL))


def _read(store: Store, chart_id: str, restricted: int) -> Chart:
    with store.read() as connection:
        row = connection.execute(select(charts).where(charts.c.id == chart_id)).one_or_none()
        if row is None:
            raise NotFound(f"there is no chart {_shown(chart_id)}")
        body = store.cipher(connection, row.key_id).open(row.body, _place(chart_id))
    return read_chart_files(tuple(_unpacked(body)), include_restricted=bool(restricted), max_bytes=MOST_BYTES)


def _unpacked(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Return the files that ``pack`` put together: they were bounded when they were taken in."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for entry in archive.infolist():
            yield entry.filename, archive.read(entry)


def forget_chart(chart_id: str) -> None:
    """Drop a chart from memory once it is deleted."""
    _CHARTS.forget(lambda key: isinstance(key, tuple) and key[0] == chart_id)


def _place(chart_id: str) -> str:
    return f"charts/body/{chart_id}"


def _shown(identifier: str) -> str:
    return identifier if identifier.isalnum() and len(identifier) <= 40 else "of this id"
