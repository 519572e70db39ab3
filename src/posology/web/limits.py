"""Limits: how large a request may be, how long it may take to arrive, how many may come."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

__all__ = ["HEADER_BYTES", "PLAIN_BYTES", "PUBLIC_BYTES", "Rates", "body_limit", "bounded", "require_small"]

HEADER_BYTES = 32 * 1024
PUBLIC_BYTES = 64 * 1024  # of a body that somebody sends who is not signed in
PLAIN_BYTES = 2 * 1024 * 1024  # of a form or a JSON body that holds no files
_UPLOADS = ("multipart/form-data", "application/fhir+json", "application/zip", "application/octet-stream")
_MOST_KEYS = 20_000  # of one counter


def body_limit(request: Request, upload_mb: int, *, signed_in: bool) -> int:
    """Return how many bytes the body of a request may have."""
    if not signed_in:
        return PUBLIC_BYTES
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return upload_mb * 1024 * 1024 if kind in _UPLOADS else PLAIN_BYTES


def require_small(request: Request, limit: int) -> None:
    """Refuse a request whose headers are too many or whose announced body is too large."""
    if sum(len(name) + len(value) for name, value in request.scope["headers"]) > HEADER_BYTES:
        raise HTTPException(431, f"the headers of a request may have {HEADER_BYTES} bytes")
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise HTTPException(400, "Content-Length is not a number")
    if int(length[:20]) > limit:
        raise _too_large(limit)


def bounded(receive: Receive, limit: int, seconds: float) -> Receive:
    """Return a body that ends in 413 beyond ``limit`` bytes and in 408 after ``seconds``."""
    deadline = time.monotonic() + seconds
    seen, done = 0, False

    async def take() -> Message:
        nonlocal seen, done
        if done:
            return await receive()
        try:
            with anyio.fail_after(max(0.0, deadline - time.monotonic())):
                message = await receive()
        except TimeoutError:
            raise HTTPException(
                408, f"the request did not arrive within {seconds:g} seconds", {"Connection": "close"}
            ) from None
        seen += len(message.get("body", b""))
        done = not message.get("more_body", False)
        if seen > limit:
            raise _too_large(limit)
        return message

    return take


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"the body of this request may have {limit} bytes", {"Connection": "close"})


@dataclass
class Rates:
    """Counts requests of one key in windows of time; what is beyond the allowance waits."""

    most: int
    window_s: float = 60.0
    now: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[float, int]] = field(default_factory=dict)  # key: (window's start, count)
    _lock: Lock = field(default_factory=Lock)

    def count(self, key: str) -> None:
        """Count one; raise 429 with the seconds to wait where it is one too many."""
        with self._lock:
            start, seen = self._window(key)
            if seen < self.most:
                self._seen[key] = start, seen + 1
                return
        self._refuse(start)

    def check(self, key: str) -> None:
        """Raise 429 where a key has used its allowance up; count nothing."""
        with self._lock:
            start, seen = self._window(key)
        if seen >= self.most:
            self._refuse(start)

    def _window(self, key: str) -> tuple[float, int]:
        now = self.now()
        start, seen = self._seen.pop(key, (now, 0))
        if now - start >= self.window_s:
            start, seen = now, 0
        while len(self._seen) >= _MOST_KEYS:
            self._seen.pop(next(iter(self._seen)))
        self._seen[key] = start, seen
        return start, seen

    def _refuse(self, start: float) -> None:
        wait = max(1, round(start + self.window_s - self.now() + 0.5))
        raise HTTPException(
            429, f"too many requests; try again in {wait} seconds", {"Retry-After": str(wait)}
        )
