"""The order for the service, and the reports that the payer wants attached."""

import random
from collections.abc import Set
from datetime import date, timedelta

from posology.policies.policy import Policy
from posology.testing.facts import Fact, Setting
from posology.testing.people import Cast
from posology.testing.plans import all_leaves
from posology.testing.resources import Json, build_resource, concept, instant

__all__ = ["make_order", "make_reports", "service_entries"]

SYSTEMS: dict[str, tuple[str, ...]] = {
    "ICD-10-PCS": ("http://www.cms.gov/Medicare/Coding/ICD10",),
    "HCPCS": ("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",),
    "RxNorm": ("http://www.nlm.nih.gov/research/umls/rxnorm",),
    "SNOMED CT": ("http://snomed.info/sct",),
}


def service_entries(system: str, code: str) -> tuple[tuple[str, str], ...]:
    """Return the service as it may stand in a value set: by short name and by URL."""
    return tuple((name, code) for name in (system, *SYSTEMS.get(system, ())))


def order_type(system: str, code: str) -> str:
    """Return the type of resource that orders a service."""
    if system == "RxNorm":
        return "MedicationRequest"
    return "DeviceRequest" if system == "HCPCS" and code[:1] in "AEKL" else "ServiceRequest"


def make_order(
    policy: Policy, service: tuple[str, str], day: date, cast: Cast, rng: random.Random
) -> Json | None:
    """Return the order; ``None`` where a leaf asks for the order itself and so decides whether it exists."""
    system, code = service
    kind = order_type(system, code)
    url = SYSTEMS.get(system, (system,))[0]
    for leaf in all_leaves(policy):
        find = leaf.find
        if find is not None and find.resource == kind and find.codes is not None:
            rows = policy.codes[find.codes]
            status_asked = "status" in (find.where or "")
            if (
                any(row.code == code or code.startswith(row.prefix or "\0") for row in rows)
                and not status_asked
            ):
                return None
    key = {"MedicationRequest": "medicationCodeableConcept", "DeviceRequest": "codeCodeableConcept"}
    when = day - timedelta(days=rng.randint(0, 3))
    order: Json = {
        "resourceType": kind,
        "id": "order-1",
        "status": "active",
        "intent": "order",
        key.get(kind, "code"): concept(url, code),
        "subject": {"reference": cast.patient},
        "authoredOn": instant(when, 14),
        "requester": {"reference": cast.practitioner},
        "insurance": [{"reference": "Coverage/coverage-1"}],
    }
    if kind == "ServiceRequest":
        order |= {"quantityQuantity": {"value": 1}, "occurrenceDateTime": day.isoformat()}
    if kind == "MedicationRequest":
        quantity = {"value": 4, "unit": "pen"}
        order["dispenseRequest"] = {"quantity": quantity, "numberOfRepeatsAllowed": 5}
    return order


def make_reports(
    policy: Policy, setting: Setting, cast: Cast, missing: Set[str | None], rng: random.Random
) -> list[Json]:
    """Return a report for each document that the payer wants as a DiagnosticReport."""
    reports: list[Json] = []
    for number, document in enumerate(policy.documents, 1):
        find = document.find
        if find is None or find.resource != "DiagnosticReport" or find.codes in missing:
            continue
        entries = sorted(setting.sets.get(find.codes or "", ()))
        if not entries:
            continue
        when = setting.day - timedelta(days=rng.randint(15, 60))
        fact = Fact("DiagnosticReport", rng.choice(entries), when)
        reports.append(
            build_resource(fact, f"report-{number}", cast.patient, cast.practitioner, document.text)
        )
    return reports
