"""Sentences in a review: edited, taken out, offered again; only what its sources support stands."""

import json
import random
from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from posology.errors import RequestError
from posology.evidence import open_embedder
from posology.policies import Code
from posology.priorauth import Models, draft, parse_act, preview, revise
from posology.priorauth.letter import build_view, render_html, render_markdown
from posology.priorauth.validating import GeneratorChecker
from posology.testing import ScriptedGenerator
from tests.priorauth.drafted import POLICIES, Drafted, chart_of, drafted, made, rules
from tests.priorauth.reviewed import (
    AT,
    CLINICIAN,
    OTHER,
    acted,
    desk_of,
    possible_act,
    problems_of,
    sentences_of,
)

GASTRIC, ADALIMUMAB = "cms-ncd-100.1", "northfield-adalimumab"
DIABETES = "Type 2 diabetes mellitus without"
PRESCRIBED = "a prescription of “methotrexate”"


def row_with(record, words, criterion=None):
    rows = [row for row in record["narrative"] if words in row["sentence"]]
    return next(row for row in rows if criterion is None or row["criterion"] == criterion)


TRUE = [
    (GASTRIC, "35 kg/m2", "The body mass index was 35 kg/m2 on 2023-10-23.", "the same in other words"),
    (GASTRIC, "35 kg/m2", "The body mass index was 35 kg/m2.", "less, and still so"),
    (GASTRIC, DIABETES, "The patient has type 2 diabetes mellitus.", "a shorter name"),
    (GASTRIC, "Weight Watchers", "The patient tried Weight Watchers and phentermine.", "part of a note"),
    (GASTRIC, "69 years", "The patient is a 69-year-old man.", "age and sex in other words"),
    (ADALIMUMAB, PRESCRIBED, "Methotrexate was prescribed from 2024-06-07.", "a drug"),
]  # fmt: skip
FALSE = [
    (GASTRIC, "35 kg/m2", "The body mass index was 45 kg/m2.", "numbers", "a number changed"),
    (GASTRIC, "35 kg/m2", "The body mass index was 35 kg/m2 on 2023-10-24.", "dates", "a day changed"),
    (GASTRIC, "35 kg/m2", "The body mass index was 35 kg.", "numbers", "a unit changed"),
    (GASTRIC, DIABETES, "The patient does not have type 2 diabetes mellitus.",
     "assertion", "a negation flipped"),
    (GASTRIC, DIABETES, "The patient has type 1 diabetes mellitus.", "numbers", "a type"),
    (GASTRIC, "Weight Watchers", "Never tried Weight Watchers and phentermine.", "assertion", "denied"),
    (GASTRIC, "Weight Watchers", "Tried Weight Watchers and semaglutide.", "drugs", "another drug"),
    (GASTRIC, "Bilateral knee OA", "Knee osteoarthritis on the right.", "laterality", "another side"),
    (GASTRIC, "69 years", "The patient is a 69-year-old woman.", "identity", "another sex"),
    (GASTRIC, "69 years", "The patient is 96 years old and male.", "dates", "another age"),
    (ADALIMUMAB, PRESCRIBED, "A prescription of leflunomide: active.", "drugs", "a drug"),
]  # fmt: skip


@pytest.mark.parametrize(("policy_id", "words", "text", "reason"), TRUE, ids=[row[3] for row in TRUE])
def test_an_edit_that_its_sources_support_is_kept_as_the_persons(policy_id, words, text, reason):
    one = drafted(policy_id)
    desk, row = desk_of(one), row_with(one.record, words)
    assert preview(one.record, row["id"], text, desk).verdict == "unchecked", reason
    revision = acted(one.record, desk, "edit", sentence=row["id"], text=text)
    after = row_with(revision.record, text)
    assert (after["id"], after["written_by"], after["by"]) == (row["id"], "person", "Dana Reyes")
    assert all(check["ok"] for check in after["checks"])
    assert (revision.findings, revision.record["withheld"]) == ((), one.record["withheld"])
    assert revision.touched == {f"sentence:{row['id']}"}
    assert problems_of(revision.record, one, desk) == []


@pytest.mark.parametrize(
    ("policy_id", "words", "text", "check", "reason"), FALSE, ids=[row[4] for row in FALSE]
)
def test_an_edit_that_makes_a_sentence_false_is_withheld_and_says_why(policy_id, words, text, check, reason):
    one = drafted(policy_id)
    desk, row = desk_of(one), row_with(one.record, words)
    shown = preview(one.record, row["id"], text, desk)
    assert shown.verdict == "withheld"
    assert f"{check}:" in shown.why, reason
    assert text not in repr(shown)
    revision = acted(one.record, desk, "edit", sentence=row["id"], text=text)
    assert text not in render_markdown(build_view(revision.record))
    (kept,) = revision.record["withheld"]
    assert (kept["id"], kept["sentence"], kept["of"], kept["by"]) == ("w1", text, row["id"], "Dana Reyes")
    assert f"{check}:" in kept["why"]
    assert [notice.target for notice in revision.findings] == [f"sentence:{row['id']}"]
    assert check in revision.findings[0].text
    assert row in revision.record["narrative"], "the template stands in its place"
    assert problems_of(revision.record, one, desk) == []


def test_an_edit_may_cite_other_evidence_of_the_packet_and_then_says_what_it_holds():
    one = drafted(GASTRIC)
    desk = desk_of(one)
    weight, diabetes = row_with(one.record, "35 kg/m2"), row_with(one.record, "E11.9")
    text = "The body mass index was 35 kg/m2 and the patient has type 2 diabetes mellitus."
    assert preview(one.record, weight["id"], text, desk).verdict == "withheld", "diabetes is not cited"
    cites = [*weight["cites"], *diabetes["cites"]]
    assert preview(one.record, weight["id"], text, desk, cites=cites).verdict == "unchecked"
    record = acted(one.record, desk, "edit", sentence=weight["id"], text=text, cites=cites).record
    assert row_with(record, text)["cites"] == cites
    record = acted(record, desk, "state", criterion="other-comorbidity", answer="no", statement="None.",
                   date="2024-01-01").record  # fmt: skip
    assert row_with(record, text)["id"] == weight["id"], "an edit survives an act on another finding"
    assert problems_of(record, one, desk) == []


def test_an_edit_goes_with_its_finding_and_is_kept_in_the_record():
    one = drafted(GASTRIC)
    desk = desk_of(one)
    row = row_with(one.record, "Weight Watchers")
    text = "The patient tried Weight Watchers and phentermine."
    record = acted(one.record, desk, "edit", sentence=row["id"], text=text).record
    record = acted(record, desk, "reject", criterion="failed-treatment", reason="A copied note.").record
    assert sentences_of(record, "failed-treatment") == []
    (gone,) = [kept for kept in record["withdrawn"] if kept["id"] == row["id"]]
    assert (gone["sentence"], gone["why"]) == (text, "its finding no longer holds")


def test_words_of_the_payer_are_not_edited():
    one = drafted(ADALIMUMAB)
    row = row_with(one.record, "does not apply here")
    with pytest.raises(RequestError, match="quotes the payer's policy"):
        acted(one.record, desk_of(one), "edit", sentence=row["id"], text="An exclusion that applies here.")


def test_rejected_evidence_is_cited_by_nobody():
    one = drafted(GASTRIC)
    desk = desk_of(one)
    record = acted(one.record, desk, "reject", criterion="failed-treatment", reason="A copied note.").record
    (rejected,) = next(row["rejected"] for row in record["criteria"] if row.get("rejected"))
    row = row_with(record, "35 kg/m2")
    with pytest.raises(RequestError, match="cites"):
        acted(record, desk, "edit", sentence=row["id"], text="Tried Weight Watchers.", cites=[rejected])


def test_a_sentence_that_is_taken_out_stays_out_until_it_is_offered_again():
    one = drafted(GASTRIC)
    desk, row = desk_of(one), row_with(one.record, "35 kg/m2")
    revision = acted(one.record, desk, "drop", sentence=row["id"], reason="Said elsewhere.")
    (gone,) = revision.record["withdrawn"]
    assert (gone["id"], gone["why"], gone["by"]) == (row["id"], "Said elsewhere.", "Dana Reyes")
    record = acted(revision.record, desk, "confirm", criterion="failed-treatment").record
    assert row["sentence"] not in {one["sentence"] for one in record["narrative"]}
    back = acted(record, desk, "offer", withheld=row["id"]).record
    assert back["narrative"] == one.record["narrative"], "in its place, under its id"
    assert back["withdrawn"] == []


def test_markup_in_a_persons_words_is_text_in_every_form_of_the_letter():
    one = drafted(GASTRIC)
    desk = desk_of(one)
    said = "<script>alert(1)</script> *and* [a](javascript:b)"
    record = acted(one.record, desk, "override", criterion="bmi-35", status="unknown", reason=said).record
    assert "<script>" not in render_html(build_view(record))


# With models: a writer that words every fact in a fixed way, and a validator of another family.
WORDS = {"35 kg/m2": "The patient's body mass index was 35 kg/m2."}


def _write(prompt):
    fact = prompt.messages[-1].content
    sentence = next(
        (text for key, text in WORDS.items() if key in fact), "The patient enjoys splendid health."
    )
    return json.dumps({"cites": [1], "sentence": sentence})


def _validate(prompt):
    return "no" if "jolly" in prompt.messages[-1].content else "yes"


@cache
def modelled():
    """Draft with a scripted writer, whose sentences mostly fail, and a scripted validator."""
    one = made(GASTRIC)
    chart = chart_of(json.loads(json.dumps(one.bundle)))
    checker = GeneratorChecker(ScriptedGenerator(_validate, family="other"))
    models = Models(ScriptedGenerator(_write), checker, open_embedder())
    packet = draft(
        chart,
        service=Code(**one.truth["service"]),
        day=date.fromisoformat(one.truth["date"]),
        policy_id=GASTRIC,
        settings=rules(),
        models=models,
    )
    drawn = Drafted(POLICIES[GASTRIC], one.bundle, one.truth, chart, packet)
    return drawn, replace(desk_of(drawn), checker=checker)


def test_a_models_sentence_keeps_its_words_and_author_through_unrelated_acts():
    one, desk = modelled()
    row = row_with(one.record, "The patient's body mass index was")
    assert row["written_by"] == "scripted"
    record = one.record
    for act, keys in (
        ("reject", {"criterion": "failed-treatment", "reason": "A copied note."}),
        ("override", {"criterion": "failed-treatment", "status": "met", "reason": "I treated the patient."}),
        ("override", {"criterion": "other-comorbidity", "status": "unknown", "reason": "To be seen."}),
    ):
        record = acted(record, desk, act, **keys).record
        assert row in record["narrative"]
        assert problems_of(record, one, desk) == []


def test_a_models_false_sentence_comes_back_only_when_it_is_supported():
    one, desk = modelled()
    false = next(row for row in one.record["withheld"] if row["criterion"] == "type-2-diabetes")
    assert "splendid" in false["sentence"]
    again = acted(one.record, desk, "offer", withheld=false["id"])
    assert false["id"] in {row["id"] for row in again.record["withheld"]}
    assert "not supported" in again.findings[0].text.lower()
    standing = row_with(one.record, "E11.9")
    text = "The patient has type 2 diabetes mellitus."
    revision = acted(one.record, desk, "offer", withheld=false["id"], text=text, person=OTHER)
    row = row_with(revision.record, text)
    assert (row["id"], row["verdict"], row["by"]) == (standing["id"], "supported", OTHER.name)
    assert false["id"] not in {row["id"] for row in revision.record["withheld"]}
    assert problems_of(revision.record, one, desk) == []


def test_the_validator_judges_a_persons_words_too():
    one, desk = modelled()
    row = row_with(one.record, "The patient's body mass index was")
    revision = acted(
        one.record, desk, "edit", sentence=row["id"], text="A jolly body mass index of 35 kg/m2."
    )
    assert "support:" in revision.findings[0].text
    assert "support:" in revision.record["withheld"][-1]["why"]
    standing = next(one for one in revision.record["narrative"] if one["id"] == row["id"])
    assert standing["written_by"] == "template"
    fine = acted(
        one.record, desk, "edit", sentence=row["id"], text="A body mass index of 35 kg/m2 was measured."
    )
    assert fine.findings == ()
    assert row_with(fine.record, "was measured")["verdict"] == "supported"


def test_a_withheld_sentence_of_a_finding_that_no_longer_holds_does_not_come_back():
    one, desk = modelled()
    false = next(row for row in one.record["withheld"] if row["criterion"] == "type-2-diabetes")
    record = acted(
        one.record, desk, "override", criterion="type-2-diabetes", status="unknown", reason="Lab error."
    ).record
    with pytest.raises(RequestError, match="no longer holds"):
        acted(record, desk, "offer", withheld=false["id"], text="The patient has type 2 diabetes mellitus.")


def test_two_persons_edits_of_different_sentences_both_stand():
    one = drafted(GASTRIC)
    desk = desk_of(one)
    first, second = row_with(one.record, "35 kg/m2"), row_with(one.record, "E11.9")
    record = acted(one.record, desk, "edit", sentence=first["id"], text="The BMI was 35 kg/m2.").record
    text = "The patient has type 2 diabetes mellitus."
    record = acted(record, desk, "edit", sentence=second["id"], text=text, person=OTHER).record
    by = {row["id"]: row.get("by") for row in record["narrative"]}
    assert (by[first["id"]], by[second["id"]]) == (CLINICIAN.name, OTHER.name)


def test_no_sequence_of_acts_breaks_a_packet_that_models_wrote():
    one, desk = modelled()
    rng = random.Random(20260101)
    for _ in range(3):
        record, now = one.record, desk
        for _ in range(20):
            chosen = possible_act(record, now, rng)
            try:
                revision = revise(record, parse_act(chosen), rng.choice([CLINICIAN, OTHER]), AT, now)
            except RequestError:
                continue
            record = revision.record
            if revision.attachment is not None:
                now = replace(now, attachments=(*now.attachments, revision.attachment))
            assert problems_of(record, one, now) == [], chosen
            assert {row["verdict"] for row in record["narrative"]} <= {"supported"}
