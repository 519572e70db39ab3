"""Sessions: who is signed in, until when, and when they last proved who they are.

A session's secret lives in the browser's cookie only; the store keeps its SHA-256. What the ledger and
the logs call a session is another random name, so that neither can be used to act in it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select, update

from posology.config import Serve
from posology.ledger.entries import Kind
from posology.store import SYSTEM, Actor, Role, Store, Writing, new_id
from posology.store.schema import sessions, users

__all__ = [
    "PROVED_MINUTES",
    "Session",
    "begin_session",
    "end_session",
    "end_sessions_of",
    "find_session",
    "is_proved",
    "mark_proved",
    "session_id",
    "touch_session",
]

PROVED_MINUTES = 5  # how long a proof of identity is good for signing
_SECRET_BYTES = 32
_MINUTE_US = 60_000_000
LOCAL_METHODS = ("password", "password+totp")


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """A person who is signed in."""

    id: str
    actor: Actor
    login: str
    csrf: str
    method: str  # password, password+totp, openid or demo
    created_us: int
    expires_us: int
    proved_us: int
    seen_us: int
    must_change: bool = False  # another person set the password
    must_enrol: bool = False  # the site asks for a one-time code, and none is set up

    @property
    def is_held(self) -> bool:
        """Say whether the person must set up the account before anything else."""
        return self.must_change or self.must_enrol

    def __repr__(self) -> str:
        """Show the session's public name and the person's id."""
        return f"Session({self.actor.session}, {self.actor!r})"


def session_id(secret: str) -> str:
    """Return the id under which the store keeps a session of this secret."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def begin_session(w: Writing, user_id: str, method: str, serve: Serve) -> tuple[str, str]:
    """Begin a session inside a transaction that records the sign-in; return its secret and public name.

    A sign-in at the provider proves nothing yet: it may let a person in whom it still knows, unasked.
    """
    secret, name = secrets.token_urlsafe(_SECRET_BYTES), new_id()
    w.insert(
        sessions,
        {
            "id": session_id(secret),
            "name": name,
            "user_id": user_id,
            "csrf": secrets.token_urlsafe(_SECRET_BYTES),
            "method": method,
            "created_us": w.now_us,
            "expires_us": w.now_us + serve.session_hours * 60 * _MINUTE_US,
            "proved_us": 0 if method == "openid" else w.now_us,
            "seen_us": w.now_us,
        },
    )
    return secret, name


def find_session(store: Store, secret: str, serve: Serve) -> Session | None:
    """Return the session of a cookie's secret; ``None`` where there is none, or it is over.

    A session that was idle too long or came to its end is ended here, and that is recorded.
    """
    key = session_id(secret)
    with store.read() as connection:
        row = _row_of(connection, key)
    if row is None or row["disabled"]:
        return None
    reason = _is_over(row, store.clock(), serve)
    if reason:
        _end(store, SYSTEM, key, reason)
        return None
    return _session(row, serve)


def _row_of(connection: Connection, key: str) -> Mapping[str, Any] | None:
    query = (
        select(sessions, *(users.c[name].label(f"u_{name}") for name in _OF_USER), users.c.disabled)
        .join(users, users.c.id == sessions.c.user_id)
        .where(sessions.c.id == key)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else dict(row._mapping)


_OF_USER = ("login", "name", "role", "npi", "totp", "must_change")


def _is_over(row: Mapping[str, Any], now_us: int, serve: Serve) -> str:
    if now_us >= row["expires_us"]:
        return "expired"
    return "idle" if now_us - row["seen_us"] > serve.idle_minutes * _MINUTE_US else ""


def _session(row: Mapping[str, Any], serve: Serve) -> Session:
    local = row["method"] in LOCAL_METHODS
    return Session(
        row["id"],
        Actor(row["user_id"], Role(row["u_role"]), row["name"], row["u_name"], row["u_npi"]),
        row["u_login"],
        row["csrf"],
        row["method"],
        row["created_us"],
        row["expires_us"],
        row["proved_us"],
        row["seen_us"],
        must_change=local and bool(row["u_must_change"]),
        must_enrol=local and serve.require_totp and row["u_totp"] is None,
    )


def touch_session(store: Store, session: Session) -> None:
    """Note that the person is still there; written at most once a minute."""
    now_us = store.clock()
    if now_us - session.seen_us < _MINUTE_US:
        return
    with store.volatile() as connection:
        connection.execute(update(sessions).where(sessions.c.id == session.id).values(seen_us=now_us))


def is_proved(session: Session, now_us: int) -> bool:
    """Say whether the person proved who they are within the last minutes, as signing asks."""
    return 0 <= now_us - session.proved_us <= PROVED_MINUTES * _MINUTE_US


def mark_proved(w: Writing, name: str) -> None:
    """Note in a session of this public name that the person has just proved who they are."""
    key = w.connection.execute(select(sessions.c.id).where(sessions.c.name == name)).scalar_one()
    w.update(sessions, key, {"proved_us": w.now_us})


def end_session(store: Store, session: Session) -> None:
    """Sign out."""
    with store.write(session.actor) as w:
        if _is_there(w.connection, session.id):
            w.delete(sessions, session.id)
        w.record(Kind.SIGN_OUT, details={"user": session.actor.id})


def end_sessions_of(w: Writing, user_id: str, reason: str, keep: str = "") -> int:
    """End all sessions of a person, that of the public name ``keep`` excepted, inside a transaction."""
    query = select(sessions.c.id, sessions.c.name).where(sessions.c.user_id == user_id)
    over = [row for row in w.connection.execute(query) if row.name != keep]
    for row in over:
        w.delete(sessions, row.id)
        w.record(Kind.SESSION_ENDED, details={"user": user_id, "ended": row.name, "reason": reason})
    return len(over)


def _end(store: Store, actor: Actor, key: str, reason: str) -> None:
    with store.write(actor) as w:
        query = select(sessions.c.name, sessions.c.user_id).where(sessions.c.id == key)
        row = w.connection.execute(query).one_or_none()
        if row is not None:  # another request may have ended it meanwhile
            w.delete(sessions, key)
            w.record(Kind.SESSION_ENDED, details={"user": row.user_id, "ended": row.name, "reason": reason})


def _is_there(connection: Connection, key: str) -> bool:
    return connection.execute(select(sessions.c.id).where(sessions.c.id == key)).one_or_none() is not None
