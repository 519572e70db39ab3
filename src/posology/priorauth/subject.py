"""The patient as the packet names them, each field with the place it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from posology.errors import ChartError
from posology.priorauth.administrative import person_name
from posology.priorauth.request import Request
from posology.quotes import Evidence, EvidenceKind
from posology.records import Chart, Resource, parse_date

__all__ = ["Subject", "require_alive", "subject_of"]


@dataclass(frozen=True)
class Subject:
    """Who the request is for; what the chart does not say is ``None``."""

    reference: str
    name: Evidence | None
    names: tuple[str, ...]
    birth_date: Evidence | None
    sex: Evidence | None
    age: Evidence | None
    member_id: str | None
    payer: str | None

    def __repr__(self) -> str:
        """Show the reference only."""
        return f"Subject({self.reference})"


def subject_of(chart: Chart, request: Request) -> Subject:
    """Read the patient's particulars from the chart; the request file may add the member id."""
    patient, body = chart.patient, chart.patient.body
    coverage = _coverage(chart, request.day)
    name = person_name(body)
    return Subject(
        reference=patient.reference,
        name=_name_evidence(patient, name),
        names=tuple(sorted(set(_all_names(body)))),
        birth_date=_element(patient, "birthDate", "birth date"),
        sex=_element(patient, "gender", "sex"),
        age=_age(patient, request.day),
        member_id=request.details.member_id or (_member_id(coverage) if coverage else None),
        payer=_payer(chart, coverage) if coverage else None,
    )


def require_alive(chart: Chart, day: date) -> None:
    """Refuse a patient who died before the date of service, or was born after it."""
    body = chart.patient.body
    died, born = parse_date(body.get("deceasedDateTime")), parse_date(body.get("birthDate"))
    if died is not None and died.on_or_after(day) is False:
        raise ChartError(
            f"{chart.patient.reference}: deceasedDateTime lies before the date of service {day}; "
            "check the patient and --date"
        )
    if body.get("deceasedBoolean") is True:
        raise ChartError(
            f"{chart.patient.reference}: recorded as deceased, without a date; check the patient"
        )
    if born is not None and born.on_or_before(day) is False:
        raise ChartError(
            f"{chart.patient.reference}: birthDate lies after the date of service {day}; check --date"
        )


def _element(patient: Resource, path: str, label: str) -> Evidence | None:
    value = patient.body.get(path)
    if not isinstance(value, str) or not value:
        return None
    return Evidence(EvidenceKind.STRUCTURED, patient.reference, value, path=path, label=label)


def _name_evidence(patient: Resource, name: str | None) -> Evidence | None:
    if name is None:
        return None
    return Evidence(
        EvidenceKind.DERIVED,
        "",
        name,
        derived_from=(patient.reference,),
        how="the patient's name as recorded",
        label="patient's name",
    )


def _all_names(body: Mapping[str, Any]) -> list[str]:
    """Return each name of the patient in full."""
    names = [person_name({"name": [name]}) for name in body.get("name", []) if isinstance(name, Mapping)]
    return [name for name in names if name]


def _age(patient: Resource, day: date) -> Evidence | None:
    """Return whole years on the date of service, where the birth date settles them."""
    born = parse_date(patient.body.get("birthDate"))
    if born is None:
        return None
    years = {
        day.year - b.year - ((day.month, day.day) < (b.month, b.day)) for b in (born.earliest, born.latest)
    }
    if len(years) != 1:
        return None
    return Evidence(
        EvidenceKind.DERIVED, "", f"{years.pop()} years", derived_from=(patient.reference,),
        how="age on the date of service", label="age",
    )  # fmt: skip


def _coverage(chart: Chart, day: date) -> Resource | None:
    """Return the coverage in force on the day: active first, then the one with a member id."""
    usable = [
        c
        for c in chart.of_type("Coverage")
        if c.body.get("status") not in ("cancelled", "entered-in-error", "draft")
    ]
    inside = [c for c in usable if _covers(c.body.get("period"), day)]
    return max(
        inside, key=lambda c: (c.body.get("status") == "active", _member_id(c) is not None), default=None
    )


def _covers(period: object, day: date) -> bool:
    if not isinstance(period, Mapping):
        return True
    start, end = parse_date(period.get("start")), parse_date(period.get("end"))
    return (start is None or start.on_or_before(day) is not False) and (
        end is None or end.on_or_after(day) is not False
    )


def _member_id(coverage: Resource) -> str | None:
    """Return the member id: an identifier typed MB, the subscriber id, or the only identifier."""
    identifiers = [
        i for i in coverage.body.get("identifier", []) if isinstance(i, Mapping) and i.get("value")
    ]
    for identifier in identifiers:
        codings = (
            identifier.get("type", {}).get("coding", [])
            if isinstance(identifier.get("type"), Mapping)
            else []
        )
        if any(isinstance(c, Mapping) and c.get("code") == "MB" for c in codings):
            return str(identifier["value"])
    if isinstance(coverage.body.get("subscriberId"), str):
        return str(coverage.body["subscriberId"])
    return str(identifiers[0]["value"]) if len(identifiers) == 1 else None


def _payer(chart: Chart, coverage: Resource) -> str | None:
    for reference in coverage.linked.get("payor", []):
        if not isinstance(reference, Mapping):
            continue
        target = chart.target(reference)
        name = target.body.get("name") if target else reference.get("display")
        if isinstance(name, str) and name:
            return name
    return None
