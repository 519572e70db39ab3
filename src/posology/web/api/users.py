"""Accounts for programs of an administrator."""

from pydantic import BaseModel, ConfigDict, Field

from posology.review.accounts import (
    Account,
    NewAccount,
    change_account,
    create_account,
    disable_account,
    enable_account,
    find_account,
    list_accounts,
    new_password,
    reset_account,
)
from posology.store import Role
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router

__all__ = ["Changes", "Made", "Newcomer", "User", "router"]

router = new_router()


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Newcomer(_Body):
    """An account to be made."""

    login: str = Field(max_length=64)
    name: str = Field(max_length=120)
    role: Role
    npi: str = Field(default="", max_length=10)


class Changes(_Body):
    """What to change; what is left out stays."""

    name: str | None = Field(default=None, max_length=120)
    role: Role | None = None
    npi: str | None = Field(default=None, max_length=10)
    disabled: bool | None = None


class User(_Body):
    """An account."""

    id: str
    login: str
    name: str
    role: Role
    npi: str
    totp: bool
    openid: bool
    disabled: bool
    must_change: bool
    created_us: int


class Made(_Body):
    """An account and the password for its first sign-in, which is shown this once."""

    id: str
    password: str


def _user(account: Account) -> User:
    return User(
        id=account.id,
        login=account.login,
        name=account.name,
        role=account.role,
        npi=account.npi,
        totp=account.has_totp,
        openid=account.openid,
        disabled=account.disabled,
        must_change=account.must_change,
        created_us=account.created_us,
    )


@router.get("/api/v1/users", tags=["users"])
def users(site: OfSite) -> list[User]:
    """List all accounts."""
    return [_user(account) for account in list_accounts(site.store)]


@router.post("/api/v1/users", status_code=201, tags=["users"])
def new_user(site: OfSite, actor: Acting, newcomer: Newcomer) -> Made:
    """Make an account."""
    password = new_password()
    new = NewAccount(newcomer.login, newcomer.name, newcomer.role, newcomer.npi)
    return Made(id=create_account(site.store, actor, new, password), password=password)


@router.patch("/api/v1/users/{user_id}", tags=["users"])
def change_user(site: OfSite, actor: Acting, user_id: str, changes: Changes) -> User:
    """Change, disable or enable an account."""
    change_account(site.store, actor, user_id, name=changes.name, role=changes.role, npi=changes.npi)
    if changes.disabled is not None:
        (disable_account if changes.disabled else enable_account)(site.store, actor, user_id)
    return _user(find_account(site.store, user_id))


@router.post("/api/v1/users/{user_id}/reset", tags=["users"])
def reset_user(site: OfSite, actor: Acting, user_id: str) -> Made:
    """Give an account a new password for one sign-in and forget its one-time code."""
    return Made(id=user_id, password=reset_account(site.store, actor, user_id))
