"""Acts on packets: merged with those of others, never over them, whole or not at all, on the record."""


import pytest

from posology.errors import Conflict
from posology.review.packets import versions_of


def editable(clinic, packet_id):
    return [row["id"] for row in clinic.open(packet_id).record["narrative"] if row["section"] != "request"]


def test_an_edit_makes_a_version_and_leaves_the_one_before(clinic):
    packet_id = clinic.packet()
    row = clinic.open(packet_id).record["narrative"][1]
    before = clinic.size()
    acted = clinic.act("ann", packet_id, act="edit", sentence=row["id"], text=row["sentence"] + " ")
    opened = clinic.open(packet_id)
    assert acted.version == opened.head.version == 2
    assert opened.draft["narrative"][1] == row
    kinds = [entry["kind"] for entry in clinic.entries(before)]
    assert kinds[0] == "packet.edited"
    assert set(kinds[1:]) <= {"check.made", "verdict.given"}
    assert {"check.made", "verdict.given"} <= set(kinds)


def test_two_people_on_different_sentences_both_keep_their_work(clinic):
    packet_id = clinic.packet()
    one, two = editable(clinic, packet_id)[:2]
    clinic.act("ann", packet_id, seen=1, act="drop", sentence=one, reason="said elsewhere")
    clinic.act("bob", packet_id, seen=1, act="drop", sentence=two, reason="not needed")
    record = clinic.open(packet_id).record
    assert {row["id"] for row in record["withdrawn"]} == {one, two}
    assert [row.by for row in versions_of(clinic.store, clinic.actor("ann"), packet_id)] == [
        "Sam Stone",
        "Ann Avery, MD",
        "Bob Brook, MD",
    ]


def test_who_edits_what_another_changed_meanwhile_is_told_and_keeps_the_words(clinic):
    packet_id = clinic.packet()
    sentence = editable(clinic, packet_id)[0]
    clinic.act("ann", packet_id, seen=1, act="drop", sentence=sentence, reason="said elsewhere")
    with pytest.raises(Conflict):
        clinic.act("bob", packet_id, seen=1, act="drop", sentence=sentence, reason="Bob's own reason")
    assert clinic.head(packet_id).version == 2
