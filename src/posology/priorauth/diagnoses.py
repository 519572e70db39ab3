"""Diagnoses with their ICD-10-CM codes, from the request file or the chart; never made up."""

from collections.abc import Iterator, Mapping
from typing import Any

from posology.policies import Finding, Policy, eligibility, same_system
from posology.priorauth.administrative import find_order
from posology.priorauth.request import Request
from posology.priorauth.tree import all_leaves
from posology.quotes import Status
from posology.records import Chart, Resource

__all__ = ["find_diagnoses"]

MOST = 12  # of a claim that reach X12


def find_diagnoses(
    chart: Chart, request: Request, policy: Policy, findings: Mapping[str, Finding]
) -> list[Mapping[str, Any]]:
    """Return the diagnoses of a request, the order's reasons first, then those of met criteria."""
    if request.details.diagnoses:
        return [
            diagnosis.model_dump() | {"source": request.source} for diagnosis in request.details.diagnoses
        ]
    found: dict[str, Mapping[str, Any]] = {}
    for resource in [*_reasons(chart, request), *_witnesses(chart, policy, findings)]:
        for row in _codes(resource):
            found.setdefault(row["code"], row)
    return list(found.values())[:MOST]


def _reasons(chart: Chart, request: Request) -> Iterator[Resource]:
    order = find_order(chart, request)
    reasons = order.linked.get("reasonReference") if order else None
    for reference in reasons if isinstance(reasons, list) else []:
        target = chart.target(reference)
        if target is not None and target.type == "Condition" and eligibility(target.type, target.body)[0]:
            yield target


def _witnesses(chart: Chart, policy: Policy, findings: Mapping[str, Finding]) -> Iterator[Resource]:
    for leaf in all_leaves(policy):
        finding = findings[leaf.id]
        if finding.status is Status.MET:
            for evidence in finding.evidence:
                resource = chart.by_reference.get(evidence.source)
                if resource is not None and resource.type == "Condition":
                    yield resource


def _codes(condition: Resource) -> Iterator[dict[str, Any]]:
    concept = condition.body.get("code")
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    for number, coding in enumerate(codings if isinstance(codings, list) else []):
        if not isinstance(coding, Mapping) or not isinstance(coding.get("code"), str):
            continue
        if same_system(str(coding.get("system", "")), "ICD-10-CM"):
            yield {
                "system": "ICD-10-CM",
                "code": coding.get("code"),
                "display": coding.get("display"),
                "source": condition.reference,
                "path": f"code.coding[{number}].code",
            }
