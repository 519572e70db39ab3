"""A request under an ``Idempotency-Key`` is done once: its repetition gets the same answer.

The key is bound to the person and the route, and kept as a keyed hash with the hash of what was sent, in
the transaction that does what is asked. Answers that made or changed something (2xx in JSON, 303) are kept
with it; an error may be tried again. Where the server died between the act and its answer, the repetition
is told that it may have been done, and does nothing.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from anyio.to_thread import run_sync
from sqlalchemy import Select, select
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Send

from posology.ledger.entries import Kind
from posology.review.sessions import Session
from posology.store import Store
from posology.store.once import ASKED, Once
from posology.store.schema import idempotency
from posology.store.store import AUDIT_KEY
from posology.web.context import has_session, site_of
from posology.web.permissions import Route

__all__ = ["HEADER", "REPLAYED", "answer_once"]

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
_LOST = 0  # the status of a key whose request was done and whose answer was never kept
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_PATH = re.compile(r"/[A-Za-z0-9._~:/?=&%-]{0,299}")
_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,200})', re.I)

Answer = Callable[[Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True, repr=False)
class _Asked:
    """A request under a key: both hashes are keyed."""

    id: str
    request_hash: str
    route: Route
    session: Session


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of an answer."""

    request_hash: str
    status: int
    location: str


async def answer_once(request: Request, receive: Receive, send: Send, route: Route, answer: Answer) -> None:
    """Answer a request, or give the answer that its key got before."""
    session = has_session(request)
    key = _key_of(request) if route[0] == "POST" and session is not None else None
    if key is None or session is None:
        await answer(receive, send)
        return
    body, messages = await _read(receive)
    store = site_of(request).store
    asked = await run_sync(_asked, store, request, session, route, key, body)
    under_way = _under_way(request)
    if asked.id in under_way:
        raise HTTPException(409, "a request with this Idempotency-Key is under way", {"Retry-After": "1"})
    under_way.add(asked.id)
    try:
        kept = await run_sync(_find, store, asked.id)
        if kept is not None:
            await _replay(kept, asked)(request.scope, receive, send)
            return
        once = Once(asked.id, asked.request_hash, session.actor.id)
        token = ASKED.set(once)
        try:
            await answer(_again(messages, receive), _keeping(send, store, asked, once))
        finally:
            ASKED.reset(token)
    finally:
        under_way.discard(asked.id)


def _under_way(request: Request) -> set[str]:
    state = request.app.state
    if not hasattr(state, "under_way"):
        state.under_way = set()
    return cast("set[str]", state.under_way)


def _key_of(request: Request) -> str | None:
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise HTTPException(422, "Idempotency-Key: give one, of 1 to 200 visible ASCII characters")
    return given[0]


async def _read(receive: Receive) -> tuple[bytes, list[Message]]:
    messages: list[Message] = []
    body = bytearray()
    while True:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body), messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def take() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return take


def _asked(store: Store, request: Request, session: Session, route: Route, key: str, body: bytes) -> _Asked:
    kind = request.headers.get("content-type", "")
    boundary = _BOUNDARY.search(kind)
    if boundary and kind.lower().startswith("multipart/"):  # drawn anew at each try
        body = body.replace(boundary[1].encode("latin-1", "replace"), b"")
    body = body.replace(session.csrf.encode(), b"")  # so is the token, after signing in again
    target = request.scope["path"].encode() + b"?" + request.scope["query_string"]
    with store.read() as connection:
        cipher = store.cipher(connection, AUDIT_KEY)
    return _Asked(
        cipher.hash("idempotency key", "\0".join((session.actor.id, *route, key)).encode()),
        cipher.hash("idempotent request", target + b"\0" + body),
        route,
        session,
    )


def _find(store: Store, key: str) -> _Kept | None:
    columns = (idempotency.c.request_hash, idempotency.c.status, idempotency.c.location)
    with store.read() as connection:
        row = connection.execute(select(*columns).where(idempotency.c.id == key)).one_or_none()
    return None if row is None else _Kept(*row)


def _replay(kept: _Kept, asked: _Asked) -> Response:
    if kept.request_hash != asked.request_hash:
        raise HTTPException(422, "this Idempotency-Key was used for another request; take a new one")
    if kept.status == _LOST:
        raise HTTPException(
            409, "this Idempotency-Key was used by a request whose answer was lost; look whether it was done"
        )
    headers = {REPLAYED: "true"} | ({"Location": kept.location} if kept.location else {})
    if kept.status in (204, 303):
        return Response(status_code=kept.status, headers=headers)
    return JSONResponse({"replayed": True, "location": kept.location}, kept.status, headers)


def _keeping(send: Send, store: Store, asked: _Asked, once: Once) -> Send:
    """Keep an answer before its first byte leaves; let go of the key where there is none to keep."""

    async def keeping(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            ASKED.set(None)
            if _is_kept(message["status"], headers):
                await run_sync(_keep, store, asked, message["status"], _location(headers), once.used)
            elif once.used:
                await run_sync(_let_go, store, asked, message["status"])
        await send(message)

    return keeping


def _is_kept(status: int, headers: Headers) -> bool:
    json = headers.get("content-type", "").partition(";")[0] == "application/json"
    return status in (204, 303) or (200 <= status < 300 and json)


def _location(headers: Headers) -> str:
    path = headers.get("location") or headers.get("content-location") or ""
    return path if _PATH.fullmatch(path) else ""


def _keep(store: Store, asked: _Asked, status: int, location: str, used: bool) -> None:
    with store.write(asked.session.actor) as w:
        if used:
            w.update(idempotency, asked.id, {"status": status, "location": location})
        elif w.connection.execute(_known(asked)).first() is not None:  # another process was faster
            return
        else:
            row = {"id": asked.id, "request_hash": asked.request_hash, "created_us": w.now_us}
            w.insert(idempotency, row | {"status": status, "location": location})
        w.record(Kind.REQUEST_ANSWERED, details=_details(asked, status))


def _let_go(store: Store, asked: _Asked, status: int) -> None:
    """Let go of a key whose answer is not kept: an error, or a file that is made anew each time."""
    with store.write(asked.session.actor) as w:
        if w.connection.execute(_known(asked)).first() is not None:
            w.delete(idempotency, asked.id)
            w.record(Kind.REQUEST_ANSWERED, details=_details(asked, status))


def _known(asked: _Asked) -> Select[tuple[str]]:
    return select(idempotency.c.id).where(idempotency.c.id == asked.id)


def _details(asked: _Asked, status: int) -> dict[str, str | int]:
    method, route = asked.route
    return {"method": method, "route": route, "status": status}
