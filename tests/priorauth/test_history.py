"""What lies between two records of a packet: every change, with who made it and why."""

import json

from hypothesis import given
from hypothesis import strategies as st

from posology.priorauth import differences
from tests.priorauth.drafted import drafted
from tests.priorauth.reviewed import OTHER, acted, criterion_of, desk_of

GASTRIC, CGM = "cms-ncd-100.1", "northfield-cgm"


def test_nothing_lies_between_a_record_and_itself():
    record = drafted(GASTRIC).record
    assert differences(record, record) == ()


def test_an_edit_is_shown_word_by_word_with_its_author():
    one = drafted(GASTRIC)
    row = next(row for row in one.record["narrative"] if "35 kg/m2" in row["sentence"])
    text = row["sentence"].replace("The record shows", "We measured a")
    after = acted(one.record, desk_of(one), "edit", sentence=row["id"], text=text).record
    (found,) = differences(one.record, after)
    assert (found.kind, found.id, found.change, found.by) == ("sentence", row["id"], "changed", "Dana Reyes")
    assert [run.operation for run in found.words] == ["replace", "equal"]
    assert (found.words[0].before, found.words[0].after) == ("The record shows", "We measured a")
    assert (found.before["written_by"], found.after["written_by"]) == ("template", "person")
    assert text not in repr(found)


def test_a_decision_is_shown_with_who_and_why_and_what_follows_from_it():
    one = drafted(CGM)
    after = acted(
        one.record, desk_of(one), "reject", criterion="training", reason="Copied forward.", person=OTHER
    ).record
    found = {(row.kind, row.id): row for row in differences(one.record, after)}
    training = found["criterion", "training"]
    assert (training.by, training.why) == (OTHER.name, "Copied forward.")
    assert (training.before["status"], training.after["status"]) == ("met", "unknown")
    assert found["conclusion", "conclusion"].after["conclusion"] == "incomplete"
    assert found["gap", "criterion:training"].change == "added"
    gone = [row for row in found.values() if row.kind == "sentence"]
    assert {row.change for row in gone} == {"removed"}
    assert {row.why for row in gone} == {"its finding no longer holds"}


def test_a_confirmation_an_answer_and_a_dropped_sentence_are_differences():
    one = drafted(CGM)
    desk = desk_of(one)
    record = acted(one.record, desk, "confirm", criterion="training").record
    record = acted(record, desk, "answer", field="quantity", value=1).record
    record = acted(record, desk, "drop", sentence="s2", reason="Not needed.").record
    found = {(row.kind, row.id): row for row in differences(one.record, record)}
    assert found["criterion", "training"].after["basis"] == "human"
    assert criterion_of(record, "training")["decision"]["act"] == "confirm"
    assert found["gap", "administrative:quantity"].change == "removed"
    assert (found["answer", "quantity"].change, found["answer", "quantity"].by) == ("added", "Dana Reyes")
    dropped = found["sentence", "s2"]
    assert (dropped.change, dropped.by, dropped.why) == ("removed", "Dana Reyes", "Not needed.")
    told = [row.as_json() for row in found.values()]
    assert json.loads(json.dumps(told)) == told


@given(st.text(alphabet="ab \n", max_size=20), st.text(alphabet="ab \n", max_size=20))
def test_the_runs_of_words_put_together_give_both_texts_again(before, after):
    records = [
        {
            "conclusion": "ready",
            "provisional": None,
            "criteria": [],
            "gaps": [],
            "narrative": [
                {"id": "s1", "sentence": text, "cites": [], "verdict": "unchecked", "written_by": "template"}
            ],
        }
        for text in (before, after)
    ]
    found = differences(*records)
    assert bool(found) == (before != after)
    for one in found:
        assert "".join(run.before for run in one.words) == before
        assert "".join(run.after for run in one.words) == after
