"""The patient as the packet names them, each field with the place it was read from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from posology.errors import ChartError
from posology.policies.choose import same_payer
from posology.priorauth.administrative import person_name
from posology.priorauth.request import Request
from posology.quotes import Evidence, EvidenceKind
from posology.records import Chart, Resource, coverages_on, member_id, parse_date, payer_name

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


def subject_of(chart: Chart, request: Request, payer: str | None = None) -> Subject:
    """Read the patient's particulars from the chart; the request file may add the member id.

    With ``payer``, the member id is that of the patient's coverage by this payer, never of another one.
    """
    patient, body = chart.patient, chart.patient.body
    coverage = _coverage(chart, request.day, payer)
    name = person_name(body)
    return Subject(
        reference=patient.reference,
        name=_name_evidence(patient, name),
        names=tuple(sorted(set(_all_names(body)))),
        birth_date=_element(patient, "birthDate", "birth date"),
        sex=_element(patient, "gender", "sex"),
        age=_age(patient, request.day),
        member_id=request.details.member_id or (_member_id(coverage) if coverage else None),
        payer=_payer(coverage) if coverage else None,
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
    recorded = body.get("name")
    names = [person_name({"name": [name]}) for name in recorded] if isinstance(recorded, list) else []
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


def _coverage(chart: Chart, day: date, payer: str | None) -> Resource | None:
    """Return the coverage in force on the day: of the payer, active first, then the one with a member id."""
    inside = coverages_on(chart, day)
    if payer is not None:
        named = [(coverage, _payer(coverage)) for coverage in inside]
        inside = [c for c, name in named if name is not None and same_payer(name, payer)]
        inside = inside or [c for c, name in named if name is None]
    return max(
        inside, key=lambda c: (c.body.get("status") == "active", _member_id(c) is not None), default=None
    )


def _member_id(coverage: Resource) -> str | None:
    """Return the member id: one that is typed as such, the subscriber id, or the only identifier."""
    typed = member_id(coverage)
    if typed is not None:
        return typed.quote
    identifiers = coverage.body.get("identifier")
    values = (
        [i.get("value") for i in identifiers if isinstance(i, Mapping)]
        if isinstance(identifiers, list)
        else []
    )
    return str(values[0]) if len(values) == 1 and isinstance(values[0], str) and values[0] else None


def _payer(coverage: Resource) -> str | None:
    name = payer_name(coverage)
    return name.quote if name else None
