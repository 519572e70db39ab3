"""Forgery of requests: a token of the session, and where the request comes from.

A request that changes something carries the session's token in the header ``X-CSRF-Token`` or, from a
form, in the field ``csrf``; and the browser's own word on its origin, where it gives one, must be ours.
"""

import hmac
import re
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import Message, Receive

from posology.store import Store
from posology.store.store import SYSTEM_KEY
from posology.web.site import Reached

__all__ = ["SAFE_METHODS", "TOKEN_HEADER", "has_token", "is_same_origin", "pre_session_token", "same_text"]

SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
TOKEN_HEADER = "x-csrf-token"
_HEAD_BYTES = 16 * 1024  # how far into a multipart body the field may stand
_FIRST_FIELD = re.compile(
    rb'--[^\r\n]{1,200}\r\n[^\r\n]*;\s*name="csrf"[^\r\n]*\r\n\r\n([^\r\n]{1,200})\r\n', re.I
)


def is_same_origin(request: Request, site: Reached) -> bool:
    """Say whether nothing that the browser tells speaks against the request coming from our own page.

    A form under ``Referrer-Policy: no-referrer`` has the origin ``null``; Sec-Fetch-Site then decides.
    """
    fetched, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if fetched is not None and fetched != "same-origin":
        return False
    if origin is None or (origin == "null" and fetched is not None):
        return True
    scheme = "https" if site.is_https else "http"
    return origin.lower() == f"{scheme}://{request.headers.get('host', '').lower()}"


async def has_token(request: Request, receive: Receive, token: str) -> tuple[bool, Receive]:
    """Say whether a request carries the token, and give its body again for whoever reads it next."""
    header = request.headers.get(TOKEN_HEADER)
    if header is not None:
        return same_text(header, token), receive
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        body, messages = await _take(receive, None)
        fields = parse_qs(body.decode("latin-1"), max_num_fields=1000) if body.count(b"&") < 1000 else {}
        values = fields.get("csrf", [])
        return len(values) == 1 and same_text(values[0], token), _again(messages, receive)
    if kind == "multipart/form-data":
        body, messages = await _take(receive, _HEAD_BYTES)
        found = _FIRST_FIELD.match(body)
        value = found[1].decode("latin-1") if found else ""
        return same_text(value, token), _again(messages, receive)
    return False, receive


async def _take(receive: Receive, enough: int | None) -> tuple[bytes, list[Message]]:
    """Read a body to its end, or until there is enough of it."""
    messages: list[Message] = []
    body = bytearray()
    while enough is None or len(body) < enough:
        message = await receive()
        messages.append(message)
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body), messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def take() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return take


def same_text(given: str, expected: str) -> bool:
    """Compare two texts in a time that tells nothing; an empty expectation never matches."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def pre_session_token(store: Store, secret: str) -> str:
    """Return the token of a sign-in form, bound to a cookie's secret; "" where there is no cookie."""
    if not secret:
        return ""
    with store.read() as connection:
        return store.cipher(connection, SYSTEM_KEY).hash("sign-in form", secret.encode())
