"""Headers of every answer, and the host names a request may call us by."""

import re
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from posology.web.site import Reached

__all__ = ["HEADERS", "SecureHeaders", "host_of"]

CONTENT_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self' data:; object-src 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_YEAR_S = 31_536_000
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.-]{0,253}))(?::[0-9]{1,5})?", re.ASCII)


def host_of(header: str) -> str:
    """Return the host name of a Host header, in lower case; "" where the header is malformed."""
    found = _HOST.fullmatch(header.lower())
    return found[1].strip("[]") if found else ""


class SecureHeaders:
    """Refuses requests that name another host, and adds the headers to every answer."""

    def __init__(self, app: ASGIApp, site: Reached) -> None:
        """Wrap an application."""
        self.app = app
        self.hosts = site.hosts
        self.headers = dict(HEADERS)
        if site.is_https:
            self.headers["Strict-Transport-Security"] = f"max-age={_YEAR_S}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message))
            await send(message)

        status = self._fault(scope)
        if status:
            body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
            closing = {"Connection": "close"}
            await JSONResponse(body, status, closing, "application/problem+json")(scope, receive, secured)
            return
        await self.app(scope, receive, secured)

    def _fault(self, scope: Scope) -> int:
        """Return the status of a request that is not for us or has two ends; 0 where all is well."""
        names = [name for name, _ in scope["headers"]]
        if b"transfer-encoding" in names and b"content-length" in names:
            return 400  # a proxy before us may have seen another end: what follows is not trusted
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        ours = len(hosts) == 1 and host_of(hosts[0].decode("latin-1")) in self.hosts
        return 0 if ours else 421

    def _add(self, headers: MutableHeaders) -> None:
        for name, value in self.headers.items():
            headers[name] = value
        headers.setdefault("Cache-Control", "no-store")
        if "server" in headers:
            del headers["server"]
