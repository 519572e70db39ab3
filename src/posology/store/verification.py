"""Does the store still say what its ledger recorded? Every entry, node and row is looked at once.

The rows are compared with the digest that the newest entry naming them recorded. Whoever can write the
whole database can write a ledger that agrees with itself: only a signed head that was kept elsewhere tells.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, Select, Table, select

from posology.errors import PosologyError
from posology.ledger.heads import SignedHead
from posology.ledger.values import ID
from posology.store.schema import BOUND, METADATA, TABLES
from posology.store.store import Store, digest_of
from posology.store.unbound import check_unbound
from posology.store.walk import Bound, Findings, walk_ledger

__all__ = ["Report", "check_rows", "stale_rows", "verify_connection", "verify_store"]

_FEW, _MANY = 20, 2000  # rows fetched at once: of tables that hold sealed bodies, and of the others


@dataclass(frozen=True, slots=True)
class Report:
    """What was verified, and every problem found."""

    log: str
    size: int
    root: str
    rows: int
    heads: int
    problems: tuple[str, ...]
    found: int  # problems in all; the first hundred are told

    @property
    def ok(self) -> bool:
        """Say whether nothing was found."""
        return not self.found

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "ok": self.ok,
            "log": self.log,
            "size": self.size,
            "root": self.root,
            "rows": self.rows,
            "heads": self.heads,
            "found": self.found,
            "problems": list(self.problems),
        }


def verify_store(store: Store, heads: Sequence[SignedHead] = ()) -> Report:
    """Verify ledger and rows of a store as they are now, against themselves and the heads given."""
    with store.read() as connection:
        return verify_connection(store, connection, heads)


def verify_connection(
    store: Store,
    connection: Connection,
    heads: Sequence[SignedHead] = (),
    tables: Mapping[str, Table] = TABLES,
) -> Report:
    """Verify what one transaction sees; ``tables`` are those of the database's own version."""
    findings = Findings()
    walked = walk_ledger(connection, heads, findings)
    _check_seal(store, connection, findings)
    _check_schema(connection, findings)
    rows = check_rows(connection, walked.bound, findings, tables)
    check_unbound(store, connection, walked.reads, findings)
    return Report(
        walked.log,
        walked.frontier.size,
        walked.frontier.root().hex(),
        rows,
        len(heads),
        findings.told(),
        findings.found,
    )


def _check_seal(store: Store, connection: Connection, findings: Findings) -> None:
    try:
        store.log_state(connection)
    except PosologyError as error:
        findings.add(str(error))


_HIDDEN = {  # what a database may hold that lies to the program and to this check alike
    "sqlite": "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY name",
    "postgresql": "SELECT 'trigger', trigger_name FROM information_schema.triggers "
    "WHERE trigger_schema = current_schema() "
    "UNION ALL SELECT 'view', table_name FROM information_schema.views "
    "WHERE table_schema = current_schema() UNION ALL SELECT 'rule', rulename FROM pg_rules "
    "WHERE schemaname = current_schema() ORDER BY 2",
}


def _check_schema(connection: Connection, findings: Findings) -> None:
    """Find triggers, views and rules: the program makes none."""
    for kind, name in connection.exec_driver_sql(_HIDDEN[connection.dialect.name]):
        findings.add(f"the database holds the {kind} {name}, which the program never made")


def check_rows(
    connection: Connection, bound: Bound, findings: Findings, tables: Mapping[str, Table] = TABLES
) -> int:
    """Compare every row with what the ledger says of it; return how many rows there are."""
    count = 0
    for name in BOUND:
        table = tables.get(name)
        if table is None:
            continue
        recorded = dict(bound.get(name, {}))
        for row in _rows(connection, table):
            count += 1
            known = recorded.pop(row.id, None)
            fault = _row_fault(table, row, known)
            if fault:
                findings.add(f"{name}/{_shown(row.id)}: {fault}")
        for key, (digest, n) in recorded.items():
            if digest is not None:
                findings.add(f"{name}/{_shown(key)}: recorded by entry {n}, and gone: the row was deleted")
    for name in bound.keys() - set(BOUND):
        findings.add(f"ledger: binds rows of {_shown(name)}, which is no table of the store")
    return count


def _row_fault(table: Table, row: Row[Any], known: tuple[bytes | None, int] | None) -> str:
    if known is None:
        return "no entry of the ledger knows this row: it was added"
    digest, n = known
    if digest is None:
        return f"deleted by entry {n}, and there again"
    if bytes.fromhex(digest_of(table, row)) != digest:
        return f"not as entry {n} recorded it: the row was altered"
    return ""


def stale_rows(connection: Connection, bound: Bound) -> Iterator[tuple[str, str]]:
    """Return the rows (table, key) whose digest is no longer the recorded one."""
    for name in BOUND:
        table, recorded = METADATA.tables[name], bound.get(name, {})
        for row in _rows(connection, table):
            if _row_fault(table, row, recorded.get(row.id)):
                yield name, row.id


def _rows(connection: Connection, table: Table) -> Iterator[Row[Any]]:
    query: Select[Any] = select(table).order_by(table.c.id)
    sealed = any(isinstance(column.type, LargeBinary) for column in table.columns)
    options = {"stream_results": True, "yield_per": _FEW if sealed else _MANY}
    yield from connection.execute(query, execution_options=options)


def _shown(key: str) -> str:
    if ID.holds(key):
        return key
    return "(id of sha256 " + hashlib.sha256(str(key).encode(errors="replace")).hexdigest()[:12] + ")"
