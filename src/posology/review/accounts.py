"""Accounts: made, changed, disabled and restored by an administrator; each act is recorded."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from posology.config import is_npi
from posology.errors import Conflict, NotFound, RequestError
from posology.ledger.entries import Kind
from posology.review.passwords import hash_password, require_good_password
from posology.review.sessions import end_sessions_of
from posology.store import Actor, Role, Store, Writing, new_id
from posology.store.schema import users

__all__ = [
    "Account",
    "NewAccount",
    "apply_changes",
    "change_account",
    "checked_npi",
    "create_account",
    "disable_account",
    "enable_account",
    "find_account",
    "insert_account",
    "list_accounts",
    "new_password",
    "reset_account",
    "row_of",
]

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}", re.ASCII)
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Account:
    """An account as an administrator sees it: no secret of it."""

    id: str
    login: str
    name: str
    role: Role
    npi: str
    has_password: bool
    has_totp: bool
    openid: bool
    disabled: bool
    must_change: bool
    locked_until_us: int
    created_us: int


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made."""

    login: str
    name: str
    role: Role
    npi: str = ""
    must_change: bool = True  # the password is another person's choice


def list_accounts(store: Store) -> tuple[Account, ...]:
    """Return all accounts by login."""
    with store.read() as connection:
        rows = connection.execute(select(users).order_by(users.c.login)).mappings()
        return tuple(_account(dict(row)) for row in rows)


def find_account(store: Store, user_id: str) -> Account:
    """Return an account; raise NotFound where there is none."""
    with store.read() as connection:
        return _account(row_of(connection, user_id))


def row_of(connection: Connection, user_id: str) -> Mapping[str, Any]:
    """Return an account's row; raise NotFound where there is none."""
    row = connection.execute(select(users).where(users.c.id == user_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"there is no account {user_id}" if _is_id(user_id) else "there is no such account")
    return dict(row)


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{20}", text, re.ASCII) is not None


def _account(row: Mapping[str, Any]) -> Account:
    return Account(
        row["id"],
        row["login"],
        row["name"],
        Role(row["role"]),
        row["npi"],
        bool(row["password_hash"]),
        row["totp"] is not None,
        bool(row["subject"]),
        bool(row["disabled"]),
        bool(row["must_change"]),
        row["locked_until_us"],
        row["created_us"],
    )


def create_account(store: Store, actor: Actor, new: NewAccount, password: str) -> str:
    """Make a local account and return its id."""
    account = _checked(new)
    require_good_password(password, account.login, account.name)
    hashed = hash_password(password)
    with store.write(actor) as w:
        return insert_account(w, account, {"password_hash": hashed})


def insert_account(w: Writing, new: NewAccount, more: Mapping[str, Any]) -> str:
    """Insert an account's row inside a transaction, record it and return its id."""
    if w.connection.execute(select(users.c.id).where(users.c.login == new.login)).one_or_none():
        raise Conflict(f"there is an account {new.login} already")
    key = new_id()
    row: dict[str, Any] = {
        "id": key,
        "login": new.login,
        "name": new.name,
        "role": str(new.role),
        "npi": new.npi,
    }
    row |= {"must_change": int(new.must_change), "created_us": w.now_us, "changed_us": w.now_us}
    w.insert(users, {**row, **more})
    w.record(Kind.USER_CREATED, details={"user": key, "role": str(new.role)})
    return key


def _checked(new: NewAccount) -> NewAccount:
    login = new.login.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise RequestError("login: letters, digits and . _ @ + -, at most 64, a letter or digit first")
    return NewAccount(login, checked_name(new.name), new.role, checked_npi(new.npi), new.must_change)


def checked_name(name: str) -> str:
    """Return a name as it is printed under a signature; raise RequestError where it cannot be one."""
    plain = " ".join(name.split())
    if not plain or len(plain) > _LONGEST_NAME or not plain.isprintable():
        raise RequestError(f"name: as it is printed under a signature, at most {_LONGEST_NAME} characters")
    return plain


def checked_npi(npi: str) -> str:
    """Return an NPI; raise RequestError where its check digit is wrong."""
    plain = npi.strip()
    if plain and not is_npi(plain):
        raise RequestError("npi: ten digits, the last one the check digit")
    return plain


def change_account(
    store: Store,
    actor: Actor,
    user_id: str,
    *,
    name: str | None = None,
    role: Role | None = None,
    npi: str | None = None,
) -> None:
    """Change a name, a role or an NPI; a change of role ends the person's sessions."""
    wanted: dict[str, str] = {}
    if name is not None:
        wanted["name"] = checked_name(name)
    if npi is not None:
        wanted["npi"] = checked_npi(npi)
    if role is not None:
        wanted["role"] = str(role)
    with store.write(actor) as w:
        row = row_of(w.connection, user_id)
        changes = {key: value for key, value in wanted.items() if row[key] != value}
        if changes:
            apply_changes(w, row, changes)


def apply_changes(w: Writing, row: Mapping[str, Any], changes: Mapping[str, str]) -> None:
    """Change columns of an account inside a transaction, and record which."""
    if "role" in changes:
        _keep_an_administrator(w.connection, row)
        end_sessions_of(w, row["id"], "role-changed")
    w.update(users, row["id"], {**changes, "changed_us": w.now_us})
    details: dict[str, Any] = {"user": row["id"], "changed": sorted(changes)}
    if "role" in changes:
        details |= {"role": changes["role"], "was": row["role"]}
    w.record(Kind.USER_CHANGED, details=details)


def disable_account(store: Store, actor: Actor, user_id: str) -> None:
    """Disable an account and end its sessions; what it did stays on the record."""
    with store.write(actor) as w:
        row = row_of(w.connection, user_id)
        if row["disabled"]:
            raise Conflict("the account is disabled already")
        _keep_an_administrator(w.connection, row)
        end_sessions_of(w, user_id, "disabled")
        w.update(users, user_id, {"disabled": 1, "changed_us": w.now_us})
        w.record(Kind.USER_DISABLED, details={"user": user_id, "role": row["role"]})


def enable_account(store: Store, actor: Actor, user_id: str) -> None:
    """Let a disabled account sign in again."""
    with store.write(actor) as w:
        row = row_of(w.connection, user_id)
        if not row["disabled"]:
            raise Conflict("the account is not disabled")
        w.update(users, user_id, {"disabled": 0, "changed_us": w.now_us})
        w.record(Kind.USER_CHANGED, details={"user": user_id, "changed": ["disabled"], "reason": "enabled"})


def new_password() -> str:
    """Return a random password for a first sign-in."""
    return secrets.token_urlsafe(15)


def reset_account(store: Store, actor: Actor, user_id: str) -> str:
    """Give an account a password for one sign-in, forget its one-time code, and return the password.

    For a person who lost either; the lock of failed sign-ins is lifted, and all sessions end.
    """
    password = new_password()
    hashed = hash_password(password)
    with store.write(actor) as w:
        row = row_of(w.connection, user_id)
        if row["subject"]:
            raise Conflict("this person signs in at the hospital's provider; reset the account there")
        end_sessions_of(w, user_id, "reset")
        changes = {"password_hash": hashed, "totp": None, "totp_step": 0, "must_change": 1}
        changes |= {"failures": 0, "locked_until_us": 0, "changed_us": w.now_us}
        w.update(users, user_id, changes)
        changed = ["password", "totp"]
        w.record(Kind.USER_CHANGED, details={"user": user_id, "changed": changed, "reason": "reset"})
    return password


def _keep_an_administrator(connection: Connection, row: Mapping[str, Any]) -> None:
    if row["role"] != Role.ADMINISTRATOR or row["disabled"]:
        return
    query = select(func.count()).where(users.c.role == str(Role.ADMINISTRATOR), users.c.disabled == 0)
    if connection.execute(query).scalar_one() < 2:
        raise Conflict("this is the only administrator; make another one first")
