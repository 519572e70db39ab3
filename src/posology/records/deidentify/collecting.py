"""Collecting what identifies the patient and the practice from every resource of a chart."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from posology.records.chart import Chart
from posology.records.dates import parse_date
from posology.records.deidentify.kinds import Kind
from posology.records.deidentify.values import KnownIdentifiers, KnownPerson, KnownValue

__all__ = ["known_identifiers"]

Json = Mapping[str, Any]

_PERSONS = ("Patient", "RelatedPerson", "Practitioner", "PractitionerRole", "Person")
_PLACES = ("Organization", "Location", "HealthcareService")
_TELECOM = {
    "phone": Kind.PHONE,
    "sms": Kind.PHONE,
    "pager": Kind.PHONE,
    "fax": Kind.FAX,
    "email": Kind.EMAIL,
    "url": Kind.URL,
}
_PLAIN = {
    "subscriberId": Kind.MEMBER,
    "policyHolderId": Kind.MEMBER,
    "serialNumber": Kind.DEVICE,
    "deviceIdentifier": Kind.DEVICE,
    "carrierHRF": Kind.DEVICE,
    "distinctIdentifier": Kind.DEVICE,
}
_AFFIX = re.compile(
    r"^(?:mr|mrs|ms|miss|mx|dr|prof|md|do|rn|np|pa-?c?|phd|jr|sr|ii|iii|iv|dpm|dds|facs|mbbs|dpt"
    r"|pharmd)$"
)
_PAYER_TYPES = frozenset({"pay", "ins"})


def known_identifiers(chart: Chart) -> KnownIdentifiers:
    """Return every name, number, address, telephone and birth date that the chart's resources hold.

    Payers are left out: their names say whose policy is applied, not who the patient is.
    """
    payers = _payers(chart)
    bodies = [r.body for r in chart.resources if r.reference not in payers]
    bodies += [chart.patient.body]
    people: dict[KnownPerson, None] = {}
    values: dict[KnownValue, None] = {}
    births: dict[date, None] = {}
    for body in bodies:
        for node, key in _nodes(body, ""):
            people |= dict.fromkeys(_people(node, key))
            values |= dict.fromkeys(_values(node, key, payers))
            births |= dict.fromkeys(_births(node))
    return KnownIdentifiers(tuple(people), tuple(births), tuple(values))


def _nodes(value: Any, key: str) -> Iterator[tuple[Json, str]]:
    """Yield every JSON object below a value with the key under which it stands."""
    if isinstance(value, Mapping):
        yield value, key
        for name, child in value.items():
            yield from _nodes(child, name)
    elif isinstance(value, list):
        for child in value:
            yield from _nodes(child, key)


def _people(node: Json, key: str) -> Iterator[KnownPerson]:
    if key == "name" and (node.get("family") or node.get("given")):
        yield KnownPerson(_text(node.get("family")), tuple(_strings(node.get("given"))))
    if key == "name" and _text(node.get("text")):
        yield from _parsed(node["text"])
    if _kind_of_reference(node) in _PERSONS and _text(node.get("display")):
        yield from _parsed(node["display"])
    for element in ("authorString", "sender", "recorderString"):
        if _text(node.get(element)):
            yield from _parsed(node[element])


def _values(node: Json, key: str, payers: frozenset[str]) -> Iterator[KnownValue]:
    value = _text(node.get("value"))
    if key == "identifier" and value:
        yield KnownValue(_identifier_kind(node), value)
    if key == "telecom" and value:
        yield KnownValue(_TELECOM.get(str(node.get("system")), Kind.PHONE), value)
    for element, kind in _PLAIN.items():
        if _text(node.get(element)):
            yield KnownValue(kind, node[element])
    if key in ("address", "valueAddress", "birthPlace"):
        yield from (KnownValue(Kind.PLACE, part) for part in _address(node))
    yield from (KnownValue(Kind.ORGANIZATION, name) for name in _organizations(node, payers))
    if node.get("resourceType") == "Patient" and _is_unique(_text(node.get("id"))):
        yield KnownValue(Kind.RECORD, node["id"])


def _organizations(node: Json, payers: frozenset[str]) -> Iterator[str]:
    if node.get("resourceType") in _PLACES:
        yield from _strings([node.get("name"), *_strings(node.get("alias"))])
    if _kind_of_reference(node) in _PLACES and node.get("reference") not in payers:
        yield from _strings([node.get("display")])


def _births(node: Json) -> Iterator[date]:
    found = parse_date(node.get("birthDate"))
    parts = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", found.text[:10]) if found is not None else None
    if parts is not None:
        yield date(int(parts[1]), int(parts[2]), int(parts[3]))


def _address(node: Json) -> Iterable[str]:
    parts = [
        *_strings(node.get("line")),
        *_strings([node.get(k) for k in ("text", "city", "district", "postalCode")]),
    ]
    return [part for part in parts if len(part.strip()) > 2]


def _identifier_kind(node: Json) -> Kind:
    kind = node.get("type")
    codings = kind.get("coding") if isinstance(kind, Mapping) else None
    codes = (
        {str(c.get("code")) for c in codings if isinstance(c, Mapping)}
        if isinstance(codings, list)
        else set()
    )
    system = str(node.get("system", "")).lower()
    if codes & {"MB", "SN", "MA", "MC", "MCR"} or "member" in system:
        return Kind.MEMBER
    if codes & {"SS"} or "us-ssn" in system:
        return Kind.SOCIAL_SECURITY
    if codes & {"NPI", "DL", "MD", "PRN", "PPN", "DN", "TAX"} or "us-npi" in system:
        return Kind.LICENCE
    if codes & {"MR", "PI", "PT"} or "mrn" in system:
        return Kind.RECORD
    return Kind.OTHER


def _kind_of_reference(node: Json) -> str:
    reference = node.get("reference")
    if isinstance(node.get("type"), str) and "display" in node:
        return str(node["type"])
    return reference.rsplit("/", 2)[-2] if isinstance(reference, str) and "/" in reference else ""


def _payers(chart: Chart) -> frozenset[str]:
    found = set()
    for organization in chart.of_type("Organization"):
        types = organization.body.get("type")
        codes = {str(node.get("code")) for node, _ in _nodes(types, "type")}
        if codes & _PAYER_TYPES:
            found.add(organization.reference)
    for coverage in chart.of_type("Coverage"):
        payors = coverage.body.get("payor")
        for payor in payors if isinstance(payors, list) else []:
            reference = payor.get("reference") if isinstance(payor, Mapping) else None
            if isinstance(reference, str) and reference.startswith("Organization/"):
                found.add(reference)
    return frozenset(found)


def _parsed(text: str) -> Iterator[KnownPerson]:
    """Read "Dr. Ann B. Lee, MD" and "Lee, Ann B." as a person."""
    before, _, after = text.partition(",")
    first, rest = _plain_words(before), _plain_words(after)
    if first and rest:
        yield KnownPerson(" ".join(first), tuple(rest))
    elif first:
        yield KnownPerson(first[-1], tuple(first[:-1]))


def _plain_words(text: str) -> list[str]:
    words = [word.strip("().") for word in text.split()]
    return [
        word
        for word in words
        if word and not _AFFIX.match(word.replace(".", "").lower()) and not word.isdigit()
    ]


def _is_unique(identifier: str) -> bool:
    """Say whether a resource's id is an identifying number: "patient-1" counts the entries of a file."""
    return sum(character.isdigit() for character in identifier) >= 4


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value.strip() else ""


def _strings(values: Any) -> list[str]:
    return [v for v in values if isinstance(v, str) and v.strip()] if isinstance(values, list) else []
