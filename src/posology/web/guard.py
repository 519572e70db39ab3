"""The guard before every route: limits, session, role, origin and token, in this order."""

import os
import unicodedata

from anyio.to_thread import run_sync
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from posology.review.refusals import Refusal, record_refusal
from posology.review.sessions import Session, find_session, touch_session
from posology.web.context import address_of, is_api, keep, site_of
from posology.web.cookies import SESSION, read_cookie
from posology.web.csrf import SAFE_METHODS, has_token, is_same_origin, same_text
from posology.web.idempotency import answer_once
from posology.web.limits import PUBLIC_BYTES, body_limit, bounded, require_small
from posology.web.permissions import BEARER, OPEN, QUIET, SET_UP, TABLE, Route
from posology.web.signposts import to_set_up, to_sign_in
from posology.web.site import Site

__all__ = ["GuardedRoute", "new_router"]


def new_router() -> APIRouter:
    """Return a router whose routes are guarded."""
    return APIRouter(route_class=GuardedRoute)


class GuardedRoute(APIRoute):
    """A route that nothing reaches before the guard has let it pass."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guard a request, then answer it."""
        if self.methods and scope["method"] not in self.methods:
            await super().handle(scope, receive, send)  # answers 405
            return
        route = scope["method"], self.path
        keep(scope, route=route)
        receive = await _admit(Request(scope), receive, route)

        async def answer(receive: Receive, send: Send) -> None:
            await super(GuardedRoute, self).handle(scope, receive, send)

        await answer_once(Request(scope), receive, send, route, answer)


async def _admit(request: Request, receive: Receive, route: Route) -> Receive:
    """Return the body of a request that may pass; raise the answer of one that may not."""
    _require_plain(request)
    site, rule = site_of(request), TABLE[route]
    if route in OPEN:
        require_small(request, PUBLIC_BYTES)
        return receive
    secret = read_cookie(request, site, SESSION)
    session = await run_sync(_session, site, secret, route) if secret else None
    limit = body_limit(request, site.serve.upload_mb, signed_in=session is not None)
    require_small(request, limit)
    receive = bounded(receive, limit, site.serve.request_seconds)
    request.app.state.rates.count(session.id if session else f"address {address_of(request)}")
    if session is not None:
        keep(request.scope, session=session)
    if rule is None:
        if request.method not in SAFE_METHODS and not is_same_origin(request, site):
            raise HTTPException(403, "this request did not come from a page of this application")
        return receive
    if session is None:
        if _has_bearer(request, route):
            return receive
        raise to_sign_in(request)
    if session.actor.role not in rule:
        await _refuse(request, session, route, "role", "your role does not permit this")
    if session.is_held and route not in SET_UP:
        raise to_set_up(request)
    return receive if request.method in SAFE_METHODS else await _unforged(request, receive, session, route)


def _require_plain(request: Request) -> None:
    """Refuse control characters in the address: no name here has them, and databases choke on some."""
    path: str = request.scope["path"]
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in path):
        raise HTTPException(404)
    if b"%00" in request.scope["query_string"]:
        raise HTTPException(400, "the query of the address holds a NUL character")


def _session(site: Site, secret: str, route: Route) -> Session | None:
    session = find_session(site.store, secret, site.serve)
    if session is not None and route not in QUIET:
        touch_session(site.store, session)
    return session


async def _unforged(request: Request, receive: Receive, session: Session, route: Route) -> Receive:
    if not is_same_origin(request, site_of(request)):
        await _refuse(
            request, session, route, "origin", "this request did not come from a page of this application"
        )
    held, receive = await has_token(request, receive, session.csrf)
    if not held:
        words = (
            "the header X-CSRF-Token is missing or wrong"
            if is_api(request)
            else (
                "the page is older than your session; nothing was changed. Go back, reload it and try again"
            )
        )
        await _refuse(request, session, route, "csrf", words)
    return receive


async def _refuse(request: Request, session: Session, route: Route, reason: str, words: str) -> None:
    refusal = Refusal(*route, reason, address_of(request))
    await run_sync(record_refusal, site_of(request).store, session.actor, refusal)
    raise HTTPException(403, words)


def _has_bearer(request: Request, route: Route) -> bool:
    variable = BEARER.get(route)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if variable is None or scheme.lower() != "bearer":
        return False
    return same_text(token.strip(), os.environ.get(variable, ""))
