"""Asking for drafts over HTTP."""

from fastapi.responses import Response

from posology.policies import find_policy
from posology.priorauth import parse_service
from posology.review.jobs import DraftRequest, ask_draft
from posology.web.answers import DraftAnswer
from posology.web.bodies import DraftBody
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router

__all__ = ["router"]

router = new_router()


@router.post("/api/v1/drafts", status_code=202)
def draft(body: DraftBody, response: Response, site: OfSite, actor: Acting) -> DraftAnswer:
    """Ask for a draft; it is made in the background. The same request gives the same job."""
    if body.policy is not None:
        find_policy(site.policies, body.policy)
    asked = DraftRequest(
        body.chart, parse_service(body.service), body.date, body.policy, body.payer, body.details
    )
    job_id = ask_draft(site.store, actor, asked, queue=site.queue)
    response.headers["Location"] = f"/api/v1/jobs/{job_id}"
    return DraftAnswer(job=job_id)
