"""Matching a resource's coded elements against a policy's value sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.policies.policy import ValueSetEntry
from posology.policies.systems import canonical_system, normal_code
from posology.records.timing import elements_at

__all__ = ["CodeMatch", "concept_name", "match_code", "match_concept"]

# the main code of each type, or its medication: element paths, lists entered item by item
MAIN_CODES: Mapping[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("code", "reaction.substance"),
    "CarePlan": ("category", "activity.detail.code"),
    "Claim": ("item.productOrService",),
    "Composition": ("type",),
    "Coverage": ("type",),
    "Device": ("type",),
    "DeviceRequest": ("codeCodeableConcept", "codeReference.type"),
    "DeviceUseStatement": ("device.type",),
    "DocumentReference": ("type", "category"),
    "Encounter": ("type", "reasonCode", "serviceType", "class"),
    "FamilyMemberHistory": ("condition.code",),
    "Immunization": ("vaccineCode",),
    "ImagingStudy": ("procedureCode",),
    "MedicationAdministration": ("medicationCodeableConcept", "medicationReference.code"),
    "MedicationDispense": ("medicationCodeableConcept", "medicationReference.code"),
    "MedicationRequest": ("medicationCodeableConcept", "medicationReference.code"),
    "MedicationStatement": ("medicationCodeableConcept", "medicationReference.code"),
    "NutritionOrder": ("oralDiet.type",),
    "Patient": (),
}
_DEFAULT = ("code",)


@dataclass(frozen=True, slots=True)
class CodeMatch:
    """Where a value set matched: the concept's path, its coding's number, and the name to quote.

    ``name_path`` and ``name`` are an element of the resource and its text; ``code_path`` and ``code`` the
    code itself.
    """

    name_path: str
    name: str
    code_path: str
    code: str


def match_code(kind: str, body: Mapping[str, Any], entries: Sequence[ValueSetEntry]) -> CodeMatch | None:
    """Return where a resource's main code or medication falls into a value set, or ``None``."""
    for element in MAIN_CODES.get(kind, _DEFAULT):
        for path, concept in elements_at(body, element):
            found = match_concept(concept, path, entries)
            if found is not None:
                return found
    return None


def match_concept(concept: object, path: str, entries: Sequence[ValueSetEntry]) -> CodeMatch | None:
    """Return where a CodeableConcept (or Coding) falls into a value set, or ``None``."""
    if not isinstance(concept, Mapping):
        return None
    codings = concept.get("coding")
    if codings is None and "code" in concept:  # a bare Coding, such as Encounter.class
        rows = [(path, concept)]
    else:
        rows = [
            (f"{path}.coding[{n}]", coding)
            for n, coding in enumerate(codings or [])
            if isinstance(coding, Mapping)
        ]
    for where, coding in rows:
        if _in_set(coding, entries):
            name_path, name = _name(concept, path, coding, where)
            return CodeMatch(name_path, name, f"{where}.code", str(coding["code"]))
    return None


def concept_name(concept: object, path: str) -> tuple[str, str] | None:
    """Return the path and text of a concept's name: its text, else the first display."""
    if not isinstance(concept, Mapping):
        return None
    if isinstance(concept.get("text"), str) and concept["text"]:
        return f"{path}.text", concept["text"]
    for number, coding in enumerate(concept.get("coding") or []):
        if isinstance(coding, Mapping) and isinstance(coding.get("display"), str):
            return f"{path}.coding[{number}].display", coding["display"]
    return None


def _in_set(coding: Mapping[str, Any], entries: Sequence[ValueSetEntry]) -> bool:
    system, code = coding.get("system"), coding.get("code")
    if not isinstance(system, str) or not isinstance(code, str):
        return False
    name, normal = canonical_system(system), normal_code(code, system)
    for entry in entries:
        if canonical_system(entry.system) != name:
            continue
        if entry.code is not None and normal_code(entry.code, system) == normal:
            return True
        if entry.prefix is not None and normal.startswith(normal_code(entry.prefix, system)):
            return True
    return False


def _name(concept: Mapping[str, Any], path: str, coding: Mapping[str, Any], where: str) -> tuple[str, str]:
    """Name a concept by its text, which is what the clinic sees, else by the matched coding's display."""
    if isinstance(concept.get("text"), str) and concept["text"]:
        return f"{path}.text", concept["text"]
    if isinstance(coding.get("display"), str) and coding["display"]:
        return f"{where}.display", str(coding["display"])
    return concept_name(concept, path) or (f"{where}.code", str(coding["code"]))
