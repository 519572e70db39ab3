"""The server: uvicorn with deadlines, so that a slow client holds nothing for long."""

import asyncio
import gc
import socket
from collections.abc import Sequence
from typing import Any

import h11
import uvicorn
from anyio.to_thread import current_default_thread_limiter
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from posology.config import Serve
from posology.web.limits import HEADER_BYTES

__all__ = ["TimedProtocol", "open_socket", "run_server", "server_config"]

_CONNECTIONS = 1000
_KEEP_ALIVE_S = 20
_THREADS = 6  # at work behind the requests of one process
_GRACE_S = 10  # for answers under way when the server is told to stop
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class TimedProtocol(H11Protocol):
    """HTTP/1.1 in which the headers of each request arrive within a time, or the connection ends."""

    headers_s = 30.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin without a deadline."""
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline of the first request."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the deadline runs from a request's first byte to the end of its headers."""
        if self._deadline is None and self.conn.their_state is h11.IDLE:
            self._arm()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._disarm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(self.headers_s, self._expire)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(_TOO_SLOW)
            self.transport.close()


def _protocol_of(seconds: float) -> type[TimedProtocol]:
    return type("TimedProtocol", (TimedProtocol,), {"headers_s": seconds})


def open_socket(host: str, port: int) -> socket.socket:
    """Open the listening socket, before the process is sealed; port 0 takes any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else small answers wait 40 ms
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def server_config(app: ASGIApp, serve: Serve) -> Config:
    """Return how uvicorn serves the application."""
    return Config(
        app,
        http=_protocol_of(serve.request_seconds),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(serve.proxies),
        forwarded_allow_ips=list(serve.proxies),
        ssl_certfile=serve.certificate or None,
        ssl_keyfile=serve.certificate_key or None,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
        h11_max_incomplete_event_size=2 * HEADER_BYTES,
    )


class _Server(uvicorn.Server):
    """A server whose few threads take turns: many that want to compute at once only wait for each other."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, with few threads for the work behind the requests."""
        current_default_thread_limiter().total_tokens = _THREADS
        await super().serve(sockets)


def run_server(app: ASGIApp, sockets: Sequence[socket.socket], serve: Serve) -> None:
    """Serve the application on open sockets until the process is told to stop."""
    gc.collect()
    gc.freeze()  # what is loaded by now stays: looking through it again would hold everybody up
    _Server(server_config(app, serve)).run(sockets=list(sockets))
