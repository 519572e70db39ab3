"""One server, spoken to over HTTP: pinned address, limits on time and size, and no surprises.

No proxy from the environment, no redirect, no retry but of a connection that could not be made.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from posology.addresses import Address
from posology.errors import EngineError

__all__ = ["Reply", "Server"]

ANSWER_LIMIT_BYTES = 8_000_000
CONNECT_TRIES = 3
CONNECT_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply: status and body, parsed where it is JSON."""

    status: int
    data: Any  # None where the body is no JSON
    html: bool


class Server:
    """A client of one address; usable from several threads, and again after close."""

    def __init__(self, address: Address, timeout_s: float, api_key: str = "") -> None:
        """Prepare a client; nothing is sent yet."""
        self.address = address
        self.timeout_s = timeout_s
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = self._new_client()

    def _new_client(self) -> httpx.Client:
        timeout = httpx.Timeout(self.timeout_s, connect=min(self.timeout_s, 10.0))
        limits = httpx.Limits(max_keepalive_connections=0)  # nothing stays open between requests
        relayed = self.address.socket or None  # TLS and names stay those of the server
        transport = httpx.HTTPTransport(uds=relayed, limits=limits, trust_env=False)
        return httpx.Client(transport=transport, timeout=timeout, trust_env=False, follow_redirects=False)

    def reset(self) -> None:
        """Drop every connection under way and start with a fresh client."""
        old, self._client = self._client, self._new_client()
        old.close()

    def get(self, path: str) -> Reply:
        """GET a path below the server's root."""
        return self._send("GET", self._root(path), None)

    def post(self, path: str, body: dict[str, Any]) -> Reply:
        """POST JSON to a path below the server's root."""
        return self._send("POST", self._root(path), body)

    def get_api(self, path: str) -> Reply:
        """GET a path below base_url."""
        return self._send("GET", self._api(path), None)

    def post_api(self, path: str, body: dict[str, Any]) -> Reply:
        """POST JSON to a path below base_url."""
        return self._send("POST", self._api(path), body)

    def fault(self, what: str) -> EngineError:
        """Return an error that names the server."""
        return EngineError(f"{self.address.url}: {what}")

    def _api(self, path: str) -> httpx.URL:
        return self._pinned(httpx.URL(self.address.url.rstrip("/") + path))

    def _root(self, path: str) -> httpx.URL:
        base = self.address.url.rstrip("/").removesuffix("/v1")
        return self._pinned(httpx.URL(base + path))

    def _pinned(self, url: httpx.URL) -> httpx.URL:
        return url.copy_with(host=self.address.ip)

    def _send(self, method: str, url: httpx.URL, body: dict[str, Any] | None) -> Reply:
        for attempt in range(1, CONNECT_TRIES + 1):
            try:
                return self._exchange(method, url, body)
            except httpx.ConnectError as cause:
                if attempt == CONNECT_TRIES:
                    raise self.fault("no server answers there; start it, or correct base_url") from cause
                time.sleep(CONNECT_PAUSE_S * attempt)
            except httpx.TimeoutException as cause:
                raise self._slow() from cause
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as cause:
                raise self._broken() from cause
        raise self.fault("no server answers there")

    def _exchange(self, method: str, url: httpx.URL, body: dict[str, Any] | None) -> Reply:
        deadline = time.monotonic() + self.timeout_s
        headers = {**self._headers, "Host": self._host()}
        extensions = {"sni_hostname": self.address.host}
        content, data = None, bytearray()
        if body is not None:
            content = json.dumps(body, ensure_ascii=True).encode()
            headers["Content-Type"] = "application/json"
        with self._client.stream(
            method, url, headers=headers, content=content, extensions=extensions
        ) as response:
            for piece in response.iter_bytes():
                data += piece
                if len(data) > ANSWER_LIMIT_BYTES:
                    raise self.fault(f"the answer is larger than {ANSWER_LIMIT_BYTES // 1_000_000} MB")
                if time.monotonic() > deadline:
                    raise self._slow()
            return _reply(response.status_code, bytes(data), response.headers.get("content-type", ""))

    def _broken(self) -> EngineError:
        if self.address.socket:  # a relay takes every connection, and ends those that lead nowhere
            return self.fault("no server answers there, or it broke off; start it, or look into its log")
        return self.fault("the server broke off in mid-answer; look into its log and try again")

    def _slow(self) -> EngineError:
        return self.fault(
            f"no whole answer within {self.timeout_s:g} s; raise timeout_s or lower concurrency"
        )

    def _host(self) -> str:
        host = f"[{self.address.host}]" if ":" in self.address.host else self.address.host
        default = 443 if self.address.url.startswith("https") else 80
        return host if self.address.port == default else f"{host}:{self.address.port}"


def _reply(status: int, body: bytes, kind: str) -> Reply:
    html = "html" in kind.lower() or body.lstrip()[:1] == b"<"
    try:
        return Reply(status, json.loads(body), html)
    except (ValueError, RecursionError):
        return Reply(status, None, html)
