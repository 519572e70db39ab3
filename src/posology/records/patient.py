"""What the chart says of the patient and the coverage, each value with where it stands."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from posology.quotes import Evidence, EvidenceKind
from posology.records.chart import Chart, Resource
from posology.records.dates import parse_date
from posology.records.timing import period_of

__all__ = [
    "birth_date",
    "coverages_on",
    "deceased_date",
    "member_id",
    "patient_identifiers",
    "patient_name",
    "payer_name",
    "person_name",
    "sex",
]

_NAME_USES = ("official", "usual", "", "temp", "nickname", "maiden", "old", "anonymous")
_INACTIVE = frozenset({"entered-in-error", "cancelled", "draft"})
_MEMBER_TYPES = frozenset(
    {"MB", "SN", "MA", "MC"}
)  # HL7 v2 table 0203: member, subscriber, Medicaid, Medicare


def patient_name(chart: Chart) -> Evidence | None:
    """Return the patient's name, the official one first: its text, else given and family names."""
    return person_name(chart.patient, "Patient")


def person_name(person: Resource, label: str) -> Evidence | None:
    """Return the name of a Patient or Practitioner as a person reads it."""
    names = _objects(person.body.get("name"))
    ranked = sorted(enumerate(names), key=lambda pair: (_use_rank(pair[1]), pair[0]))
    for number, name in ranked:
        text = _name_text(name)
        if text:
            return _evidence(person, text, f"name[{number}]", f"{label} name")
    return None


def birth_date(chart: Chart) -> Evidence | None:
    """Return the birth date where it is a date on the calendar, of whatever precision."""
    return _patient_date(chart, "birthDate", "Birth date")


def deceased_date(chart: Chart) -> Evidence | None:
    """Return when the patient died; a bare ``deceasedBoolean`` true is quoted as ``true``."""
    died = _patient_date(chart, "deceasedDateTime", "Date of death")
    if died is None and chart.patient.body.get("deceasedBoolean") is True:
        return _evidence(chart.patient, "true", "deceasedBoolean", "Deceased")
    return died


def sex(chart: Chart) -> Evidence | None:
    """Return the administrative gender: male, female, other or unknown."""
    value = chart.patient.body.get("gender")
    return _evidence(chart.patient, value, "gender", "Sex") if isinstance(value, str) and value else None


def patient_identifiers(chart: Chart) -> list[Evidence]:
    """Return the patient's identifiers, each labelled by its type or system."""
    found: list[Evidence] = []
    for number, one in enumerate(_objects(chart.patient.body.get("identifier"))):
        value = one.get("value")
        if isinstance(value, str) and value:
            label = _concept_text(one.get("type")) or str(one.get("system") or "Identifier")
            found.append(_evidence(chart.patient, value, f"identifier[{number}].value", label))
    return found


def coverages_on(chart: Chart, day: date) -> list[Resource]:
    """Return the patient's coverages that may be in force on ``day``: the surest first.

    Drafts, cancelled ones and those whose period ends before or begins after the day are left out.
    Sorted: a period that holds the day, the coverage's own order, entries before contained ones.
    """
    found: list[tuple[tuple[bool, int, bool], Resource]] = []
    for coverage in chart.of_type("Coverage"):
        start, end = period_of(coverage)
        begun = start.on_or_before(day) if start else None
        not_over = end.on_or_after(day) if end else None
        if coverage.body.get("status") in _INACTIVE or begun is False or not_over is False:
            continue
        order = coverage.body.get("order")
        rank = (begun is None, order if isinstance(order, int) else 99, "#" in coverage.reference)
        found.append((rank, coverage))
    return [coverage for _, coverage in sorted(found, key=lambda pair: pair[0])]


def member_id(coverage: Resource) -> Evidence | None:
    """Return the member id of a coverage: ``subscriberId``, else an identifier that is typed as one."""
    subscriber = coverage.body.get("subscriberId")
    if isinstance(subscriber, str) and subscriber.strip():
        return _evidence(coverage, subscriber, "subscriberId", "Member id")
    for number, one in enumerate(_objects(coverage.body.get("identifier"))):
        kind = one.get("type")
        codings = _objects(kind.get("coding")) if isinstance(kind, dict) else []
        value = one.get("value")
        if isinstance(value, str) and value and any(c.get("code") in _MEMBER_TYPES for c in codings):
            return _evidence(coverage, value, f"identifier[{number}].value", "Member id")
    return None


def payer_name(coverage: Resource) -> Evidence | None:
    """Return the payer's name: the Organization that ``payor`` leads to, its display, or the plan's text."""
    for number, payor in enumerate(_objects(coverage.linked.get("payor"))):
        name, display = payor.get("name"), payor.get("display")
        if isinstance(name, str) and name and payor.get("resourceType") == "Organization":
            identifier = payor.get("id")
            source = f"Organization/{identifier}" if isinstance(identifier, str) else ""
            reference = payor.get("reference")
            if isinstance(reference, str) and reference.startswith("#"):
                source = coverage.reference.split("#")[0] + reference
            if source:
                return Evidence(EvidenceKind.STRUCTURED, source, name, "name", label="Payer")
        if isinstance(display, str) and display:
            return _evidence(coverage, display, f"payor[{number}].display", "Payer")
    return None


def _patient_date(chart: Chart, element: str, label: str) -> Evidence | None:
    value = chart.patient.body.get(element)
    found = parse_date(value)
    if found is None or not isinstance(value, str):
        return None
    return Evidence(
        EvidenceKind.STRUCTURED, chart.patient.reference, found.text, element, date=found.text, label=label
    )


def _evidence(resource: Resource, quote: str, path: str, label: str) -> Evidence:
    return Evidence(EvidenceKind.STRUCTURED, resource.reference, quote, path, label=label)


def _use_rank(name: Mapping[str, Any]) -> int:
    use = name.get("use", "")
    return _NAME_USES.index(use) if use in _NAME_USES else len(_NAME_USES)


def _name_text(name: Mapping[str, Any]) -> str:
    text = name.get("text")
    if isinstance(text, str) and text.strip():
        return text.strip()
    parts = [*_strings(name.get("given")), *_strings([name.get("family")]), *_strings(name.get("suffix"))]
    return " ".join(parts)


def _concept_text(concept: Any) -> str:
    if not isinstance(concept, dict):
        return ""
    codings = _objects(concept.get("coding"))
    texts = [concept.get("text"), *(c.get("display") for c in codings), *(c.get("code") for c in codings)]
    return next((text for text in texts if isinstance(text, str) and text), "")


def _strings(values: Any) -> Sequence[str]:
    return [v for v in values if isinstance(v, str) and v.strip()] if isinstance(values, list) else []


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
