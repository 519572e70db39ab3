"""What never counts: resources that did not happen, are not true, or are not yet final."""

from collections.abc import Mapping
from typing import Any

__all__ = ["ELIGIBILITY", "eligibility"]

Body = Mapping[str, Any]

# per type: the element, the values that never count, and the values that leave it open
ELIGIBILITY: Mapping[str, tuple[tuple[str, frozenset[str], frozenset[str]], ...]] = {
    kind: tuple((element, frozenset(no.split()), frozenset(unsure.split())) for element, no, unsure in rows)
    for kind, rows in {
        "AllergyIntolerance": (("verificationStatus", "entered-in-error refuted", "unconfirmed"),),
        "CarePlan": (
            ("status", "draft revoked entered-in-error", "unknown on-hold"),
            ("intent", "proposal option", ""),
        ),
        "Claim": (("status", "draft cancelled entered-in-error", ""),),
        "Composition": (("status", "preliminary entered-in-error", ""),),
        "Condition": (
            ("verificationStatus", "entered-in-error refuted", "unconfirmed provisional differential"),
        ),
        "Coverage": (("status", "draft cancelled entered-in-error", ""),),
        "Device": (("status", "entered-in-error", "unknown"),),
        "DeviceRequest": (
            ("status", "draft revoked cancelled entered-in-error", "unknown on-hold"),
            ("intent", "proposal option", "plan"),
        ),
        "DeviceUseStatement": (("status", "entered-in-error intended", ""),),
        "DiagnosticReport": (
            ("status", "registered partial preliminary cancelled entered-in-error", "unknown"),
        ),
        "DocumentReference": (
            ("status", "entered-in-error superseded", ""),
            ("docStatus", "preliminary entered-in-error", ""),
        ),
        "Encounter": (("status", "planned cancelled entered-in-error", "unknown"),),
        "FamilyMemberHistory": (("status", "entered-in-error", "health-unknown"),),
        "ImagingStudy": (("status", "registered cancelled entered-in-error", "unknown"),),
        "Immunization": (("status", "not-done entered-in-error", ""),),
        "MedicationAdministration": (("status", "not-done entered-in-error", "unknown on-hold"),),
        "MedicationDispense": (
            ("status", "preparation cancelled declined entered-in-error", "unknown on-hold"),
        ),
        "MedicationRequest": (
            ("status", "draft cancelled entered-in-error", "unknown"),
            ("intent", "proposal option", "plan"),
        ),
        "MedicationStatement": (("status", "entered-in-error intended not-taken", "unknown"),),
        "Observation": (("status", "registered preliminary cancelled entered-in-error", "unknown"),),
        "Procedure": (("status", "preparation not-done entered-in-error", "unknown on-hold stopped"),),
        "QuestionnaireResponse": (("status", "in-progress entered-in-error", "stopped"),),
        "ServiceRequest": (
            ("status", "draft revoked cancelled entered-in-error", "unknown on-hold"),
            ("intent", "proposal option", "plan"),
        ),
    }.items()
}
_ANY_TYPE = (
    (
        "status",
        frozenset({"draft", "cancelled", "entered-in-error", "not-done", "preliminary"}),
        frozenset({"unknown"}),
    ),
)
_ALWAYS = ("Patient", "Request")


def eligibility(kind: str, body: Body) -> tuple[bool | None, str]:
    """Tell whether a resource may count, ``None`` where it is not sure, and why not.

    >>> eligibility("Observation", {"status": "entered-in-error"})
    (False, 'status is entered-in-error')
    """
    if kind in _ALWAYS:
        return True, ""
    if body.get("doNotPerform") is True:
        return False, "doNotPerform is true"
    if kind == "Observation" and body.get("dataAbsentReason") and not _has_value(body):
        return False, "it has no value (dataAbsentReason)"
    open_question = "it bears a modifierExtension" if body.get("modifierExtension") else ""
    for element, never, unsure in ELIGIBILITY.get(kind, _ANY_TYPE):
        for value in _values(body.get(element)):
            if value in never:
                return False, f"{element} is {value}"
            if value in unsure:
                open_question = f"{element} is {value}"
    return (None if open_question else True), open_question


def _has_value(body: Body) -> bool:
    return bool(body.get("component")) or any(key.startswith("value") for key in body)


def _values(element: object) -> list[str]:
    """Return the codes of a code or CodeableConcept element."""
    if isinstance(element, str):
        return [element.strip().lower()]
    if isinstance(element, Mapping):
        return [str(c.get("code")) for c in element.get("coding") or [] if isinstance(c, Mapping)]
    return []
