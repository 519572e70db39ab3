import pytest

from posology.policies import combine, judge_structured
from posology.policies.finding import Finding
from posology.quotes import Status
from posology.records import read_chart
from tests.policies.leaf_charts import (
    DAY,
    RXNORM,
    bmi,
    chart_of,
    condition,
    judge,
    policy_of,
    prescription,
    procedure,
    status,
)

BMI = "find: {resource: Observation, codes: bmi}"
OVER_35 = f'{BMI}, compare: {{op: ">=", value: 35, unit: kg/m2}}'


def at(body, path):
    """Read a path by itself, apart from the code under test."""
    value = body
    for step in path.replace("]", "").replace("[", ".").split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return f"{value['value']} {value['unit']}" if isinstance(value, dict) else str(value)


CASES = [
    (OVER_35, bmi(41.2)),
    (f"{BMI}, within: 12 months", bmi(36)),
    ("find: {resource: Condition, codes: diabetes}", condition()),
    ("find: {resource: MedicationRequest, codes: metformin}", prescription()),
    ("find: {resource: Procedure, codes: therapy}, count: {min: 1}", procedure()),
    ("find: {resource: MedicationRequest, codes: metformin}, duration: {min: 1 month}", prescription()),
    ('find: "Observation.where(value.value > 3)"', bmi()),
]


@pytest.mark.parametrize(("leaf", "body"), CASES)
def test_a_quote_is_the_value_at_its_path(leaf, body):
    found = judge(leaf, body)
    assert found.status is Status.MET
    assert found.evidence
    for row in found.evidence:
        assert row.source == f"{body['resourceType']}/r0"
        assert at(body, row.path) == row.quote
        assert row.date is not None


def test_a_drug_in_a_resource_of_its_own_is_quoted_from_there():
    drug = {
        "resourceType": "Medication",
        "id": "m",
        "code": {"coding": [{"system": RXNORM, "code": "6809", "display": "metformin"}]},
    }
    order = {
        **prescription(medicationCodeableConcept=None),
        "id": "o",
        "medicationReference": {"reference": "Medication/m"},
        "subject": {"reference": "Patient/p"},
    }
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1960-01-01"}
    chart = read_bundle([patient, drug, order])
    found = judge_structured(
        policy_of("id: a, text: A., find: {resource: MedicationRequest, codes: metformin}"), chart, {}, DAY
    )["a"]
    assert found.status is Status.MET
    assert ("Medication/m", "code.coding[0].display", "metformin") in {
        (e.source, e.path, e.quote) for e in found.evidence
    }


def read_bundle(bodies):
    import json
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chart.json"
        path.write_text(
            json.dumps(
                {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": b} for b in bodies]}
            )
        )
        return read_chart(path)


def test_an_unknown_says_what_was_looked_for_and_what_came_closest():
    found = judge(f"{BMI}, within: 12 months", bmi(41, "2017-03-02"))
    assert found.status is Status.UNKNOWN
    assert "12 months" in found.looked[0]
    assert any("2017-03-02" in line for line in found.looked)


def test_a_comparison_with_a_count_counts_what_satisfies_it():
    leaf = f"{OVER_35}, count: {{min: 2, distinct: day}}"
    assert status(leaf, bmi(36, "2019-01-01"), bmi(37, "2019-02-01"), bmi(30, "2019-03-01")) == "met"
    assert status(leaf, bmi(36, "2019-01-01"), bmi(30, "2019-03-01")) == "not_met"
    assert status(leaf, bmi(36, "2019-01-01"), bmi("x", "2019-03-01")) == "unknown"
    both = f"{leaf}, pick: latest"
    assert status(both, bmi(36, "2019-01-01"), bmi(37, "2019-02-01"), bmi(30, "2019-03-01")) == "not_met"


def test_what_a_person_must_state_is_not_met_by_a_chart():
    found = judge("find: {resource: Condition, codes: diabetes}, attest: true", condition())
    assert (found.status, found.basis) == (Status.UNKNOWN, "none")
    assert found.evidence


PERIODS = [
    ("2019-01-01", "2019-02-01", "met", "inside"),
    ("2018-01-01", "2018-02-01", "unknown", "before"),
    ("2018-10-01", "2019-02-01", "unknown", "across the edge"),
    ("2019-05-01", "2019-07-01", "met", "it goes on"),
    ("2019-07-01", "2019-08-01", "unknown", "after"),
]


@pytest.mark.parametrize(("start", "end", "expected", "reason"), PERIODS)
def test_an_event_of_several_days_must_fall_inside(start, end, expected, reason):
    body = procedure(None, performedPeriod={"start": start, "end": end})
    assert status("find: {resource: Procedure, codes: therapy}, within: 6 months", body) == expected, reason


def finding(status, basis="structured"):
    return Finding(Status(status), basis, (), (), "Why.", ())


COMBINED = [
    ("met", "met", "met", "structured"),
    ("met", "unknown", "met", "structured"),
    ("unknown", "met", "met", "text"),
    ("unknown", "not_met", "not_met", "text"),
    ("not_met", "unknown", "not_met", "structured"),
    ("met", "not_met", "unknown", "conflict"),
    ("not_met", "met", "unknown", "conflict"),
]


@pytest.mark.parametrize(("one", "other", "expected", "basis"), COMBINED)
def test_sides_that_disagree_are_unknown(one, other, expected, basis):
    joined = combine(finding(one), finding(other, "text"))
    assert (str(joined.status), joined.basis) == (expected, basis)


def test_nothing_found_shows_no_evidence_and_no_patient_text():
    found = judge(BMI)
    assert found.evidence == ()
    assert "41" not in repr(judge(OVER_35, bmi(41)))
    assert chart_of(bmi()).patient.reference == "Patient/p"
