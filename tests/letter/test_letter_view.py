"""What a letter says, whatever it looks like."""

import copy
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from letter_packets import PACKETS, Packet, incomplete, minimal, not_supported, ready, review

from posology.errors import InternalError, UserError
from posology.priorauth.letter import LetterView, Signature, build_view
from posology.priorauth.letter.view import Cited, CriterionRow

SIGNED = Signature("Dr. Anneke Voss", "1234567893", "2019-05-20")


def rows_by_id(view: LetterView) -> dict[str, CriterionRow]:
    return {row.id: row for group in view.criteria for row in group.rows}


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts_of(item)]
    return []


def sentences_of(view: LetterView) -> list[Cited]:
    return [sentence for section in view.sections for part in section.paragraphs for sentence in part]


def fields_of(view: LetterView, title: str) -> dict[str, str]:
    panel = next(panel for column in view.columns for panel in column if panel.title == title)
    return {field.label: "; ".join(value.text for value in field.values) for field in panel.fields}


@pytest.mark.parametrize("name", PACKETS)
def test_an_unsigned_letter_is_a_draft(name: str) -> None:
    view = build_view(PACKETS[name]())
    assert view.draft_mark == "DRAFT"
    assert view.strip is not None


@pytest.mark.parametrize(
    ("packet", "headline"),
    [
        (ready(), "Ready. On confirmed findings the policy's criteria are met"),
        (
            review(),
            "For review: 6 findings must be confirmed by a person before anyone signs, and 2 things are",
        ),
        (incomplete(), "Incomplete: 2 things are missing."),
        (minimal(), "Incomplete: the record does not decide it."),
        (not_supported(), "Not supported. On confirmed findings the policy does not support this request."),
    ],
)
def test_the_cover_strip_says_the_conclusion_in_plain_words(packet: Packet, headline: str) -> None:
    strip = build_view(packet).strip
    assert strip is not None
    assert strip.headline.startswith(headline)


def test_a_review_that_leans_against_the_request_says_so() -> None:
    strip = build_view(review() | {"provisional": "not_supported"}).strip
    assert strip is not None
    assert strip.headline.endswith("If the findings hold, the policy does not support this request.")


def test_what_belongs_to_the_draft_goes_when_the_letter_is_signed() -> None:
    view = build_view(review(), signature=SIGNED)
    assert (view.draft_mark, view.strip, view.worksheet) == ("", None, ())
    said = texts_of(asdict(view))
    assert not any("to be confirmed" in text or text == "unchecked" for text in said)
    assert "Dr. Anneke Voss, electronically" in said


def test_a_packet_that_is_not_supported_is_an_internal_notice_without_attestation() -> None:
    view = build_view(not_supported())
    assert view.internal
    assert view.title.startswith("Internal notice, request not supported")
    assert (view.signature, view.addressee) == (None, ())
    assert "Medical necessity" not in [section.title for section in view.sections]
    assert view.listings[0].title == "Findings against the request"


def test_a_packet_that_is_not_supported_cannot_be_signed() -> None:
    with pytest.raises(UserError, match="no letter to sign"):
        build_view(not_supported(), signature=SIGNED)


def test_a_packet_that_is_not_supported_with_a_medical_necessity_section_is_our_fault() -> None:
    with pytest.raises(InternalError, match="medical_necessity"):
        build_view(ready() | {"conclusion": "not_supported"})


def test_what_the_record_lacks_is_said_and_never_invented() -> None:
    view = build_view(minimal())
    assert set(fields_of(view, "Patient").values()) == {"not in the record"}
    assert set(fields_of(view, "Provider").values()) == {"not in the record"}
    assert fields_of(view, "Diagnoses") == {"Codes": "no ICD-10-CM code in the record"}
    assert view.practice == "Practice: not in the record"
    assert view.addressee == ("Payer: not in the record",)


def test_the_header_block_holds_what_payers_ask_for() -> None:
    view = build_view(review())
    assert fields_of(view, "Patient") == {
        "Name": "Marisol Ortega-Lindqvist",
        "Birth date": "1964-11-02",
        "Sex": "female",
        "Member id": "1EG4-TE5-MK73",
    }
    assert fields_of(view, "Request") == {
        "Service": "MRI of the lumbar spine (HCPCS C8931)",
        "Date of service": "2023-04-03",
        "Quantity": "1 examination",
        "Body site": "lumbar spine",
        "Type": "Initial request",
        "Urgency": "Expedited review: Progressive weakness of the left foot.",
    }
    assert fields_of(view, "Diagnoses") == {"Codes": "Radiculopathy, lumbar region (ICD-10-CM M54.16)"}
    assert fields_of(view, "Provider")["NPI"] == "1234567893"
    assert fields_of(view, "Facility") == {"Name": "Northfield Imaging", "NPI": "not in the record"}


def test_an_expedited_request_without_a_reason_says_that_the_reason_is_missing() -> None:
    packet = review()
    packet["administrative"]["urgency_reason"] = None
    assert fields_of(build_view(packet), "Request")["Urgency"].endswith("the reason is not in the record")


def test_an_exclusion_applies_or_does_not_and_is_never_called_met() -> None:
    rows = rows_by_id(build_view(review()))
    assert (rows["repeat-imaging"].status, rows["repeat-imaging"].tone) == ("Does not apply", "good")
    assert (rows["malignancy"].status, rows["malignancy"].tone) == ("Unknown", "open")
    assert (rows["cauda-equina"].status, rows["cauda-equina"].tone) == ("Not met", "bad")


@pytest.mark.parametrize(
    ("path", "caption", "status", "why"),
    [
        ("criteria", "", "Met", "a policy of one leaf"),
        ("all[0]", "", "Met", "the root asks for all"),
        ("any[1]", "Any one of these is enough", "Met", "the root asks for one"),
        ("all[1].any[0]", "Any one of these is enough", "Met", "a choice among requirements"),
        ("at_least[0]", "A stated number of these is enough", "Met", "so many of them"),
        ("none[0]", "None of these may apply", "Applies", "a negated branch"),
        ("any[1].all[2].any[0]", "Within alternative 2: any one of these is enough", "Met", "a choice in it"),
        ("all[1].any[0].all[0]", "Alternative 1: all of these together", "Met", "a choice below the root"),
        ("any[1].all[0]", "Alternative 2: all of these together", "Met", "an alternative of several parts"),
        ("exclusions[0]", "Exclusions: one that applies rules the request out", "Applies", "an exclusion"),
        (
            "exclusions[0].any[1]",
            "Exclusion: any one of these is enough",
            "Applies",
            "an exclusion with a tree",
        ),
        ("exclusions[0].none[0]", "Exclusion: none of these may apply", "Met", "a negation negated"),
        ("", "", "Met", "a packet without paths"),
    ],
)
def test_the_place_in_the_tree_gives_the_caption(path: str, caption: str, status: str, why: str) -> None:
    packet = ready()
    packet["criteria"] = [packet["criteria"][0] | {"path": path, "status": "met"}]
    (group,) = build_view(packet).criteria
    assert (group.caption, group.rows[0].status) == (caption, status), why


def test_requirements_after_a_choice_are_not_taken_for_a_part_of_it() -> None:
    captions = [group.caption for group in build_view(ready()).criteria]
    assert captions == [
        "",
        "Any one of these is enough",
        "Required as well",
        "Exclusions: one that applies rules the request out",
    ]


def test_a_branch_that_goes_on_after_another_is_called_continued() -> None:
    packet = ready()
    paths = ("any[0].all[0]", "any[0].all[1].any[0]", "any[0].all[2]")
    packet["criteria"] = [packet["criteria"][0] | {"id": path, "path": path} for path in paths]
    captions = [group.caption for group in build_view(packet).criteria]
    assert captions == [
        "Alternative 1: all of these together",
        "Within alternative 1: any one of these is enough",
        "Alternative 1: all of these together, continued",
    ]


def test_an_open_alternative_is_not_called_missing_once_the_criteria_are_decided() -> None:
    view = build_view(review())
    assert view.strip is not None
    assert not any("home exercise" in point for point in view.strip.points)
    titles = {listing.title: [item.text for item in listing.items] for listing in view.worksheet}
    assert "home exercise" in titles["Still open, but the criteria are decided without it"][0]


def test_elements_of_one_resource_are_one_source_and_passages_of_a_note_are_not() -> None:
    packet = ready()
    code = {"id": "e10", "kind": "structured", "source": "Condition/dm2", "path": "code.coding[0].code"}
    passage = packet["evidence"][4] | {"id": "e11", "start": 1, "end": 5, "quote": "Diet"}
    packet["evidence"] += [code | {"quote": "44054006", "date": "2014-05-19", "label": "Diagnosis"}, passage]
    packet["narrative"][2]["cites"] = ["e3", "e10", "e11"]
    view = build_view(packet)
    by_ids = {source.ids: source for source in view.sources}
    assert [(q.text, q.place) for q in by_ids[("e3", "e10")].quotes] == [
        ("Type 2 diabetes mellitus", "code.coding[0].display"),
        ("44054006", "code.coding[0].code"),
    ]
    assert ("e11",) in by_ids
    cites = next(s.cites for s in sentences_of(view) if s.text.startswith("She has type 2"))
    assert cites == (by_ids[("e3", "e10")].number, by_ids[("e11",)].number)


def test_sentences_about_one_criterion_are_one_paragraph() -> None:
    packet = ready()
    for row, criterion in zip(packet["narrative"][-2:], ("bmi-35", "other"), strict=True):
        row["criterion"] = criterion
    assert [len(part) for part in build_view(packet).sections[-1].paragraphs] == [1, 1]


def test_findings_read_by_a_model_are_marked_for_confirmation() -> None:
    rows = rows_by_id(build_view(review()))
    assert {key for key, row in rows.items() if row.confirm} == set(review()["findings_to_confirm"])


def test_sentences_are_marked_unchecked_unless_they_are_supported() -> None:
    packet = ready()
    packet["narrative"][0]["verdict"] = "unchecked"
    del packet["narrative"][1]["verdict"]
    marks = [sentence.mark for sentence in sentences_of(build_view(packet))]
    assert marks == ["unchecked", "unchecked", "", "", "", ""]


def test_a_draft_without_a_validator_says_so() -> None:
    assert any("No validator was configured" in notice for notice in build_view(review()).notices)
    assert build_view(ready()).notices == ()


def test_the_use_of_restricted_records_is_said_even_when_signed() -> None:
    assert any("42 CFR part 2" in notice for notice in build_view(review(), signature=SIGNED).notices)


def test_contrary_evidence_is_quoted_in_the_letter() -> None:
    listing = next(part for part in build_view(ready()).listings if part.title.startswith("Evidence that"))
    assert listing.items[0].text.endswith(
        "Contrary: “Repeat polysomnography: AHI 4.1, no sleep apnea.” (2018-12-03)"
    )
    assert len(listing.items[0].cites) == 1


def test_only_cited_passages_are_shown() -> None:
    view = build_view(ready())
    assert [source.ids for source in view.sources] == [(f"e{number}",) for number in range(1, 9)]
    assert not any("no sentence cites" in text for text in texts_of(asdict(view)))


def test_withheld_sentences_are_counted_by_cause_and_never_shown() -> None:
    said = texts_of(asdict(build_view(review())))
    assert "numbers: 1 (packet.json has the text)" in said
    assert not any("200 kg" in text for text in said)


def test_the_letter_says_which_model_wrote_and_who_must_review() -> None:
    made = " ".join(build_view(ready(), packet_sha256="ab" * 32).made)
    assert "2 of 6 sentences worded by the language model smollm2-135m-instruct" in made
    assert "6 of 6 sentences passed every check" in made
    assert "A clinician must read the letter" in made
    assert "ab" * 32 in made


@pytest.mark.parametrize("field", ["evidence", "contrary", "policy_wording"])
def test_a_citation_that_leads_nowhere_is_an_error_that_names_it(field: str) -> None:
    packet = ready()
    packet["criteria"][0][field] = ["e99"]
    with pytest.raises(UserError, match=r"criterion bmi-35 cites 'e99'"):
        build_view(packet)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"conclusion": "approved"}, "known: ready, review"),
        ({"narrative": [{"section": "praise", "sentence": "x", "cites": []}]}, "unknown section 'praise'"),
        ({"criteria": [{"id": "a", "status": "maybe"}]}, "known: met, not_met, unknown"),
    ],
)
def test_a_packet_that_says_what_the_format_does_not_know_is_refused(change: Packet, message: str) -> None:
    with pytest.raises(UserError, match=message):
        build_view(ready() | change)


def test_the_view_shows_no_patient_text_in_its_repr() -> None:
    view = build_view(review())
    shown = repr(view) + repr(view.sources[0]) + repr(view.sections[0]) + repr(view.columns[0][0])
    assert not any(word in shown for word in ("Ortega", "pain", "radiating", "1964"))


@pytest.mark.parametrize("name", PACKETS)
def test_building_a_view_does_not_change_the_packet(name: str) -> None:
    packet = PACKETS[name]()
    before = copy.deepcopy(packet)
    build_view(packet)
    assert packet == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(sorted(set(ready()) - {"posology"}))


@settings(max_examples=60)
@given(changes=st.dictionaries(KEYS, JSON, max_size=4))
def test_a_damaged_packet_gives_a_letter_or_one_of_our_errors(changes: Packet) -> None:
    try:
        view = build_view(ready() | changes)
    except UserError:
        return
    assert view.draft_mark == "DRAFT"
