"""Packets in the store: made once, opened with every reading on the record, shown by nobody's name."""

import json

import pytest
from sqlalchemy import select

from posology.errors import NotAllowed, NotFound
from posology.ledger.entries import Kind
from posology.review.packets import open_packet, open_version, pulse_of, versions_of
from posology.review.sources import list_sources, open_source
from posology.review.versions import NewVersion, add_version, load_version
from posology.store.schema import packets, versions
from tests.review.conftest import made


def test_what_is_opened_is_what_was_drafted(clinic):
    packet_id = clinic.packet()
    opened = clinic.open(packet_id)
    packet = made("cms-ncd-100.1", "meet", 1)[2]
    assert opened.record == json.loads(packet.to_bytes())
    assert opened.draft == opened.record
    assert opened.manifest["models"] == dict(packet.manifest)["models"]
    assert opened.head.state == "drafted"
    assert opened.head.version == 1
    assert opened.head.conclusion == packet.conclusion
    assert opened.head.card.name == packet.record["patient"]["name"]
    assert opened.head.owner == "Sam Stone"


def test_a_packet_is_read_once_a_session_in_the_ledger(clinic):
    packet_id = clinic.packet()
    before = clinic.size()
    for _ in range(3):
        open_packet(clinic.store, clinic.actor("ann"), packet_id)
    open_packet(clinic.store, clinic.actor("ann", "two"), packet_id)
    open_packet(clinic.store, clinic.actor("sam"), packet_id)
    entries = clinic.entries(before)
    assert [(row["kind"], row["session"]) for row in entries] == [
        ("packet.read", "ann-one"),
        ("packet.read", "ann-two"),
        ("packet.read", "sam-one"),
    ]


def test_a_source_is_read_once_a_session_and_named_by_a_hash(clinic):
    packet_id = clinic.packet()
    clinic.open(packet_id)
    before = clinic.size()
    sources = list_sources(clinic.store, clinic.actor("ann"), packet_id)
    note = next(one for one in sources if one.kind == "text")
    for _ in range(2):
        shown = open_source(clinic.store, clinic.actor("ann"), packet_id, note.source)
    assert shown.kind == "text"
    entries = clinic.entries(before)
    assert [row["kind"] for row in entries] == ["source.read"]
    assert note.source not in json.dumps(entries)
    assert entries[0]["details"]["source"] == note.source.split("/")[0]


def test_every_quote_of_a_packet_stands_in_the_source_that_is_shown(clinic):
    packet_id = clinic.packet()
    opened = clinic.open(packet_id)
    seen = 0
    for row in opened.record["evidence"]:
        if row["kind"] not in ("text", "structured"):
            continue
        shown = open_source(clinic.store, clinic.actor("ann"), packet_id, row["source"])
        if row["kind"] == "text":
            assert shown.text[row["start"] : row["end"]] == row["quote"]
        else:
            paths = [path for path, _ in shown.fields]
            assert any(
                path == row["path"] or path.startswith((row["path"] + ".", row["path"] + "["))
                for path in paths
            )
        seen += 1
    assert seen


@pytest.mark.parametrize("login", ["aud", "adm"])
def test_who_neither_reviews_nor_prepares_reads_no_packet(small_clinic, login):
    packet_id = small_clinic.packet()
    for read in (open_packet, versions_of, pulse_of, list_sources):
        with pytest.raises(NotAllowed, match="clinician or staff"):
            read(small_clinic.store, small_clinic.actor(login), packet_id)


@pytest.mark.parametrize("foreign", ["0" * 20, "../../etc", "", "Ann' OR 1=1", "x" * 500])
def test_a_foreign_id_is_not_found_and_not_repeated(small_clinic, foreign):
    small_clinic.packet()
    for read in (open_packet, versions_of, pulse_of, list_sources):
        with pytest.raises(NotFound) as raised:
            read(small_clinic.store, small_clinic.actor("ann"), foreign)
        assert "etc" not in str(raised.value)


def test_a_source_that_the_chart_does_not_hold_is_not_found(small_clinic):
    packet_id = small_clinic.packet()
    for name in ("Observation/none", "../../../etc/passwd", "attachment/1", ""):
        with pytest.raises(NotFound):
            open_source(small_clinic.store, small_clinic.actor("ann"), packet_id, name)


def test_no_version_is_there_that_was_not_made(small_clinic):
    packet_id = small_clinic.packet()
    for number in (0, 2, -1):
        with pytest.raises(NotFound, match="no version"):
            open_version(small_clinic.store, small_clinic.actor("ann"), packet_id, number)


def test_the_rows_of_a_packet_show_no_text_of_its_record_in_clear(clinic):
    packet_id = clinic.packet()
    record = clinic.open(packet_id).record
    words = [record["patient"]["name"], record["patient"]["member_id"], record["patient"]["birth_date"]]
    words += [row["quote"] for row in record["evidence"] if row["kind"] == "text"]
    with clinic.store.read() as connection:
        rows = [*connection.execute(select(packets)), *connection.execute(select(versions))]
    clear = json.dumps([[v for v in row if isinstance(v, str | int)] for row in rows])
    for word in words:
        assert word not in clear
        assert all(word.encode() not in bytes(v) for row in rows for v in row if isinstance(v, bytes))


def test_targets_of_a_version_come_back_whatever_their_ids_hold(small_clinic):
    packet_id = small_clinic.packet()
    touched = ("criterion:BMI of 35 or more", "gap:100% sure", "sentence:s1")
    with small_clinic.store.write(small_clinic.actor("ann")) as w:
        key_id = w.connection.execute(select(packets.c.key_id)).scalar_one()
        record = first_record(w, packet_id, key_id)
        add_version(w, NewVersion(packet_id, key_id, 2, "edit", record, {"act": {}}, touched[0], touched))
        w.update(packets, packet_id, {"version": 2})
        w.record(Kind.PACKET_EDITED, packet=packet_id, version=2)
    assert versions_of(small_clinic.store, small_clinic.actor("ann"), packet_id)[-1].touched == touched


def first_record(w, packet_id, key_id):
    return load_version(w.store, w.connection, packet_id, key_id, 1).record
