"""A model server on loopback that does as asked, until it is told to misbehave."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "fake"


class Handler(BaseHTTPRequestHandler):
    """Serves /v1/models and /v1/chat/completions; ``fault`` misbehaves from the n-th chat on."""

    fault: Callable[["Handler"], None] | None = None
    after: int = 0
    asked: list[int]

    def log_message(self, *_: Any) -> None:
        """Be silent."""

    def do_GET(self) -> None:
        if self.fault is not None and self.after == 0:
            self.fault()
        elif self.path.endswith("/models"):
            self.reply(200, {"data": [{"id": MODEL}]})
        else:
            self.reply(404, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(1)
        if self.fault is not None and len(self.asked) > self.after:
            self.fault()
            return
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        self.say(json.dumps(smallest(schema)))

    def say(self, text: str) -> None:
        """Answer a chat."""
        choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        self.reply(200, {"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})

    def reply(self, status: int, value: object, kind: str = "application/json") -> None:
        """Send a whole answer."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def smallest(schema: dict[str, Any]) -> Any:
    """Return a small value that a schema allows."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {key: smallest(schema["properties"][key]) for key in schema.get("required", [])}
    if schema.get("type") == "array":
        return [smallest(schema["items"]) for _ in range(max(1, schema.get("minItems", 1)))]
    return "The record shows nothing more than this."


def web_page(handler: Handler) -> None:
    handler.reply(200, b"<!doctype html><title>Log in</title>", "text/html")


def broken(handler: Handler) -> None:
    handler.reply(500, {"error": "out of memory"})


def prose(handler: Handler) -> None:
    if handler.path.endswith("/models"):
        handler.reply(200, {"data": [{"id": MODEL}]})
    elif handler.command == "POST":
        handler.say("Certainly! Here is what I think of the sea.")
    else:
        handler.reply(404, {})


def slow(handler: Handler) -> None:
    time.sleep(1.5)


def cut(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.wfile.flush()


@contextmanager
def serving(fault: Callable[[Handler], None] | None = None, *, after: int = 0) -> Iterator[str]:
    """Serve on a free port; yield the base_url of the API."""
    kind = type("Served", (Handler,), {"fault": fault, "after": after, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that leaves is no news
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
