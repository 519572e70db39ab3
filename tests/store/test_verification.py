"""Whatever is altered in the database, since the last head that was kept elsewhere, is found."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Integer, LargeBinary, Table, text

from posology.errors import LedgerError
from posology.ledger.entries import Kind
from posology.review import audit
from posology.store import SYSTEM, Store
from posology.store.log import LogState, read_log
from posology.store.schema import METADATA, volatile_columns
from posology.store.store import digest_of
from posology.store.verification import verify_store
from tests.store.populated import CLINICIAN, populate

# What the ledger does not bind, and why nothing is lost by it.
NOT_BOUND = {
    "sessions.seen_us": "when a session was last seen",
    **dict.fromkeys(("jobs.stage", "jobs.stage_done", "jobs.stage_total", "jobs.beat_us"), "progress"),
    **dict.fromkeys(("scratches.seen_version", "scratches.saved_us"), "a note to oneself, never a record"),
}
LOSABLE = {
    "scratches": "typed and never saved: whoever can write the database can lose it",
    "reads": "a reading is recorded once more",
}
COLUMNS = [
    (table.name, column.name)
    for table in METADATA.sorted_tables
    for column in table.columns
    if f"{table.name}.{column.name}" not in NOT_BOUND
]


def test_the_list_of_what_is_not_bound_names_every_volatile_column() -> None:
    volatile = {
        f"{table.name}.{column}" for table in METADATA.sorted_tables for column in volatile_columns(table)
    }
    assert volatile <= NOT_BOUND.keys()


@pytest.fixture
def filled(store: Store) -> Store:
    populate(store)
    return store


def alter(store: Store, *statements: str, values: dict[str, Any] | None = None) -> None:
    """Write as an intruder would: past every reference and every check."""
    with store.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            raw = connection.connection
            raw.execute("PRAGMA foreign_keys=OFF")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.commit()
        for statement in statements:
            connection.execute(text(statement), values or {})
        connection.commit()
        connection.invalidate()


def test_a_store_that_nobody_touched_verifies(filled: Store) -> None:
    report = verify_store(filled)
    assert (report.problems, report.ok) == ((), True)
    assert report.rows > 20


def _other(column: Any, value: Any) -> Any:
    if isinstance(column.type, LargeBinary):
        return bytes([*(value or b"x")[:-1], (value or b"x")[-1] ^ 1])
    if isinstance(column.type, Integer | BigInteger):
        return value + 1_000_000
    return f"{value}x"


def _where(table: Table, row: Any, prefix: str = "k") -> tuple[str, dict[str, Any]]:
    names = [column.name for column in table.primary_key.columns]
    clause = " AND ".join(f"{name} = :{prefix}_{name}" for name in names)
    return clause, {f"{prefix}_{name}": getattr(row, name) for name in names}


@pytest.mark.parametrize(("name", "column"), COLUMNS, ids=[".".join(pair) for pair in COLUMNS])
def test_a_changed_column_is_found(populated_sqlite: Store, name: str, column: str) -> None:
    store, table = populated_sqlite, METADATA.tables[name]
    with store.read() as connection:
        rows = connection.execute(table.select().order_by(*table.primary_key.columns)).all()
    row = rows[-1]
    clause, where = _where(table, row)
    new = _other(table.columns[column], getattr(row, column))
    statement = f'UPDATE {name} SET "{column}" = :new WHERE {clause}'
    with changed(store, statement, {**where, "new": new}):
        assert verify_store(store).problems, f"{name}.{column}"
    assert verify_store(store).ok


class changed:
    """Alter the database as an intruder would, and put it back as it was."""

    def __init__(self, store: Store, statement: str, values: dict[str, Any]) -> None:
        self.file = Path(str(store.engine.url.database))
        self.store, self.statement, self.values = store, statement, values

    def __enter__(self) -> None:
        self.store.engine.dispose()
        self.before = self.file.read_bytes()
        alter(self.store, self.statement, values=self.values)
        self.store.engine.dispose()

    def __exit__(self, *_: object) -> None:
        self.store.engine.dispose()
        with self.file.open("r+b") as stream:  # the same file: a replaced one is refused
            stream.write(self.before)
            stream.truncate()
        for suffix in ("-wal", "-shm"):
            Path(f"{self.file}{suffix}").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def populated_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    import shutil

    from posology.store import open_store
    from tests.databases import TEST_KEYS

    file = shutil.copy(sqlite_template, tmp_path_factory.mktemp("filled") / "store.db")
    store = open_store(f"sqlite:///{file}", TEST_KEYS)
    populate(store)
    yield store
    store.close()


ROWS = [table.name for table in METADATA.sorted_tables]


@pytest.mark.parametrize("name", [name for name in ROWS if name not in LOSABLE])
def test_a_deleted_row_is_found(filled: Store, name: str) -> None:
    row = _last(filled, METADATA.tables[name])
    clause, where = _where(METADATA.tables[name], row)
    alter(filled, f"DELETE FROM {name} WHERE {clause}", values=where)
    assert not verify_store(filled).ok


@pytest.mark.parametrize("name", ROWS)
def test_an_added_row_is_found(filled: Store, name: str) -> None:
    table = METADATA.tables[name]
    row = dict(_last(filled, table)._mapping)
    unique = {column.name for column in table.columns if column.primary_key or column.unique}
    unique |= {c.name for u in table.constraints if type(u).__name__ == "UniqueConstraint" for c in u.columns}
    for column in unique:
        row[column] = _other(table.columns[column], row[column])
    columns = ", ".join(f'"{column}"' for column in row)
    marks = ", ".join(f":{column}" for column in row)
    alter(filled, f"INSERT INTO {name} ({columns}) VALUES ({marks})", values=row)
    assert not verify_store(filled).ok


@pytest.mark.parametrize("name", [name for name in ROWS if name != "ledger_state"])
def test_two_rows_that_took_each_others_place_are_found(filled: Store, name: str) -> None:
    table = METADATA.tables[name]
    with filled.read() as connection:
        rows = connection.execute(table.select().order_by(*table.primary_key.columns)).all()
    first, last = rows[0], rows[-1]
    names = [column.name for column in table.primary_key.columns]
    parked = {key: _other(table.columns[key], getattr(last, key)) for key in names}
    steps = ((first, parked), (last, first._asdict()), (parked, last._asdict()))
    for old, new in steps:
        clause, where = _where(table, type("Row", (), old) if isinstance(old, dict) else old)
        sets = ", ".join(f'"{key}" = :to_{key}' for key in names)
        values = {**where, **{f"to_{key}": new[key] for key in names}}
        alter(filled, f"UPDATE {name} SET {sets} WHERE {clause}", values=values)
    assert not verify_store(filled).ok


def _last(store: Store, table: Table) -> Any:
    with store.read() as connection:
        return connection.execute(table.select().order_by(*table.primary_key.columns)).all()[-1]


def test_a_ledger_rewritten_as_a_whole_agrees_with_itself_and_an_exported_head_gives_it_away(
    filled: Store, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.jsonl"
    head = audit.export_head(filled, SYSTEM, heads)
    with filled.write(CLINICIAN) as w:
        w.record(Kind.PACKET_READ, packet="packet1")
    assert verify_store(filled, [head]).ok
    cut_off_last_entries(filled, 2)
    assert verify_store(filled).ok
    report = verify_store(filled, [head])
    assert any("cut off" in problem for problem in report.problems)


ALTERED = {  # what somebody did to a row past the program, and what the program did with it afterwards
    "altered, then changed": ("UPDATE users SET role = 'administrator' WHERE id = 'user1'", "update"),
    "altered, then deleted": ("UPDATE exports SET form = 'zip' WHERE id = 'export1'", "delete"),
    "deleted, then made anew": ("DELETE FROM exports WHERE id = 'export1'", "insert"),
    "added, then changed": (
        "INSERT INTO users SELECT 'user9', 'eve', name, role, npi, password_hash, totp, totp_step, subject, "
        "disabled, must_change, failures, locked_until_us, created_us, changed_us FROM users "
        "WHERE id = 'user1'",
        "update added",
    ),
}


@pytest.mark.parametrize("how", ALTERED)
def test_an_alteration_is_found_though_the_program_changed_the_row_since(filled: Store, how: str) -> None:
    """An act that binds the row anew must not cover up what somebody did to it before."""
    users, exports = METADATA.tables["users"], METADATA.tables["exports"]
    statement, then = ALTERED[how]
    with filled.read() as connection:
        row = connection.execute(exports.select().where(exports.c.id == "export1")).one()._asdict()
    alter(filled, statement)
    with filled.write(SYSTEM) as w:
        if then == "delete":
            w.delete(exports, "export1")
        elif then == "insert":
            w.insert(exports, row)
        else:
            w.update(users, "user9" if then == "update added" else "user1", {"failures": 1})
        w.record(Kind.USER_CHANGED, details={"user": "user1", "changed": ["failures"]})
    (problem,) = verify_store(filled).problems
    assert "altered in between" in problem


def test_rows_that_one_act_touches_again_and_again_verify(filled: Store) -> None:
    users, exports = METADATA.tables["users"], METADATA.tables["exports"]
    with filled.read() as connection:
        row = connection.execute(exports.select().where(exports.c.id == "export1")).one()._asdict()
    said = {"user": "user1", "changed": ["failures"]}
    with filled.write(SYSTEM) as w:
        w.update(users, "user1", {"failures": 1})
        w.update(users, "user1", {"failures": 2})
        w.insert(exports, row | {"id": "export9"})
        w.record(Kind.USER_CHANGED, details=said)
        w.update(users, "user1", {"failures": 3})
        w.delete(exports, "export9")
        w.record(Kind.USER_CHANGED, details=said)
        w.update(users, "user1", {"failures": 4})
        w.delete(exports, "export1")
        w.insert(exports, row)
    assert verify_store(filled).problems == ()


def test_a_mark_of_a_reading_that_was_moved_to_another_source_is_found(filled: Store) -> None:
    """Else who can write the database could read that source, and no entry would say so."""
    hashed = "ab" * 32
    reads = METADATA.tables["reads"]
    with filled.write(CLINICIAN) as w:
        mark = {"id": f"{CLINICIAN.session}.packet1.{hashed[:24]}", "at_us": w.now_us}
        w.connection.execute(reads.insert().values(**mark))
        w.record(Kind.SOURCE_READ, packet="packet1", details={"source": "file", "hash": hashed})
    assert verify_store(filled).ok
    moved = f"{CLINICIAN.session}.packet1.{'cd' * 12}"
    alter(filled, "UPDATE reads SET id = :moved WHERE id = :id", values={"moved": moved, "id": mark["id"]})
    (problem,) = verify_store(filled).problems
    assert "no such reading" in problem


def cut_off_last_entries(store: Store, count: int) -> None:
    """Do what an intruder with every right would do: remove the last entries, and all that tells of them."""
    from posology.ledger.tree import Frontier

    ledger = METADATA.tables["ledger_entries"]
    with store.read() as connection:
        rows = connection.execute(ledger.select().order_by(ledger.c.n)).all()
    frontier, nodes = Frontier(), set()
    for row in rows[:-count]:
        frontier, made = frontier.append(bytes(row.leaf))
        nodes |= {(level, at) for level, at, _ in made if level}
    last = max(row.at_us for row in rows[:-count])
    state = {"size": frontier.size, "peaks": b"".join(frontier.peaks), "last": last}
    table = METADATA.tables["ledger_nodes"]
    with store.read() as connection:
        held = {(row.level, row.position) for row in connection.execute(table.select())}
    extra = itertools.chain.from_iterable(
        [
            (f"DELETE FROM ledger_nodes WHERE level = {level} AND position = {at}",)
            for level, at in held - nodes
        ]
    )
    with store.read() as connection:
        log = LogState(read_log(connection).log, frontier, last)
        seal = store.sealing(connection, log.sealed)
    alter(
        store,
        f"DELETE FROM ledger_entries WHERE n >= {frontier.size}",
        *extra,
        "UPDATE ledger_state SET size = :size, peaks = :peaks, last_us = :last, seal = :seal",
        values=state | {"seal": seal},
    )


def forge_an_entry(store: Store) -> None:
    """Do what an intruder without the key can do: make oneself an administrator and record it in due form."""
    from posology.ledger.entries import Act, build_entry, canonical
    from posology.ledger.tree import leaf_hash

    users = METADATA.tables["users"]
    with store.read() as connection:
        state = read_log(connection)
        row = connection.execute(users.select().where(users.c.id == "user1")).one()
        before = digest_of(users, row)
    alter(store, "UPDATE users SET role = 'administrator' WHERE id = 'user1'")
    with store.read() as connection:
        after = digest_of(users, connection.execute(users.select().where(users.c.id == "user1")).one())
    details = {"user": "user1", "role": "administrator", "before": {"users/user1": before}}
    n, at = state.frontier.size, state.last_us + 1
    body = canonical(
        build_entry(n, at, Act(Kind.USER_CHANGED, "user1", details=details), {"users/user1": after})
    )
    frontier, made = state.frontier.append(leaf_hash(body))
    entry = {"n": n, "leaf": leaf_hash(body), "at": at, "kind": str(Kind.USER_CHANGED), "body": body}
    alter(
        store,
        "INSERT INTO ledger_entries (n, leaf, at_us, kind, actor, packet, body) "
        "VALUES (:n, :leaf, :at, :kind, 'user1', '', :body)",
        values=entry,
    )
    for level, position, digest in made:
        if level:
            alter(
                store,
                f"INSERT INTO ledger_nodes (level, position, hash) VALUES ({level}, {position}, :hash)",
                values={"hash": digest},
            )
    peaks = {"size": frontier.size, "peaks": b"".join(frontier.peaks), "last": at}
    alter(store, "UPDATE ledger_state SET size = :size, peaks = :peaks, last_us = :last", values=peaks)


def test_an_entry_that_somebody_without_the_key_added_is_found_and_nothing_is_built_on_it(
    filled: Store, tmp_path: Path
) -> None:
    forge_an_entry(filled)
    (problem,) = verify_store(filled).problems
    assert "not sealed with the store's key" in problem
    with pytest.raises(LedgerError, match="not sealed"), filled.write(CLINICIAN) as w:
        w.record(Kind.PACKET_READ, packet="packet1")
    with pytest.raises(LedgerError, match="not sealed"):
        audit.export_head(filled, SYSTEM, tmp_path / "heads.jsonl")
    with pytest.raises(LedgerError, match="not sealed"):
        audit.signed_head(filled)
    assert not (tmp_path / "heads.jsonl").exists()


@pytest.mark.parametrize("database_kind", ["sqlite"])  # PostgreSQL lets no other type stand in a column
@pytest.mark.parametrize("column", ["size", "peaks", "seal"])
def test_a_state_of_another_type_is_found(filled: Store, column: str) -> None:
    other = "x'00'" if column != "peaks" else "'text'"
    alter(filled, f"UPDATE ledger_state SET {column} = {other}")
    assert not verify_store(filled).ok


@pytest.mark.parametrize("kind", ["trigger", "view"])
def test_what_somebody_put_into_the_schema_is_found(store: Store, kind: str) -> None:
    postgresql = store.engine.dialect.name == "postgresql"
    body = {
        "view": ["CREATE VIEW shown AS SELECT * FROM users"],
        "trigger": [
            "CREATE FUNCTION lie() RETURNS trigger AS 'BEGIN RETURN NULL; END' LANGUAGE plpgsql",
            "CREATE TRIGGER shown BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION lie()",
        ]
        if postgresql
        else ["CREATE TRIGGER shown BEFORE DELETE ON users BEGIN SELECT RAISE(IGNORE); END"],
    }[kind]
    assert verify_store(store).ok
    with store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        for statement in body:
            connection.exec_driver_sql(statement)
    assert f"the {kind} shown" in verify_store(store).problems[0]
