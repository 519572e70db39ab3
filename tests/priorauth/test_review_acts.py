"""Acts of a review: what each does to criterion, letter and conclusion, and what no act may do."""

import json
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from posology.errors import ChartError, PolicyError, RequestError, SettingsError
from posology.policies import Code, load_policy
from posology.priorauth import RequestFile, draft, parse_act, parse_request, request_of, revise
from posology.priorauth.letter import build_view, render_markdown
from tests.priorauth.drafted import POLICIES, Drafted, chart_of, draft_of, drafted, rules
from tests.priorauth.reviewed import (
    AT,
    CLINICIAN,
    OTHER,
    acted,
    criterion_of,
    desk_of,
    gaps_of,
    possible_act,
    problems_of,
    sentences_of,
)


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
def test_no_sequence_of_acts_breaks_what_every_packet_holds(policy_id):
    rng = random.Random(f"acts {policy_id}")
    for plan, seed in (("meet", 5), ("mixed", 6)):
        one = drafted(policy_id, plan, seed)
        record, desk = one.record, desk_of(one)
        assert problems_of(record, one, desk) == []
        for _ in range(12):
            chosen = possible_act(record, desk, rng)
            before = json.dumps(record)
            try:
                revision = revise(record, parse_act(chosen), rng.choice([CLINICIAN, OTHER]), AT, desk)
            except RequestError:
                assert json.dumps(record) == before
                continue
            assert json.dumps(record) == before, "the record before is left as it was"
            if revision.attachment is not None:
                desk = replace(desk, attachments=(*desk.attachments, revision.attachment))
            record = revision.record
            assert problems_of(record, one, desk) == [], chosen


def _confirmed(record, desk):
    for key in list(record["findings_to_confirm"]):
        record = acted(record, desk, "confirm", criterion=key).record
    return record


def test_a_review_in_which_every_reading_is_confirmed_is_ready_once_nothing_is_missing():
    one = drafted("northfield-cgm")
    desk = desk_of(one)
    assert (one.record["conclusion"], one.record["provisional"]) == ("review", "ready")
    record = _confirmed(one.record, desk)
    assert (record["conclusion"], record["findings_to_confirm"]) == ("review", [])
    revision = acted(record, desk, "answer", field="quantity", value={"value": 1, "unit": "device"})
    assert (revision.before.outcome, revision.after.outcome) == ("review", "ready")
    assert revision.target == "gap:quantity"
    assert "gap:quantity" in revision.touched
    assert "The quantity requested is 1 device." in {row["sentence"] for row in revision.record["narrative"]}


def test_a_confirmed_reading_stays_cited_beside_who_confirmed_it():
    one = drafted("northfield-cgm")
    before = criterion_of(one.record, "training")
    revision = acted(one.record, desk_of(one), "confirm", criterion="training")
    after = criterion_of(revision.record, "training")
    assert (after["status"], after["basis"], after["decided_by"]) == ("met", "human", "person")
    *kept, added = after["evidence"]
    assert kept == before["evidence"]
    human = {row["id"]: row for row in revision.record["evidence"]}[added]
    assert (human["kind"], human["by"], human["quote"]) == (
        "human",
        "Dana Reyes",
        "Confirmed by Dana Reyes on 2026-11-21",
    )
    assert revision.record["narrative"] == one.record["narrative"], "the letter tells the note's own words"
    assert revision.touched == {"criterion:training"}


def test_a_rejected_reading_leaves_the_letter_and_opens_its_gap_also_after_it_was_confirmed():
    one = drafted("northfield-cgm")
    desk = desk_of(one)
    confirmed = acted(one.record, desk, "confirm", criterion="training").record
    for record in (one.record, confirmed):
        revision = acted(record, desk, "reject", criterion="training", reason="That was his brother.")
        row = criterion_of(revision.record, "training")
        assert (row["status"], row["basis"], row["evidence"]) == ("unknown", "none", [])
        assert row["rejected"] == criterion_of(one.record, "training")["evidence"]
        assert ("criterion", "training") in gaps_of(revision.record)
        assert sentences_of(revision.record, "training") == []
        assert row["decision"]["reason"] == "That was his brother."
        assert row["rejected"][0] not in build_view(revision.record).sources[0].ids
        assert revision.after.outcome == "incomplete"


def test_a_rejected_sentence_is_not_read_again_when_a_document_comes():
    one = drafted("northfield-cgm")
    desk = desk_of(one)
    record = acted(one.record, desk, "reject", criterion="training", reason="Another patient.").record
    day = desk.request.day.isoformat()
    revision = acted(
        record, desk, "attach", criterion="training", title="Fax", text="Blood pressure was normal.", date=day
    )
    row = criterion_of(revision.record, "training")
    assert row["status"] == "unknown"
    assert not set(row["evidence"]) & set(row["rejected"])
    assert row["looked"]


STATEMENTS = ("yes", "no")


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
def test_a_statement_in_the_review_does_what_an_attestation_of_the_request_file_does(policy_id):
    one = drafted(policy_id, "mixed", 6)
    desk = desk_of(one)
    for number, row in enumerate(one.record["criteria"][::2]):
        statement = {
            "criterion": row["id"],
            "answer": STATEMENTS[number % 2],
            "statement": "I have treated this patient and state it.",
            "date": desk.request.day.isoformat(),
        }
        drawn = draft_of(
            policy_id,
            "mixed",
            6,
            details=parse_request({"attestations": [statement | {"by": CLINICIAN.name}]}, "request"),
        )
        revised = acted(one.record, desk, "state", **statement).record
        assert _gist(revised) == _gist(drawn.record), row["id"]


def _gist(record):
    """Return what a draft and a review must agree on: everything but ids and where a person said it."""
    quotes = {row["id"]: row["quote"] for row in record["evidence"]}
    return {
        "conclusion": [record[key] for key in ("conclusion", "provisional", "findings_to_confirm")],
        "criteria": [
            {key: row[key] for key in ("id", "status", "basis", "reason", "decided_by")}
            | {key: [quotes[one] for one in row[key]] for key in ("evidence", "contrary")}
            | {"decides": row.get("decides")}
            for row in record["criteria"]
        ],
        "narrative": [(row["section"], row["sentence"], row["verdict"]) for row in record["narrative"]],
        "gaps": record["gaps"],
        "diagnoses": [row["code"] for row in record["administrative"]["diagnoses"]],
    }


ANSWERS = [
    ("quantity", {"value": 30, "unit": "tablets"}, {"quantity": {"value": 30, "unit": "tablets"}}),
    ("quantity", 4, {"quantity": 4}),
    ("member-id", "M-100 200", {"member_id": "M-100 200"}),
    ("npi", "1234567893", {"provider": {"npi": "1234567893"}}),
    ("provider-name", "Dr. Ines Roth", {"provider": {"name": "Dr. Ines Roth"}}),
    ("facility", "Lakeside Hospital", {"facility": {"name": "Lakeside Hospital"}}),
    ("facility-npi", "1234567893", {"facility": {"npi": "1234567893"}}),
    ("side", "left", {"side": "left"}),
    ("kind", "continuation", {"kind": "continuation"}),
    ("body-site", "knee", {"body_site": "knee"}),
    ("diagnosis", "E66.01", {"diagnoses": [{"code": "E66.01"}]}),
    ("type-of-bill", "013X", {"type_of_bill": "013X"}),
]  # fmt: skip


@pytest.mark.parametrize("policy_id", ["northfield-glp1", "cms-ncd-210.14"])
def test_an_answer_in_the_review_does_what_the_request_file_does(policy_id):
    one = drafted(policy_id)
    for field, value, details in ANSWERS:
        drawn = draft_of(policy_id, details=parse_request(details, "request"))
        revised = acted(one.record, desk_of(one), "answer", field=field, value=value).record
        assert _gist(revised) == _gist(drawn.record), field
        same = [key for key in drawn.record["administrative"] if key != "diagnoses"]
        assert {key: revised["administrative"][key] for key in same} == {
            key: drawn.record["administrative"][key] for key in same
        }
        assert request_of(revised, RequestFile()).details == parse_request(details, "request")


WRONG_ANSWERS = [
    ("npi", "1234567890", "a wrong check digit"),
    ("quantity", -1, "less than nothing"),
    ("side", "upper", "not a side"),
    ("kind", "", "empty"),
    ("member-id", "a\nb", "two lines"),
    ("tax-id", "12", "too short"),
    ("order", "yes", "an order stands in the chart"),
    ("patient-name", "X", "a name stands in the chart"),
    ("shoe-size", "43", "nothing asks for it"),
    ("diagnosis", {"kode": "E66.01"}, "an unknown key"),
]


@pytest.mark.parametrize(("field", "value", "reason"), WRONG_ANSWERS, ids=[row[2] for row in WRONG_ANSWERS])
def test_an_answer_that_is_none_is_refused(field, value, reason):
    one = drafted("northfield-glp1")
    with pytest.raises(RequestError, match=r"answer|value"):
        acted(one.record, desk_of(one), "answer", field=field, value=value)


def test_a_practice_field_is_answered_for_this_packet():
    one = drafted("northfield-glp1")
    record = acted(one.record, desk_of(one), "answer", field="tax-id", value="12-3456789").record
    assert record["administrative"]["practice"]["tax_id"] == "12-3456789"


HELD_OUT = Path(__file__).parents[1] / "heldout" / "policies" / "request.yaml"


def _brace(details=None):
    """Draft for a policy that asks the request itself, and for a document."""
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1970-02-03", "name": [{"family": "Ek"}]}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}
    chart, policy = chart_of(bundle), load_policy(HELD_OUT)
    packet = draft(
        chart,
        service=Code("HCPCS", "L1833"),
        day=date(2026, 12, 1),
        policies=[policy],
        policy_id=policy.id,
        settings=rules(),
        details=details,
    )
    return Drafted(policy, bundle, {}, chart, packet)


def test_an_answer_that_criteria_look_at_decides_them_again():
    one = _brace()
    record, desk = one.record, desk_of(one)
    assert criterion_of(record, "quantity")["status"] == "unknown"
    for field, value in (("quantity", 3), ("side", "left"), ("kind", "initial")):
        record = acted(record, desk, "answer", field=field, value=value).record
        assert problems_of(record, one, desk) == []
    drawn = _brace(parse_request({"quantity": 3, "side": "left", "kind": "initial"}, "request"))
    assert _gist(record) == _gist(drawn.record)
    assert (criterion_of(record, "quantity")["status"], record["conclusion"]) == ("not_met", "not_supported")
    again = acted(record, desk, "answer", field="quantity", value=1)
    assert criterion_of(again.record, "quantity")["status"] == "met"
    assert "The quantity requested is 3." not in {row["sentence"] for row in again.record["narrative"]}


def test_an_answer_does_not_outrank_a_person_and_says_so():
    one = _brace()
    desk = desk_of(one)
    record = acted(
        one.record, desk, "state", criterion="quantity", answer="yes", statement="Two are needed."
    ).record
    revision = acted(record, desk, "answer", field="quantity", value=3)
    assert criterion_of(revision.record, "quantity")["status"] == "met"
    assert any("a person has decided it" in notice.text for notice in revision.findings)


def test_an_attached_document_closes_its_gap_if_it_is_not_of_a_later_day():
    one = _brace()
    desk = desk_of(one)
    assert ("document", "order") in gaps_of(one.record)
    keys = {"gap": "order", "title": "Signed order", "text": "Knee brace, left.\n"}
    at = datetime(2027, 1, 5, tzinfo=UTC)
    late = revise(one.record, parse_act({"act": "attach", "date": "2026-12-02", **keys}), CLINICIAN, at, desk)
    assert ("document", "order") in gaps_of(late.record)
    assert "does not count" in late.findings[0].text
    revision = acted(one.record, desk, "attach", date="2026-11-20", **keys)
    assert ("document", "order") not in gaps_of(revision.record)
    assert revision.target == "gap:order"
    (enclosed,) = revision.record["administrative"]["attachments"]
    assert (enclosed["source"], enclosed["title"]) == ("attachment/1", "Signed order")
    assert "Signed order" in render_markdown(build_view(revision.record))
    with pytest.raises(RequestError, match="asked for: none"):
        acted(
            revision.record,
            replace(desk, attachments=(revision.attachment,)),
            "attach",
            date="2026-11-20",
            **keys,
        )


def test_an_override_decides_and_leaves_the_chart_in_sight():
    one = drafted("cms-ncd-100.1")
    before = criterion_of(one.record, "bmi-35")
    revision = acted(
        one.record,
        desk_of(one),
        "override",
        criterion="bmi-35",
        status="not_met",
        reason="The scale was broken.",
    )
    row = criterion_of(revision.record, "bmi-35")
    assert (row["status"], row["basis"], row["contrary"]) == ("not_met", "human", before["evidence"])
    assert revision.after.outcome == "not_supported"
    assert row["decides"] is True
    assert all(one["section"] != "medical_necessity" for one in revision.record["narrative"])
    back = acted(
        revision.record,
        desk_of(one),
        "override",
        criterion="bmi-35",
        status="met",
        reason="It was not.",
        person=OTHER,
    )
    row = criterion_of(back.record, "bmi-35")
    quotes = {one["id"]: one["quote"] for one in back.record["evidence"]}
    assert "The scale was broken." in [quotes[key] for key in row["contrary"]], (
        "the other person stays in sight"
    )
    assert row["status"] == "met"


def test_a_finding_that_is_put_back_rests_on_the_chart_again_and_the_record_says_what_was():
    one = drafted("cms-ncd-100.1")
    desk = desk_of(one)
    keys = {"criterion": "bmi-35", "reason": "I measured again."}
    away = acted(one.record, desk, "override", status="not_met", **keys).record
    was = criterion_of(away, "bmi-35")["decision"]["was"]
    assert was == {"status": "met", "basis": "structured", "decided_by": "rule"}
    back = acted(away, desk, "override", status="met", **keys).record
    before, after = criterion_of(one.record, "bmi-35"), criterion_of(back, "bmi-35")
    assert set(before["evidence"]) <= set(after["evidence"])
    assert after["contrary"] == []
    told = [row["sentence"] for row in back["narrative"]]
    assert {row["sentence"] for row in one.record["narrative"]} <= set(told)


def test_what_is_left_open_by_a_person_is_asked_for():
    one = drafted("cms-ncd-100.1")
    revision = acted(
        one.record,
        desk_of(one),
        "override",
        criterion="bmi-35",
        status="unknown",
        reason="I doubt the scale.",
    )
    assert ("criterion", "bmi-35") in gaps_of(revision.record)
    assert criterion_of(revision.record, "bmi-35")["looked"]
    assert revision.after.outcome == "incomplete"


def test_an_attached_document_answers_what_the_notes_left_open():
    full, one = drafted("cms-ncd-30.3.3"), drafted("cms-ncd-30.3.3", "lack-nonspecific")
    desk = desk_of(one)
    assert criterion_of(one.record, "nonspecific")["status"] == "unknown"
    said = criterion_of(full.record, "nonspecific")["evidence"][0]
    sentence = next(row["quote"] for row in full.record["evidence"] if row["id"] == said)
    text = f"Visit note.\n\n{sentence}\n"
    day = desk.request.day.isoformat()
    revision = acted(one.record, desk, "attach", criterion="nonspecific", title="Visit", text=text, date=day)
    row = criterion_of(revision.record, "nonspecific")
    assert (row["status"], row["basis"]) == ("met", "text")
    quote = next(one for one in revision.record["evidence"] if one["id"] == row["evidence"][0])
    assert quote["source"] == "attachment/1"
    assert text[quote["start"] : quote["end"]] == quote["quote"]
    assert ("criterion", "nonspecific") not in gaps_of(revision.record)
    assert revision.attachment is not None
    assert revision.attachment.text == text
    with pytest.raises(ChartError, match="attachment/1"):
        acted(revision.record, desk, "confirm", criterion="nonspecific")
    desk = replace(desk, attachments=(revision.attachment,))
    confirmed = acted(revision.record, desk, "confirm", criterion="nonspecific").record
    assert problems_of(confirmed, one, desk) == []


NONSENSE = [
    ("confirm", {"criterion": "bmi"}, "no such criterion"),
    ("confirm", {"criterion": "bmi-35"}, "structured data decided it"),
    ("confirm", {"criterion": "other-non-covered-procedure"}, "nothing was read"),
    ("reject", {"criterion": "bmi-35", "reason": "r"}, "structured data decided it"),
    ("override", {"criterion": "bmi-35", "status": "met", "reason": "r"}, "it is met already"),
    ("state", {"criterion": "bmi-35", "answer": "yes", "statement": "s"}, "stated after the date of service"),
    ("edit", {"sentence": "s99", "text": "t"}, "no such sentence"),
    ("edit", {"sentence": "s1", "text": "t", "cites": ["e99"]}, "no such evidence"),
    ("drop", {"sentence": "w1", "reason": "r"}, "not a sentence of the letter"),
    ("offer", {"withheld": "w9"}, "nothing is withheld under it"),
    ("attach", {"gap": "g", "title": "t", "text": "x", "date": "2024-01-01"}, "not asked for"),
    ("attach", {"criterion": "bmi-35", "title": "t", "text": "x", "date": "2024-01-01"}, "not asked"),
    ("attach", {"criterion": "failed-treatment", "title": "t", "text": "x", "date": "2199-01-01"}, "to come"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "keys", "reason"), NONSENSE, ids=[f"{row[0]}: {row[2]}" for row in NONSENSE])
def test_an_act_that_makes_no_sense_is_refused_with_what_to_do(act, keys, reason):
    one = drafted("cms-ncd-100.1")
    with pytest.raises(RequestError) as refused:
        acted(one.record, desk_of(one), act, **keys)
    assert len(str(refused.value).splitlines()) == 1


def test_a_desk_that_is_not_the_records_is_refused():
    one, other = drafted("cms-ncd-100.1"), drafted("cms-ncd-240.4")
    desk = desk_of(one)
    changed = replace(desk, policy=replace(one.policy, sha256="0" * 64))
    with pytest.raises(PolicyError, match="has changed since the draft; draft anew"):
        acted(one.record, changed, "confirm", criterion="bmi-35")
    with pytest.raises(ChartError, match="not of the packet's patient"):
        acted(one.record, replace(desk, chart=other.chart), "confirm", criterion="bmi-35")
    cut = [replace(document, text=document.text[1:]) for document in one.chart.documents]
    with pytest.raises(ChartError, match="not the chart that was drafted from"):
        acted(one.record, replace(desk, chart=replace(one.chart, documents=tuple(cut))), "drop",
              sentence="s1", reason="r")  # fmt: skip
    later = replace(desk, request=replace(desk.request, day=AT.date()))
    with pytest.raises(RequestError, match="date of service"):
        acted(one.record, later, "confirm", criterion="bmi-35")
    with pytest.raises(SettingsError, match="validator"):
        acted(dict(one.record) | {"validator": "a checker"}, desk, "confirm", criterion="bmi-35")
