"""The ledger is searched, proved and exported; who asked for it is recorded too."""

import io
import json
import time
from pathlib import Path

import pytest

from posology.errors import LedgerError, NotFound
from posology.ledger.entries import Kind
from posology.ledger.export import verify_export
from posology.ledger.heads import read_heads, verify_head
from posology.ledger.proofs import verify_consistency
from posology.ledger.receipts import verify_proof
from posology.review import audit
from posology.review.audit import Query
from posology.store import SYSTEM, Actor, Store

AUDITOR = Actor("auditor1", session="s9")


def record(store: Store, count: int, *, packet: str = "p1", actor: Actor = SYSTEM) -> None:
    for _ in range(count):
        with store.write(actor) as w:
            w.record(Kind.PACKET_READ, packet=packet)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 20])
def test_every_entry_is_proved_in_ledgers_of_every_shape(sqlite_store: Store, size: int) -> None:
    record(sqlite_store, size - 1)
    for n in range(size):
        proof = audit.inclusion(sqlite_store, n)
        assert proof["size"] == size
        assert verify_proof(json.dumps(proof)) == []


def test_every_older_ledger_is_proved_the_beginning_of_this_one(store: Store) -> None:
    record(store, 12)
    for old in range(14):
        proof = audit.consistency(store, old)
        roots = bytes.fromhex(proof["old_root"]), bytes.fromhex(proof["new_root"])
        path = [bytes.fromhex(step) for step in proof["path"]]
        assert verify_consistency(old, roots[0], 13, roots[1], path)


@pytest.mark.parametrize(("old", "new"), [(-1, 1), (2, 1), (0, 99)])
def test_no_proof_is_given_of_what_is_not_there(sqlite_store: Store, old: int, new: int) -> None:
    with pytest.raises(NotFound, match="the ledger has 1 entries"):
        audit.consistency(sqlite_store, old, new)
    with pytest.raises(NotFound, match="there is no entry"):
        audit.inclusion(sqlite_store, new + 5)


def test_entries_are_found_by_kind_person_packet_and_time_and_read_page_by_page(store: Store) -> None:
    store.clock = iter(range(10_000_000, 90_000_000, 1_000_000)).__next__
    record(store, 3, packet="p1", actor=AUDITOR)
    record(store, 4, packet="p2")
    assert {e["packet"] for e in audit.entries(store, Query(packet="p1")).entries} == {"p1"}
    assert len(audit.entries(store, Query(actor="auditor1")).entries) == 3
    assert len(audit.entries(store, Query(kind="store.created")).entries) == 1
    late = audit.entries(store, Query(since_us=12_000_000, until_us=14_000_000)).entries
    assert [e["n"] for e in late] == [4, 3]
    numbers, before = [], None
    while True:
        page = audit.entries(store, Query(limit=3, before=before))
        numbers += [e["n"] for e in page.entries]
        before = page.before
        if before is None:
            break
    assert numbers == list(reversed(range(8)))


def test_a_head_is_signed_and_its_export_recorded(store: Store, tmp_path: Path) -> None:
    heads = tmp_path / "heads.jsonl"
    first = audit.export_head(store, AUDITOR, heads)
    second = audit.export_head(store, AUDITOR, heads)
    assert read_heads(heads) == (first, second)
    assert second.size == first.size + 1
    newest = audit.entries(store, Query(limit=1)).entries[0]
    assert (newest["kind"], newest["actor"], newest["session"]) == ("head.exported", "auditor1", "s9")
    made = audit.entries(store, Query(kind="store.created")).entries[0]
    assert verify_head(second, bytes.fromhex(made["details"]["public_key"]))


def test_an_outsider_verifies_an_export_with_the_head_that_was_kept(store: Store, tmp_path: Path) -> None:
    record(store, 10)
    head = audit.signed_head(store)
    file = tmp_path / "ledger.jsonl"
    audit.save_export(store, AUDITOR, file)
    assert verify_export(file, heads=[head]).ok
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:4], lines[4].replace(b"p1", b"p2"), *lines[5:]]))
    assert not verify_export(file, heads=[head]).ok


def test_giving_a_proof_and_verifying_are_recorded(store: Store) -> None:
    audit.prove(store, AUDITOR, 0)
    report = audit.verify(store, AUDITOR)
    stream = io.BytesIO()
    audit.export_ledger(store, AUDITOR, stream)
    kinds = [e["kind"] for e in audit.entries(store, Query(actor="auditor1")).entries]
    assert kinds == ["ledger.exported", "ledger.verified", "proof.given"]
    assert report.ok
    assert stream.getvalue().count(b"\n") == 4 + 2


def test_an_altered_ledger_gives_no_proof(sqlite_store: Store) -> None:
    record(sqlite_store, 4)
    with sqlite_store.volatile() as connection:
        connection.exec_driver_sql("UPDATE ledger_nodes SET hash = zeroblob(32) WHERE level = 1")
    with pytest.raises(LedgerError, match="no proof of entry 2"):
        audit.inclusion(sqlite_store, 2)
    with sqlite_store.volatile() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_nodes")
    with pytest.raises(LedgerError, match="the ledger was altered"):
        audit.inclusion(sqlite_store, 0)


@pytest.mark.slow
def test_a_proof_is_quick_in_a_long_ledger(sqlite_store: Store) -> None:
    with sqlite_store.write(SYSTEM) as w:
        for _ in range(20_000):
            w.record(Kind.PACKET_READ, packet="p1")
    audit.inclusion(sqlite_store, 1)
    begun = time.process_time()
    for n in range(0, 20_000, 1000):
        audit.inclusion(sqlite_store, n)
    assert (time.process_time() - begun) / 20 < 0.05  # ten times the measured
