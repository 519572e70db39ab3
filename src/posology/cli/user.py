"""posology user: accounts at the command line; the first one is made here."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.options import ConfigFile
from posology.cli.show import JsonFlag, print_json, print_table, say

if TYPE_CHECKING:
    from posology.store import Role, Store

__all__ = ["app"]

app = typer.Typer(help="Accounts of the web application.", no_args_is_help=True)

ProfileOption = Annotated[
    str | None, typer.Option("--profile", help="The profile whose store is meant.", metavar="NAME")
]
_ROLES = "clinician, staff, auditor or administrator"


@app.command()
def add(
    login: Annotated[str, typer.Argument(help="What the person types to sign in.")],
    role: Annotated[str, typer.Option(help=f"What the person may do: {_ROLES}.")],
    name: Annotated[str, typer.Option(help="The name as it is printed under a signature.")],
    npi: Annotated[str, typer.Option(help="The clinician's National Provider Identifier.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, one line.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Make an account; the password is asked for and never shown.

    The first account keeps its password; whoever gets a later one changes it at the first sign-in.
    """
    from posology.review.accounts import NewAccount, create_account, list_accounts
    from posology.store import SYSTEM

    chosen = _role(role)
    store = _open(None, config)
    try:
        first = not list_accounts(store)
        password = _password(from_input=password_stdin)
        new = NewAccount(login, name, chosen, npi, must_change=not first)
        create_account(store, SYSTEM, new, password)
    finally:
        store.close()
    say(f"{login.strip().lower()}: the account is made ({chosen}).")
    if not first:
        say("The person changes the password at the first sign-in.")


@app.command("list")
def list_users(profile: ProfileOption = None, config: ConfigFile = None, as_json: JsonFlag = False) -> None:
    """List the accounts."""
    from posology.review.accounts import list_accounts

    store = _open(profile, config)
    try:
        accounts = list_accounts(store)
    finally:
        store.close()
    rows = [
        (
            one.login,
            str(one.role),
            one.name,
            "disabled" if one.disabled else "",
            "code" if one.has_totp else "",
        )
        for one in accounts
    ]
    columns = ["login", "role", "name", "state", "second factor"]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table("", columns, rows)


@app.command()
def reset(
    login: Annotated[str, typer.Argument(help="Whose account.")],
    profile: ProfileOption = None,
    config: ConfigFile = None,
) -> None:
    """Give an account a password for one sign-in and forget its one-time code; print the password."""
    from posology.review.accounts import reset_account
    from posology.store import SYSTEM

    store = _open(profile, config)
    try:
        password = reset_account(store, SYSTEM, _id_of(store, login))
    finally:
        store.close()
    typer.echo(password)


@app.command()
def disable(
    login: Annotated[str, typer.Argument(help="Whose account.")],
    profile: ProfileOption = None,
    config: ConfigFile = None,
) -> None:
    """Disable an account and end its sessions."""
    from posology.review.accounts import disable_account
    from posology.store import SYSTEM

    store = _open(profile, config)
    try:
        disable_account(store, SYSTEM, _id_of(store, login))
    finally:
        store.close()
    say(f"{login}: the account is disabled.")


def _open(profile: str | None, config: Path | None) -> "Store":
    """Open the store that the settings name."""
    import os

    from posology.config import load_settings
    from posology.store import open_store, read_keys

    settings = load_settings(config, profile=profile)
    key_file = settings.serve.key_file
    masters = read_keys(Path(key_file) if key_file else None, os.environ)
    return open_store(settings.profile.store, masters)


def _id_of(store: "Store", login: str) -> str:
    from posology.errors import NotFound
    from posology.review.accounts import list_accounts

    for account in list_accounts(store):
        if account.login == login.strip().lower():
            return account.id
    raise NotFound("there is no such account; see `posology user list`")


def _role(text: str) -> "Role":
    from posology.errors import RequestError
    from posology.store.actors import Role

    try:
        return Role(text)
    except ValueError:
        raise RequestError(f"--role: {_ROLES}") from None


def _password(*, from_input: bool) -> str:
    """Ask for a password twice, or read the first line of standard input."""
    from posology.errors import RequestError

    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise RequestError("the password is asked on a terminal; without one give --password-stdin")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
