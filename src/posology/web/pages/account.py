"""One's own account: password, one-time code, and proving again who one is."""

from typing import Annotated

from fastapi import Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from posology.errors import NotAllowed, RequestError
from posology.review.accounts import find_account
from posology.review.sessions import is_proved
from posology.review.signing_in import change_password, enrol_code, reprove
from posology.review.totp import new_secret, open_pending, qr_code, seal_pending
from posology.web.context import OfSite, Signed, address_of
from posology.web.entering import guarded_by_failures
from posology.web.guard import new_router
from posology.web.site import Site
from posology.web.templating import render

__all__ = ["router"]

router = new_router()

_Text = Annotated[str, Form(max_length=300)]
_Long = Annotated[str, Form(max_length=2000)]


@router.get("/account", include_in_schema=False)
def account(request: Request, site: OfSite, session: Signed) -> Response:
    """Show the account."""
    return _page(request, site, session)


@router.post("/account/password", include_in_schema=False)
def new_password(
    request: Request, site: OfSite, session: Signed, old: _Text, new: _Text, again: _Text
) -> Response:
    """Change the password."""
    try:
        if new != again:
            raise RequestError("password: the two new ones differ")
        with guarded_by_failures(request):
            change_password(site.store, session, old, new, address_of(request))
    except (RequestError, NotAllowed) as refused:
        return _page(request, site, session, problem=str(refused))
    return RedirectResponse("/account", 303)


@router.post("/account/prove", include_in_schema=False)
def prove(request: Request, site: OfSite, session: Signed, password: _Text, code: _Text = "") -> Response:
    """Prove again who one is, and go on to the one-time code."""
    try:
        with guarded_by_failures(request):
            reprove(site.store, session, password, code, address_of(request))
    except NotAllowed as refused:
        return _page(request, site, session, problem=str(refused))
    return RedirectResponse("/account/code", 303)


@router.get("/account/code", include_in_schema=False)
def code_page(request: Request, site: OfSite, session: Signed) -> Response:
    """Show a new secret for an authenticator."""
    if not is_proved(session, site.store.clock()):
        return _page(request, site, session, prove=True)
    return _page(request, site, session, secret=new_secret())


@router.post("/account/code", include_in_schema=False)
def new_code(request: Request, site: OfSite, session: Signed, pending: _Long, code: _Text) -> Response:
    """Set up the one-time code."""
    try:
        enrol_code(site.store, session, pending, code)
    except RequestError as refused:
        secret = open_pending(site.store, pending, session.actor.id)
        return _page(request, site, session, secret=secret, problem=str(refused))
    return RedirectResponse("/account", 303)


def _page(
    request: Request, site: Site, session: Signed, *, secret: str = "", prove: bool = False, problem: str = ""
) -> Response:
    context = {
        "account": find_account(site.store, session.actor.id),
        "problem": problem,
        "prove": prove,
        "secret": secret,
        "pending": seal_pending(site.store, secret, session.actor.id) if secret else "",
        "qr": qr_code(secret, session.login) if secret else "",
        "openid": session.method == "openid",
    }
    return render(request, "account.html", context, status=422 if problem else 200)
