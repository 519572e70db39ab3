"""A model server on loopback whose behaviour each test writes."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from posology.addresses import Address


@dataclass
class Behaviour:
    """What the server does; ``routes`` maps a path to a JSON value or a function of the body."""

    routes: dict[str, Any]
    seen: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)


def chat(text: str | None, finish: str = "stop", **more: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": finish, **more}
    return {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour: Behaviour

    def log_message(self, *_: Any) -> None:
        """Be silent."""

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _serve(self, body: dict[str, Any]) -> None:
        self.behaviour.seen.append((self.path, body, dict(self.headers)))
        route = self.behaviour.routes.get(self.path, (404, {}))
        answer = route(self, body) if callable(route) else route
        if answer is None:
            return
        status, data = answer if isinstance(answer, tuple) else (200, answer)
        self.reply(status, json.dumps(data).encode(), "application/json")

    def reply(self, status: int, data: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class _QuietServer(ThreadingHTTPServer):
    """A server to which a client that hangs up is no news."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Be silent."""


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Address]:
    """Serve on a free port of loopback; yield the pinned address of the API."""
    handler = type("Handler", (_Handler,), {"behaviour": behaviour})
    server = _QuietServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    port = server.server_address[1]
    try:
        yield Address(f"http://models.test:{port}/v1", "models.test", port, "127.0.0.1", "")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def html(handler: Any, _: dict[str, Any]) -> None:
    handler.reply(200, b"<!doctype html><title>Welcome</title>", "text/html")


def redirect(handler: Any, _: dict[str, Any]) -> None:
    handler.reply(302, b"", "text/plain", Location="http://203.0.113.7/steal")


def cut(handler: Any, _: dict[str, Any]) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.wfile.flush()
    handler.close_connection = True


def drip(handler: Any, _: dict[str, Any]) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    try:
        for _piece in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


def slow(_: Any, __: dict[str, Any]) -> dict[str, Any]:
    time.sleep(1.0)
    return chat("late")


def huge(handler: Any, _: dict[str, Any]) -> None:
    try:
        handler.reply(200, b" " * 9_000_000, "application/json")
    except OSError:
        return


Route = Callable[[Any, dict[str, Any]], Any]
