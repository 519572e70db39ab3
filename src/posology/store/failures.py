"""What a database's failure means, in words that say what to do and quote no row.

Failures are told apart by the codes of the drivers (SQLSTATE of PostgreSQL, result codes of SQLite), never
by a driver's message: that may quote a row.
"""

from sqlalchemy.exc import DBAPIError

__all__ = ["explain"]

_FULL = "the disk is full; nothing was written. Make room and try again"
_BUSY = "another process holds the database; nothing was written. Try again"
_GONE = "the database server cannot be reached, or went away; nothing was written. Try again"
_DAMAGED = "the database file is damaged; restore a backup (`posology store restore`)"
_OTHER_VERSION = "the tables are not those of this program; run `posology store migrate`"
_TWICE = "a record with this key is there already; nothing was written"
_TIED = "a record that another one needs is missing, or still needed; nothing was written"
_UNKNOWN = "the database refused; nothing was written"

_SQLITE = {  # primary result codes, or extended ones where they say more
    "SQLITE_FULL": _FULL,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_READONLY": "the database or its folder cannot be written; nothing was written",
    "SQLITE_PERM": "the database may not be opened; check who owns the file and its folder",
    "SQLITE_CANTOPEN": "the database cannot be opened; check the file and its folder",
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": "the file is no database of a store; restore a backup (`posology store restore`)",
    "SQLITE_IOERR": "the disk failed, or is full; nothing was written. Make room, check the disk, try again",
    "SQLITE_CONSTRAINT_UNIQUE": _TWICE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": _TWICE,
    "SQLITE_CONSTRAINT_FOREIGNKEY": _TIED,
    "SQLITE_TOOBIG": "a value is larger than the database takes; nothing was written",
}
_POSTGRESQL = {  # SQLSTATE, or its class (first two characters)
    "53100": _FULL,
    "53300": "the database server takes no more connections; nothing was written. Try again",
    "53": "the database server has no memory or room left; nothing was written. Try again",
    "55P03": _BUSY,
    "40": "another process changed the same records; nothing was written. Try again",
    "57P01": _GONE,
    "57P02": _GONE,
    "57P03": _GONE,
    "57014": "the database took too long; nothing was written. Try again",
    "08": _GONE,
    "3D000": "there is no such database; make it with `posology store init`",
    "28": "the database server does not let this user in; check the address and its password",
    "42501": "this user may not do that in the database; grant it the rights",
    "42P01": _OTHER_VERSION,
    "42703": _OTHER_VERSION,
    "23505": _TWICE,
    "23503": _TIED,
    "25006": "the database takes no writing now; nothing was written",
    "58": "the disk of the database server failed; nothing was written",
    "XX": "the database is damaged; restore a backup (`posology store restore`)",
}


def explain(error: DBAPIError) -> str:
    """Say what a database's failure means and what to do."""
    original = error.orig
    name = getattr(original, "sqlite_errorname", None)
    if isinstance(name, str):
        return _of_sqlite(name, str(original))
    code = getattr(original, "sqlstate", None)
    if isinstance(code, str):
        return _POSTGRESQL.get(code) or _POSTGRESQL.get(code[:2]) or f"{_UNKNOWN} ({code})"
    if error.connection_invalidated or type(original).__name__ == "OperationalError":
        return _of_connection(str(original))
    return _UNKNOWN


def _of_sqlite(name: str, message: str) -> str:
    if message.startswith(("no such table", "no such column")):
        return _OTHER_VERSION
    primary = "_".join(name.split("_")[:2])
    return _SQLITE.get(name) or _SQLITE.get(primary) or f"{_UNKNOWN} ({name})"


def _of_connection(message: str) -> str:
    """Explain a failure before the server answered with a code, or while it refused the connection."""
    if "does not exist" in message and "database" in message:
        return _POSTGRESQL["3D000"]
    if "authentication failed" in message or "no password supplied" in message:
        return _POSTGRESQL["28"]
    return _GONE
