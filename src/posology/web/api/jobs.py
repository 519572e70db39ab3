"""Jobs over HTTP: where a draft stands, watching it, cancelling it and trying it again."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from time import monotonic
from typing import Any

from anyio import Event, move_on_after
from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from sse_starlette import EventSourceResponse, ServerSentEvent

from posology.errors import NotFound, StoreError
from posology.review import jobs
from posology.review.jobs import Job
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router

__all__ = ["JobAnswer", "router"]

POLL_S = 0.5  # how often the table is asked while somebody watches
WATCH_S = 600  # then the stream ends, and the browser asks again with the session it has by then
_PING_S = 15
_LEAVE_S = 2  # for streams to end by themselves when the server stops

router = new_router()


class JobAnswer(BaseModel):
    """A job as programs see it; times are microseconds since 1970, 0 where there is none."""

    model_config = ConfigDict(extra="forbid")

    id: str
    state: str  # queued, running, done, failed, cancelled
    chart_id: str
    created_us: int
    created_by: str
    packet_id: str | None  # the packet, once done
    attempts: int
    error: str  # what went wrong, in words for people; never text of the chart
    finished_us: int
    stage: str
    stage_done: int
    stage_total: int
    beat_us: int  # when a worker last spoke of it
    ahead: int  # queued jobs before it


@router.get("/api/v1/jobs/{job_id}")
def read_job(job_id: str, site: OfSite) -> JobAnswer:
    """Say where a job stands."""
    return _answer(jobs.job_of(site.store, job_id))


@router.post("/api/v1/jobs/{job_id}/cancel")
def cancel_job(job_id: str, site: OfSite, actor: Acting) -> JobAnswer:
    """Cancel one's own job: no packet comes of it."""
    return _answer(jobs.cancel(site.store, actor, job_id, queue=site.queue))


@router.post("/api/v1/jobs/{job_id}/retry")
def retry_job(job_id: str, site: OfSite, actor: Acting) -> JobAnswer:
    """Queue one's own failed or cancelled job again."""
    return _answer(jobs.retry(site.store, actor, job_id, queue=site.queue))


@router.get(
    "/api/v1/jobs/{job_id}/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}}, 204: {"description": "the end was seen already"}},
)
async def watch_job(job_id: str, site: OfSite, request: Request) -> Response:
    """Stream where a job stands (server-sent events), from what was seen last until it ends."""
    seen = request.headers.get("last-event-id", "")
    look = _looker(site.store, job_id)
    first = await run_sync(look)
    if first.final and seen == _mark(first):
        return Response(status_code=204)  # tells a browser to ask no more
    leaving = Event()
    events = _events(first, look, seen, leaving)
    return EventSourceResponse(events, ping=_PING_S, shutdown_event=leaving, shutdown_grace_period=_LEAVE_S)


def _looker(store: Any, job_id: str) -> Callable[[], Job]:
    return lambda: jobs.job_of(store, job_id)


async def _events(
    job: Job, look: Callable[[], Job], seen: str, leaving: Event
) -> AsyncIterator[ServerSentEvent]:
    """Give an event for each change; the last one is named done, failed or cancelled.

    A server that stops ends the stream here; the browser takes it up again at the next one.
    """
    until = monotonic() + WATCH_S
    while True:
        mark = _mark(job)
        if mark != seen:
            seen = mark
            name = job.state if job.final else "progress"
            yield ServerSentEvent(_answer(job).model_dump_json(), event=name, id=mark)
        if job.final or monotonic() > until:
            return
        with move_on_after(POLL_S):
            await leaving.wait()
        if leaving.is_set():
            return
        try:
            job = await run_sync(look)
        except StoreError:  # the database may come back; the pings go on meanwhile
            continue
        except NotFound:  # deleted while somebody watched
            return


def _mark(job: Job) -> str:
    """Name what there is to see of a job: the same after a restart, so that a stream can be taken up."""
    stage = "-".join(job.stage.split()) or "none"
    return f"{job.state}.{job.attempts}.{job.ahead}.{stage}.{job.stage_done}.{job.stage_total}"


def _answer(job: Job) -> JobAnswer:
    return JobAnswer(**asdict(job))
