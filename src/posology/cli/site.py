"""Which store a command works on: the options, and opening it by settings and key."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.errors import MissingExtra

if TYPE_CHECKING:
    from posology.store import MasterKeys, Store

__all__ = [
    "Address",
    "KeyFile",
    "ProfileName",
    "address_of",
    "keys_of",
    "open_site",
    "require_packages",
]

Address = Annotated[
    str | None,
    typer.Option("--store", help="The database; else the profile's.", metavar="ADDRESS"),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", help="The file of the encryption key; else the settings'.", metavar="FILE"),
]
ProfileName = Annotated[
    str | None, typer.Option("--profile", help="The profile that names the store.", metavar="NAME")
]

_PACKAGES = ("sqlalchemy", "alembic", "cryptography", "rfc8785")


def require_packages() -> None:
    """Raise MissingExtra where the store's packages are not installed."""
    for package in _PACKAGES:
        if find_spec(package) is None:
            raise MissingExtra(package, "serve", "The store")


def address_of(store: str | None, config: Path | None, profile: str | None) -> str:
    """Return the address of the database: the option's, else the profile's."""
    require_packages()
    if store is not None:
        return store
    from posology.config import load_settings

    return load_settings(config, profile=profile).profile.store


def keys_of(key: Path | None, config: Path | None, profile: str | None) -> "MasterKeys":
    """Return the master keys: from the option's file, else the settings', else the environment."""
    require_packages()
    from posology.config import load_settings
    from posology.store import read_keys

    if key is None:
        named = load_settings(config, profile=profile).serve.key_file
        key = Path(named) if named else None
    return read_keys(key, os.environ)


def open_site(store: str | None, key: Path | None, config: Path | None, profile: str | None) -> "Store":
    """Open the store that the options or the settings name."""
    address = address_of(store, config, profile)
    from posology.store import open_store

    return open_store(address, keys_of(key, config, profile))
