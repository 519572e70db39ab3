"""The ledger over HTTP: what an auditor asks for verifies without the store."""

import json

import pytest

from posology.ledger.heads import SignedHead
from posology.ledger.receipts import verify_proof
from tests.web.api import problem

LEDGER = "/api/v1/ledger"


@pytest.fixture
def eve(signed_in):
    return signed_in("auditor", name="Eve Made")


def test_entries_are_listed_newest_first_page_by_page(eve, signed_in):
    for _ in range(3):
        signed_in("staff")
    everything = eve.get(f"{LEDGER}/entries").json()
    numbers = [one["n"] for one in everything["entries"]]
    assert numbers == sorted(numbers, reverse=True)
    assert everything["size"] == len(numbers)
    seen, path = [], f"{LEDGER}/entries?limit=2"
    while path:
        answer = eve.get(path)
        seen += [one["n"] for one in answer.json()["entries"]]
        link = answer.headers.get("link", "")
        path = link.partition(">")[0][1:]
    assert seen == numbers


def test_entries_are_found_by_kind_actor_and_time(eve, clock):
    found = eve.get(f"{LEDGER}/entries", params={"kind": "user.created"}).json()["entries"]
    assert {one["kind"] for one in found} == {"user.created"}
    assert eve.get(f"{LEDGER}/entries", params={"actor": "nobody"}).json()["entries"] == []
    assert eve.get(f"{LEDGER}/entries", params={"to": "2000-01-01T00:00:00Z"}).json()["entries"] == []
    assert eve.get(f"{LEDGER}/entries", params={"from": "2000-01-01T00:00:00Z"}).json()["entries"]


@pytest.mark.parametrize(
    "query",
    [
        "kind=nonsense",
        "limit=0",
        "limit=501",
        "before=-1",
        "from=soon",
        "from=2026-01-01",
        "from=1960-01-01T00:00:00Z",
        "to=9999-12-31T23:59:59%2B00:00x",
        "actor=%0a",
        "packet=a%20b",
        "more=1",
        f"before={10**20}",
    ],
)
def test_a_search_that_makes_no_sense_is_refused(eve, query):
    problem(eve.get(f"{LEDGER}/entries?{query}"), 422)


def test_a_proof_convinces_an_outsider_and_giving_it_is_recorded(eve, entries):
    proof = eve.get(f"{LEDGER}/entries/0/proof")
    assert verify_proof(proof.json()) == []
    assert len(entries("proof.given")) == 1
    problem(eve.get(f"{LEDGER}/entries/{10**9}/proof"), 404)
    problem(eve.get(f"{LEDGER}/entries/-1/proof"), 422)
    problem(eve.get(f"{LEDGER}/entries/{10**30}/proof"), 422)


def test_heads_grow_consistently(eve, signed_in):
    old = eve.get(f"{LEDGER}/head").json()
    signed_in("staff")
    new = eve.get(f"{LEDGER}/head").json()
    assert new["size"] > old["size"]
    told = eve.get(f"{LEDGER}/consistency", params={"old": old["size"], "new": new["size"]}).json()
    assert (told["old_root"], told["new_root"]) == (old["root"], new["root"])
    problem(eve.get(f"{LEDGER}/consistency", params={"old": 5, "new": 10**6}), 404)
    problem(eve.get(f"{LEDGER}/consistency"), 422)


def test_the_store_is_verified_against_heads_that_were_kept(eve, entries):
    head = eve.get(f"{LEDGER}/head").json()
    assert eve.post(f"{LEDGER}/verify").json()["ok"] is True
    assert eve.post(f"{LEDGER}/verify", json={"heads": [head]}).json()["heads"] == 1
    forged = {**head, "root": "0" * 64}
    report = eve.post(f"{LEDGER}/verify", json={"heads": [forged]}).json()
    assert report["ok"] is False
    assert report["problems"]
    problem(eve.post(f"{LEDGER}/verify", json={"heads": [{"a": 1}]}), 422)
    assert len(entries("ledger.verified")) == 3


def test_the_export_streams_every_entry_and_a_signed_head(eve, entries):
    answer = eve.get(f"{LEDGER}/export")
    assert answer.headers["content-type"].startswith("application/jsonl")
    header, *lines, last = [json.loads(line) for line in answer.text.splitlines()]
    assert header["posology"] == "ledger-export/1"
    head = SignedHead.from_json(last)
    assert head.size == len(lines) == lines[-1]["n"] + 1
    assert f'filename="ledger-{head.size}.jsonl"' in answer.headers["content-disposition"]
    assert len(entries("ledger.exported")) == 1


def test_clinicians_see_nothing_of_it_and_administrators_the_head(signed_in, entries):
    ada, chief = signed_in("clinician"), signed_in("administrator")
    for path in ("entries", "entries/0/proof", "head", "consistency?old=1", "export"):
        problem(ada.get(f"{LEDGER}/{path}"), 403)
    assert chief.get(f"{LEDGER}/head").status_code == 200
    assert chief.post(f"{LEDGER}/verify").status_code == 200
    problem(chief.get(f"{LEDGER}/entries"), 403)
    assert len(entries("access.refused")) == 6


def test_a_ledger_that_somebody_without_the_key_wrote_is_not_ready_and_nothing_is_done(
    signed_in, client, store
):
    auditor = signed_in("auditor")
    assert client.get("/readyz").status_code == 200
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ledger_state SET last_us = last_us + 1")
    assert client.get("/readyz").json()["store"] == "failed"
    report = auditor.post("/api/v1/ledger/verify").json()
    assert (report["ok"], len(report["problems"])) == (False, 2)
    answer = auditor.get("/api/v1/ledger/entries/0/proof")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "not sealed" in answer.json()["detail"]
