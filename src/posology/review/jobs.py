"""Jobs: what was asked to be drafted, how far it is, and how it ended. Their table is the truth."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from sqlalchemy import Row, func, select

from posology.errors import Conflict, NotAllowed, NotFound
from posology.ledger.entries import Kind
from posology.ledger.values import ID
from posology.policies import Code
from posology.priorauth.request import RequestFile, parse_request
from posology.review.permitted import PREPARERS, require_role
from posology.store import Actor, Cipher, Store, Writing, new_id
from posology.store.schema import charts, jobs
from posology.store.store import INDEX_KEY

__all__ = [
    "FINAL",
    "OPEN",
    "DraftRequest",
    "Job",
    "Queue",
    "ask_draft",
    "cancel",
    "find_job",
    "job_of",
    "open_jobs",
    "open_request",
    "request_key",
    "retry",
]

State = Literal["queued", "running", "done", "failed", "cancelled"]
OPEN: tuple[State, ...] = ("queued", "running")
FINAL: tuple[State, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True, repr=False)
class DraftRequest:
    """What is asked: a stored chart, a service, its day, and what the chart does not hold."""

    chart_id: str
    service: Code
    day: date
    policy_id: str | None = None
    payer: str | None = None
    details: RequestFile = field(default_factory=RequestFile)

    def to_bytes(self) -> bytes:
        """Return what is sealed in the job: the same bytes for the same request."""
        record = {
            "service": {"system": self.service.system, "code": self.service.code},
            "date": self.day.isoformat(),
            "policy": self.policy_id,
            "payer": self.payer,
            "details": self.details.model_dump(mode="json", exclude_defaults=True),
        }
        return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()

    def __repr__(self) -> str:
        """Show the chart's key only: the rest is about a patient."""
        return f"DraftRequest({self.chart_id})"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its table has it; ``ahead`` counts the jobs that are queued before it."""

    id: str
    state: State
    chart_id: str
    created_us: int
    created_by: str
    packet_id: str | None
    attempts: int
    error: str
    finished_us: int
    stage: str
    stage_done: int
    stage_total: int
    beat_us: int
    ahead: int = 0

    @property
    def final(self) -> bool:
        """Say whether the job has ended."""
        return self.state in FINAL


class Queue(Protocol):
    """What tells the workers of a job at once; without it they find the job in its table."""

    def enqueue(self, job_id: str) -> None:
        """Offer a job to the workers; offering it again changes nothing."""
        ...

    def cancel(self, job_id: str) -> None:
        """Take a job out of the queue; a worker that has it stops by itself."""
        ...


def request_key(store: Store, chart: str, request: DraftRequest) -> str:
    """Return the keyed hash by which a request is known again; ``chart`` says which chart, in any form."""
    with store.read() as connection:
        index = store.cipher(connection, INDEX_KEY)
    return _key(index, chart, request)


def _key(index: Cipher, chart: str, request: DraftRequest) -> str:
    return index.hash("request", chart.encode() + b"\0" + request.to_bytes())


def ask_draft(
    store: Store, actor: Actor, request: DraftRequest, *, queue: Queue | None = None, key: str | None = None
) -> str:
    """Ask for a draft and return the job's id; the same request gives the same job.

    The job is committed before the queue hears of it: where the queue does not, the workers find the job
    in its table. ``key`` replaces what makes two requests the same (`request_key`).
    """
    require_role(actor, "asking for a draft", PREPARERS)
    with store.write(actor) as w:
        job_id, fresh = _found_or_made(w, request, key)
    if fresh and queue is not None:
        queue.enqueue(job_id)
    return job_id


def _found_or_made(w: Writing, request: DraftRequest, key: str | None) -> tuple[str, bool]:
    key = key or _key(w.cipher(INDEX_KEY), request.chart_id, request)
    known = w.connection.execute(select(jobs.c.id).where(jobs.c.request_key == key)).scalar_one_or_none()
    if known is not None:
        return str(known), False
    chart = w.connection.execute(select(charts.c.key_id).where(charts.c.id == request.chart_id)).one_or_none()
    if chart is None:
        raise NotFound(f"chart {request.chart_id}: there is none; upload it again")
    job_id = new_id()
    sealed = w.cipher(chart.key_id).seal(request.to_bytes(), f"jobs/request/{job_id}")
    w.insert(
        jobs,
        {
            "id": job_id,
            "request_key": key,
            "chart_id": request.chart_id,
            "key_id": chart.key_id,
            "created_us": w.now_us,
            "created_by": w.actor.id,
            "request": sealed,
            "state": "queued",
        },
    )
    w.record(Kind.DRAFT_ASKED, details=_asked(job_id, request))
    return job_id, True


def _asked(job_id: str, request: DraftRequest) -> dict[str, Any]:
    named = {
        "policy": request.policy_id or "",
        "service": f"{request.service.system}:{request.service.code}",
    }
    return {"job": job_id, "chart": request.chart_id} | {k: v for k, v in named.items() if ID.holds(v)}


def open_request(cipher: Cipher, row: Row[Any]) -> DraftRequest:
    """Return what a job asks for; ``cipher`` is the one of its key."""
    record = json.loads(cipher.open(row.request, f"jobs/request/{row.id}"))
    return DraftRequest(
        chart_id=row.chart_id,
        service=Code(record["service"]["system"], record["service"]["code"]),
        day=date.fromisoformat(record["date"]),
        policy_id=record["policy"],
        payer=record["payer"],
        details=parse_request(record["details"], "request"),
    )


def find_job(store: Store, key: str) -> str | None:
    """Return the job of a request that was asked before, by its key; None where there is none."""
    with store.read() as connection:
        found = connection.execute(select(jobs.c.id).where(jobs.c.request_key == key)).scalar_one_or_none()
    return None if found is None else str(found)


def job_of(store: Store, job_id: str) -> Job:
    """Return a job; raise NotFound where there is none."""
    with store.read() as connection:
        row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
        if row is None:
            raise NotFound(f"job {job_id}: there is none")
        ahead = 0
        if row.state == "queued":
            before = (jobs.c.state == "queued") & (jobs.c.created_us < row.created_us)
            ahead = connection.execute(select(func.count()).select_from(jobs).where(before)).scalar_one()
    return _job(row._mapping, ahead)


def open_jobs(store: Store) -> dict[str, int]:
    """Return the jobs that have not ended, the oldest first, and when a worker last spoke of each."""
    query = select(jobs.c.id, jobs.c.beat_us).where(jobs.c.state.in_(OPEN)).order_by(jobs.c.created_us)
    with store.read() as connection:
        return {row.id: row.beat_us for row in connection.execute(query)}


def _job(row: Mapping[Any, Any], ahead: int) -> Job:
    return Job(**{name: row[name] for name in Job.__slots__ if name != "ahead"}, ahead=ahead)


def cancel(store: Store, actor: Actor, job_id: str, *, queue: Queue | None = None) -> Job:
    """Cancel one's own job: from now on no packet comes of it, and a worker that has it stops.

    A job that was cancelled before stays so; one that is done or failed raises Conflict.
    """
    require_role(actor, "cancelling a draft", PREPARERS)
    with store.write(actor) as w:
        row = _own(w, job_id)
        if row.state in ("done", "failed"):
            raise Conflict(f"job {job_id}: it is {row.state} already and cannot be cancelled")
        stopped = row.state in OPEN
        if stopped:
            w.update(jobs, job_id, {"state": "cancelled", "finished_us": w.now_us})
            w.record(Kind.DRAFT_CANCELLED, details={"job": job_id, "chart": row.chart_id, "reason": "person"})
    if stopped and queue is not None:
        queue.cancel(job_id)
    return job_of(store, job_id)


def retry(store: Store, actor: Actor, job_id: str, *, queue: Queue | None = None) -> Job:
    """Queue one's own failed or cancelled job again; one that is under way is left alone."""
    require_role(actor, "trying a draft again", PREPARERS)
    with store.write(actor) as w:
        row = _own(w, job_id)
        if row.state == "done":
            raise Conflict(f"job {job_id}: its packet is drafted; ask for another draft instead")
        again = row.state not in OPEN
        if again:
            w.update(jobs, job_id, {"state": "queued", "error": "", "finished_us": 0, "beat_us": 0} | _START)
            details = {"job": job_id, "chart": row.chart_id, "reason": "person", "attempt": row.attempts}
            w.record(Kind.DRAFT_RETRIED, details=details)
    if again and queue is not None:
        queue.enqueue(job_id)
    return job_of(store, job_id)


_START = {"stage": "", "stage_done": 0, "stage_total": 0}


def _own(w: Writing, job_id: str) -> Row[Any]:
    row = w.connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound(f"job {job_id}: there is none")
    if row.created_by != w.actor.id:
        raise NotAllowed(f"job {job_id}: another person asked for it")
    return row
