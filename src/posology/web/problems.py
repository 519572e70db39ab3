"""Errors as answers: problem+json (RFC 9457) for programs, a page for people.

An answer never holds a traceback, nor what was sent: our own messages name fields and rules only.
"""

import http
import logging
import traceback
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from posology.errors import (
    ChartError,
    Conflict,
    EngineError,
    InternalError,
    KeyFileError,
    LedgerError,
    MissingExtra,
    ModelError,
    NotAllowed,
    NotFound,
    PolicyError,
    PosologyError,
    RequestError,
    SettingsError,
    StoreError,
)
from posology.review.refusals import Refusal, record_refusal
from posology.web.context import address_of, has_session, is_api, kept, site_of
from posology.web.templating import render

__all__ = ["STATUS", "Faults", "on_http", "on_invalid", "on_known", "problem", "status_of"]

_LOG = logging.getLogger("posology.web")

STATUS: Mapping[type[PosologyError], int] = {
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    ChartError: 422,
    RequestError: 422,
    SettingsError: 409,  # another validator than the draft had, say
    PolicyError: 422,
    StoreError: 503,
    EngineError: 503,
    ModelError: 503,
    LedgerError: 503,
    KeyFileError: 503,
    MissingExtra: 501,
    InternalError: 500,
}
_HIDDEN = "Something went wrong here. Nothing was left half-done. The administrator finds more in the log."


def status_of(error: PosologyError) -> int:
    """Return the status of an error's answer: that of its nearest class in the table."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """Return the answer to a request that failed."""
    title = http.HTTPStatus(status).phrase
    if is_api(request):
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **(more or {})}
        return JSONResponse(body, status, dict(headers or {}), "application/problem+json")
    context = {"status": status, "title": title, "detail": detail}
    page = render(request, "error.html", context, status=status)
    page.headers.update(headers or {})
    return page


def on_known(request: Request, error: Exception) -> Response:
    """Answer an error of our own tree; a refusal is recorded."""
    if not isinstance(error, PosologyError):
        return _on_fault(request, error)
    status = status_of(error)
    if status == 500:
        return _on_fault(request, error)
    if isinstance(error, NotAllowed):
        _record(request, "not-allowed")
    details = getattr(error, "details", None)
    if is_dataclass(details) and not isinstance(details, type):
        details = asdict(details)
    more = {"conflict": dict(details)} if isinstance(details, Mapping) else None
    headers = {"Retry-After": "5"} if status == 503 else None
    return problem(request, status, str(error), headers=headers, more=more)


def on_http(request: Request, error: Exception) -> Response:
    """Answer a refusal of the HTTP layer."""
    if not isinstance(error, HTTPException):
        return _on_fault(request, error)
    if 300 <= error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    detail = (
        error.detail if error.detail != http.HTTPStatus(error.status_code).phrase else _words(request, error)
    )
    return problem(request, error.status_code, detail, headers=error.headers)


def _words(request: Request, error: HTTPException) -> str:
    if error.status_code == 404:
        return "There is no such page."
    if error.status_code == 405:
        return f"{request.method} cannot be used here."
    return error.detail


def on_invalid(request: Request, error: Exception) -> Response:
    """Answer a request that does not have the form it must have; what was sent is not repeated."""
    if not isinstance(error, RequestValidationError):
        return _on_fault(request, error)
    faults = [
        {"where": ".".join(str(step) for step in fault["loc"]), "rule": fault["type"]}
        for fault in error.errors()
    ]
    words = "; ".join(f"{fault['where']}: {fault['rule']}" for fault in faults[:20])
    return problem(
        request, 422, f"the request does not have the form it must have: {words}", more={"errors": faults}
    )


def _on_fault(request: Request, error: Exception) -> Response:
    _log_fault(request.scope, error)
    return problem(request, 500, _HIDDEN)


def _record(request: Request, reason: str) -> None:
    session = has_session(request)
    method, route = kept(request.scope).get("route", ("", ""))
    if session is not None and route:
        refusal = Refusal(method, route, reason, address_of(request))
        record_refusal(site_of(request).store, session.actor, refusal)


def _log_fault(scope: Scope, error: Exception) -> None:
    """Log where a fault happened; its message may quote a patient's text and is left out."""
    route = kept(scope).get("route", ("", "?"))
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
    _LOG.error("fault %s in %s %s: %s", type(error).__name__, route[0], route[1], places)


class Faults:
    """The outermost layer: whatever nobody foresaw becomes an answer of 500 without a word of it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:  # the last frame before the server
            if scope["type"] != "http":
                raise
            _log_fault(scope, error)
            if not started:
                body = {
                    "type": "about:blank",
                    "title": "Internal Server Error",
                    "status": 500,
                    "detail": _HIDDEN,
                }
                await JSONResponse(body, 500, media_type="application/problem+json")(scope, receive, send)
