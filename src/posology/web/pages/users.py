"""The accounts of the site, for administrators."""

from typing import Annotated, Literal

from fastapi import Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from posology.errors import Conflict, RequestError
from posology.review.accounts import (
    NewAccount,
    change_account,
    create_account,
    disable_account,
    enable_account,
    list_accounts,
    new_password,
    reset_account,
)
from posology.store import Role
from posology.web.context import Acting, OfSite
from posology.web.guard import new_router
from posology.web.site import Site
from posology.web.templating import render

__all__ = ["router"]

router = new_router()

_Text = Annotated[str, Form(max_length=300)]


@router.get("/users", include_in_schema=False)
def users(request: Request, site: OfSite) -> Response:
    """Show all accounts."""
    return _page(request, site)


@router.post("/users", include_in_schema=False)
def new_user(
    request: Request, actor: Acting, login: _Text, name: _Text, role: Annotated[Role, Form()], npi: _Text = ""
) -> Response:
    """Make an account and show the password for its first sign-in, once."""
    site: Site = request.app.state.site
    password = new_password()
    try:
        create_account(site.store, actor, NewAccount(login, name, role, npi), password)
    except (RequestError, Conflict) as refused:
        return _page(request, site, problem=str(refused))
    return _page(request, site, made=login.strip().lower(), password=password)


@router.post("/users/{user_id}", include_in_schema=False)
def change_user(
    request: Request, actor: Acting, user_id: str, name: _Text, role: Annotated[Role, Form()], npi: _Text = ""
) -> Response:
    """Change a name, a role or an NPI."""
    site: Site = request.app.state.site
    try:
        change_account(site.store, actor, user_id, name=name, role=role, npi=npi)
    except (RequestError, Conflict) as refused:
        return _page(request, site, problem=str(refused))
    return RedirectResponse("/users", 303)


@router.post("/users/{user_id}/{act}", include_in_schema=False)
def act_on_user(
    request: Request, site: OfSite, actor: Acting, user_id: str, act: Literal["disable", "enable", "reset"]
) -> Response:
    """Disable, enable or reset an account."""
    try:
        if act == "reset":
            password = reset_account(site.store, actor, user_id)
            login = next(one.login for one in list_accounts(site.store) if one.id == user_id)
            return _page(request, site, made=login, password=password)
        (disable_account if act == "disable" else enable_account)(site.store, actor, user_id)
    except Conflict as refused:
        return _page(request, site, problem=str(refused))
    return RedirectResponse("/users", 303)


def _page(request: Request, site: Site, *, problem: str = "", made: str = "", password: str = "") -> Response:
    context = {
        "accounts": list_accounts(site.store),
        "roles": [str(role) for role in Role],
        "problem": problem,
        "made": made,
        "password": password,
        "now_us": site.store.clock(),
    }
    return render(request, "users.html", context, status=422 if problem else 200)
