"""Sign-in with the hospital's accounts: a role where a claim is mapped to one, refused where none is."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from posology.config import OpenId, Serve, is_npi
from posology.errors import KeyFileError, NotAllowed
from posology.ledger.entries import Kind
from posology.review.accounts import NewAccount, apply_changes, insert_account
from posology.review.provider import Flow, Identity
from posology.review.refusals import ledger_address
from posology.review.sessions import Session, begin_session, mark_proved
from posology.store import SYSTEM, Actor, Role, Store, Writing
from posology.store.schema import users
from posology.store.store import AUDIT_KEY, SYSTEM_KEY

__all__ = ["new_flow", "open_flow", "prove_identity", "record_no_identity", "role_of", "seal_flow"]
__all__ += ["sign_in_identity"]

_FLOW_MINUTES = 10
_PLACE = "openid/flow"
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,50}", re.ASCII)


def new_flow(store: Store, target: str, session: Session | None = None) -> Flow:
    """Begin a sign-in; with a session, a proof of who its person is."""
    name = session.actor.session if session else ""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Flow(state, nonce, verifier, target, store.clock(), name)


def seal_flow(store: Store, flow: Flow) -> str:
    """Seal a sign-in under way, to be kept in the browser's cookie."""
    with store.read() as connection:
        cipher = store.cipher(connection, SYSTEM_KEY)
    return cipher.seal(json.dumps(asdict(flow)).encode(), _PLACE).hex()


def open_flow(store: Store, sealed: str, state: str) -> Flow:
    """Open the sign-in under way that an answer belongs to; raise NotAllowed where there is none."""
    with store.read() as connection:
        cipher = store.cipher(connection, SYSTEM_KEY)
    try:
        flow = Flow(**json.loads(cipher.open(bytes.fromhex(sealed), _PLACE)))
    except (ValueError, KeyFileError):
        raise NotAllowed("this browser began no sign-in; begin again") from None
    late = not 0 <= store.clock() - flow.began_us <= _FLOW_MINUTES * 60_000_000
    if late or not secrets.compare_digest(flow.state.encode(), state.encode()):
        raise NotAllowed("this answer belongs to another sign-in, or came too late; begin again")
    return flow


def record_no_identity(store: Store, address: str = "") -> None:
    """Record an answer that identifies nobody: forged, late, refused by the provider, not ours."""
    at = {"address": ledger_address(address)} if address else {}
    with store.write(SYSTEM) as w:
        w.record(Kind.SIGN_IN_REFUSED, details={**at, "method": "openid", "reason": "no-identity"})


def role_of(openid: OpenId, claims: Mapping[str, Any]) -> Role | None:
    """Return the role that the claims are mapped to; ``None`` for no role, and for more than one."""
    value = claims.get(openid.role_claim)
    values = value if isinstance(value, list) else [value]
    found = {openid.roles[one] for one in values if isinstance(one, str) and one in openid.roles}
    return Role(found.pop()) if len(found) == 1 else None


def sign_in_identity(store: Store, identity: Identity, serve: Serve, address: str = "") -> str:
    """Sign in whom the provider identified, and return the secret of a new session."""
    role = role_of(serve.openid, identity.claims)
    at = {"address": ledger_address(address)} if address else {}
    with store.write(SYSTEM) as w:
        row = _row_of(w, identity)
        reason = "no-role" if role is None else "disabled" if row and row["disabled"] else ""
        if role is None or reason:
            user = {"user": row["id"]} if row else {"login": _hash(w, identity)}
            w.record(Kind.SIGN_IN_REFUSED, details={**user, **at, "method": "openid", "reason": reason})
            secret = ""
        else:
            user_id = _followed(w, row, role, identity, serve.openid)
            secret, name = begin_session(w, user_id, "openid", serve)
            w.actor = Actor(user_id, role, name)
            w.record(Kind.SIGN_IN_SUCCEEDED, details={"user": user_id, **at, "method": "openid"})
    if not secret:
        raise NotAllowed("this account has no single role here; ask the administrator of the application")
    return secret


def prove_identity(store: Store, session: Session, flow: Flow, identity: Identity) -> None:
    """Note that the person of a session has signed in again at the provider, and nobody else."""
    with store.write(session.actor) as w:
        row = _row_of(w, identity)
        same = row is not None and row["id"] == session.actor.id and flow.session == session.actor.session
        details = {"user": session.actor.id, "method": "openid"}
        if same:
            mark_proved(w, session.actor.session)
            w.record(Kind.SIGN_IN_SUCCEEDED, details=details | {"reason": "proved-again"})
        else:
            w.record(Kind.SIGN_IN_REFUSED, details=details | {"reason": "another-person"})
    if not same:
        raise NotAllowed("another person signed in at the provider; sign out here first")


def _row_of(w: Writing, identity: Identity) -> dict[str, Any] | None:
    query = select(users).where(users.c.subject == identity.subject)
    row = w.connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def _hash(w: Writing, identity: Identity) -> str:
    return w.cipher(AUDIT_KEY).hash("openid", identity.subject.encode())


def _followed(w: Writing, row: dict[str, Any] | None, role: Role, identity: Identity, openid: OpenId) -> str:
    """Return the account's id, made where it is new, with name, role and NPI as the provider says."""
    said = {"role": str(role), **_said(identity.claims, openid)}
    if row is None:
        new = NewAccount(
            _free_login(w, identity), said.get("name", "(no name)"), role, said.get("npi", ""), False
        )
        return insert_account(w, new, {"subject": identity.subject})
    changes = {key: value for key, value in said.items() if row[key] != value}
    if changes:
        apply_changes(w, row, changes)
    return str(row["id"])


def _said(claims: Mapping[str, Any], openid: OpenId) -> dict[str, str]:
    name, npi = claims.get("name"), claims.get(openid.npi_claim) if openid.npi_claim else None
    said: dict[str, str] = {}
    if isinstance(name, str) and name.isprintable() and 0 < len(" ".join(name.split())) <= 120:
        said["name"] = " ".join(name.split())
    if isinstance(npi, str) and is_npi(npi):
        said["npi"] = npi
    return said


def _free_login(w: Writing, identity: Identity) -> str:
    """Return a login that no account has: the provider's name for the person where it is free."""
    digest = sha256(identity.subject.encode()).hexdigest()[:12]
    wanted = str(identity.claims.get("preferred_username") or identity.claims.get("email") or "").lower()
    if not _LOGIN.fullmatch(wanted):
        return f"openid-{digest}"
    taken = w.connection.execute(select(users.c.id).where(users.c.login == wanted)).one_or_none()
    return f"{wanted}.{digest}" if taken else wanted
