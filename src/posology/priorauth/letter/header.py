"""The header block: who asks whom for what, for which patient; nothing that no source holds."""

from collections.abc import Mapping
from typing import Any

from posology.priorauth.letter.reading import NOT_IN_RECORD, mapping_of, rows_of, text_of, texts_of
from posology.priorauth.letter.sources import Citations
from posology.priorauth.letter.view import Cited, Field, Panel

__all__ = ["build_panels", "field", "practice_lines", "service_words"]

_SYSTEMS = {
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD-9-CM",
    "http://www.cms.gov/Medicare/Coding/ICD10": "ICD-10-PCS",
    "http://snomed.info/sct": "SNOMED CT",
    "http://loinc.org": "LOINC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/ndc": "NDC",
    "http://www.ama-assn.org/go/cpt": "CPT",
    "urn:oid:2.16.840.1.113883.6.285": "HCPCS",
}
NO_CODE = "no ICD-10-CM code in the record"
_KINDS = {"initial": "Initial request", "continuation": "Continuation of an authorized service"}
_URGENCIES = {"standard": "Standard review", "expedited": "Expedited review"}


def field(label: str, *values: str) -> Field:
    """Return a field; without a value it says that the record has none."""
    given = tuple(Cited(value) for value in values if value)
    return Field(label, given or (Cited(NOT_IN_RECORD),), missing=not given)


def service_words(packet: Mapping[str, Any]) -> str:
    """Return the service in words: display, system and code, as far as the request has them."""
    service = mapping_of(mapping_of(packet, "request"), "service")
    return _coded(service)


def build_panels(packet: Mapping[str, Any], citations: Citations) -> tuple[tuple[Panel, ...], ...]:
    """Build the header block as two columns: for whom and under which policy; what, and who asks."""
    administrative = mapping_of(packet, "administrative")
    return (
        (
            _patient(packet),
            Panel("Diagnoses", (_diagnoses(administrative, citations),)),
            _policy(packet),
            *_requester(mapping_of(administrative, "requester")),
        ),
        (
            _request(packet, administrative),
            _party("Provider", mapping_of(administrative, "provider")),
            _party("Facility", mapping_of(administrative, "facility")),
        ),
    )


def practice_lines(practice: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the lines under the practice's name: address, then how to reach it and its numbers."""
    labels = (("phone", "Phone"), ("fax", "Fax"), ("email", "E-mail"), ("npi", "NPI"), ("tax_id", "Tax id"))
    reach = [f"{label} {text_of(practice, key)}" for key, label in labels if text_of(practice, key)]
    return tuple(line for line in (", ".join(texts_of(practice, "address")), " · ".join(reach)) if line)


def _coded(record: Mapping[str, Any]) -> str:
    system, code, display = (text_of(record, key) for key in ("system", "code", "display"))
    coded = " ".join(part for part in (_SYSTEMS.get(system, system), code) if part)
    return f"{display} ({coded})" if display and coded else display or coded


def _patient(packet: Mapping[str, Any]) -> Panel:
    patient = mapping_of(packet, "patient")
    labels = (("name", "Name"), ("birth_date", "Birth date"), ("sex", "Sex"), ("member_id", "Member id"))
    return Panel("Patient", tuple(field(label, text_of(patient, key)) for key, label in labels))


def _request(packet: Mapping[str, Any], administrative: Mapping[str, Any]) -> Panel:
    kind, urgency = text_of(administrative, "kind"), text_of(administrative, "urgency")
    place = " ".join(text for key in ("side", "body_site") if (text := text_of(administrative, key)))
    fields = [
        field("Service", service_words(packet)),
        field("Date of service", text_of(mapping_of(packet, "request"), "date")),
        field("Quantity", _quantity(administrative.get("quantity"))),
        field("Type", _KINDS.get(kind, kind)),
        field("Urgency", _urgency(urgency, text_of(administrative, "urgency_reason"))),
    ]
    if place:
        fields.insert(3, field("Body site", place))
    if bill := text_of(administrative, "type_of_bill"):
        fields.append(field("Type of bill", bill))
    return Panel("Request", tuple(fields))


def _urgency(urgency: str, reason: str) -> str:
    words = _URGENCIES.get(urgency, urgency)
    if urgency == "expedited" and not reason:
        return f"{words}; the reason is {NOT_IN_RECORD}"
    return f"{words}: {reason}" if words and reason else words


def _quantity(value: object) -> str:
    if isinstance(value, Mapping):
        number = value.get("value")
        amount = f"{number:g}" if isinstance(number, int | float) else text_of(value, "value")
        return " ".join(part for part in (amount, text_of(value, "unit")) if part)
    return text_of({"value": value}, "value")


def _party(title: str, party: Mapping[str, Any]) -> Panel:
    fields = [field("Name", text_of(party, "name")), field("NPI", text_of(party, "npi"))]
    optional = (
        ("ptan", "PTAN"),
        ("phone", "Phone"),
        ("fax", "Fax"),
        ("email", "E-mail"),
        ("address", "Address"),
    )
    fields += [
        field(label, ", ".join(texts_of(party, key))) for key, label in optional if texts_of(party, key)
    ]
    return Panel(title, tuple(fields))


def _requester(party: Mapping[str, Any]) -> tuple[Panel, ...]:
    labels = (("name", "Name"), ("phone", "Phone"), ("fax", "Fax"), ("email", "E-mail"))
    fields = tuple(field(label, text_of(party, key)) for key, label in labels if text_of(party, key))
    return (Panel("Contact", fields),) if fields else ()


def _policy(packet: Mapping[str, Any]) -> Panel:
    policy = {**mapping_of(mapping_of(packet, "request"), "policy"), **mapping_of(packet, "policy")}
    effective = mapping_of(policy, "effective")
    since, until, version = (
        text_of(effective, "from"),
        text_of(effective, "until"),
        text_of(policy, "version"),
    )
    number = text_of(policy, "id")
    fields = [
        field("Title", text_of(policy, "title")),
        field("Number", f"{number}, version {version}" if number and version else number),
    ]
    if source := text_of(policy, "source_title"):
        fields.append(field("Source", source))
    if since:
        fields.append(field("In force", f"from {since}" + (f" to {until}" if until else "")))
    return Panel("Policy", tuple(fields))


def _diagnoses(administrative: Mapping[str, Any], citations: Citations) -> Field:
    values = tuple(
        Cited(_coded(row), citations.marks(texts_of(row, "evidence")))
        for row in rows_of(administrative, "diagnoses")
        if _coded(row)
    )
    return Field("Codes", values or (Cited(NO_CODE),), missing=not values)
