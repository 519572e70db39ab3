"""Security labels that keep a resource out of a packet unless a person asks for it."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["RESTRICTED_CODES", "restriction"]

RESTRICTED_CODES: Mapping[str, str] = {
    "R": "restricted",
    "V": "very restricted",
    "42CFRPart2": "42 CFR Part 2",
    "ETH": "substance use",
    "ETHUD": "alcohol use",
    "OPIOIDUD": "opioid use",
    "SUD": "substance use",
    "PSY": "psychiatry",
    "PSYTHPN": "psychotherapy note",
}


def restriction(body: Mapping[str, Any]) -> str:
    """Return why a resource is restricted, such as ``meta.security R``; empty where it is not.

    Looked at: ``meta.security``, ``DocumentReference.securityLabel``, ``Composition.confidentiality``,
    a document's type that names a psychotherapy note, and the same of contained resources.
    """
    for path, code in _labels(body):
        if code in RESTRICTED_CODES:
            return f"{path} {code}"
    if _is_psychotherapy(body):
        return "type psychotherapy note"
    for inner in _objects(body.get("contained")):
        reason = restriction(inner)
        if reason:
            return f"contained {reason}"
    return ""


def _labels(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    meta = body.get("meta")
    if isinstance(meta, dict):
        yield from (("meta.security", _code(label)) for label in _objects(meta.get("security")))
    for concept in _objects(body.get("securityLabel")):
        yield from (("securityLabel", _code(label)) for label in _objects(concept.get("coding")))
    confidentiality = body.get("confidentiality")
    if isinstance(confidentiality, str):
        yield "confidentiality", confidentiality


def _code(label: Mapping[str, Any]) -> str:
    code = label.get("code")
    return code if isinstance(code, str) else ""


def _is_psychotherapy(body: Mapping[str, Any]) -> bool:
    if body.get("resourceType") not in ("DocumentReference", "Composition"):
        return False
    kind = body.get("type")
    if not isinstance(kind, dict):
        return False
    names = [kind.get("text"), *(coding.get("display") for coding in _objects(kind.get("coding")))]
    return any(isinstance(name, str) and "psychotherapy note" in name.lower() for name in names)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
