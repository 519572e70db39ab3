"""What a letter says of a finding: fixed words around quotes, and what a model's words may not do."""

import json

import pytest

from posology.policies import Finding
from posology.priorauth.denial import denies
from posology.priorauth.phrases import completed, entries_words, entry_of, own_words
from posology.priorauth.tree import deciding_ids, idle_ids
from posology.priorauth.vocabulary import cut_short, foreign_words, stock_of
from posology.priorauth.wording import exclusion_lead
from posology.quotes import Evidence, EvidenceKind, Status
from tests.priorauth.drafted import POLICIES, drafted


def of(source: str, day: str = "", **rows: str) -> list[Evidence]:
    """Make the evidence of one entry from its paths, written with underscores for dots."""
    return [
        Evidence(EvidenceKind.STRUCTURED, source, quote, path=path.replace("_", "."), date=day or None)
        for path, quote in rows.items()
    ]


@pytest.mark.parametrize(
    ("groups", "words", "why"),
    [
        (
            [of("Observation/1", "2019-03-02", valueQuantity="41.2 kg/m2", code_text="Body mass index")],
            "the record shows Body mass index: 41.2 kg/m2, on 2019-03-02",
            "a value with its day",
        ),
        (
            [
                of("Observation/1", "2019-03-02", valueQuantity="21 {score}", code_text="PHQ-9"),
                of("Observation/2", "2019-02-02", valueQuantity="18 {score}", code_text="PHQ-9"),
            ],
            "the record shows PHQ-9: 21 (2019-03-02) and 18 (2019-02-02)",
            "several values of one measurement, without the note that stands in for a unit",
        ),
        (
            [
                of("Procedure/1", "2019-03-02", code_text="Therapy"),
                of("Procedure/2", "2019", code_text="Therapy"),
            ],
            "the record shows the procedure “Therapy” on 2019-03-02 and 2019",
            "sessions of one kind",
        ),
        (
            [
                of(
                    "Condition/1",
                    code_text="Gout",
                    onsetDateTime="2019-03-02",
                    clinicalStatus_coding_code="active",
                )
            ],
            "the record shows the diagnosis “Gout”: active, onset 2019-03-02",
            "an onset reads as an onset",
        ),
        (
            [
                of(
                    "MedicationRequest/1",
                    medicationCodeableConcept_text="naproxen",
                    status="completed",
                    dispenseRequest_validityPeriod_start="2019-01-02",
                    dispenseRequest_validityPeriod_end="2019-03-02T00:00:00Z",
                )
            ],
            "the record shows a prescription of “naproxen”: completed, from 2019-01-02 until 2019-03-02",
            "a prescription with its days",
        ),
    ],
)
def test_entries_are_told_in_fixed_words(groups, words, why):
    assert entries_words([entry_of(group) for group in groups]) == words, why


def test_a_count_that_shows_only_the_newest_says_so():
    groups = [of(f"Procedure/{n}", f"2019-03-0{n}", code_text="Therapy") for n in range(6, 0, -1)]
    assert "most recently on 2019-03-06," in entries_words([entry_of(group) for group in groups])


def test_what_the_program_adds_to_a_models_sentence_is_not_the_models():
    group = of("Condition/1", code_text="Gout", code_coding_code="M10.9", onsetDateTime="2019-03-02")
    sentence = completed("The patient has gout.", group)
    assert sentence == "The patient has gout (M10.9; onset 2019-03-02)."
    assert own_words(sentence, group) == "The patient has gout"


@pytest.mark.parametrize(
    ("sentence", "kind", "states", "foreign", "why"),
    [
        (
            "The patient was prescribed acupuncture",
            "Procedure",
            [],
            ["prescribed"],
            "a procedure is not prescribed",
        ),
        ("The patient underwent acupuncture", "Procedure", [], [], "a procedure is undergone"),
        (
            "The patient underwent acupuncture",
            "ServiceRequest",
            [],
            ["underwent"],
            "what is ordered may not be done",
        ),
        (
            "The patient was diagnosed with acupuncture",
            "Procedure",
            [],
            ["diagnosed"],
            "a test is no diagnosis",
        ),
        ("The patient has acupuncture", "Condition", ["resolved"], ["has"], "what is over is not had now"),
        (
            "The patient had acupuncture",
            "Condition",
            ["active"],
            ["had"],
            "what is active is not spoken of as over",
        ),
        (
            "The patient takes acupuncture",
            "MedicationRequest",
            [],
            ["takes"],
            "a prescription is not taken yet",
        ),
    ],
)
def test_a_model_says_of_an_entry_what_its_type_and_state_allow(sentence, kind, states, foreign, why):
    assert foreign_words(sentence, ["acupuncture"], stock_of(kind, states)) == foreign, why


@pytest.mark.parametrize(
    ("sentence", "name", "kind", "cut", "why"),
    [
        (
            "The renal clearance was 40",
            "Creatinine renal clearance in Urine",
            "Observation",
            True,
            "another test",
        ),
        (
            "The creatinine renal clearance was 40",
            "Creatinine renal clearance in Urine",
            "Observation",
            False,
            "",
        ),
        ("The BMI was 41", "Body mass index (BMI) [Ratio]", "Observation", False, "its own abbreviation"),
        (
            "The body mass index was 41",
            "Body mass index (BMI) [Ratio]",
            "Observation",
            False,
            "or without it",
        ),
        ("He has focal epilepsy", "Focal idiopathic epilepsy", "Condition", True, "a diagnosis stands whole"),
        ("He has breast cancer", "Cancer of right breast", "Condition", True, "the side is part of it"),
    ],
)
def test_a_model_cuts_no_name_short(sentence, name, kind, cut, why):
    assert cut_short(sentence, name, kind) is cut, why


def test_an_exclusion_is_told_as_one():
    absent = Finding(Status.NOT_MET, "absence")
    assert exclusion_lead(absent, whole=True) == "an exclusion of the policy that does not apply here"
    assert exclusion_lead(absent, whole=False) == "one condition of an exclusion, found not so here"


def statuses_of(policy_id: str, **over: str) -> dict[str, Status]:
    record = drafted(policy_id, "meet").record
    return {row["id"]: Status(row["status"]) for row in record["criteria"]} | {
        key.replace("_", "-"): Status(value) for key, value in over.items()
    }


def test_an_alternative_that_is_not_met_argues_for_nothing():
    policy = POLICIES["cms-ncd-240.4"]
    statuses = statuses_of(policy.id, ahi_15="met", ahi_5="met", ahi_14="not_met")
    assert "ahi-5" in idle_ids(policy, statuses)
    assert "ahi-15" not in idle_ids(policy, statuses)


def test_what_another_alternative_makes_good_does_not_decide():
    policy = POLICIES["cms-ncd-100.1"]
    statuses = dict.fromkeys(statuses_of(policy.id), Status.MET)
    statuses |= {"bmi-35": Status.NOT_MET, "type-2-diabetes": Status.NOT_MET}
    statuses |= {leaf.id: Status.NOT_MET for leaf in policy.exclusions}
    assert deciding_ids(policy, statuses) == {"bmi-35"}


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
@pytest.mark.parametrize("plan", ["meet", "mixed"])
def test_no_sentence_stands_both_for_and_against_a_criterion(policy_id, plan):
    for row in drafted(policy_id, plan).record["criteria"]:
        assert not set(row["evidence"]) & set(row["contrary"]), row["id"]


@pytest.mark.parametrize("policy_id", sorted(POLICIES))
@pytest.mark.parametrize("plan", ["meet", "mixed"])
def test_the_payers_wording_is_followed_by_a_fact(policy_id, plan):
    record = drafted(policy_id, plan).record
    kinds = {row["id"]: row["kind"] for row in record["evidence"]}
    rows = [[kinds[key] for key in row["cites"]] for row in record["narrative"]]
    assert not rows or rows[-1] != ["policy"]
    sections = [row["section"] for row in record["narrative"]]
    ends = [n for n, name in enumerate(sections) if n + 1 == len(sections) or sections[n + 1] != name]
    assert [n for n in ends if rows[n] == ["policy"]] == []


def test_an_attachment_that_is_quoted_says_so():
    record = drafted("northfield-lumbar-mri", "meet").record
    quoted = {row["source"] for row in record["evidence"] if "source" in row}
    assert all(row["cited"] <= (row["source"] in quoted) for row in record["administrative"]["attachments"])


def test_every_diagnosis_of_the_chart_names_its_evidence():
    for policy_id in sorted(POLICIES):
        record = json.loads(drafted(policy_id, "meet").packet.to_bytes())
        rows = {row["id"]: row for row in record["evidence"]}
        for diagnosis in record["administrative"]["diagnoses"]:
            assert rows[diagnosis["evidence"]]["quote"] == diagnosis["code"]
            assert rows[diagnosis["evidence"]]["source"] == diagnosis["source"]


def test_a_reason_names_the_entry_its_day_and_the_limit():
    record = drafted("cms-ncd-100.1", "meet").record
    reason = next(row["reason"] for row in record["criteria"] if row["id"] == "bmi-35")
    value = next(row for row in record["evidence"] if row.get("path") == "valueQuantity")
    assert [part for part in (value["quote"], value["date"], "at least 35 kg/m2") if part not in reason] == []


@pytest.mark.parametrize(
    ("sentence", "name", "denied", "why"),
    [
        ("No history of gout.", "Gout", True, "what is denied is the thing"),
        (
            "Evaluation did not confirm rheumatoid arthritis.",
            "Rheumatoid arthritis",
            True,
            "nor is it confirmed",
        ),
        ("Gout was ruled out.", "Gout", True, "the denial may follow"),
        (
            "Low back pain without any systemic cause.",
            "Low back pain",
            False,
            "the cause is denied, not the pain",
        ),
        ("Denies any trouble with methotrexate.", "methotrexate", False, "the trouble is denied"),
        ("No joint involvement is seen.", "Gout", True, "named in other words: left to the reader"),
    ],
)
def test_only_a_denial_of_the_thing_itself_is_contrary(sentence, name, denied, why):
    assert denies(sentence, name) is denied, why
