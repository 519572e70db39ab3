"""One fault at a time: the message says what happened, nothing is lost, and it works again after."""

import os
import secrets
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from posology.store import init_store
from posology.store.verification import verify_store
from tests.databases import TEST_KEYS, start_postgres


def require_problem(answer, words: str) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "5"
    assert words in answer.json()["detail"]


def require_sound(practice) -> None:
    report = verify_store(practice.clinic.store)
    assert report.ok, report.problems


def test_an_sqlite_file_that_was_moved_is_told_and_nothing_is_lost_once_it_is_back(small_practice):
    file = Path(str(small_practice.clinic.store.engine.url.database))
    assert small_practice.drop(2).status_code == 200
    moved = file.with_name("moved.db")
    seen = {"seen_version": 2, "act": {"act": "drop", "sentence": "s5", "reason": "said elsewhere"}}
    file.rename(moved)
    for answer in (
        small_practice.browser.get(small_practice.path),
        small_practice.browser.post(f"{small_practice.path}/acts", json=seen),
        small_practice.browser.get("/readyz"),
    ):
        require_problem(answer, f"{file}: the database")
    assert not file.exists(), "an empty database was made in the place of the lost one"
    assert small_practice.browser.get("/healthz").status_code == 200
    page = small_practice.browser.get(f"/packets/{small_practice.packet}")
    assert page.status_code == 503
    assert "the database" in page.text
    moved.rename(file)
    assert small_practice.browser.get(small_practice.path).json()["head"]["version"] == 2
    assert small_practice.drop(3).json()["version"] == 3
    require_sound(small_practice)


def test_a_postgresql_server_that_stops_is_told_and_nothing_is_lost_once_it_is_back(practice_over):
    with start_postgres(fsync=True) as server:
        store = init_store(server.address("practice"), TEST_KEYS)
        practice = practice_over(store)
        assert practice.drop(2).status_code == 200
        server.stop("immediate")
        gone = practice.browser.get(practice.path)
        act = {"act": "drop", "sentence": "s5", "reason": "said elsewhere"}
        kept = practice.browser.post(f"{practice.path}/acts", json={"seen_version": 2, "act": act})
        ready = practice.browser.get("/readyz")
        server.start()
        for answer in (gone, kept, ready):
            require_problem(answer, "database server")
        assert practice.browser.get(practice.path).json()["head"]["version"] == 2
        assert practice.drop(3).json()["version"] == 3
        require_sound(practice)
        store.close()


@contextmanager
def small_disk(folder: Path, size: str):
    """Mount a small disk of its own, where that is allowed."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip(
            "a small disk can be mounted by root only; test_faults of review fills a database instead"
        )
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here; test_faults of review fills a database instead")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def test_a_full_disk_is_told_nothing_is_half_done_and_reading_goes_on(practice_over, tmp_path):
    disk = tmp_path / "disk"
    with small_disk(disk, "3m"):
        store = init_store(f"sqlite:///{disk / 'store.db'}", TEST_KEYS)
        practice = practice_over(store)
        assert practice.drop(2).status_code == 200
        (disk / "ballast").write_bytes(secrets.token_bytes(100_000))
        note = {"name": "Ada Made", "birth_date": "1961-04-02", "date": "2026-03-01"}
        text = secrets.token_hex(180_000)
        answers = []
        for _ in range(12):
            answers.append(practice.browser.post("/api/v1/charts", json=note | {"text": text}))
            if answers[-1].status_code != 201:
                break
        require_problem(answers[-1], "disk is full")
        assert practice.browser.get(practice.path).json()["head"]["version"] == 2
        require_sound(practice)
        (disk / "ballast").unlink()
        assert practice.drop(3).json()["version"] == 3
        require_sound(practice)
        store.close()


def test_a_clock_that_is_set_back_is_recorded_ends_no_session_and_proves_nobody(small_practice):
    store, clock = small_practice.clinic.store, small_practice.clinic.store.clock
    assert small_practice.drop(2).status_code == 200
    clock.pass_seconds(-3600)
    assert small_practice.drop(3).status_code == 200
    backs = [row["details"].get("clock_back_us", 0) for row in small_practice.clinic.entries()]
    assert max(backs) == 3600 * 1_000_000
    body = {"version": 3, "attested": True, "acknowledged": True}
    refused = small_practice.browser.post(f"{small_practice.path}/sign", json=body)
    assert refused.status_code == 403, "a proof of identity from the future counted"
    assert "give your password again" in refused.json()["detail"]
    clock.pass_seconds(3600 + 60)
    assert small_practice.browser.post(f"{small_practice.path}/sign", json=body).status_code == 200
    assert verify_store(store).ok
    clock.pass_seconds(31 * 60)
    assert small_practice.browser.get(small_practice.path).status_code == 401, "an idle session went on"
