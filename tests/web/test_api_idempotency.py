"""A request under an Idempotency-Key is done once, whatever happens to its answer."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select

from posology.ledger.entries import Kind
from posology.review import audit
from posology.store import SYSTEM
from posology.store.once import ASKED, Once
from posology.store.schema import idempotency
from tests.web.api import AtOnce, made_case, problem, upload

KEY = {"Idempotency-Key": "first-of-its-kind"}
NOTE = {"name": "Ada Made", "birth_date": "1961-04-02", "date": "2026-03-01", "text": "BMI 41.2 today."}


@pytest.fixture
def site(site):
    return replace(site, queue=Slow())


@pytest.fixture
def ada(signed_in):
    return signed_in("clinician", npi="1234567893", name="Ada Made")


def uploads(entries) -> int:
    return len(entries("chart.uploaded"))


def test_a_repetition_gets_the_same_answer_and_nothing_is_made(ada, entries):
    first = ada.post("/api/v1/charts", json=NOTE, headers=KEY)
    again = ada.post("/api/v1/charts", json=NOTE, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert again.json() == {"replayed": True, "location": first.headers["Location"]}
    assert ada.get(again.json()["location"]).json() == first.json()
    assert uploads(entries) == 1
    assert [one["details"]["route"] for one in entries("request.answered")] == ["/api/v1/charts"]


def test_the_same_key_with_another_body_is_refused(ada, entries):
    ada.post("/api/v1/charts", json=NOTE, headers=KEY)
    problem(ada.post("/api/v1/charts", json={**NOTE, "text": "Other."}, headers=KEY), 422)
    assert uploads(entries) == 1


def test_a_form_of_files_is_the_same_whatever_its_boundary(ada, entries, policies):
    body = made_case(policies).body
    for _ in range(2):
        assert ada.post("/api/v1/charts", files={"files": ("a.json", body)}, headers=KEY).status_code == 201
    assert uploads(entries) == 1


def test_a_key_is_its_owners_alone_and_of_one_route(ada, signed_in, entries):
    ada.post("/api/v1/charts", json=NOTE, headers=KEY)
    other = signed_in("staff").post("/api/v1/charts", json=NOTE, headers=KEY)
    assert "Idempotency-Replayed" not in other.headers
    elsewhere = ada.post(
        "/api/v1/drafts", json={"chart": "0" * 20, "service": "A:1", "date": "2026-03-01"}, headers=KEY
    )
    assert elsewhere.status_code == 404
    assert uploads(entries) == 2


def test_an_error_may_be_tried_again_under_its_key(ada):
    problem(ada.post("/api/v1/charts", json={**NOTE, "birth_date": "never"}, headers=KEY), 422)
    assert ada.post("/api/v1/charts", json=NOTE, headers=KEY).status_code == 201


@pytest.mark.parametrize("bad", ["", "a b", "k" * 201, "caf\xe9", "\x7f"])
def test_a_key_that_is_no_visible_ascii_is_refused(ada, bad, entries):
    headers = {"Idempotency-Key": bad.encode("latin-1")}
    problem(ada.post("/api/v1/charts", json=NOTE, headers=headers), 422)
    assert uploads(entries) == 0


def test_keys_and_bodies_are_kept_as_keyed_hashes_only(ada, store):
    ada.post("/api/v1/charts", json=NOTE, headers=KEY)
    with store.read() as connection:
        row = connection.execute(select(idempotency)).one()
    assert len(row.id) == len(row.request_hash) == 64
    assert "Ada" not in str(row)
    assert KEY["Idempotency-Key"] not in str(row)
    assert audit.verify_store(store).ok


@dataclass
class Slow(AtOnce):
    """A queue that takes its time to hear of a job."""

    entered: threading.Event = field(default_factory=threading.Event)
    leave: threading.Event = field(default_factory=threading.Event)

    def enqueue(self, job_id: str) -> None:
        super().enqueue(job_id)
        self.entered.set()
        self.leave.wait(10)


def test_of_two_at_once_one_does_it_and_the_other_is_told_to_wait(site, signed_in, policies, entries):
    ada, made, queue = signed_in("clinician"), made_case(policies), site.queue
    asked = {"chart": upload(ada, made), "service": made.service, "date": made.day}

    def send():
        return ada.post("/api/v1/drafts", json=asked, headers=KEY)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send)
        assert queue.entered.wait(10)
        told = send()
        queue.leave.set()
        assert first.result(10).status_code == 202
    problem(told, 409)
    assert told.headers["Retry-After"] == "1"
    assert send().headers["Idempotency-Replayed"] == "true"
    assert len(queue.told) == 1


def test_a_key_whose_answer_was_lost_does_nothing_again(ada, store, entries):
    """As where the server dies between the act and its answer: the act's own transaction kept the key."""
    ada.post("/api/v1/charts", json=NOTE, headers=KEY)
    with store.read() as connection:
        row = connection.execute(select(idempotency)).one()
    with store.write(SYSTEM) as w:
        w.update(idempotency, row.id, {"status": 0, "location": ""})
        w.record(Kind.REQUEST_ANSWERED, details={"status": 0})
    told = problem(ada.post("/api/v1/charts", json=NOTE, headers=KEY), 409)
    assert "look whether it was done" in told["detail"]
    assert uploads(entries) == 1


def test_an_error_lets_go_of_the_key_though_something_was_recorded_before_it(ada, store, entries):
    bad = {"chart": "0" * 20, "service": "HCPCS:E0601", "date": "2026-03-01"}
    assert ada.post("/api/v1/drafts", json=bad, headers=KEY).status_code == 404
    with store.read() as connection:
        assert connection.execute(select(idempotency)).all() == []
    assert ada.post("/api/v1/charts", json=NOTE, headers=KEY).status_code == 201


@pytest.mark.parametrize(("kind", "keeps"), [(Kind.PACKET_READ, False), (Kind.SCRATCH_SAVED, True)])
def test_the_key_is_kept_with_the_change_not_with_the_reading_before_it(store, kind, keeps):
    """Else a server that died between the two would say of the act that it may have been done."""
    token = ASKED.set(once := Once("a" * 64, "b" * 64, SYSTEM.id))
    try:
        with store.write(SYSTEM) as w:
            w.record(kind, packet="0" * 20, version=1)
    finally:
        ASKED.reset(token)
    with store.read() as connection:
        assert (connection.execute(select(idempotency)).first() is not None) == once.used == keeps
