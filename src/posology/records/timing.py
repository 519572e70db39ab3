"""When a resource's fact happened: one date, or the start and end of a period, each with its path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from posology.records.chart import Chart, Resource
from posology.records.dates import PartialDate, parse_date

__all__ = ["Dated", "date_of", "elements_at", "newest_date", "period_of"]

# the clinically relevant date: the first of these elements that holds a date on the calendar
_DATES: Mapping[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("onsetDateTime", "onsetPeriod.start", "recordedDate"),
    "CarePlan": ("period.start", "created"),
    "Claim": ("billablePeriod.start", "created"),
    "ClinicalImpression": ("effectiveDateTime", "effectivePeriod.start", "date"),
    "Communication": ("sent", "received"),
    "Composition": ("date",),
    "Condition": ("onsetDateTime", "onsetPeriod.start", "recordedDate"),
    "Consent": ("dateTime",),
    "Coverage": ("period.start",),
    "DeviceRequest": ("authoredOn", "occurrenceDateTime", "occurrencePeriod.start"),
    "DeviceUseStatement": ("timingDateTime", "timingPeriod.start", "recordedOn"),
    "DiagnosticReport": ("effectiveDateTime", "effectivePeriod.start", "issued"),
    "DocumentReference": ("context.period.start", "date"),
    "Encounter": ("period.start",),
    "EpisodeOfCare": ("period.start",),
    "ExplanationOfBenefit": ("billablePeriod.start", "created"),
    "FamilyMemberHistory": ("date",),
    "Goal": ("startDate",),
    "ImagingStudy": ("started",),
    "Immunization": ("occurrenceDateTime",),
    "MedicationAdministration": ("effectiveDateTime", "effectivePeriod.start"),
    "MedicationDispense": ("whenHandedOver", "whenPrepared"),
    "MedicationRequest": ("authoredOn", "dispenseRequest.validityPeriod.start"),
    "MedicationStatement": ("effectiveDateTime", "effectivePeriod.start", "dateAsserted"),
    "Observation": ("effectiveDateTime", "effectivePeriod.start", "effectiveInstant", "issued"),
    "Procedure": ("performedDateTime", "performedPeriod.start"),
    "QuestionnaireResponse": ("authored",),
    "ServiceRequest": ("authoredOn", "occurrenceDateTime", "occurrencePeriod.start"),
    "Specimen": ("collection.collectedDateTime", "collection.collectedPeriod.start", "receivedTime"),
}

# the elements a period starts and ends with; an event of one day starts and ends on it
_PERIODS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "AllergyIntolerance": (("onsetDateTime", "onsetPeriod.start", "recordedDate"), ()),
    "Condition": (
        ("onsetDateTime", "onsetPeriod.start", "recordedDate"),
        ("abatementDateTime", "abatementPeriod.end", "abatementPeriod.start"),
    ),
    "DeviceRequest": (
        ("occurrencePeriod.start", "occurrenceDateTime", "authoredOn"),
        ("occurrencePeriod.end",),
    ),
    "MedicationRequest": (
        (
            "dosageInstruction.timing.repeat.boundsPeriod.start",
            "dispenseRequest.validityPeriod.start",
            "authoredOn",
        ),
        ("dosageInstruction.timing.repeat.boundsPeriod.end", "dispenseRequest.validityPeriod.end"),
    ),
    "MedicationStatement": (("effectivePeriod.start", "effectiveDateTime"), ("effectivePeriod.end",)),
    "ServiceRequest": (
        ("occurrencePeriod.start", "occurrenceDateTime", "authoredOn"),
        ("occurrencePeriod.end",),
    ),
}
_SPANS = (
    "period",
    "effectivePeriod",
    "performedPeriod",
    "billablePeriod",
    "context.period",
    "timingPeriod",
    "collection.collectedPeriod",
)
_NEWEST_SKIPS = frozenset({"Coverage", "Claim", "ExplanationOfBenefit", "CarePlan", "Goal", "Consent"})


@dataclass(frozen=True, slots=True)
class Dated(PartialDate):
    """A date of a resource, the path of its element, and the element's text as it was written."""

    path: str = ""
    written: str = ""


def date_of(resource: Resource) -> Dated | None:
    """Return the clinically relevant date of a resource, or ``None`` where it has none."""
    return _first(resource.body, _DATES.get(resource.type, ()))


def period_of(resource: Resource) -> tuple[Dated | None, Dated | None]:
    """Return the start and end of a resource's fact; an event of one day starts and ends on it.

    An end of ``None`` means that no end is recorded, never that it goes on. An order of several dosages, one
    after the other, lasts from the start of the first to the end of the last.
    """
    rows = _PERIODS.get(resource.type)
    if rows:
        return _outermost(resource.body, rows[0], last=False), _outermost(resource.body, rows[1], last=True)
    for span in _SPANS:
        ends = _first(resource.body, (f"{span}.start",)), _first(resource.body, (f"{span}.end",))
        if ends != (None, None):
            return ends
    day = date_of(resource)
    return (day, None) if resource.type in ("Encounter", "Coverage", "CarePlan") else (day, day)


def newest_date(chart: Chart, *, until: date | None = None) -> date | None:
    """Return the newest day on which the chart records something, not after ``until``.

    Coverage, claims, plans and consents do not count: they say little about when the patient was seen.
    """
    dates = [date_of(resource) for resource in chart.resources if resource.type not in _NEWEST_SKIPS]
    dates += [document.date for document in chart.documents]  # type: ignore[misc]
    days = [found.latest for found in dates if found is not None]
    if until is not None:
        early = [found.earliest for found in dates if found is not None and found.earliest <= until]
        days = [min(day, until) for day in days if day <= until] + early
    return max(days, default=None)


def _first(body: Mapping[str, Any], paths: Sequence[str]) -> Dated | None:
    return next((found for path in paths for found in _dated(body, path)), None)


def _outermost(body: Mapping[str, Any], paths: Sequence[str], *, last: bool) -> Dated | None:
    """Return the earliest start or the latest end; one of several without an end leaves the end open."""
    for path in paths:
        found = _dated(body, path)
        if found and last:
            parts = elements_at(body, path.partition(".")[0])
            return max(found, key=lambda day: day.latest) if len(found) >= len(parts) else None
        if found:
            return min(found, key=lambda day: day.earliest)
    return None


def _dated(body: Mapping[str, Any], path: str) -> list[Dated]:
    days = [(where, value, parse_date(value)) for where, value in elements_at(body, path)]
    return [Dated(day.earliest, day.latest, day.text, where, str(value)) for where, value, day in days if day]


def elements_at(body: Any, path: str) -> list[tuple[str, Any]]:
    """Return what stands at a path of a resource with each place, lists entered item by item."""
    found = [("", body)]
    for name in path.split("."):
        reached: list[tuple[str, Any]] = []
        for where, value in found:
            child = value.get(name) if isinstance(value, Mapping) else None
            here = f"{where}.{name}" if where else name
            if isinstance(child, list):
                reached.extend((f"{here}[{n}]", item) for n, item in enumerate(child))
            elif child is not None:
                reached.append((here, child))
        found = reached
    return found
