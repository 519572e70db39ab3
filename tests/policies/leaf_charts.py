"""Small charts and one-leaf policies, so that a test reads as one row of a table."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from posology.policies import Finding, Policy, judge_structured
from posology.policies.load import parse_policy
from posology.records.chart import Chart, Resource

DAY = date(2019, 6, 1)
HEAD = """
posology: policy/1
id: one-leaf
title: One leaf
payer: Test
version: "1"
effective: {from: 2000-01-01}
services: [{system: HCPCS, code: E0601}]
codes:
  bmi: [{system: "http://loinc.org", code: 39156-5}]
  pressure: [{system: "http://loinc.org", code: 85354-9}]
  systolic: [{system: "http://loinc.org", code: 8480-6}]
  diabetes: [{system: "http://snomed.info/sct", code: "44054006"}, {system: ICD-10-CM, prefix: E11}]
  metformin: [{system: RxNorm, code: "6809"}]
  therapy: [{system: "http://snomed.info/sct", code: "91251008"}]
  positive: [{system: "http://snomed.info/sct", code: "10828004"}]
  device: [{system: HCPCS, code: E0601}]
"""


def policy_of(*leaves: str) -> Policy:
    """Return a policy whose criteria are all of the leaves, each a flow mapping without its braces."""
    rows = "".join(f"    - {{{leaf}}}\n" for leaf in leaves)
    return parse_policy(f"{HEAD}criteria:\n  all:\n{rows}", name="one-leaf.yaml", folder=Path("."))


def chart_of(*bodies: Mapping[str, Any], patient: Mapping[str, Any] | None = None) -> Chart:
    """Return a chart of these bodies; each without an id gets one."""
    person = {
        "resourceType": "Patient",
        "id": "p",
        "birthDate": "1960-01-01",
        "gender": "female",
        **(patient or {}),
    }
    rows = [{"id": f"r{number}", **body} for number, body in enumerate(bodies)]
    made = [Resource(f"{r['resourceType']}/{r['id']}", str(r["resourceType"]), r, r) for r in (person, *rows)]
    return Chart(made[0], tuple(made), ())


def judge(
    leaf: str,
    *bodies: Mapping[str, Any],
    patient: Mapping[str, Any] | None = None,
    request: Mapping[str, Any] | None = None,
    day: date = DAY,
) -> Finding:
    """Judge one leaf, written as YAML without its id and text, on a chart."""
    policy = policy_of(f"id: a, text: A., {leaf}")
    asked = {
        "resourceType": "Request",
        "code": {"coding": [{"system": "HCPCS", "code": "E0601"}]},
        **(request or {}),
    }
    return judge_structured(policy, chart_of(*bodies, patient=patient), asked, day)["a"]


def status(leaf: str, *bodies: Mapping[str, Any], patient: Mapping[str, Any] | None = None) -> str:
    """Return the status alone."""
    return str(judge(leaf, *bodies, patient=patient).status)


def bmi(value: object = 41.2, when: str | None = "2019-03-02", **fields: Any) -> dict[str, Any]:
    """Return an Observation of the body mass index."""
    quantity = {"value": value, "unit": "kg/m2", "code": "kg/m2", "system": "http://unitsofmeasure.org"}
    body: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "39156-5", "display": "Body mass index"}]},
        "valueQuantity": quantity,
        **({"effectiveDateTime": when} if when else {}),
    }
    return without_none({**body, **fields})


def condition(**fields: Any) -> dict[str, Any]:
    """Return a Condition: active type 2 diabetes since 2015."""
    body = {
        "resourceType": "Condition",
        "clinicalStatus": coded("active"),
        "verificationStatus": coded("confirmed"),
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006", "display": "Diabetes"}]},
        "onsetDateTime": "2015-02-03",
    }
    return without_none({**body, **fields})


def prescription(**fields: Any) -> dict[str, Any]:
    """Return a MedicationRequest: an active order of metformin."""
    body = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": "6809", "display": "metformin"}]},
        "authoredOn": "2019-01-10",
    }
    return without_none({**body, **fields})


def procedure(when: str | None = "2019-03-02", **fields: Any) -> dict[str, Any]:
    """Return a Procedure: one session of physical therapy."""
    body = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "91251008", "display": "Therapy"}]},
        "performedDateTime": when,
    }
    return without_none({**body, **fields})


def coded(code: str) -> dict[str, Any]:
    """Return a CodeableConcept of one code."""
    return {"coding": [{"code": code}]}


def without_none(body: dict[str, Any]) -> dict[str, Any]:
    """Drop the fields that a test sets to None."""
    return {key: value for key, value in body.items() if value is not None}


RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
