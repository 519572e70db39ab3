"""Whatever breaks, nothing acknowledged is lost, nothing is half done, and the message says what to do."""

import multiprocessing
import threading
from pathlib import Path

import pytest
from sqlalchemy import event

from posology.errors import InternalError, NotFound, StoreError
from posology.ledger.entries import Kind
from posology.review.audit import Query, entries
from posology.store import SYSTEM, Store, init_store, open_store
from posology.store.schema import METADATA
from posology.store.verification import verify_store
from tests.databases import TEST_KEYS, Postgres, start_postgres
from tests.store.populated import CLINICIAN, populate


def record(store: Store) -> None:
    with store.write(SYSTEM) as w:
        w.record(Kind.PACKET_READ, packet="p1")


def test_a_transaction_that_raises_keeps_nothing(store: Store) -> None:
    def stop_half_way() -> None:
        with store.write(CLINICIAN) as w:
            w.new_key("chart")
            w.record(Kind.CHART_UPLOADED)
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        stop_half_way()
    report = verify_store(store)
    assert (report.size, report.rows, report.ok) == (1, 4, True)


def test_rows_changed_after_the_last_entry_belong_to_it(store: Store) -> None:
    with store.write(SYSTEM) as w:
        w.record(Kind.CHART_UPLOADED)
        w.new_key("chart")
    assert verify_store(store).ok


def test_updating_or_deleting_what_is_not_there_is_told(store: Store) -> None:
    users = METADATA.tables["users"]
    with pytest.raises(NotFound, match="users: there is no"), store.write(SYSTEM) as w:
        w.update(users, "nobody", {"npi": "1"})
    with pytest.raises(NotFound, match="users: there is no"), store.write(SYSTEM) as w:
        w.delete(users, "nobody")


def test_the_same_record_twice_is_refused_without_quoting_it(store: Store) -> None:
    populate(store)
    row = {"id": "u9", "login": "login1", "name": "Jane", "role": "staff", "created_us": 1, "changed_us": 1}
    with pytest.raises(StoreError, match="there already") as caught, store.write(SYSTEM) as w:
        w.insert(METADATA.tables["users"], row)
    assert "login1" not in str(caught.value)
    assert "Jane" not in str(caught.value)


def test_a_row_that_is_still_needed_is_not_deleted(store: Store) -> None:
    populate(store)
    with pytest.raises(StoreError, match="still needed"), store.write(SYSTEM) as w:
        w.delete(METADATA.tables["charts"], "chart1")
    assert verify_store(store).ok


def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_itself(store: Store) -> None:
    with (
        pytest.raises(InternalError, match="inside a write"),
        store.write(SYSTEM),
        store.write(SYSTEM),
    ):
        pass  # pragma: no cover - the second is refused
    record(store)


def test_a_clock_that_went_backwards_is_written_down(store: Store) -> None:
    late = 4_000_000_000_000_000  # microseconds: long after the store was made
    store.clock = iter([late + 5_000_000, late + 2_000_000, late + 6_000_000]).__next__
    for _ in range(3):
        record(store)
    assert verify_store(store).ok
    newest = entries(store, Query(limit=3)).entries
    assert [e["details"].get("clock_back_us") for e in newest] == [None, 3_000_000, None]


def test_threads_take_turns_and_no_number_is_lost_or_given_twice(store: Store) -> None:
    threads = [threading.Thread(target=lambda: [record(store) for _ in range(10)]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = verify_store(store)
    assert (report.size, report.ok) == (51, True)


def _append_many(address: str, count: int) -> None:
    store = open_store(address, TEST_KEYS)
    for _ in range(count):
        record(store)
    store.close()


def test_processes_take_turns_and_no_number_is_lost_or_given_twice(store: Store, store_address: str) -> None:
    processes = multiprocessing.get_context("spawn")
    workers = [processes.Process(target=_append_many, args=(store_address, 25)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    report = verify_store(store)
    assert (report.size, report.ok) == (51, True)


def test_a_database_file_that_was_removed_takes_no_act(sqlite_store: Store) -> None:
    record(sqlite_store)
    file = Path(str(sqlite_store.engine.url.database))
    kept = file.rename(file.with_suffix(".kept"))
    with pytest.raises(StoreError, match="removed or replaced; nothing was written"):
        record(sqlite_store)
    with pytest.raises(StoreError), sqlite_store.read():
        pass  # pragma: no cover - never reached
    assert not file.exists()
    kept.rename(file)
    record(sqlite_store)
    assert verify_store(sqlite_store).size == 3


def test_a_database_file_that_was_replaced_takes_no_act(sqlite_store: Store, tmp_path: Path) -> None:
    record(sqlite_store)
    file = Path(str(sqlite_store.engine.url.database))
    other = tmp_path / "other.db"
    init_store(f"sqlite:///{other}", TEST_KEYS).close()
    other.rename(file)
    with pytest.raises(StoreError, match="removed or replaced"):
        record(sqlite_store)


def test_a_full_disk_keeps_the_store_as_it_was(sqlite_store: Store) -> None:
    record(sqlite_store)
    with sqlite_store.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def limit(raw: object, *_: object) -> None:
        raw.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]

    event.listen(sqlite_store.engine, "checkout", limit)
    row = {"id": "big", "kind": "chart", "wrapped": bytes(200_000), "master_id": "m", "created_us": 1}
    with pytest.raises(StoreError, match="full; nothing was written"), sqlite_store.write(SYSTEM) as w:
        w.insert(METADATA.tables["keys"], row)
    event.remove(sqlite_store.engine, "checkout", limit)
    sqlite_store.engine.dispose()
    assert verify_store(sqlite_store).ok
    record(sqlite_store)
    assert verify_store(sqlite_store).size == 3


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("these are notes and no database at all, of some length" * 50)
    with pytest.raises(StoreError, match="no database of a store"):
        open_store(f"sqlite:///{file}", TEST_KEYS)


ADDRESSES = [
    ("no address", "not a database address"),
    ("mysql://x/y", "not supported"),
    ("sqlite://", "keeps nothing"),
    ("sqlite:////nowhere/at/all.db", "folder does not exist"),
    ("postgresql+psycopg://127.0.0.1", "names no database"),
    ("postgresql+psycopg://u:secret@127.0.0.1:1/x", "cannot be reached"),
]


@pytest.mark.parametrize(("address", "words"), ADDRESSES)
def test_an_address_that_leads_nowhere_is_told_without_its_password(address: str, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(address, TEST_KEYS)
    assert "secret" not in str(caught.value)


def test_a_missing_database_is_told_and_not_made(database_kind: str, empty_database: str) -> None:
    head, _, name = empty_database.rpartition("/")
    address = f"{head}/missing_{name}"
    with pytest.raises(StoreError, match="posology store init"):
        open_store(address, TEST_KEYS)
    assert not Path(address.removeprefix("sqlite:///")).exists()


@pytest.fixture
def own_server() -> Postgres:
    with start_postgres(fsync=True) as server:
        yield server


def test_a_server_that_stops_in_the_middle_loses_nothing_acknowledged(own_server: Postgres) -> None:
    store = init_store(own_server.address("clinic"), TEST_KEYS)
    record(store)

    def stopped_before_the_end() -> None:
        with store.write(SYSTEM) as w:
            w.new_key("chart")
            own_server.stop("immediate")
            w.record(Kind.CHART_UPLOADED)

    with pytest.raises(StoreError, match="nothing was written"):
        stopped_before_the_end()
    with pytest.raises(StoreError, match="cannot be reached"):
        record(store)
    own_server.start()
    report = verify_store(store)
    assert (report.size, report.rows, report.ok) == (2, 4, True)
    record(store)
    assert verify_store(store).size == 3
    store.close()


def test_a_server_that_stops_in_the_commit_is_told_as_what_it_is(own_server: Postgres) -> None:
    store = init_store(own_server.address("clinic"), TEST_KEYS)
    stops = iter([True])

    def stop(_connection: object) -> None:
        if next(stops, False):
            own_server.stop("immediate")

    event.listen(store.engine, "commit", stop)
    with pytest.raises(StoreError, match="may have been kept, or not"):
        record(store)
    own_server.start()
    assert verify_store(store).ok
    store.close()
