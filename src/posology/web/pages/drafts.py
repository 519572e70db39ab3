"""New draft: a chart by files or a pasted note, what is asked of the payer, and the draft in progress."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from posology.errors import ChartError, RequestError
from posology.files import parse_yaml
from posology.policies import Policy
from posology.priorauth import RequestFile, parse_request, parse_service
from posology.review.charts import ChartUpload, PastedNote, note_upload, store_chart
from posology.review.jobs import DraftRequest, Job, ask_draft, cancel, find_job, job_of, retry
from posology.review.people import name_of
from posology.review.sessions import Session
from posology.store import new_id
from posology.store.store import INDEX_KEY
from posology.web.context import OfSite, Signed
from posology.web.guard import new_router
from posology.web.site import Site
from posology.web.templating import render
from posology.web.words import when

__all__ = ["router"]

router = new_router()

_SEXES = (("unknown", "unknown"), ("female", "female"), ("male", "male"), ("other", "other"))
_TONES = {"done": "good", "failed": "bad", "cancelled": "open"}
_Line = Annotated[str, Form(max_length=500)]
_Long = Annotated[str, Form(max_length=400_000)]


@dataclass(frozen=True, slots=True, repr=False)
class NewDraft:
    """What the form holds; it is shown again where it cannot be used."""

    service: str = ""
    date: str = ""
    policy: str = ""
    payer: str = ""
    urgency: str = "standard"
    urgency_reason: str = ""
    details: str = ""
    note: str = ""
    note_date: str = ""
    patient_name: str = ""
    birth_date: str = ""
    sex: str = "unknown"
    restricted: bool = False


@router.get("/new", include_in_schema=False)
def show_form(request: Request, site: OfSite) -> Response:
    """Show the empty form."""
    return _form(request, site, NewDraft(), "")


@router.post("/new", include_in_schema=False)
def start_draft(  # noqa: PLR0913 - the fields of the form
    request: Request,
    site: OfSite,
    session: Signed,
    service: _Line = "",
    day: Annotated[str, Form(alias="date", max_length=10)] = "",
    policy: _Line = "",
    payer: _Line = "",
    urgency: _Line = "standard",
    urgency_reason: _Line = "",
    details: _Long = "",
    note: _Long = "",
    note_date: _Line = "",
    patient_name: _Line = "",
    birth_date: _Line = "",
    sex: _Line = "unknown",
    restricted: Annotated[bool, Form()] = False,
    key: Annotated[str, Form(max_length=40)] = "",
    files: Annotated[Sequence[UploadFile], File()] = (),
) -> Response:
    """Keep the chart and ask for the draft; what cannot be used is said beside what was typed."""
    form = NewDraft(
        service, day, policy, payer, urgency, urgency_reason, details, note, note_date, patient_name,
        birth_date, sex, restricted,
    )  # fmt: skip
    uploaded = [(f.filename or "", f.file.read()) for f in files if f.filename]
    once = _once(site, session, key, form, uploaded)
    known = find_job(site.store, once) if once else None
    if known is not None:  # the form was sent before, and its answer was lost
        return RedirectResponse(f"/jobs/{known}", 303)
    try:
        wanted = _request_of(form)
        upload = _upload_of(form, uploaded)
        chart_id = store_chart(site.store, session.actor, upload)
        asked = DraftRequest(chart_id, *wanted)
        job_id = ask_draft(site.store, session.actor, asked, queue=site.queue, key=once)
    except (ChartError, RequestError) as error:
        return _form(request, site, form, str(error), status=422)
    return RedirectResponse(f"/jobs/{job_id}", 303)


def _once(
    site: Site, session: Session, key: str, form: NewDraft, files: Sequence[tuple[str, bytes]]
) -> str | None:
    """Return the keyed hash of one form as one person filled it in; ``None`` for a form without a key."""
    if not key:
        return None
    digest = hashlib.sha256(json.dumps([session.actor.id, key, asdict(form)]).encode())
    for name, body in files:
        digest.update(f"{len(name)} {name} {len(body)} ".encode("utf-8", "surrogatepass") + body)
    with site.store.read() as connection:
        return site.store.cipher(connection, INDEX_KEY).hash("form", digest.digest())


def _request_of(form: NewDraft) -> tuple[Any, date, str | None, str | None, RequestFile]:
    service = parse_service(form.service)
    day = _day(form.date, "date of service")
    given = parse_yaml(form.details, "request", RequestError) if form.details.strip() else {}
    if not isinstance(given, Mapping):
        raise RequestError("request: write keys and values, as the documentation of the request file shows")
    urgency = {"urgency": form.urgency} if form.urgency != "standard" else {}
    reason = {"urgency_reason": form.urgency_reason} if form.urgency_reason.strip() else {}
    details = parse_request({**given, **urgency, **reason}, "request")
    return service, day, form.policy or None, form.payer.strip() or None, details


def _day(text: str, what: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as cause:
        raise RequestError(f"{what}: give a day of the calendar, such as 2026-03-01") from cause


def _upload_of(form: NewDraft, files: Sequence[tuple[str, bytes]]) -> ChartUpload:
    """Return the files, with the pasted note among them where there is one."""
    if not form.note.strip():
        if not files:
            raise ChartError("chart: choose files, or paste a note")
        return ChartUpload(tuple(files), form.restricted)
    day = _day(form.note_date, "date of the note")
    if files:
        note = (f"pasted-note-{day.isoformat()}.txt", form.note.encode())
        return ChartUpload((*files, note), form.restricted)
    return note_upload(PastedNote(form.patient_name, form.birth_date, form.note, day, form.sex))


def _form(request: Request, site: Site, form: NewDraft, problem: str, status: int = 200) -> Response:
    values = {
        "form": asdict(form),
        "problem": problem,
        "key": new_id(),
        "sexes": _SEXES,
        "policies": [_policy(one) for one in site.policies],
        "services": sorted({f"{c.system}:{c.code}" for one in site.policies for c in one.services}),
    }
    return render(request, "new.html", values, status=status)


def _policy(policy: Policy) -> Mapping[str, str]:
    first = policy.services[0]
    return {
        "id": policy.id,
        "title": policy.title,
        "payer": policy.payer,
        "service": f"{first.system}:{first.code}",
    }


@router.get("/jobs/{job_id}", include_in_schema=False)
def show_job(request: Request, site: OfSite, job_id: str) -> Response:
    """Show a draft in progress; a finished one leads to its packet."""
    return render(request, "job.html", {"job": _job(site, job_of(site.store, job_id))})


def _job(site: Site, job: Job) -> Mapping[str, Any]:
    return {
        "id": job.id,
        "state": job.state,
        "ended": job.final,
        "tone": _TONES.get(job.state, "note"),
        "asked": when(job.created_us),
        "asked_by": name_of(site.store, job.created_by),
        "stage": job.stage,
        "done": job.stage_done,
        "total": job.stage_total,
        "packet_id": job.packet_id or "",
        "error": job.error,
    }


@router.post("/jobs/{job_id}/cancel", include_in_schema=False)
def cancel_job(site: OfSite, session: Signed, job_id: str) -> Response:
    """Cancel a draft."""
    cancel(site.store, session.actor, job_id, queue=site.queue)
    return RedirectResponse(f"/jobs/{job_id}", 303)


@router.post("/jobs/{job_id}/retry", include_in_schema=False)
def retry_job(site: OfSite, session: Signed, job_id: str) -> Response:
    """Ask again for a draft that failed or was cancelled."""
    retry(site.store, session.actor, job_id, queue=site.queue)
    return RedirectResponse(f"/jobs/{job_id}", 303)
