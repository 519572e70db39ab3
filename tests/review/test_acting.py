"""Acts on packets: merged with those of others, never over them, whole or not at all, on the record."""

import hashlib
import json
from threading import Thread

import pytest

from posology.chat import Message, ModelIdentity, Prompt
from posology.errors import Conflict, NotAllowed, NotFound, RequestError
from posology.priorauth.acts import parse_act
from posology.review.acting import act_on, preview_edit
from posology.review.calls import CallLog
from posology.review.packets import versions_of
from posology.review.scratch import Scratch, get_scratch, keep_scratch
from posology.review.sources import open_source
from posology.review.verdicts import record_calls, recorded_desk
from posology.testing import ScriptedGenerator

NOT_PLANNED = {"act": "state", "answer": "no", "statement": "It is not planned.", "date": "2024-11-20"}


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


def test_who_acts_on_what_another_changed_meanwhile_is_told_and_keeps_the_words(clinic):
    packet_id = clinic.packet()
    sentence = editable(clinic, packet_id)[0]
    clinic.act("ann", packet_id, seen=1, act="drop", sentence=sentence, reason="said elsewhere")
    with pytest.raises(Conflict) as raised:
        clinic.act("bob", packet_id, seen=1, act="edit", sentence=sentence, text="Bob's own words.")
    details = raised.value.details
    assert (details.by, details.version, details.current) == ("Ann Avery, MD", 2, 2)
    assert details.target == f"sentence:{sentence}"
    assert details.now is None
    assert details.written == "Bob's own words."
    assert "words" not in str(raised.value)
    assert "words" not in repr(details)
    assert clinic.head(packet_id).version == 2
    kept = get_scratch(clinic.store, clinic.actor("bob"), packet_id, f"sentence:{sentence}")
    assert kept.text == "Bob's own words."
    assert get_scratch(clinic.store, clinic.actor("ann"), packet_id, f"sentence:{sentence}") is None


def test_an_act_that_would_change_what_another_just_wrote_is_told_so(small_clinic):
    """Ann overrides a criterion; Bob, who has not seen it, drops a sentence that hers rewrote."""
    packet_id = small_clinic.packet()
    record = small_clinic.open(packet_id).record
    row = next(r for r in record["narrative"] if r["criterion"] == "bmi-35")
    acted = small_clinic.act(
        "ann",
        packet_id,
        seen=1,
        act="override",
        criterion="bmi-35",
        status="not_met",
        reason="Measured wrongly.",
    )
    assert f"sentence:{row['id']}" in acted.revision.touched
    with pytest.raises(Conflict) as raised:
        small_clinic.act("bob", packet_id, seen=1, act="drop", sentence=row["id"], reason="Not needed.")
    assert raised.value.details.by == "Ann Avery, MD"


def test_the_same_act_that_arrives_twice_is_taken_once(clinic):
    packet_id = clinic.packet()
    sentence = editable(clinic, packet_id)[0]
    first = clinic.act("ann", packet_id, seen=1, act="drop", sentence=sentence, reason="said elsewhere")
    again = clinic.act("ann", packet_id, seen=1, act="drop", sentence=sentence, reason="said elsewhere")
    assert (first.version, again.version, again.again) == (2, 2, True)
    assert clinic.head(packet_id).version == 2


def test_acts_of_many_at_once_are_all_kept(clinic):
    packet_id = clinic.packet()
    ids = [row["id"] for row in clinic.open(packet_id).record["narrative"]][:6]
    for login in ("ann", "bob"):
        clinic.open(packet_id, login)
    failures = []

    def drop(login, sentence):
        try:
            clinic.act(login, packet_id, seen=1, act="drop", sentence=sentence, reason=f"by {login}")
        except Exception as error:  # noqa: BLE001 - a thread's failure is told by the test
            failures.append(error)

    threads = [Thread(target=drop, args=(("ann", "bob")[n % 2], one)) for n, one in enumerate(ids)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    record = clinic.open(packet_id).record
    assert {row["id"] for row in record["withdrawn"]} == set(ids)
    assert clinic.head(packet_id).version == 1 + len(ids)


@pytest.mark.parametrize(
    ("act", "login"),
    [
        ({"act": "confirm", "criterion": "bmi-35"}, "sam"),
        ({"act": "reject", "criterion": "bmi-35", "reason": "x"}, "sam"),
        ({"act": "override", "criterion": "bmi-35", "status": "unknown", "reason": "x"}, "sam"),
        ({"act": "state", "criterion": "bmi-35", "answer": "yes", "statement": "x"}, "sam"),
        ({"act": "edit", "sentence": "s1", "text": "x"}, "aud"),
        ({"act": "edit", "sentence": "s1", "text": "x"}, "adm"),
    ],
)
def test_who_may_not_decide_does_not(small_clinic, act, login):
    packet_id = small_clinic.packet()
    before = small_clinic.size()
    with pytest.raises(NotAllowed):
        act_on(
            small_clinic.store, small_clinic.actor(login), packet_id, 1, parse_act(act), small_clinic.desk_of
        )
    assert small_clinic.size() == before


def test_an_act_on_a_packet_that_is_not_there_is_not_found(small_clinic):
    act = parse_act({"act": "drop", "sentence": "s1", "reason": "x"})
    with pytest.raises(NotFound):
        act_on(small_clinic.store, small_clinic.actor("ann"), "f" * 20, 1, act, small_clinic.desk_of)


def test_an_act_that_makes_no_sense_keeps_nothing(small_clinic):
    packet_id = small_clinic.packet()
    small_clinic.open(packet_id)
    before = small_clinic.size()
    with pytest.raises(RequestError):
        small_clinic.act("ann", packet_id, act="drop", sentence="s99", reason="x")
    assert (small_clinic.size(), small_clinic.head(packet_id).version) == (before, 1)


def test_each_act_writes_its_own_entry_bound_to_the_rows_it_changed(clinic):
    packet_id = clinic.packet()
    opened = clinic.open(packet_id)
    gap = opened.record["gaps"][0]["id"]
    before = clinic.size()
    clinic.act("ann", packet_id, **NOT_PLANNED, criterion=gap)
    first, *rest = clinic.entries(before)
    assert first["kind"] == "packet.answered"
    assert first["details"]["criterion"] == gap
    assert (first["details"]["was"], first["details"]["is"]) == ("unknown", "not_met")
    assert set(first["objects"]) == {f"packets/{packet_id}", f"versions/{packet_id}.2"}
    assert {row["kind"] for row in rest} <= {"check.made", "verdict.given"}
    assert all(row["packet"] == packet_id and row["version"] == 2 for row in (first, *rest))
    assert all(row["objects"] == {} for row in rest)


def test_a_gap_that_is_answered_changes_the_conclusion_and_the_list(clinic):
    packet_id = clinic.packet()
    gap = clinic.open(packet_id).record["gaps"][0]["id"]
    assert clinic.head(packet_id).conclusion == "incomplete"
    clinic.act("ann", packet_id, **NOT_PLANNED, criterion=gap)
    head = clinic.head(packet_id)
    assert (head.conclusion, head.gaps) == ("review", 0)  # findings read from notes are still to confirm


def test_an_attached_document_is_kept_sealed_and_can_be_opened_as_a_source(clinic):
    packet_id = clinic.packet()
    gap = clinic.open(packet_id).record["gaps"][0]["id"]
    text = "Operative plan. The planned operation is a duodenal switch."
    before = clinic.size()
    clinic.act("sam", packet_id, act="attach", criterion=gap, title="Plan", text=text, date="2024-11-01")
    opened = clinic.open(packet_id)
    assert [one.text for one in opened.attachments] == [text]
    shown = open_source(clinic.store, clinic.actor("sam"), packet_id, "attachment/1")
    assert (shown.text, shown.title, shown.date) == (text, "Plan", "2024-11-01")
    entry = clinic.entries(before, "packet.attached")[0]
    assert f"attachments/{packet_id}.1" in entry["objects"]
    sentence = editable(clinic, packet_id)[0]
    clinic.act("ann", packet_id, act="drop", sentence=sentence, reason="said elsewhere")
    assert clinic.open(packet_id).attachments == opened.attachments


def test_unsaved_words_go_once_the_act_is_kept(small_clinic):
    packet_id = small_clinic.packet()
    sentence = editable(small_clinic, packet_id)[0]
    target = f"sentence:{sentence}"
    ann = small_clinic.actor("ann")
    keep_scratch(small_clinic.store, ann, packet_id, Scratch(target, 1, 0, "half a sen"))
    small_clinic.act("ann", packet_id, act="drop", sentence=sentence, reason="said elsewhere")
    assert get_scratch(small_clinic.store, ann, packet_id, target) is None


@pytest.mark.parametrize("kept_at", ["criterion:bmi-35", "override:bmi-35"])
def test_words_typed_into_the_form_of_an_act_go_with_it(small_clinic, kept_at):
    """The page keeps a reason under the name of its form: left there, it would be offered once more."""
    packet_id, ann = small_clinic.packet(), small_clinic.actor("ann")
    keep_scratch(small_clinic.store, ann, packet_id, Scratch(kept_at, 1, 0, "half a rea"))
    keep_scratch(small_clinic.store, ann, packet_id, Scratch("state:bmi-35", 1, 0, "half a statement"))
    small_clinic.act(
        "ann", packet_id, act="override", criterion="bmi-35", status="not_met", reason="seen today"
    )
    assert get_scratch(small_clinic.store, ann, packet_id, kept_at) is None
    assert get_scratch(small_clinic.store, ann, packet_id, "state:bmi-35") is not None


class Yes:
    """A validator that supports whatever it is shown."""

    identity = ModelIdentity("yes-man", "rules", "1", "a" * 64, "none")
    threshold = 0.5

    def score(self, sentence, sources):
        return 0.9

    def score_many(self, pairs):
        return [0.9 for _ in pairs]


def test_a_validator_that_was_asked_is_on_the_record_with_keyed_hashes_only(small_clinic):
    packet_id = small_clinic.packet()
    small_clinic.checker = Yes()
    row = small_clinic.open(packet_id).record["narrative"][2]
    before = small_clinic.size()
    checked = preview_edit(
        small_clinic.store,
        small_clinic.actor("ann"),
        packet_id,
        row["id"],
        row["sentence"],
        small_clinic.desk_of,
    )
    assert checked.verdict == "supported"
    small_clinic.act("ann", packet_id, act="edit", sentence=row["id"], text=row["sentence"])
    entries = small_clinic.entries(before)
    calls = [one for one in entries if one["kind"] == "model.called"]
    assert calls
    assert all(one["details"]["name"] == "yes-man" and one["details"]["role"] == "validator" for one in calls)
    assert all(len(one["details"]["prompt_hash"]) == 64 for one in calls)
    verdicts = [one["details"] for one in entries if one["kind"] == "verdict.given"]
    assert {"sentence": row["id"], "verdict": "supported", "by": "yes-man", "score": 900} in verdicts
    assert row["sentence"] not in json.dumps(entries)


def test_a_preview_keeps_nothing(small_clinic):
    packet_id = small_clinic.packet()
    row = small_clinic.open(packet_id).record["narrative"][2]
    before = small_clinic.size()
    wrong = row["sentence"].rstrip(".") + " in 1903."
    checked = preview_edit(
        small_clinic.store, small_clinic.actor("sam"), packet_id, row["id"], wrong, small_clinic.desk_of
    )
    assert checked.verdict == "withheld"
    assert small_clinic.head(packet_id).version == 1
    assert {row["kind"] for row in small_clinic.entries(before)} <= {"packet.read"}


def test_every_model_of_a_desk_is_noted_when_it_is_asked(small_clinic):
    opened = small_clinic.open(small_clinic.packet())
    small_clinic.writer, small_clinic.checker = ScriptedGenerator(["no"]), Yes()
    log = CallLog(lambda purpose, value: hashlib.sha256(value).hexdigest(), "")
    desk = recorded_desk(small_clinic.desk_of(opened), log)
    desk.writer.generate([Prompt((Message("user", "Secret question?"),))])
    desk.checker.score("Secret sentence.", ["source"])
    with small_clinic.store.write(small_clinic.actor("ann")) as w:
        record_calls(w, log, opened.head.id, 1)
    calls = small_clinic.entries(0, "model.called")
    assert [row["details"]["role"] for row in calls] == ["writer", "validator"]
    assert "Secret" not in json.dumps(calls)
    assert log.rows == []
