"""The worklist: the first page after signing in, for those who prepare and sign."""

from collections.abc import Mapping
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import Form, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from posology.review.heads import PacketHead
from posology.review.people import colleagues, known_payers
from posology.review.sessions import Session
from posology.review.waiting import waiting_jobs
from posology.review.worklist import Sort, WorklistPage, WorklistQuery, worklist
from posology.store import Role
from posology.web.choices import people_options
from posology.web.context import OfSite, Signed
from posology.web.guard import new_router
from posology.web.packetview import conclusion_words, provisional_words
from posology.web.site import Site
from posology.web.templating import render
from posology.web.words import STATES, clock_words, iso_of, state_words, when

__all__ = ["router"]

router = new_router()

_SORTS = (
    ("updated", "last change"),
    ("created", "newest"),
    ("gaps", "least open"),
    ("due", "payer's clock"),
)
_OUTCOMES = ("ready", "review", "incomplete", "not_supported")
_CONCLUSIONS = tuple((key, conclusion_words(key)[0]) for key in _OUTCOMES)
_HOMES = {Role.AUDITOR: "/ledger", Role.ADMINISTRATOR: "/users"}
_Text = Annotated[str, Query(max_length=200)]
_Row = Mapping[str, Any]


@router.get("/", include_in_schema=False)
def show_worklist(  # noqa: PLR0913 - one filter each
    request: Request,
    site: OfSite,
    session: Signed,
    state: _Text = "",
    conclusion: _Text = "",
    owner: _Text = "",
    payer: _Text = "",
    policy: _Text = "",
    sort: _Text = "updated",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Show the packets that are to be worked on; whoever sees no packets goes to their own first page."""
    role = session.actor.role
    if role in _HOMES:
        return RedirectResponse(_HOMES[role], 303)
    known = cast(Sort, sort if sort in dict(_SORTS) else "updated")
    query = WorklistQuery(state, conclusion, owner, payer, policy, "", known, page)
    return _shown(request, site, session, query)


@router.post("/find", include_in_schema=False)
def find_patient(
    request: Request, site: OfSite, session: Signed, q: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Show the packets of one patient; the name travels in the body, so that no address or log holds it."""
    if not q.strip():
        return RedirectResponse("/", 303)
    return _shown(request, site, session, WorklistQuery(q=q))


def _shown(request: Request, site: Site, session: Session, query: WorklistQuery) -> HTMLResponse:
    page = worklist(site.store, session.actor, query)
    now = site.store.clock()
    plain = {
        "state": query.state,
        "conclusion": query.conclusion,
        "owner": query.owner,
        "payer": query.payer,
        "policy": query.policy,
    }
    values = {
        "query": query,
        "filtered": bool(query.q or any(plain.values())),
        "states": tuple(STATES.items()),
        "conclusions": _CONCLUSIONS,
        "sorts": _SORTS,
        "people": people_options(colleagues(site.store), query.owner),
        "payers": known_payers(site.store),
        "jobs": waiting_jobs(site.store) if query.page == 1 and not query.q else (),
        "rows": [_row(head, now) for head in page.rows],
        "page": page,
        "earlier": _address(plain, query, page, -1),
        "later": _address(plain, query, page, 1),
    }
    return render(request, "worklist.html", values)


def _address(plain: Mapping[str, str], query: WorklistQuery, page: WorklistPage, step: int) -> str:
    """Return the address of the page before or after; empty where there is none."""
    number = page.page + step
    if query.q or not 1 <= number <= page.pages:
        return ""
    given = {key: value for key, value in plain.items() if value}
    return "/?" + urlencode({**given, "sort": query.sort, "page": str(number)})


def _row(head: PacketHead, now_us: int) -> _Row:
    words, tone = conclusion_words(head.conclusion)
    words += provisional_words(head.provisional, head.to_confirm)
    clock, late = clock_words(head.state, head.due_us, now_us)
    return {
        "head": head,
        "conclusion": words,
        "tone": tone,
        "state": state_words(head.state),
        "updated": when(head.updated_us),
        "updated_iso": iso_of(head.updated_us),
        "clock": clock,
        "late": late,
    }
