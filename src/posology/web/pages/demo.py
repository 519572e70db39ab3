"""The way into a demonstration: one address, on loopback; a site that is none has no such page."""

import hmac

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from posology.errors import NotFound
from posology.ledger.entries import Kind
from posology.review.jobs import job_of
from posology.review.sessions import begin_session
from posology.store import SYSTEM, Actor, Role
from posology.web.context import OfSite
from posology.web.entering import begin
from posology.web.guard import new_router

__all__ = ["router"]

router = new_router()


@router.get("/demo/{secret}", include_in_schema=False)
def enter_demo(request: Request, site: OfSite, secret: str) -> Response:
    """Sign the demonstration's clinician in and lead to the packet that was drafted."""
    demo = site.demo
    if demo is None or not hmac.compare_digest(secret.encode(), demo.secret.encode()):
        raise NotFound("there is no such page")
    with site.store.write(SYSTEM) as w:
        cookie, name = begin_session(w, demo.user_id, "demo", site.serve)
        w.actor = Actor(demo.user_id, Role.CLINICIAN, name)
        details = {"user": demo.user_id, "method": "demo"}
        w.record(Kind.SIGN_IN_SUCCEEDED, details=details)
    job = job_of(site.store, demo.job_id)
    target = f"/packets/{job.packet_id}" if job.packet_id else f"/jobs/{demo.job_id}"
    return begin(request, RedirectResponse(target, 303), cookie)
