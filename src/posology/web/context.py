"""What a route may ask for: the site, the session, the actor, the client's address."""

from typing import Annotated, Any, cast

from fastapi import Depends
from starlette.requests import Request
from starlette.types import Scope

from posology.errors import InternalError
from posology.review.sessions import Session
from posology.store import Actor
from posology.web.permissions import Route
from posology.web.site import Site

__all__ = [
    "Acting",
    "OfSite",
    "Signed",
    "address_of",
    "has_session",
    "is_api",
    "keep",
    "kept",
    "session_of",
    "site_of",
]


def kept(scope: Scope) -> dict[str, Any]:
    """Return what the guard has noted about a request: ``session``, ``route``."""
    return cast(dict[str, Any], scope.setdefault("state", {}))


def keep(scope: Scope, *, route: Route | None = None, session: Session | None = None) -> None:
    """Note the route or the session of a request."""
    notes = kept(scope)
    if route is not None:
        notes["route"] = route
    if session is not None:
        notes["session"] = session


def site_of(request: Request) -> Site:
    """Return the site that a request came to."""
    return cast(Site, request.app.state.site)


def has_session(request: Request) -> Session | None:
    """Return the session of a request, if somebody is signed in."""
    return cast("Session | None", kept(request.scope).get("session"))


def session_of(request: Request) -> Session:
    """Return the session of a request to a route that needs one."""
    session = has_session(request)
    if session is None:
        raise InternalError("a route that needs a session was reached without one")
    return session


# Dependencies are coroutines although they wait for nothing: plain functions would each take a thread.


async def _site_of(request: Request) -> Site:
    return site_of(request)


async def _session_of(request: Request) -> Session:
    return session_of(request)


async def _actor_of(request: Request) -> Actor:
    return session_of(request).actor


def address_of(request: Request) -> str:
    """Return the client's address; "" where it is unknown."""
    return request.client.host if request.client else ""


def is_api(request: Request) -> bool:
    """Say whether a program asks, and not a page."""
    path: str = request.scope["path"]
    return path.startswith("/api/") or path in ("/healthz", "/readyz", "/metrics")


OfSite = Annotated[Site, Depends(_site_of)]
Signed = Annotated[Session, Depends(_session_of)]
Acting = Annotated[Actor, Depends(_actor_of)]
