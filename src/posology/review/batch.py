"""Many drafts from one table: rows in, jobs out; running it again drafts nothing twice."""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from posology.declarations import nearest_name
from posology.errors import ChartError, NotAllowed, NotFound, RequestError, UserError
from posology.files import read_utf8
from posology.ledger.entries import Kind
from posology.priorauth import Packet, RequestFile, parse_service, read_request_file
from posology.review.archives import MOST_BYTES, MOST_FILES, Files
from posology.review.charts import ChartUpload, store_chart
from posology.review.jobs import DraftRequest, Job, Queue, ask_draft, find_job, job_of, request_key, retry
from posology.review.packets import open_packet
from posology.store import Actor, Role, Store
from posology.store.schema import packets, users
from posology.store.store import AUDIT_KEY

__all__ = [
    "COLUMNS",
    "Asked",
    "BatchRow",
    "Outcome",
    "Rejected",
    "account_of",
    "ask_row",
    "outcome_of",
    "read_batch",
    "write_draft",
]

COLUMNS = ("chart", "service", "date", "policy", "payer", "request")
_NEEDED = COLUMNS[:3]


@dataclass(frozen=True, repr=False)
class BatchRow:
    """One row: a chart's file or folder and what is asked; ``number`` is the line in the table."""

    number: int
    chart: Path
    request: DraftRequest

    def __repr__(self) -> str:
        """Show the line only."""
        return f"BatchRow({self.number})"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be drafted, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A row's job; ``known`` where an earlier run, or an earlier row, had asked for the same."""

    number: int
    job_id: str
    known: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a row's job stands, and what its packet concludes."""

    number: int
    job: Job
    conclusion: str  # "" where there is no packet

    def to_json(self) -> Mapping[str, Any]:
        """Return it for machines."""
        job = self.job
        return {
            "row": self.number,
            "job": job.id,
            "state": job.state,
            "packet": job.packet_id,
            "conclusion": self.conclusion or None,
            "error": job.error or None,
        }


def read_batch(path: Path) -> tuple[list[BatchRow], list[Rejected]]:
    """Read a table of drafts (CSV, UTF-8); paths in it count from its own folder.

    Raises RequestError where its header is not right; a row that is not is returned as rejected.
    """
    text = read_utf8(path, RequestError).removeprefix("\ufeff")
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows: list[BatchRow] = []
    rejected: list[Rejected] = []
    try:
        _require_header(path, reader.fieldnames or ())
        for record in reader:
            try:
                rows.append(_parse_row(path, reader.line_num, record))
            except UserError as error:
                rejected.append(Rejected(reader.line_num, str(error)))
    except csv.Error as cause:
        raise RequestError(f"{path}: line {reader.line_num}: not CSV ({cause})") from cause
    if not rows and not rejected:
        raise RequestError(f"{path}: holds no row; its columns: {', '.join(COLUMNS)}")
    return rows, rejected


def _require_header(path: Path, names: Sequence[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            near = nearest_name(str(name).strip().lower(), COLUMNS)
            hint = f"did you mean {near!r}?" if near else f"known columns: {', '.join(COLUMNS)}"
            raise RequestError(f"{path}: header: {name!r} is no column; {hint}")
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise RequestError(
            f"{path}: header: the column {missing[0]!r} is missing; needed: {', '.join(_NEEDED)}"
        )
    if len(set(names)) != len(names):
        raise RequestError(f"{path}: header: a column stands there twice")


def _parse_row(path: Path, number: int, record: Mapping[Any, Any]) -> BatchRow:
    where = f"{path.name}: line {number}"
    if None in record or None in record.values():
        raise RequestError(f"{where}: not as many cells as the header has columns")
    cells = {key: str(value).strip() for key, value in record.items()}
    for name in _NEEDED:
        if not cells[name]:
            raise RequestError(f"{where}: {name} is empty")
    asked = cells.get("request")
    request = DraftRequest(
        chart_id="",
        service=parse_service(cells["service"]),
        day=_parse_day(cells["date"], where),
        policy_id=cells.get("policy") or None,
        payer=cells.get("payer") or None,
        details=read_request_file(path.parent / asked) if asked else RequestFile(),
    )
    return BatchRow(number, path.parent / cells["chart"], request)


def _parse_day(text: str, where: str) -> Any:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise RequestError(f"{where}: date: write a day of the calendar as YYYY-MM-DD") from None


def account_of(store: Store, login: str) -> Actor:
    """Return the account under which a batch is asked for; it must be one that may ask for drafts."""
    with store.read() as connection:
        row = connection.execute(select(users).where(users.c.login == login.strip().lower())).one_or_none()
    if row is None:
        raise NotFound(f"--as {login}: there is no such account")
    if row.disabled:
        raise NotAllowed(f"--as {login}: the account is disabled")
    return Actor(row.id, Role(row.role), "", row.name, row.npi)


def ask_row(
    store: Store, actor: Actor, row: BatchRow, *, restricted: bool = False, queue: Queue | None = None
) -> Asked:
    """Store a row's chart and ask for its draft, unless the same chart was asked for the same before.

    A chart is known again by its bytes. A job of one's own that failed is tried again.
    """
    files = _read_files(row.chart)
    key = request_key(store, _digest(files, restricted=restricted), row.request)
    known = find_job(store, key)
    if known is not None:
        job = job_of(store, known)
        if job.state == "failed" and job.created_by == actor.id:
            retry(store, actor, known, queue=queue)
        return Asked(row.number, known, known=True)
    chart_id = store_chart(store, actor, ChartUpload(files, restricted))
    asked = DraftRequest(chart_id, *_rest(row.request))
    return Asked(row.number, ask_draft(store, actor, asked, queue=queue, key=key), known=False)


def _rest(request: DraftRequest) -> tuple[Any, ...]:
    return request.service, request.day, request.policy_id, request.payer, request.details


def _read_files(path: Path) -> Files:
    try:
        found = list(_found(path))
        if sum(file.stat().st_size for file in found) > MOST_BYTES:
            raise ChartError(f"{path}: more than {MOST_BYTES >> 20} MiB")
        top = path if path.is_dir() else path.parent
        return tuple((file.relative_to(top).as_posix(), file.read_bytes()) for file in found)
    except OSError as cause:
        raise ChartError(f"{path}: cannot be read ({cause.strerror})") from cause


def _found(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    if not files or len(files) > MOST_FILES:
        raise ChartError(f"{path}: {len(files)} files; a chart has between 1 and {MOST_FILES}")
    yield from files


def _digest(files: Files, *, restricted: bool) -> str:
    """Return what a chart is known by: its bytes; the names of files only where there are several."""
    parts = [("" if len(files) == 1 else name, hashlib.sha256(data).hexdigest()) for name, data in files]
    return hashlib.sha256(repr((parts, restricted)).encode()).hexdigest()


def outcome_of(store: Store, asked: Asked) -> Outcome:
    """Return how a row's job stands."""
    job = job_of(store, asked.job_id)
    if not job.packet_id:
        return Outcome(asked.number, job, "")
    with store.read() as connection:
        query = select(packets.c.conclusion).where(packets.c.id == job.packet_id)
        return Outcome(asked.number, job, connection.execute(query).scalar_one_or_none() or "deleted")


def write_draft(store: Store, actor: Actor, packet_id: str, folder: Path) -> None:
    """Write a packet as it stands to a folder, and record that it left the store."""
    opened = open_packet(store, actor, packet_id)
    packet = Packet(opened.record, opened.manifest)
    with store.write(actor) as w:
        hashed = w.cipher(AUDIT_KEY).hash("export", packet.to_bytes())
        details = {"form": "folder", "hash": hashed, "signed": False, "documents": 0}
        w.record(Kind.PACKET_EXPORTED, packet=packet_id, version=opened.head.version, details=details)
        packet.write(folder)
