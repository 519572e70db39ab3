"""What is missing: each gap with what would close it and who can supply it, from templates."""

from collections.abc import Mapping

from posology.policies import Finding, Leaf, Policy
from posology.priorauth.tree import all_leaves, unwanted_ids
from posology.quotes import Status

__all__ = ["criterion_gaps"]

_RESOURCES = {
    "Observation": "a measurement or result",
    "Condition": "a diagnosis on the problem list",
    "MedicationRequest": "a prescription",
    "MedicationStatement": "a statement of medication use",
    "MedicationAdministration": "an administration record",
    "Procedure": "a procedure record",
    "DiagnosticReport": "a report",
    "Encounter": "a visit record",
    "Immunization": "an immunization record",
    "DocumentReference": "a document",
    "Request": "an entry in the request file",
    "Patient": "the patient's record",
    "FamilyMemberHistory": "a family history record",
    "ServiceRequest": "an order",
    "DeviceRequest": "an order for the device",
}


def criterion_gaps(policy: Policy, findings: Mapping[str, Finding]) -> list[dict[str, str]]:
    """Ask for every criterion that is unknown, and for each that absence or a mere reading speaks against."""
    unwanted = unwanted_ids(policy)
    gaps = []
    for leaf in all_leaves(policy):
        finding = findings[leaf.id]
        against = finding.status is Status.NOT_MET and leaf.id not in unwanted
        if finding.status is Status.UNKNOWN or (against and finding.basis in ("absence", "text")):
            gaps.append(
                {"kind": "criterion", "id": leaf.id, "ask": _ask(leaf, finding, unwanted=leaf.id in unwanted)}
            )
    return gaps


def _ask(leaf: Leaf, finding: Finding, *, unwanted: bool) -> str:
    what = ("To be ruled out: " if unwanted else "") + leaf.text.rstrip(".")
    if leaf.attest:
        return f"{what}: the treating clinician must state whether this is so."
    if finding.status is Status.NOT_MET and finding.basis == "text":
        return f"{what}: a note is read as saying otherwise; confirm that, or supply what shows it."
    if finding.basis == "conflict":
        return f"{what}: the record contradicts itself; the treating clinician must settle which is right."
    ways = []
    if leaf.find is not None:
        ways.append(_wanted(leaf))
    if leaf.question:
        ways.append(f"a note that answers “{leaf.question}”")
    wanted = " or ".join(ways) or "a statement of the treating clinician"
    return f"{what}: clinic staff or the treating clinician can supply {wanted}."


def _wanted(leaf: Leaf) -> str:
    """Name the entry that would decide a leaf, and where it belongs."""
    kind = (leaf.find.resource if leaf.find else None) or ""
    if kind == "Patient":
        lacks = [
            words
            for key, words in (("age", "birth date"), ("gender", "sex"))
            if key in (leaf.test or "").lower()
        ]
        return f"the patient's {' and '.join(lacks or ['details'])} in the chart"
    if kind == "Request":
        return _RESOURCES[kind]
    return _RESOURCES.get(kind, "a structured entry") + " in the chart"
