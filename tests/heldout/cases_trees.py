"""Deep trees and drugs in every form."""

from typing import Any

from tests.heldout.builders import (
    ICD,
    ME,
    RXNORM,
    SNOMED,
    Resource,
    concept,
    condition,
    coverage,
    observation,
    order,
    patient,
    statement,
)
from tests.heldout.case import Case, Leaves, code_of, of

KIN = {
    "resourceType": "FamilyMemberHistory",
    "id": "kin",
    "status": "completed",
    "patient": ME,
    "relationship": concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "MTH"),
    "condition": [{"code": concept(SNOMED, "254837009")}],
}
BREAST = condition("br", concept(ICD, "C50.9"), onsetDateTime="2022-01-01")
OVARY = condition("ov", concept(ICD, "C56.1"), "resolved", onsetDateTime="2020-01-01")


def brca(code: str = "10828004", system: str = SNOMED) -> Resource:
    return observation("brca", "21636-6", "2023-01-01", **code_of(system, code))


def nested(name: str, leaves: Leaves, conclusion: str, *parts: Resource, **who: Any) -> Case:
    return Case(
        f"nested: {name}",
        "ho-nested",
        "HCPCS:S3854",
        "2024-01-10",
        of(patient(**who), coverage(), *parts),
        leaves,
        conclusion,
    )


NESTED_CASES = [
    nested(
        "the first way",
        {
            "breast": "met",
            "tested": "not_met",
            "ovary": "not_met",
            "kin": "unknown",
            "young": "not_met",
            "positive": "unknown",
            "man": "not_met",
            "man-cancer": "met",
        },
        "ready",
        BREAST,
    ),
    nested(
        "the second way",
        {"breast": "unknown", "kin": "met", "young": "met"},
        "ready",
        KIN,
        birthDate="1990-01-01",
    ),
    nested(
        "tested before, positive and young",
        {"tested": "met", "positive": "met", "young": "met"},
        "ready",
        BREAST,
        brca(),
        birthDate="1990-01-01",
    ),
    nested(
        "ovary; of two, one is open",
        {"ovary": "met", "young": "met", "kin": "unknown"},
        "incomplete",
        BREAST,
        OVARY,
        birthDate="1990-01-01",
    ),
    nested(
        "a man without cancer", {"man": "met", "man-cancer": "not_met"}, "not_supported", KIN, gender="male"
    ),
    nested(
        "a negative test", {"positive": "not_met"}, "incomplete", brca("260385009"), birthDate="1990-01-01"
    ),
    nested(
        "a result of another system",
        {"positive": "unknown"},
        "incomplete",
        brca("x", "https://example.org/own"),
        birthDate="1990-01-01",
    ),
]

TB = observation("tb", "71774-4", "2023-06-01", **code_of(SNOMED, "260385009"))


def drugs(name: str, leaves: Leaves, conclusion: str | None, *parts: Resource) -> Case:
    base = {"tb-negative": "met", "tnf": "not_met", "allergy": "not_met"}
    return Case(
        f"drugs: {name}",
        "ho-drugs",
        "RxNorm:327361",
        "2024-01-10",
        of(patient(), coverage(), TB, *parts),
        base | leaves,
        conclusion,
    )


ALLERGY = {
    "resourceType": "AllergyIntolerance",
    "id": "al",
    "patient": ME,
    "code": concept(RXNORM, "214555"),
    "clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active"),
}
GIVEN = {
    "resourceType": "MedicationDispense",
    "id": "md",
    "status": "completed",
    "subject": ME,
    "medicationCodeableConcept": concept(RXNORM, "6851"),
    "whenHandedOver": "2023-12-01",
}
DRUG_CASES = [
    drugs("ordered", {"mtx-now": "met"}, "ready", order("mtx", "6851", "2023-01-01")),
    drugs(
        "stated",
        {"mtx-now": "unknown", "mtx-stated": "met"},
        "ready",
        statement("mtx", "6851", "2023-01-01", None),
    ),
    drugs("dispensed", {"mtx-given": "met"}, "ready", GIVEN),
    drugs(
        "dispensed too long ago",
        {"mtx-given": "unknown"},
        "incomplete",
        GIVEN | {"whenHandedOver": "2023-10-11"},
    ),
    drugs(
        "dispensed, by reference: a Medication has a code, no coding of its own",
        {"mtx-given": "unknown"},
        "incomplete",
        {k: v for k, v in GIVEN.items() if k != "medicationCodeableConcept"}
        | {"medicationReference": {"reference": "Medication/mm"}},
        {"resourceType": "Medication", "id": "mm", "code": concept(RXNORM, "6851")},
    ),
    drugs("declined", {"mtx-given": "unknown"}, "incomplete", GIVEN | {"status": "declined"}),
    drugs(
        "another inhibitor",
        {"mtx-now": "met", "tnf": "met"},
        "not_supported",
        order("mtx", "6851", "2023-01-01"),
        order("tnf", "214555", "2023-01-01"),
    ),
    drugs("allergic", {"allergy": "met"}, "not_supported", order("mtx", "6851", "2023-01-01"), ALLERGY),
    drugs(
        "allergy refuted",
        {"allergy": "not_met"},
        "ready",
        order("mtx", "6851", "2023-01-01"),
        ALLERGY
        | {
            "verificationStatus": concept(
                "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "refuted"
            )
        },
    ),
]
