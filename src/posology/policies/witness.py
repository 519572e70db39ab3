"""Quoting a resource: its value, name, code and state, each the text at its own path."""

import re
from collections.abc import Mapping
from typing import Any

from posology.policies.candidates import Candidate, Scope
from posology.quotes import Evidence, EvidenceKind
from posology.records.chart import Resource
from posology.records.timing import period_of

__all__ = ["describe", "quantity_quote"]

_STATES = {
    "Condition": "clinicalStatus.coding[0].code",
    "MedicationRequest": "status",
    "MedicationStatement": "status",
}
_BILLED = re.compile(
    r"[A-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?"
)  # ICD-10-CM and HCPCS: codes that belong in a letter
_REQUEST_FIELDS = ("side", "bodySite", "kind", "urgency")


def describe(candidate: Candidate, scope: Scope, value_path: str = "") -> tuple[Evidence, ...]:
    """Return a resource's quotes: value first where the leaf looked at one, then name, code and state."""
    resource = candidate.resource
    if resource.type == "Patient":
        return _patient(resource, scope)
    if resource.type == "Request":
        return _request(scope)
    label = candidate.match.name if candidate.match else ""
    when = candidate.when.text if candidate.when else None
    paths = [value_path] if value_path else _value_paths(resource)
    if candidate.match is not None:
        paths.append(candidate.match.name_path)
        if _BILLED.fullmatch(candidate.match.code) and candidate.match.code_path != candidate.match.name_path:
            paths.append(candidate.match.code_path)
    if resource.type in _STATES:
        paths.append(_STATES[resource.type])
        end = period_of(resource)[1]
        paths.append(end.path if end is not None else "")
    places = {
        (holder.reference, inner): quote_at(holder, inner)
        for holder, inner in (_place(resource, path, scope) for path in paths if path)
    }
    found = [
        Evidence(EvidenceKind.STRUCTURED, source, quote, path=path, date=when, label=label)
        for (source, path), quote in places.items()
        if quote
    ]
    return tuple(found) or _date_only(candidate, when)


_REFERENCES = ("medicationReference", "codeReference", "device")


def _place(resource: Resource, path: str, scope: Scope) -> tuple[Resource, str]:
    """Return where a path's value stands: the resource that a reference leads to, or this one."""
    first, _, rest = path.partition(".")
    target = resource.linked.get(first)
    if first not in _REFERENCES or not isinstance(target, Mapping) or "resourceType" not in target:
        return resource, path
    key = target.get("id", "")
    for name in (f"{target['resourceType']}/{key}", f"{resource.reference}#{key}"):
        if name in scope.chart.by_reference:
            return scope.chart.by_reference[name], rest
    return resource, path


def _date_only(candidate: Candidate, when: str | None) -> tuple[Evidence, ...]:
    if candidate.when is None:
        return (_plain(candidate.resource, "resourceType"),)
    path, written = candidate.when.path, candidate.when.written
    source = candidate.resource.reference
    return (
        Evidence(
            EvidenceKind.STRUCTURED, source, written, path=path, date=when, label=candidate.resource.type
        ),
    )


def _plain(resource: Resource, path: str) -> Evidence:
    return Evidence(EvidenceKind.STRUCTURED, resource.reference, str(resource.body[path]), path=path)


def _value_paths(resource: Resource) -> list[str]:
    values = [key for key in resource.body if key.startswith("value") and resource.type == "Observation"]
    return [path for key in values if (path := _quotable(resource.body[key], key))]


def _quotable(value: object, path: str) -> str:
    if not isinstance(value, Mapping):
        return path
    if "value" in value:
        return path
    if isinstance(value.get("text"), str):
        return f"{path}.text"
    codings = value.get("coding") or []
    if codings and isinstance(codings[0], Mapping):
        return f"{path}.coding[0].display" if codings[0].get("display") else f"{path}.coding[0].code"
    return ""


def quote_at(resource: Resource, path: str) -> str:
    """Return the text at a path: a quantity as value and unit, anything else as it is written."""
    value: Any = resource.body
    for part in path.split("."):
        name, _, index = part.partition("[")
        value = value.get(name) if isinstance(value, Mapping) else None
        if index and isinstance(value, list):
            number = int(index.rstrip("]"))
            value = value[number] if number < len(value) else None
    if isinstance(value, Mapping):
        return quantity_quote(value)
    return "" if value is None else str(value)


def quantity_quote(quantity: Mapping[str, Any]) -> str:
    """Return a quantity as it is quoted: comparator, value and unit."""
    if quantity.get("value") is None:
        return ""
    unit = quantity.get("unit") or quantity.get("code") or ""
    return f"{quantity.get('comparator', '')}{quantity['value']} {unit}".strip()


def _patient(patient: Resource, scope: Scope) -> tuple[Evidence, ...]:
    found = []
    if scope.age is not None:
        found.append(
            Evidence(
                EvidenceKind.DERIVED,
                "",
                f"{scope.age} years",
                derived_from=(patient.reference,),
                how="age on the date of service",
                label="age",
            )
        )
    if isinstance(patient.body.get("gender"), str):
        sex = str(patient.body["gender"])
        found.append(Evidence(EvidenceKind.STRUCTURED, patient.reference, sex, path="gender", label="sex"))
    return tuple(found)


def _request(scope: Scope) -> tuple[Evidence, ...]:
    body = scope.request
    coding = body["code"]["coding"][0]
    quotes = {"the service requested": f"{coding['system']} {coding['code']}"}
    if isinstance(body.get("quantity"), Mapping):
        quotes["the quantity"] = quantity_quote(body["quantity"])
    quotes |= {name: str(body[name]) for name in _REQUEST_FIELDS if body.get(name)}
    return tuple(
        Evidence(EvidenceKind.HUMAN, "request", quote, label=label) for label, quote in quotes.items()
    )
