"""Signing in and out."""

import secrets
from typing import Annotated

from fastapi import Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from posology.errors import NotAllowed
from posology.web.context import OfSite, has_session
from posology.web.cookies import PRE_SESSION, read_cookie, set_cookie
from posology.web.csrf import pre_session_token, same_text
from posology.web.entering import begin, enter, leave
from posology.web.guard import new_router
from posology.web.signposts import safe_next
from posology.web.site import Site
from posology.web.templating import render

__all__ = ["router"]

router = new_router()

_Text = Annotated[str, Form(max_length=300)]
_STALE = "The form was open for too long, or the browser keeps no cookies. Please try again."


@router.get("/sign-in", include_in_schema=False)
def sign_in_page(
    request: Request, site: OfSite, next: Annotated[str, Query(max_length=2000)] = "/"
) -> Response:
    """Show the form."""
    target = safe_next(next)
    if has_session(request) is not None:
        return RedirectResponse(target, 303)
    return _form(request, site, target)


@router.post("/sign-in", include_in_schema=False)
def sign_in_now(
    request: Request,
    login: _Text,
    password: _Text,
    code: _Text = "",
    csrf: _Text = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Sign in and go on."""
    site: Site = request.app.state.site
    target = safe_next(next)
    if not same_text(csrf, pre_session_token(site.store, read_cookie(request, site, PRE_SESSION))):
        return _form(request, site, target, login=login, problem=_STALE, status=403)
    try:
        secret = enter(request, login, password, code)
    except NotAllowed as refused:
        return _form(request, site, target, login=login, problem=str(refused), status=403)
    return begin(request, RedirectResponse(target, 303), secret)


@router.post("/sign-out", include_in_schema=False)
def sign_out(request: Request) -> Response:
    """Sign out."""
    return leave(request, RedirectResponse("/sign-in", 303))


def _form(
    request: Request, site: Site, target: str, *, login: str = "", problem: str = "", status: int = 200
) -> Response:
    known = read_cookie(request, site, PRE_SESSION)
    secret = known or secrets.token_urlsafe(32)
    context = {
        "next": target,
        "login": login,
        "problem": problem,
        "token": pre_session_token(site.store, secret),
        "openid": bool(site.serve.openid.issuer),
    }
    page = render(request, "sign-in.html", context, status=status)
    if not known:
        set_cookie(page, site, PRE_SESSION, secret)
    return page
