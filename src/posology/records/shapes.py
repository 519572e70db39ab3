"""The types of the elements that decide something; lenient on everything else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from posology.records.dates import parse_date

__all__ = ["SHAPES", "Fault", "find_faults"]

# "element type", "element* type" for a list; a type that has a row of its own is looked into.
SHAPES: Mapping[str, str] = {
    # data types
    "Coding": "system string, code string, display string",
    "CodeableConcept": "coding* Coding, text string",
    "Quantity": "value decimal, unit string, system string, code string, comparator string",
    "Range": "low Quantity, high Quantity",
    "Ratio": "numerator Quantity, denominator Quantity",
    "Period": "start dateTime, end dateTime",
    "Identifier": "system string, value string, type CodeableConcept, use string, period Period",
    "Reference": "reference string, display string, identifier Identifier, type string",
    "HumanName": "text string, family string, given* string, prefix* string, suffix* string, use string, "
    "period Period",
    "Address": "line* string, city string, state string, postalCode string, country string, text string",
    "ContactPoint": "system string, value string, use string",
    "Annotation": "text string, time dateTime",
    "Attachment": "contentType string, data string, url string, hash string, size integer, title string",
    "Narrative": "status string, div string",
    "Timing.repeat": "boundsPeriod Period, boundsDuration Quantity, frequency integer, period decimal, "
    "periodUnit string",
    "Timing": "event* dateTime, repeat Timing.repeat, code CodeableConcept",
    "Dosage": "text string, timing Timing, asNeededBoolean boolean, route CodeableConcept, doseAndRate* Dose",
    "Dose": "doseQuantity Quantity, doseRange Range",
    # resources
    "Patient": "active boolean, name* HumanName, birthDate date, gender string, deceasedBoolean boolean, "
    "deceasedDateTime dateTime, identifier* Identifier, address* Address, telecom* ContactPoint",
    "Condition": "clinicalStatus CodeableConcept, verificationStatus CodeableConcept, "
    "category* CodeableConcept, severity CodeableConcept, code CodeableConcept, bodySite* CodeableConcept, "
    "subject Reference, encounter Reference, onsetDateTime dateTime, onsetAge Quantity, onsetPeriod Period, "
    "onsetString string, abatementDateTime dateTime, abatementAge Quantity, abatementPeriod Period, "
    "abatementString string, recordedDate dateTime, note* Annotation",
    "Observation": "status string, category* CodeableConcept, code CodeableConcept, subject Reference, "
    "effectiveDateTime dateTime, effectivePeriod Period, effectiveInstant dateTime, issued dateTime, "
    "valueQuantity Quantity, valueCodeableConcept CodeableConcept, valueString string, "
    "valueBoolean boolean, valueInteger integer, valueRange Range, valueRatio Ratio, valueTime string, "
    "valueDateTime dateTime, valuePeriod Period, dataAbsentReason CodeableConcept, "
    "interpretation* CodeableConcept, bodySite CodeableConcept, component* Observation.component, "
    "note* Annotation, focus* Reference",
    "Observation.component": "code CodeableConcept, valueQuantity Quantity, "
    "valueCodeableConcept CodeableConcept, valueString string, valueBoolean boolean, valueInteger integer, "
    "valueRange Range, valueRatio Ratio, valueDateTime dateTime, valuePeriod Period, "
    "dataAbsentReason CodeableConcept",
    "MedicationRequest": "status string, statusReason CodeableConcept, intent string, doNotPerform boolean, "
    "medicationCodeableConcept CodeableConcept, medicationReference Reference, subject Reference, "
    "authoredOn dateTime, requester Reference, reasonCode* CodeableConcept, reasonReference* Reference, "
    "dosageInstruction* Dosage, dispenseRequest MedicationRequest.dispenseRequest, note* Annotation",
    "MedicationRequest.dispenseRequest": "validityPeriod Period, numberOfRepeatsAllowed integer, "
    "quantity Quantity, expectedSupplyDuration Quantity",
    "MedicationStatement": "status string, statusReason* CodeableConcept, "
    "medicationCodeableConcept CodeableConcept, medicationReference Reference, subject Reference, "
    "effectiveDateTime dateTime, effectivePeriod Period, dateAsserted dateTime, "
    "reasonCode* CodeableConcept, reasonReference* Reference, dosage* Dosage, note* Annotation",
    "MedicationAdministration": "status string, statusReason* CodeableConcept, "
    "medicationCodeableConcept CodeableConcept, medicationReference Reference, subject Reference, "
    "effectiveDateTime dateTime, effectivePeriod Period, note* Annotation",
    "MedicationDispense": "status string, medicationCodeableConcept CodeableConcept, "
    "medicationReference Reference, subject Reference, whenHandedOver dateTime, whenPrepared dateTime, "
    "quantity Quantity, daysSupply Quantity, note* Annotation",
    "Medication": "code CodeableConcept, status string",
    "Procedure": "status string, statusReason CodeableConcept, category CodeableConcept, "
    "code CodeableConcept, subject Reference, performedDateTime dateTime, performedPeriod Period, "
    "performedString string, performedAge Quantity, reasonCode* CodeableConcept, "
    "reasonReference* Reference, bodySite* CodeableConcept, outcome CodeableConcept, note* Annotation",
    "AllergyIntolerance": "clinicalStatus CodeableConcept, verificationStatus CodeableConcept, type string, "
    "criticality string, code CodeableConcept, patient Reference, onsetDateTime dateTime, "
    "onsetPeriod Period, recordedDate dateTime, note* Annotation",
    "Immunization": "status string, statusReason CodeableConcept, vaccineCode CodeableConcept, "
    "patient Reference, occurrenceDateTime dateTime, occurrenceString string, note* Annotation",
    "Encounter": "status string, class Coding, type* CodeableConcept, subject Reference, period Period, "
    "reasonCode* CodeableConcept, reasonReference* Reference",
    "DiagnosticReport": "status string, category* CodeableConcept, code CodeableConcept, subject Reference, "
    "effectiveDateTime dateTime, effectivePeriod Period, issued dateTime, result* Reference, "
    "conclusion string, conclusionCode* CodeableConcept, presentedForm* Attachment",
    "DocumentReference": "status string, docStatus string, type CodeableConcept, category* CodeableConcept, "
    "subject Reference, date dateTime, description string, content* DocumentReference.content, "
    "context DocumentReference.context, securityLabel* CodeableConcept",
    "DocumentReference.content": "attachment Attachment",
    "DocumentReference.context": "period Period",
    "Composition": "status string, type CodeableConcept, category* CodeableConcept, subject Reference, "
    "date dateTime, title string, confidentiality string, section* Composition.section",
    "Composition.section": "title string, code CodeableConcept, text Narrative, entry* Reference, "
    "section* Composition.section",
    "ServiceRequest": "status string, intent string, doNotPerform boolean, category* CodeableConcept, "
    "code CodeableConcept, subject Reference, authoredOn dateTime, occurrenceDateTime dateTime, "
    "occurrencePeriod Period, occurrenceTiming Timing, quantityQuantity Quantity, requester Reference, "
    "performer* Reference, reasonCode* CodeableConcept, reasonReference* Reference, "
    "bodySite* CodeableConcept, note* Annotation",
    "DeviceRequest": "status string, intent string, codeCodeableConcept CodeableConcept, "
    "codeReference Reference, subject Reference, authoredOn dateTime, occurrenceDateTime dateTime, "
    "occurrencePeriod Period, occurrenceTiming Timing, requester Reference, reasonCode* CodeableConcept, "
    "reasonReference* Reference, note* Annotation",
    "Device": "status string, type CodeableConcept, patient Reference",
    "FamilyMemberHistory": "status string, patient Reference, date dateTime, relationship CodeableConcept, "
    "condition* FamilyMemberHistory.condition, note* Annotation",
    "FamilyMemberHistory.condition": "code CodeableConcept, outcome CodeableConcept, note* Annotation",
    "CarePlan": "status string, intent string, category* CodeableConcept, title string, description string, "
    "subject Reference, period Period, created dateTime, addresses* Reference, note* Annotation, "
    "activity* CarePlan.activity",
    "CarePlan.activity": "detail CarePlan.activity.detail, reference Reference",
    "CarePlan.activity.detail": "code CodeableConcept, status string, doNotPerform boolean, "
    "description string, scheduledPeriod Period",
    "Coverage": "status string, type CodeableConcept, subscriberId string, beneficiary Reference, "
    "period Period, payor* Reference, identifier* Identifier, class* Coverage.class, order integer",
    "Coverage.class": "type CodeableConcept, value string, name string",
    "Organization": "active boolean, name string, identifier* Identifier, address* Address, "
    "telecom* ContactPoint",
    "Practitioner": "active boolean, name* HumanName, identifier* Identifier, address* Address, "
    "telecom* ContactPoint",
    "PractitionerRole": "active boolean, practitioner Reference, organization Reference, "
    "specialty* CodeableConcept, identifier* Identifier, telecom* ContactPoint",
    "Location": "status string, name string, identifier* Identifier, address Address, telecom* ContactPoint",
    "Claim": "status string, type CodeableConcept, use string, patient Reference, created dateTime, "
    "billablePeriod Period, provider Reference, insurer Reference, diagnosis* Claim.diagnosis, "
    "item* Claim.item",
    "Claim.diagnosis": "diagnosisCodeableConcept CodeableConcept, diagnosisReference Reference",
    "Claim.item": "productOrService CodeableConcept, quantity Quantity, servicedDate date, "
    "servicedPeriod Period",
}

_PRIMITIVES: Mapping[str, str] = {
    "string": "text",
    "boolean": "true or false",
    "decimal": "a number",
    "integer": "a whole number",
    "date": "a date",
    "dateTime": "a date",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """An element of the wrong type, or (``calendar``) a date that is none."""

    path: str
    expected: str
    calendar: bool = False


def find_faults(body: Mapping[str, Any]) -> list[Fault]:
    """Return the faults in the deciding elements of a resource; none for a type without a row."""
    kind = body.get("resourceType")
    return list(_object(body, kind, "")) if isinstance(kind, str) and kind in SHAPES else []


@cache
def _rows(kind: str) -> Mapping[str, tuple[bool, str]]:
    rows: dict[str, tuple[bool, str]] = {}
    for row in SHAPES[kind].split(","):
        element, expected = row.split()
        rows[element.removesuffix("*")] = (element.endswith("*"), expected)
    return rows


def _object(value: Mapping[str, Any], kind: str, path: str) -> Iterator[Fault]:
    rows = _rows(kind)
    for element, child in value.items():
        row = rows.get(element)
        if row is None or child is None:
            continue
        many, expected = row
        where = f"{path}.{element}" if path else element
        if not many:
            yield from _value(child, expected, where)
        elif not isinstance(child, list):
            yield Fault(where, f"a list of {expected}")
        else:
            for position, item in enumerate(child):
                if item is not None:
                    yield from _value(item, expected, f"{where}[{position}]")


def _value(value: Any, expected: str, path: str) -> Iterator[Fault]:
    if expected not in _PRIMITIVES:
        if isinstance(value, dict):
            yield from _object(value, expected, path)
        else:
            yield Fault(path, f"an object ({expected})")
    elif not _is_primitive(value, expected):
        yield Fault(path, _PRIMITIVES[expected])
    elif expected in ("date", "dateTime") and parse_date(value) is None:
        yield Fault(path, "a date on the calendar", calendar=True)


def _is_primitive(value: Any, expected: str) -> bool:
    if expected == "boolean":
        return isinstance(value, bool)
    if expected == "decimal":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if expected == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)
