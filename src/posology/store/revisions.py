"""Versions of the store's tables: which one a database has, which one this program needs."""

from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from posology.errors import StoreError
from posology.store.schema import METADATA

__all__ = [
    "SCRIPTS",
    "VERSION_TABLE",
    "apply_revisions",
    "find_differences",
    "head_revision",
    "is_older",
    "require_head",
    "revision_of",
]

VERSION_TABLE = "store_version"
SCRIPTS = Path(__file__).parent / "migrations"


def head_revision(scripts: Path = SCRIPTS) -> str:
    """Return the version of the tables that this program needs."""
    head = ScriptDirectory.from_config(_config({}, scripts)).get_current_head()
    if head is None:
        raise StoreError(f"{scripts}: there are no migrations; the program is not installed whole")
    return head


def revision_of(connection: Connection) -> str | None:
    """Return the version of a database's tables, or None where it holds no store."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()
    return str(found[0]) if len(found) == 1 else None


def require_head(connection: Connection, where: str, scripts: Path = SCRIPTS) -> None:
    """Raise StoreError, which says what to do, unless the database has the version this program needs."""
    found, needed = revision_of(connection), head_revision(scripts)
    if found == needed:
        return
    if found is None:
        raise StoreError(f"{where}: holds no store; make it with `posology store init`")
    if is_older(found, scripts):
        raise StoreError(
            f"{where}: has version {found}, this program needs {needed}; "
            "make a backup, then run `posology store migrate`"
        )
    raise StoreError(
        f"{where}: has version {found}, made by a newer program than this one, which knows {needed}; "
        "install the newer program"
    )


def is_older(revision: str, scripts: Path = SCRIPTS) -> bool:
    """Say whether a version is one that this program knows and has left behind."""
    known = [script.revision for script in ScriptDirectory.from_config(_config({}, scripts)).walk_revisions()]
    return revision in known[1:]


def apply_revisions(connection: Connection, scripts: Path = SCRIPTS, to: str = "head") -> None:
    """Bring the tables to a version, the newest by default, inside the caller's transaction."""
    command.upgrade(_config({"connection": connection}, scripts), to)


def find_differences(connection: Connection) -> list[str]:
    """Return how a database's tables differ from those this program was written for."""
    names = (*METADATA.tables, VERSION_TABLE)
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": VERSION_TABLE,
            "include_name": lambda name, kind, _parents: kind != "table" or name in names,
        },
    )
    return [repr(difference) for difference in compare_metadata(context, METADATA)]


def _config(attributes: Mapping[str, object], scripts: Path) -> Config:
    config = Config(attributes=dict(attributes))
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config
