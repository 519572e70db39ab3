"""Whose resource it is: every subject must be the chart's one patient."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from posology.errors import ChartError
from posology.records.chart import Unread
from posology.records.references import Index, Item

__all__ = ["check_subjects"]

_ELEMENTS = ("subject", "patient", "beneficiary")
_OTHERS = ("RelatedPerson", "Patient", "Group")
_PATIENT = re.compile(r"(?:^|/)Patient/[^/#?\s]+(?:/_history/[^/#?\s]+)?$")


def check_subjects(items: Sequence[Item], index: Index, patient: Item, unread: list[Unread]) -> list[Item]:
    """Return the items that are this patient's or nobody's in particular.

    A resource of another patient is an error; one whose subject leads nowhere, or is no patient at all
    (a group, a device, a location), is left out and listed.
    """
    kept: list[Item] = []
    for item in items:
        reasons = [r for path, value in _subjects(item) if (r := _check(path, value, item, index, patient))]
        if item.type == "Patient" and item.reference != patient.reference:
            continue  # a contained Patient: it stays inside its parent
        reasons = reasons or _focus_reasons(item, index, patient)
        if reasons:
            unread.append(Unread(item.reference, f"{reasons[0]}; the resource was left out"))
        else:
            kept.append(item)
    return kept


def _focus_reasons(item: Item, index: Index, patient: Item) -> list[str]:
    focus = item.body.get("focus") if item.type == "Observation" else None
    for one in focus if isinstance(focus, list) else ():
        reference = one.get("reference") if isinstance(one, dict) else None
        if isinstance(reference, str):
            found = index.find(reference, item)
            kind = found.type if found else reference.split("/")[0]
            if kind in _OTHERS and (found is None or found.reference != patient.reference):
                return ["focus: is about another person"]
    return []


def _subjects(item: Item) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for element in _ELEMENTS:
        value = item.body.get(element)
        for position, one in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(one, dict):
                yield (f"{element}[{position}]" if isinstance(value, list) else element), one


def _check(path: str, value: Mapping[str, Any], item: Item, index: Index, patient: Item) -> str:
    reference = value.get("reference")
    if not isinstance(reference, str):
        return _check_logical(path, value, item, patient)
    found = index.find(reference, item)
    if found is not None and found.reference == patient.reference:
        return ""
    if found is not None and found.type == "Patient":
        return _check_contained(path, found, patient)
    if found is not None:
        return f"{path}: is about a {found.type}, not the patient"
    if _PATIENT.search(reference):
        raise _foreign(path, item, patient)
    return f"{path}: cannot be shown to be {patient.reference}"


def _foreign(path: str, item: Item, patient: Item) -> ChartError:
    return ChartError(
        f"{item.file}: {item.reference} {path} is another patient than {patient.reference}; "
        "a chart holds exactly one patient"
    )


def _check_logical(path: str, value: Mapping[str, Any], item: Item, patient: Item) -> str:
    named = _identifiers({"identifier": [value.get("identifier")]})
    own = _identifiers(patient.body)
    systems = {system for system, _ in own}
    if named and not named & own and any(system in systems for system, _ in named):
        raise _foreign(path, item, patient)
    return ""


def _check_contained(path: str, found: Item, patient: Item) -> str:
    same = _identifiers(found.body) & _identifiers(patient.body)
    born = found.body.get("birthDate")
    if same or (isinstance(born, str) and born == patient.body.get("birthDate")):
        return ""
    return f"{path}: a contained Patient that cannot be shown to be {patient.reference}"


def _identifiers(body: Mapping[str, Any]) -> set[tuple[str, str]]:
    identifiers = body.get("identifier")
    return {
        (str(one.get("system")), str(one.get("value")))
        for one in (identifiers if isinstance(identifiers, list) else ())
        if isinstance(one, dict) and one.get("value")
    }
