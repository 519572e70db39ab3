"""A backup holds all of a store, no master key, and comes back whole on either database or not at all."""

import json
import zipfile
from pathlib import Path
from threading import Thread

import pytest

from posology.errors import KeyFileError, LedgerError, OutputError, StoreError
from posology.ledger.entries import Kind
from posology.review.audit import Query, entries
from posology.store import MasterKey, MasterKeys, Store
from posology.store.backup import backup
from posology.store.restoring import restore
from posology.store.schema import METADATA
from posology.store.verification import verify_store
from tests.databases import TEST_KEYS, Postgres
from tests.store.populated import CLINICIAN, populate


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for table in METADATA.sorted_tables
            if not table.name.startswith("ledger_")
        }


def test_a_backup_comes_back_whole_and_says_so_in_its_ledger(store: Store, tmp_path: Path) -> None:
    populate(store)
    made = backup(store, tmp_path / "backups")
    restored = restore(made.file, f"sqlite:///{tmp_path / 'again.db'}", TEST_KEYS)
    assert contents(restored) == contents(store) | {"sessions": []}, "who was signed in signs in again"
    assert verify_store(restored).ok
    assert entries(restored, Query(limit=1)).entries[0]["kind"] == "store.restored"
    assert entries(store, Query(limit=1)).entries[0]["details"]["sha256"] == made.sha256
    restored.close()


def test_a_store_moves_from_sqlite_to_postgresql(
    sqlite_store: Store, postgres_server: Postgres, tmp_path: Path
) -> None:
    populate(sqlite_store)
    made = backup(sqlite_store, tmp_path)
    restored = restore(made.file, postgres_server.new_database(), TEST_KEYS)
    assert contents(restored) == contents(sqlite_store) | {"sessions": []}
    assert verify_store(restored).ok
    restored.close()


def test_a_backup_made_while_the_store_is_written_is_of_one_moment(store: Store, tmp_path: Path) -> None:
    populate(store)

    def write() -> None:
        for _ in range(60):
            with store.write(CLINICIAN) as w:
                w.record(Kind.PACKET_READ, packet="packet1")

    writer = Thread(target=write)
    writer.start()
    made = backup(store, tmp_path)
    writer.join()
    restored = restore(made.file, f"sqlite:///{tmp_path / 'again.db'}", TEST_KEYS)
    assert verify_store(restored).ok
    restored.close()


def test_a_backup_holds_no_master_key_and_only_its_owner_reads_it(
    sqlite_store: Store, tmp_path: Path
) -> None:
    populate(sqlite_store)
    made = backup(sqlite_store, tmp_path)
    with zipfile.ZipFile(made.file) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert TEST_KEYS.current.secret not in everything
    assert TEST_KEYS.current.secret not in sqlite_store.engine.url.database.encode()
    assert made.file.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".*"))


def test_a_backup_is_never_restored_over_a_store(sqlite_store: Store, tmp_path: Path) -> None:
    made = backup(sqlite_store, tmp_path)
    with pytest.raises(StoreError, match="holds a store already"):
        restore(made.file, f"sqlite:///{sqlite_store.engine.url.database}", TEST_KEYS)


def test_a_backup_is_refused_with_another_key_and_the_database_stays_empty(
    sqlite_store: Store, empty_database: str, tmp_path: Path
) -> None:
    made = backup(sqlite_store, tmp_path)
    with pytest.raises(KeyFileError, match=TEST_KEYS.current.id):
        restore(made.file, empty_database, MasterKeys((MasterKey(bytes(32)),)))
    restore(made.file, empty_database, TEST_KEYS).close()


def altered(source: Path, target: Path, name: str, change: object) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            new.writestr(member, change(data) if member == name else data)  # type: ignore[operator]
    return target


def without_last_line(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[:-1])


def fewer_users(data: bytes) -> bytes:
    manifest = json.loads(data)
    manifest["rows"]["users"] -= 1
    return json.dumps(manifest).encode()


DAMAGES = [
    ("tables/users.jsonl", lambda data: data.replace(b"clinician", b"auditor"), LedgerError, "altered"),
    ("tables/users.jsonl", without_last_line, StoreError, "users"),
    ("tables/ledger_entries.jsonl", without_last_line, StoreError, "ledger_entries"),
    ("tables/users.jsonl", lambda data: data[:-5], StoreError, "damaged"),
    ("tables/users.jsonl", lambda _data: b"[1]\n", StoreError, "not a row"),
    (
        "manifest.json",
        lambda data: data.replace(b"posology-backup/1", b"posology-backup/9"),
        StoreError,
        "form",
    ),
    ("manifest.json", lambda data: data.replace(b'"0001"', b'"9999"'), StoreError, "newer program"),
    ("manifest.json", fewer_users, StoreError, "another number"),
    ("manifest.json", lambda _data: b"{}", StoreError, "not a backup"),
]


@pytest.mark.parametrize(("name", "change", "error", "words"), DAMAGES)
def test_a_damaged_backup_is_refused_and_the_database_stays_empty(
    sqlite_store: Store, tmp_path: Path, name: str, change: object, error: type[Exception], words: str
) -> None:
    populate(sqlite_store)
    made = backup(sqlite_store, tmp_path)
    damaged = altered(made.file, tmp_path / "damaged.zip", name, change)
    address = f"sqlite:///{tmp_path / 'again.db'}"
    with pytest.raises(error, match=words):
        restore(damaged, address, TEST_KEYS)
    restore(made.file, address, TEST_KEYS).close()


@pytest.mark.parametrize("keep", [10, 3000])
def test_a_backup_that_was_cut_off_is_refused(sqlite_store: Store, tmp_path: Path, keep: int) -> None:
    made = backup(sqlite_store, tmp_path)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(made.file.read_bytes()[:keep])
    with pytest.raises(StoreError, match="not a backup, or cut off"):
        restore(cut, f"sqlite:///{tmp_path / 'again.db'}", TEST_KEYS)


def test_a_backup_that_cannot_be_recorded_is_not_kept(sqlite_store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    sqlite_store.clock = iter([0, 0, -1]).__next__  # the ledger takes no time before 1970
    with pytest.raises(Exception, match="1970"):
        backup(sqlite_store, folder)
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(sqlite_store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file: cannot be written"):
        backup(sqlite_store, tmp_path / "file")
