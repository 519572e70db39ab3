"""Turning facts into FHIR R4 resources."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from posology.testing.facts import Fact
from posology.testing.terms import LOINC, default_unit, display

__all__ = ["Json", "build_resource", "coding", "concept", "instant"]

Json = dict[str, Any]
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
VITALS = frozenset({"39156-5", "85354-9", "29463-7", "8302-2", "8867-4", "9279-1", "8310-5"})
SAME: Mapping[str, str] = {"ng/mL": "ug/L", "/h": "{events}/h"}  # two spellings of one unit, exact
STATUSES: Mapping[str, str] = {
    "Observation": "final",
    "Procedure": "completed",
    "MedicationRequest": "active",
    "MedicationStatement": "active",
    "Encounter": "finished",
    "DiagnosticReport": "final",
    "ServiceRequest": "active",
    "DeviceRequest": "active",
    "Immunization": "completed",
}


def instant(day: date, hour: int = 9) -> str:
    """Return a dateTime on the day, in the record's own offset."""
    return f"{day.isoformat()}T{hour:02d}:15:00-05:00"


def coding(system: str, code: str, fallback: str = "") -> Json:
    """Return a Coding with its display where the maker knows one."""
    name = display(code, fallback)
    return {"system": system, "code": code} | ({"display": name} if name else {})


def concept(system: str, code: str, fallback: str = "") -> Json:
    """Return a CodeableConcept with one coding and its text."""
    one = coding(system, code, fallback)
    return {"coding": [one]} | ({"text": one["display"]} if "display" in one else {})


def build_resource(fact: Fact, identifier: str, patient: str, requester: str, name: str) -> Json:
    """Return the resource that states the fact; ``name`` words a code that has no known display."""
    resource: Json = {"resourceType": fact.resource, "id": identifier}
    resource |= BUILDERS[fact.resource](fact, patient, requester, name)
    resource |= dict(fact.fields)
    return _spoil(resource, fact)


def _status(fact: Fact) -> str:
    return STATUSES[fact.resource]


def _condition(fact: Fact, patient: str, requester: str, name: str) -> Json:
    ended = fact.end is not None
    return {
        "clinicalStatus": {
            "coding": [
                {"system": f"{TERMINOLOGY}condition-clinical", "code": "resolved" if ended else "active"}
            ]
        },
        "verificationStatus": {
            "coding": [{"system": f"{TERMINOLOGY}condition-ver-status", "code": "confirmed"}]
        },
        "category": [
            {"coding": [{"system": f"{TERMINOLOGY}condition-category", "code": "problem-list-item"}]}
        ],
        "code": concept(*fact.entry, name),
        "subject": {"reference": patient},
        "onsetDateTime": fact.start.isoformat(),
        "recordedDate": fact.start.isoformat(),
        "recorder": {"reference": requester},
    } | ({"abatementDateTime": fact.end.isoformat()} if fact.end else {})


def _quantity(fact: Fact) -> Json:
    unit = fact.unit or default_unit(fact.entry)
    if fact.start.day % 3 == 0:
        unit = SAME.get(unit, unit)
    number = float(fact.value or 0)
    value = int(number) if number.is_integer() else number
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def _observation(fact: Fact, patient: str, requester: str, name: str) -> Json:
    category = "vital-signs" if fact.entry[1] in VITALS else "laboratory"
    if fact.entry[1] in ("72166-2", "8664-5", "401201003"):
        category = "social-history"
    resource: Json = {
        "status": _status(fact),
        "category": [{"coding": [{"system": f"{TERMINOLOGY}observation-category", "code": category}]}],
        "code": concept(*fact.entry, name),
        "subject": {"reference": patient},
        "effectiveDateTime": instant(fact.start),
        "performer": [{"reference": requester}],
    }
    if fact.part is not None:
        resource["component"] = [{"code": concept(*fact.part), "valueQuantity": _quantity(fact)}]
        if fact.part == (LOINC, "8480-6"):
            other = {"value": 76, "unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
            resource["component"].append({"code": concept(LOINC, "8462-4"), "valueQuantity": other})
    elif fact.coded is not None:
        resource["valueCodeableConcept"] = concept(*fact.coded)
    elif fact.value is not None:
        resource["valueQuantity"] = _quantity(fact)
    else:
        resource["valueString"] = "see report"
    if fact.low is not None:
        low = _quantity(fact) | {"value": float(fact.low)}
        resource["referenceRange"] = [{"low": low, "high": low | {"value": float(fact.low) * 4}}]
    return resource


def _medication(fact: Fact, patient: str, requester: str, name: str) -> Json:
    period: Json = {"start": fact.start.isoformat()}
    if fact.end is not None:
        period["end"] = fact.end.isoformat()
    return {
        "status": "completed" if fact.end else _status(fact),
        "intent": "order",
        "medicationCodeableConcept": concept(*fact.entry, name),
        "subject": {"reference": patient},
        "authoredOn": fact.start.isoformat(),
        "requester": {"reference": requester},
        "dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": period}}}],
        "dispenseRequest": {"validityPeriod": period},
    }


def _statement(fact: Fact, patient: str, requester: str, name: str) -> Json:
    period: Json = {"start": fact.start.isoformat()}
    if fact.end is not None:
        period["end"] = fact.end.isoformat()
    return {
        "status": "completed" if fact.end else _status(fact),
        "medicationCodeableConcept": concept(*fact.entry, name),
        "subject": {"reference": patient},
        "effectivePeriod": period,
        "informationSource": {"reference": requester},
    }


def _procedure(fact: Fact, patient: str, requester: str, name: str) -> Json:
    return {
        "status": _status(fact),
        "code": concept(*fact.entry, name),
        "subject": {"reference": patient},
        "performedDateTime": instant(fact.start, 10),
        "performer": [{"actor": {"reference": requester}}],
    }


def _encounter(fact: Fact, patient: str, requester: str, name: str) -> Json:
    del name
    return {
        "status": _status(fact),
        "class": {"system": f"{TERMINOLOGY}v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [{"text": "Office visit"}] if not fact.entry[1] else [concept(*fact.entry)],
        "subject": {"reference": patient},
        "participant": [{"individual": {"reference": requester}}],
        "period": {"start": instant(fact.start, 9), "end": instant(fact.start, 10)},
    }


def _report(fact: Fact, patient: str, requester: str, name: str) -> Json:
    return {
        "status": _status(fact),
        "code": concept(*fact.entry, name),
        "subject": {"reference": patient},
        "effectiveDateTime": instant(fact.start, 11),
        "issued": instant(fact.start, 15),
        "performer": [{"reference": requester}],
    }


def _order(fact: Fact, patient: str, requester: str, name: str) -> Json:
    key = "codeCodeableConcept" if fact.resource == "DeviceRequest" else "code"
    return {
        "status": _status(fact),
        "intent": "order",
        key: concept(*fact.entry, name),
        "subject": {"reference": patient},
        "authoredOn": instant(fact.start, 14),
        "requester": {"reference": requester},
    }


def _immunization(fact: Fact, patient: str, requester: str, name: str) -> Json:
    return {
        "status": _status(fact),
        "vaccineCode": concept(*fact.entry, name),
        "patient": {"reference": patient},
        "occurrenceDateTime": fact.start.isoformat(),
        "performer": [{"actor": {"reference": requester}}],
    }


BUILDERS: Mapping[str, Callable[[Fact, str, str, str], Json]] = {
    "Condition": _condition,
    "Observation": _observation,
    "MedicationRequest": _medication,
    "MedicationStatement": _statement,
    "Procedure": _procedure,
    "Encounter": _encounter,
    "DiagnosticReport": _report,
    "ServiceRequest": _order,
    "DeviceRequest": _order,
    "Immunization": _immunization,
}


def _spoil(resource: Json, fact: Fact) -> Json:
    """Give an ineligible fact the mark that makes it so; one dated after the service needs none."""
    if fact.ineligible in ("", "after the date of service"):
        return resource
    if fact.resource == "Condition":
        system = f"{TERMINOLOGY}condition-ver-status"
        resource["verificationStatus"] = {"coding": [{"system": system, "code": fact.ineligible}]}
        resource.pop("clinicalStatus", None)
    else:
        resource["status"] = fact.ineligible
    return resource
