"""Telling FHIR R4 from other versions by what only they have."""

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["GIVEAWAY_ELEMENTS", "GIVEAWAY_TYPES", "other_version"]

_DSTU2 = "FHIR DSTU2"
_OLD = "FHIR STU3 or DSTU2"
_STU3 = "FHIR STU3"
_R5 = "FHIR R5"

GIVEAWAY_TYPES: Mapping[str, str] = {
    **dict.fromkeys(
        ("MedicationOrder", "DiagnosticOrder", "DeviceUseRequest", "Order", "OrderResponse", "Conformance"),
        _DSTU2,
    ),
    "ImagingObjectSelection": _DSTU2,
    **dict.fromkeys(
        ("ProcedureRequest", "ReferralRequest", "EligibilityRequest", "EligibilityResponse", "DataElement"),
        _OLD,
    ),
    **dict.fromkeys(("BodySite", "DeviceComponent"), _OLD),
    **dict.fromkeys(("ImagingManifest", "ExpansionProfile", "ServiceDefinition", "Sequence"), _STU3),
    **dict.fromkeys(
        ("DeviceUsage", "NutritionIntake", "GenomicStudy", "ImagingSelection", "Permission", "Transport"),
        _R5,
    ),
    **dict.fromkeys(
        ("DeviceAssociation", "DeviceDispense", "EncounterHistory", "InventoryReport", "InventoryItem"), _R5
    ),
    **dict.fromkeys(("ActorDefinition", "Requirements", "TestPlan", "FormularyItem", "MedicationUsage"), _R5),
}


def _present(value: Any) -> bool:
    return value is not None


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _list(value: Any) -> bool:
    return isinstance(value, list)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _codeable_reference(value: Any) -> bool:
    return isinstance(value, dict) and ("concept" in value or isinstance(value.get("reference"), dict))


_Test = Callable[[Any], bool]

# (type, element, what its value must be to give the version away, version, how a message says it)
GIVEAWAY_ELEMENTS: tuple[tuple[str, str, _Test, str, str], ...] = (
    ("Condition", "dateRecorded", _present, _DSTU2, "Condition.dateRecorded"),
    ("Condition", "assertedDate", _present, _STU3, "Condition.assertedDate"),
    ("Condition", "clinicalStatus", _text, _OLD, "Condition.clinicalStatus is a code"),
    ("Condition", "verificationStatus", _text, _OLD, "Condition.verificationStatus is a code"),
    ("Condition", "participant", _list, _R5, "Condition.participant"),
    ("AllergyIntolerance", "substance", _object, _DSTU2, "AllergyIntolerance.substance"),
    ("AllergyIntolerance", "assertedDate", _present, _STU3, "AllergyIntolerance.assertedDate"),
    ("AllergyIntolerance", "clinicalStatus", _text, _OLD, "AllergyIntolerance.clinicalStatus is a code"),
    ("AllergyIntolerance", "participant", _list, _R5, "AllergyIntolerance.participant"),
    ("Encounter", "class", _text, _DSTU2, "Encounter.class is a code"),
    ("Encounter", "class", _list, _R5, "Encounter.class is a list"),
    ("Encounter", "actualPeriod", _present, _R5, "Encounter.actualPeriod"),
    ("MedicationRequest", "medication", _codeable_reference, _R5, "MedicationRequest.medication"),
    ("MedicationRequest", "context", _present, _STU3, "MedicationRequest.context"),
    ("MedicationStatement", "medication", _codeable_reference, _R5, "MedicationStatement.medication"),
    ("MedicationStatement", "wasNotTaken", _present, _DSTU2, "MedicationStatement.wasNotTaken"),
    ("MedicationStatement", "taken", _text, _STU3, "MedicationStatement.taken"),
    (
        "MedicationAdministration",
        "medication",
        _codeable_reference,
        _R5,
        "MedicationAdministration.medication",
    ),
    ("MedicationAdministration", "notGiven", _present, _STU3, "MedicationAdministration.notGiven"),
    ("MedicationAdministration", "wasNotGiven", _present, _DSTU2, "MedicationAdministration.wasNotGiven"),
    ("Observation", "comments", _text, _DSTU2, "Observation.comments"),
    ("Observation", "comment", _text, _STU3, "Observation.comment"),
    ("Procedure", "notPerformed", _present, _DSTU2, "Procedure.notPerformed"),
    ("Procedure", "notDone", _present, _STU3, "Procedure.notDone"),
    ("Procedure", "occurrenceDateTime", _present, _R5, "Procedure.occurrenceDateTime"),
    ("Procedure", "occurrencePeriod", _present, _R5, "Procedure.occurrencePeriod"),
    ("Immunization", "wasNotGiven", _present, _DSTU2, "Immunization.wasNotGiven"),
    ("Immunization", "notGiven", _present, _STU3, "Immunization.notGiven"),
    ("Immunization", "date", _present, _OLD, "Immunization.date"),
    ("Patient", "careProvider", _present, _DSTU2, "Patient.careProvider"),
    ("Patient", "animal", _present, _OLD, "Patient.animal"),
    ("DiagnosticReport", "codedDiagnosis", _present, _OLD, "DiagnosticReport.codedDiagnosis"),
    ("DocumentReference", "indexed", _present, _OLD, "DocumentReference.indexed"),
    ("DocumentReference", "context", _list, _R5, "DocumentReference.context is a list"),
    ("ServiceRequest", "code", _codeable_reference, _R5, "ServiceRequest.code is a CodeableReference"),
    ("DeviceRequest", "code", _codeable_reference, _R5, "DeviceRequest.code is a CodeableReference"),
    ("Coverage", "grouping", _present, _STU3, "Coverage.grouping"),
    ("Coverage", "kind", _text, _R5, "Coverage.kind"),
    ("Claim", "information", _present, _STU3, "Claim.information"),
    ("FamilyMemberHistory", "notDone", _present, _STU3, "FamilyMemberHistory.notDone"),
)

_PROFILES = (
    (re.compile(r"hl7\.org/fhir/(1\.0|DSTU2)[./]|/argonaut/|StructureDefinition/\w+\|1\.0\."), _DSTU2),
    (re.compile(r"hl7\.org/fhir/(3\.0|STU3)[./]|hl7\.org/fhir/StructureDefinition/\w+\|3\.0\."), _STU3),
    (re.compile(r"hl7\.org/fhir/(5\.0|R5)[./]|hl7\.org/fhir/StructureDefinition/\w+\|5\."), _R5),
)
_VERSIONED = ("CapabilityStatement", "ImplementationGuide", "StructureDefinition")
_NAMES = (("1.0", _DSTU2), ("3.", _STU3), ("5.", _R5), ("6.", "FHIR R6"))


def _by_element() -> dict[str, list[tuple[str, _Test, str, str]]]:
    rows: dict[str, list[tuple[str, _Test, str, str]]] = {}
    for kind, element, test, version, sign in GIVEAWAY_ELEMENTS:
        rows.setdefault(kind, []).append((element, test, version, sign))
    return rows


_BY_TYPE = _by_element()


def other_version(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (version, what gives it away) where a resource is not FHIR R4, else ``None``."""
    kind = body.get("resourceType")
    if not isinstance(kind, str):
        return None
    if kind in GIVEAWAY_TYPES:
        return GIVEAWAY_TYPES[kind], f"a resource of type {kind}"
    for element, test, version, sign in _BY_TYPE.get(kind, ()):
        if test(body.get(element)):
            return version, sign
    return _by_profile(body) or _by_declared(kind, body)


def _by_profile(body: Mapping[str, Any]) -> tuple[str, str] | None:
    meta = body.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    for profile in profiles if isinstance(profiles, list) else ():
        for pattern, version in _PROFILES:
            if isinstance(profile, str) and pattern.search(profile):
                return version, f"{body['resourceType']}.meta.profile"
    return None


def _by_declared(kind: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
    declared = body.get("fhirVersion")
    texts = declared if isinstance(declared, list) else [declared]
    if kind not in _VERSIONED:
        return None
    for text in texts:
        for prefix, version in _NAMES:
            if isinstance(text, str) and text.startswith(prefix):
                return version, f"{kind}.fhirVersion {text[:12]}"
    return None
