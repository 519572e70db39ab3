"""Acts over HTTP that a kill may interrupt: what was asked, and whether it was acknowledged."""

import http.client
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["KINDS", "Deed", "Login", "do", "sign_in"]

KINDS = ("draft", "confirm", "edit", "sign", "export", "append")
PASSWORD = "correct horse battery staple 17"


@dataclass(frozen=True)
class Login:
    """A session as the browser has it."""

    secret: str
    csrf: str
    name: str = ""  # what the ledger calls it


@dataclass
class Deed:
    """One act: how it is asked, and what became of it."""

    kind: str
    packet: str
    method: str
    path: str
    body: Mapping[str, Any] | None
    login: Login
    target: str = ""  # sentence:ID or criterion:ID
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    status: int = 0  # 0: no answer came
    answer: bytes = b""
    seconds: float = 0.0
    sent_again: int = 0

    @property
    def acknowledged(self) -> bool:
        """Say whether the application said that it was done."""
        return 200 <= self.status < 300

    @property
    def said(self) -> dict[str, Any]:
        """Return the answer's JSON; empty for files."""
        try:
            found = json.loads(self.answer)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def do(deed: Deed, port: int) -> None:
    """Ask for an act and take note of the answer; no answer, or a part of one, acknowledges nothing."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"posology={deed.login.secret}", "X-CSRF-Token": deed.login.csrf}
    data = None
    if deed.body is not None:
        data = json.dumps(deed.body)
        headers |= {"Content-Type": "application/json", "Idempotency-Key": deed.key}
    begun = time.perf_counter()
    deed.status, deed.answer = 0, b""
    try:
        connection.request(deed.method, deed.path, data, headers)
        answer = connection.getresponse()
        body = answer.read()
        deed.status, deed.answer = answer.status, body
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()
        deed.seconds = time.perf_counter() - begun


def sign_in(port: int, login: str) -> Login:
    """Sign in with a password, as a person does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"login": login, "password": PASSWORD})
    connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    who = json.loads(answer.read())
    if answer.status not in (200, 201):
        raise SystemExit(f"sign-in answered {answer.status}")
    cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    connection.close()
    return Login(cookie, who["csrf"])
