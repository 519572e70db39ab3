"""Who asks whom for what: taken from the chart, the request file and the practice's settings only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from posology.config import is_npi
from posology.policies import Policy, eligibility, same_system
from posology.policies.choose import same_payer
from posology.priorauth.request import Party, Request
from posology.records import Chart, Resource, coverages_on, payer_name

__all__ = ["FIELDS", "Administrative", "AdministrativeGap", "build_administrative", "valid_npi"]

Block = dict[str, Any]


@dataclass(frozen=True)
class AdministrativeGap:
    """A field the payer needs that no source holds."""

    id: str
    ask: str


@dataclass(frozen=True)
class Administrative:
    """The administrative block of a packet and what is missing from it."""

    block: Block
    gaps: tuple[AdministrativeGap, ...]


def valid_npi(value: object) -> bool:
    """Tell whether a value is a National Provider Identifier with a right check digit."""
    return isinstance(value, str) and is_npi(value)


def build_administrative(  # noqa: PLR0913 - the sources of a block, by name
    chart: Chart,
    request: Request,
    policy: Policy,
    *,
    member_id: str | None,
    practice: Mapping[str, Any],
    diagnoses: Sequence[Mapping[str, Any]],
    supplied: Mapping[str, Any] | None = None,
) -> Administrative:
    """Fill the block from request file, then chart, then practice; list what the payer asks for in vain.

    ``supplied`` holds what was given by hand of the fields that a policy asks for under a name of its own.
    """
    details = request.details
    order = find_order(chart, request)
    provider = _merge(_party(details.provider), _practitioner(chart, order), _practice(practice))
    facility = _merge(_party(details.facility), _facility(chart, order))
    block: Block = {
        "provider": provider,
        "facility": facility,
        "requester": _merge(_party(details.requester)),
        "payer": _payer(chart, request.day, policy),
        "diagnoses": list(diagnoses),
        "quantity": details.quantity.model_dump() if details.quantity else None,
        "side": details.side,
        "body_site": details.body_site,
        "kind": details.kind,
        "urgency": details.urgency,
        "urgency_reason": details.urgency_reason,
        "type_of_bill": details.type_of_bill,
        "member_id": member_id,
        "order": order.reference if order else None,
        "practice": {key: value for key, value in practice.items() if value},
    } | ({"supplied": dict(supplied)} if supplied else {})
    return Administrative(block, _gaps(chart, policy, block))


def find_order(chart: Chart, request: Request) -> Resource | None:
    """Return the newest order of the chart for the requested service, if there is one."""
    orders = [
        resource
        for kind in ("ServiceRequest", "MedicationRequest", "DeviceRequest")
        for resource in chart.of_type(kind)
        if _orders(resource, request)
    ]
    return max(orders, key=lambda order: str(order.body.get("authoredOn", "")), default=None)


def _orders(resource: Resource, request: Request) -> bool:
    if eligibility(resource.type, resource.body)[0] is not True:
        return False
    if str(resource.body.get("authoredOn", ""))[:10] > request.day.isoformat():
        return False
    concepts = [
        resource.linked.get(key) for key in ("code", "codeCodeableConcept", "medicationCodeableConcept")
    ]
    medication = resource.linked.get("medicationReference")
    if isinstance(medication, Mapping):
        concepts.append(medication.get("code"))
    return any(
        coding.get("code") == request.service.code
        and same_system(str(coding.get("system", "")), request.service.system)
        for concept in concepts
        if isinstance(concept, Mapping)
        for coding in _objects(concept.get("coding"))
    )


def _party(party: Party | None) -> Block:
    return party.model_dump(exclude_none=True) if party else {}


def _practice(practice: Mapping[str, Any]) -> Block:
    return {key: practice[key] for key in ("npi", "phone", "fax", "address") if practice.get(key)}


def _merge(*blocks: Block) -> Block:
    """Join blocks; the first that has a field decides it, but a person's fields are never mixed."""
    named = [block for block in blocks if block.get("name")]
    merged: Block = dict(named[0]) if named else {}
    for block in blocks:
        if not block.get("name") or block.get("name") == merged.get("name"):
            merged = block | merged
    return merged


def _practitioner(chart: Chart, order: Resource | None) -> Block:
    reference = order.linked.get("requester") if order else None
    resource = chart.target(reference)
    if resource is None:
        return {}
    role: Mapping[str, Any] = {}
    if resource.type == "PractitionerRole":
        role = resource.linked
        resource = chart.target(role.get("practitioner"))
    if resource is None or resource.type != "Practitioner":
        return {}
    found = {
        "name": person_name(resource.body),
        "npi": npi_of(resource.body),
        "phone": _telecom(role, "phone") or _telecom(resource.body, "phone"),
        "fax": _telecom(role, "fax") or _telecom(resource.body, "fax"),
        "address": _address(resource.body),
        "source": resource.reference,
    }
    return {key: value for key, value in found.items() if value}


def _facility(chart: Chart, order: Resource | None) -> Block:
    reference = None
    if order is not None:
        performers = order.linked.get("performer")
        candidates = _objects(order.linked.get("locationReference"))
        candidates += _objects(performers if isinstance(performers, list) else [performers])
        reference = next((c for c in candidates if _is_place(chart.target(c))), None)
    resource = chart.target(reference)
    if resource is None:
        return {}
    found = {
        "name": resource.body.get("name"),
        "npi": npi_of(resource.body),
        "phone": _telecom(resource.body, "phone"),
        "address": _address(resource.body),
        "source": resource.reference,
    }
    return {key: value for key, value in found.items() if isinstance(value, str) and value}


def _is_place(resource: Resource | None) -> bool:
    return resource is not None and resource.type in ("Organization", "Location")


def _payer(chart: Chart, day: date, policy: Policy) -> Block:
    """Name the payer of the policy, as the patient's coverage of that payer names it where there is one."""
    for coverage in coverages_on(chart, day):
        name = payer_name(coverage)
        if name is not None and same_payer(name.quote, policy.payer):
            return {"name": name.quote, "source": coverage.reference}
    return {"name": policy.payer}


def person_name(body: Mapping[str, Any]) -> str | None:
    """Return the official name of a Patient or Practitioner as one text, or ``None``."""
    names = _objects(body.get("name"))
    chosen = next((n for n in names if n.get("use") == "official"), names[0] if names else None)
    if chosen is None:
        return None
    if isinstance(chosen.get("text"), str):
        return str(chosen["text"]) or None
    parts = [*_texts(chosen.get("prefix")), *_texts(chosen.get("given")), *_texts([chosen.get("family")])]
    return " ".join(parts) or None


def npi_of(body: Mapping[str, Any]) -> str | None:
    """Return the NPI among a resource's identifiers, where its check digit is right."""
    for identifier in _objects(body.get("identifier")):
        if "us-npi" in str(identifier.get("system", "")):
            value = identifier.get("value")
            return value if valid_npi(value) else None
    return None


def _telecom(body: Mapping[str, Any], system: str) -> str | None:
    for contact in _objects(body.get("telecom")):
        value = contact.get("value")
        if contact.get("system") == system and isinstance(value, str) and value:
            return value
    return None


def _address(body: Mapping[str, Any]) -> str | None:
    address = body.get("address")
    addresses = _objects(address if isinstance(address, list) else [address])
    if not addresses:
        return None
    first = addresses[0]
    if isinstance(first.get("text"), str):
        return str(first["text"]) or None
    region = " ".join(_texts([first.get("state"), first.get("postalCode")]))
    return ", ".join([*_texts(first.get("line")), *_texts([first.get("city"), region])]) or None


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _at(*path: str) -> Callable[[Block], object]:
    def read(block: Block) -> object:
        value: object = block
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    return read


def _valid(*path: str) -> Callable[[Block], object]:
    return lambda block: valid_npi(_at(*path)(block))


# What a policy may ask for under `administrative`, where it is read, and who can supply it.
FIELDS: dict[str, tuple[Callable[[Block], object], str]] = {
    "member-id": (
        _at("member_id"),
        "The patient's member id: from the insurance card, in Coverage or the request file",
    ),
    "npi": (_valid("provider", "npi"), "The ordering provider's NPI: in the request file or [practice]"),
    "provider": (_at("provider", "name"), "The ordering provider's name: in the request file"),
    "provider-name": (_at("provider", "name"), "The ordering provider's name: in the request file"),
    "provider-npi": (
        _valid("provider", "npi"),
        "The ordering provider's NPI: in the request file or [practice]",
    ),
    "provider-phone": (
        _at("provider", "phone"),
        "The provider's telephone: in the request file or [practice]",
    ),
    "provider-fax": (_at("provider", "fax"), "The provider's fax number: in the request file or [practice]"),
    "provider-address": (
        _at("provider", "address"),
        "The provider's address: in the request file or [practice]",
    ),
    "provider-ptan": (_at("provider", "ptan"), "The provider's PTAN: in the request file"),
    "facility": (_at("facility", "name"), "The facility's name: in the request file"),
    "facility-npi": (_valid("facility", "npi"), "The facility's NPI: in the request file"),
    "facility-address": (_at("facility", "address"), "The facility's address: in the request file"),
    "facility-ptan": (_at("facility", "ptan"), "The facility's PTAN or CCN: in the request file"),
    "requester": (_at("requester", "name"), "The requester's name: in the request file"),
    "requester-phone": (_at("requester", "phone"), "The requester's telephone: in the request file"),
    "requester-email": (_at("requester", "email"), "The requester's e-mail address: in the request file"),
    "diagnosis": (
        _at("diagnoses"),
        "The diagnosis with its ICD-10-CM code: in the chart or the request file",
    ),
    "diagnoses": (
        _at("diagnoses"),
        "The diagnosis with its ICD-10-CM code: in the chart or the request file",
    ),
    "quantity": (_at("quantity"), "The quantity asked for: in the request file"),
    "side": (_at("side"), "The side (left, right, bilateral): in the request file"),
    "body-site": (_at("body_site"), "The body site: in the request file"),
    "kind": (_at("kind"), "Whether this is an initial request or a continuation: in the request file"),
    "urgency-reason": (_at("urgency_reason"), "The reason for an expedited review: in the request file"),
    "type-of-bill": (_at("type_of_bill"), "The type of bill: in the request file"),
    "tax-id": (_at("practice", "tax_id"), "The practice's tax id: tax_id under [practice]"),
    "phone": (_at("practice", "phone"), "The practice's telephone: phone under [practice]"),
    "address": (_at("practice", "address"), "The practice's address: address under [practice]"),
    "order": (_at("order"), "A signed order for the service: in the chart"),
}
FIELDS["mbi"] = (
    FIELDS["member-id"][0],
    "The Medicare Beneficiary Identifier: from the patient's card, in Coverage",
)


def _gaps(chart: Chart, policy: Policy, block: Block) -> tuple[AdministrativeGap, ...]:
    gaps = []
    if person_name(chart.patient.body) is None:
        gaps.append(AdministrativeGap("patient-name", "The patient's name: in the chart's Patient resource"))
    if not chart.patient.body.get("birthDate"):
        gaps.append(
            AdministrativeGap("birth-date", "The patient's birth date: in the chart's Patient resource")
        )
    wanted = list(dict.fromkeys(policy.administrative))
    if block["urgency"] == "expedited" and "urgency-reason" not in wanted:
        wanted.append("urgency-reason")
    for party in ("provider", "facility", "requester"):
        if block[party].get("npi") and not valid_npi(block[party]["npi"]):
            name = "npi" if party == "provider" and "npi" in wanted else f"{party}-npi"
            wanted = [one for one in wanted if one != name]
            gaps.append(AdministrativeGap(name, f"The {party}'s NPI has a wrong check digit: correct it."))
    for name in wanted:
        read, ask = FIELDS.get(
            name, (_at("supplied", name), f"{name}: the payer asks for it; supply it by hand")
        )
        if not read(block):
            gaps.append(AdministrativeGap(name, ask + "."))
    return tuple(gaps)
