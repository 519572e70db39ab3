"""What stands around a fact in its own entry: the component's name, the day with its kind, the dosage."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from posology.policies.witness import quote_at
from posology.priorauth.administrative import find_order
from posology.priorauth.request import Request
from posology.quotes import Evidence, EvidenceKind
from posology.records import Chart, Resource, date_of, period_of

__all__ = ["service_name", "with_surroundings"]

_LASTING = ("Condition", "MedicationRequest", "MedicationStatement")
_DOSAGES = {"MedicationRequest": "dosageInstruction[0].text", "MedicationStatement": "dosage[0].text"}
_NAMES = ("code", "codeCodeableConcept", "medicationCodeableConcept")


def with_surroundings(evidence: Sequence[Evidence], chart: Chart) -> tuple[Evidence, ...]:
    """Add to each entry's evidence what a reader needs beside it, quoted from the same entry.

    The name of the component that was measured, the element that the day comes from (so that an onset reads
    as an onset), and a prescription's dosage as it is written.
    """
    shown: dict[tuple[str, str], Evidence] = {}
    for number, row in enumerate(evidence):
        resource = chart.by_reference.get(row.source) if row.kind is EvidenceKind.STRUCTURED else None
        if resource is None or resource.type == "Patient":
            shown[(f"{row.source}#{number}", row.path)] = row
            continue
        named = _component(row, resource)
        for found in (*named, *_around(row, resource)):
            shown.setdefault((found.source, found.path), found)
    return tuple(shown.values())


def service_name(chart: Chart, request: Request) -> Evidence | None:
    """Return the name of the service as the chart's own order for it has it, if there is one."""
    order = find_order(chart, request)
    if order is None:
        return None
    for name in _NAMES:
        for path in _concept_paths(order, name, request.service.code):
            if quote := quote_at(order, path):
                return Evidence(
                    EvidenceKind.STRUCTURED, order.reference, quote, path=path, label="the service's name"
                )
    return None


def _concept_paths(order: Resource, name: str, code: str) -> Iterable[str]:
    """Return where the service's name may stand: the display of its own code, then the concept's text."""
    for number in range(5):
        if quote_at(order, f"{name}.coding[{number}].code") == code:
            yield f"{name}.coding[{number}].display"
    yield f"{name}.text"


def _component(row: Evidence, resource: Resource) -> list[Evidence]:
    """Return a component's value under the component's own name, and that name."""
    holder, _, rest = row.path.partition(".")
    if not holder.startswith("component[") or not rest.startswith("value"):
        return [row]
    for path in (f"{holder}.code.text", f"{holder}.code.coding[0].display"):
        if quote := quote_at(resource, path):
            return [replace(row, label=quote), replace(row, quote=quote, path=path, label=quote)]
    return [row]


def _around(row: Evidence, resource: Resource) -> list[Evidence]:
    start = period_of(resource)[0] if resource.type in _LASTING else date_of(resource)
    found = []
    if start is not None:
        found.append(replace(row, quote=start.written, path=start.path, date=start.text))
    dosage = _DOSAGES.get(resource.type, "")
    if dosage and (quote := quote_at(resource, dosage)):
        found.append(replace(row, quote=quote, path=dosage))
    return found
