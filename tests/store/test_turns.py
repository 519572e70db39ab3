"""Threads that write at the same time share one commit, and each is told the truth about its own act."""

import threading
import time
from collections.abc import Callable

from sqlalchemy import event

from posology.errors import StoreError
from posology.ledger.entries import Kind
from posology.store import SYSTEM, Store, init_store
from posology.store.schema import METADATA
from posology.store.verification import verify_store
from tests.databases import TEST_KEYS, start_postgres

KEYS = METADATA.tables["keys"]


def together(acts: list[Callable[[], None]]) -> list[str]:
    """Run acts in threads that begin at once, and say how each ended."""
    ends = [""] * len(acts)
    barrier = threading.Barrier(len(acts))

    def run(number: int) -> None:
        barrier.wait()
        try:
            acts[number]()
            ends[number] = "kept"
        except (StoreError, RuntimeError) as error:
            ends[number] = str(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def commits_of(store: Store) -> list[int]:
    counted: list[int] = []
    event.listen(store.engine, "commit", lambda _connection: counted.append(1))
    return counted


def make_key(store: Store, name: str, *, then: Callable[[], None] = lambda: None) -> None:
    with store.write(SYSTEM) as w:
        w.new_key("chart", key_id=name)
        time.sleep(0.001)  # the others come to wait
        then()
        w.record(Kind.CHART_UPLOADED)


def names(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.execute(KEYS.select()).scalars())


def test_acts_of_several_threads_share_a_commit(store: Store) -> None:
    commits = commits_of(store)
    ends = together([lambda n=n: make_key(store, f"k{n}") for n in range(12)])  # type: ignore[misc]
    assert ends == ["kept"] * 12
    assert len(commits) < 12
    assert verify_store(store).size == 13


def test_an_act_that_fails_undoes_itself_and_none_of_the_others(store: Store) -> None:
    def fail() -> None:
        raise RuntimeError("given up")

    acts = [
        lambda n=n: make_key(store, f"k{n}", then=fail if n % 3 == 0 else lambda: None)  # type: ignore[misc]
        for n in range(12)
    ]
    ends = together(acts)
    kept = {f"k{n}" for n in range(12) if n % 3}
    assert [end == "kept" for end in ends] == [n % 3 != 0 for n in range(12)]
    assert {name for name in names(store) if name.startswith("k")} == kept
    report = verify_store(store)
    assert (report.size, report.ok) == (9, True)


def test_an_act_that_the_database_refuses_undoes_itself_and_none_of_the_others(store: Store) -> None:
    ends = together([lambda n=n: make_key(store, f"k{n // 2}") for n in range(8)])  # type: ignore[misc]
    assert sorted(end == "kept" for end in ends) == [False] * 4 + [True] * 4
    assert all("there already" in end for end in ends if end != "kept")
    assert verify_store(store).ok


def test_writing_what_the_ledger_does_not_bind_waits_for_no_open_commit(store: Store) -> None:
    def beat() -> None:
        with store.volatile() as connection:
            connection.execute(KEYS.select())

    acts = [beat if n % 2 else (lambda n=n: make_key(store, f"k{n}")) for n in range(10)]  # type: ignore[misc]
    begun = time.monotonic()
    assert together(acts) == ["kept"] * 10
    assert time.monotonic() - begun < 5


def test_when_the_server_goes_nobody_is_told_that_an_unkept_act_was_kept() -> None:
    with start_postgres(fsync=True) as server:
        store = init_store(server.address("clinic"), TEST_KEYS)
        acts = [
            lambda n=n: make_key(store, f"k{n}", then=server.stop if n == 5 else lambda: None)  # type: ignore[misc]
            for n in range(10)
        ]
        ends = together(acts)
        server.start()
        acknowledged = {f"k{n}" for n, end in enumerate(ends) if end == "kept"}
        assert "k5" not in acknowledged
        assert acknowledged <= names(store)
        refused = {f"k{n}" for n, end in enumerate(ends) if "nothing was written" in end}
        assert not refused & names(store)
        assert verify_store(store).ok
        store.close()


def test_a_commit_left_for_a_thread_that_never_came_is_made_all_the_same(sqlite_store: Store) -> None:
    turns = sqlite_store._turns
    turns._count(1)  # somebody seems to wait, and never comes
    begun = time.monotonic()
    make_key(sqlite_store, "k")
    assert time.monotonic() - begun < 5
    turns._count(-1)
    assert "k" in names(sqlite_store)


def test_a_full_database_undoes_all_of_a_shared_commit_and_says_so(sqlite_store: Store) -> None:
    with sqlite_store.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    @event.listens_for(sqlite_store.engine, "checkout")
    def limit(raw: object, *_: object) -> None:
        raw.execute(f"PRAGMA max_page_count={pages + 1}")  # type: ignore[attr-defined]

    row = {"kind": "chart", "wrapped": bytes(300_000), "master_id": "m", "created_us": 1}

    def big() -> None:
        with sqlite_store.write(SYSTEM) as w:
            w.insert(KEYS, {"id": "big", **row})
            w.record(Kind.CHART_UPLOADED)

    acts = [big if n == 4 else (lambda n=n: make_key(sqlite_store, f"k{n}")) for n in range(6)]  # type: ignore[misc]
    ends = together(acts)
    event.remove(sqlite_store.engine, "checkout", limit)
    sqlite_store.engine.dispose()
    assert "full" in ends[4]
    acknowledged = {f"k{n}" for n, end in enumerate(ends) if end == "kept"}
    assert {name for name in names(sqlite_store) if name.startswith("k")} == acknowledged
    assert verify_store(sqlite_store).ok
