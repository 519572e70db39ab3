"""Signing in with a password and a one-time code, proving it again, and what a person changes alone.

An unknown name, a wrong password, a wrong or used code, a disabled and a locked account all get the same
answer after the same work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from posology.config import Serve
from posology.errors import Conflict, NotAllowed, RequestError
from posology.ledger.entries import Kind
from posology.review.accounts import row_of
from posology.review.passwords import check_password, hash_password, require_good_password
from posology.review.refusals import ledger_address
from posology.review.sessions import Session, begin_session, end_sessions_of, is_proved, mark_proved
from posology.review.totp import matching_step, open_pending, seal_secret, secret_of
from posology.store import SYSTEM, Actor, Role, Store, Writing
from posology.store.schema import users
from posology.store.store import AUDIT_KEY, SYSTEM_KEY

__all__ = ["LOCK_MINUTES", "MOST_FAILURES", "REFUSED", "Claim", "SignInRefused", "change_password"]
__all__ += ["enrol_code", "reprove", "sign_in"]

MOST_FAILURES, LOCK_MINUTES = 5, 15
REFUSED = "The name, the password or the code is wrong, or the account is locked for a while."
_MINUTE_US = 60_000_000


class SignInRefused(NotAllowed):
    """A sign-in that was refused; it does not say why."""


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """What somebody typed to sign in, and from where."""

    login: str
    password: str
    code: str = ""
    address: str = ""

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "Claim()"


def sign_in(store: Store, claim: Claim, serve: Serve) -> str:
    """Sign a person in and return the secret of a new session; raise SignInRefused."""
    row = _by_login(store, claim.login.strip().lower())
    matches = check_password(row["password_hash"] if row else "", claim.password)
    if row is None:
        _record_unknown(store, claim)
        raise SignInRefused(REFUSED)
    with store.write(SYSTEM) as w:
        method = _prove(w, row, claim, matches=matches)
        if method:
            secret, name = begin_session(w, row["id"], method, serve)
            w.actor = Actor(row["id"], Role(row["role"]), name)
            w.record(Kind.SIGN_IN_SUCCEEDED, details=_details(row["id"], claim) | {"method": _code(method)})
    if not method:
        raise SignInRefused(REFUSED)
    return secret


def reprove(store: Store, session: Session, password: str, code: str, address: str = "") -> None:
    """Let the person of a session prove again who they are; raise SignInRefused where they do not."""
    with store.read() as connection:
        row = row_of(connection, session.actor.id)
    claim = Claim(row["login"], password, code, address)
    matches = check_password(row["password_hash"], password)
    with store.write(session.actor) as w:
        method = _prove(w, row, claim, matches=matches)
        if method:
            mark_proved(w, session.actor.session)
            details = _details(row["id"], claim) | {"method": _code(method), "reason": "proved-again"}
            w.record(Kind.SIGN_IN_SUCCEEDED, details=details)
    if not method:
        raise SignInRefused("The password or the code is wrong, or the account is locked for a while.")


def change_password(store: Store, session: Session, old: str, new: str, address: str = "") -> None:
    """Change the own password: the old one is asked, and every other session ends."""
    with store.read() as connection:
        row = row_of(connection, session.actor.id)
    if not row["password_hash"]:
        raise Conflict("this account has no password here; change it at the hospital's provider")
    require_good_password(new, row["login"], row["name"])
    if old == new:
        raise RequestError("password: it must differ from the old one")
    matches, hashed = check_password(row["password_hash"], old), hash_password(new)
    claim = Claim(row["login"], old, "", address)
    with store.write(session.actor) as w:
        reason = _why_not(w, row, matches=matches)
        if reason:
            _record_failure(w, row, claim, reason)
        else:
            end_sessions_of(w, row["id"], "password-changed", keep=session.actor.session)
            changes = {"password_hash": hashed, "must_change": 0, "failures": 0, "changed_us": w.now_us}
            w.update(users, row["id"], changes)
            w.record(Kind.USER_CHANGED, details={"user": row["id"], "changed": ["password"]})
    if reason:
        raise SignInRefused("The old password is wrong, or the account is locked for a while.")


def enrol_code(store: Store, session: Session, pending: str, code: str) -> None:
    """Set up the one-time code of an account, once a first code shows that the authenticator has it."""
    secret = open_pending(store, pending, session.actor.id)
    if not secret:
        raise RequestError("the form is damaged; reload the page")
    if not is_proved(session, store.clock()):
        raise NotAllowed("sign in again first: your last proof is older than some minutes")
    with store.write(session.actor) as w:
        row = row_of(w.connection, session.actor.id)
        if not row["password_hash"]:
            raise Conflict("this account signs in at the hospital's provider and needs no code here")
        step = matching_step(secret, code, w.now_us, row["totp_step"])
        if step is None:
            raise RequestError(
                "code: not the one that the authenticator shows; check its clock and try again"
            )
        sealed = seal_secret(w.cipher(SYSTEM_KEY), secret, row["id"])
        end_sessions_of(w, row["id"], "code-changed", keep=session.actor.session)
        w.update(users, row["id"], {"totp": sealed, "totp_step": step, "changed_us": w.now_us})
        w.record(Kind.USER_CHANGED, details={"user": row["id"], "changed": ["totp"]})


def _by_login(store: Store, login: str) -> Mapping[str, Any] | None:
    with store.read() as connection:
        row = connection.execute(select(users).where(users.c.login == login)).mappings().one_or_none()
    return None if row is None else dict(row)


def _prove(w: Writing, seen: Mapping[str, Any], claim: Claim, *, matches: bool) -> str:
    """Return how a person proved who they are, all of it used up; "" once the failure is recorded."""
    row = row_of(w.connection, seen["id"])
    reason, step = _why_not(w, seen, matches=matches), None
    if not reason and row["totp"] is not None:
        secret = secret_of(w.cipher(SYSTEM_KEY), row["totp"], row["id"])
        step = matching_step(secret, claim.code, w.now_us, row["totp_step"])
        reason = "" if step is not None else "code"
    if reason:
        _record_failure(w, row, claim, reason)
        return ""
    changes = {"failures": 0, "locked_until_us": 0, "totp_step": row["totp_step"] if step is None else step}
    if any(row[key] != value for key, value in changes.items()):
        w.update(users, row["id"], changes)
    return "password" if step is None else "password+totp"


def _why_not(w: Writing, seen: Mapping[str, Any], *, matches: bool) -> str:
    """Return why a password is not taken, judged by the account as it is now; "" where it is."""
    row = row_of(w.connection, seen["id"])
    if row["disabled"]:
        return "disabled"
    if row["locked_until_us"] > w.now_us:
        return "locked"
    if not row["password_hash"]:
        return "no-password"
    return "" if matches and row["password_hash"] == seen["password_hash"] else "password"


def _record_failure(w: Writing, row: Mapping[str, Any], claim: Claim, reason: str) -> None:
    details = _details(row["id"], claim) | {"reason": reason}
    if reason not in ("password", "code"):
        w.record(Kind.SIGN_IN_REFUSED, details=details)
        return
    failures = row["failures"] + 1
    locked = failures >= MOST_FAILURES
    until_us = w.now_us + LOCK_MINUTES * _MINUTE_US if locked else 0
    w.update(users, row["id"], {"failures": 0 if locked else failures, "locked_until_us": until_us})
    w.record(Kind.SIGN_IN_REFUSED, details=details | {"failures": failures})
    if locked:
        until = datetime.fromtimestamp(until_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        w.record(Kind.SIGN_IN_LOCKED, details={"user": row["id"], "failures": failures, "until": until})


def _record_unknown(store: Store, claim: Claim) -> None:
    """Record a sign-in under a name that nobody has: by its keyed hash, for a password may stand there."""
    with store.write(SYSTEM) as w:
        hashed = w.cipher(AUDIT_KEY).hash("login", claim.login.strip().lower().encode("utf-8", "replace"))
        w.record(Kind.SIGN_IN_REFUSED, details=_details("", claim) | {"login": hashed, "reason": "unknown"})


def _code(method: str) -> str:
    """Return a method as the ledger writes it."""
    return method.replace("+", "-")


def _details(user_id: str, claim: Claim) -> dict[str, Any]:
    details: dict[str, Any] = {"user": user_id} if user_id else {}
    return details | ({"address": ledger_address(claim.address)} if claim.address else {})
