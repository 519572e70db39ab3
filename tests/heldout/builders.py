"""Small builders of synthetic FHIR R4 resources and charts for the held-out cases."""

import base64
import json
from pathlib import Path
from typing import Any

Resource = dict[str, Any]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
ME = {"reference": "Patient/me"}


def concept(system: str, code: str, display: str = "") -> Resource:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]}


def patient(**over: Any) -> Resource:
    base = {"resourceType": "Patient", "id": "me", "gender": "female", "birthDate": "1960-03-01"}
    return base | {"name": [{"family": "Testcase", "given": ["Ingrid"]}]} | over


def coverage(payer: str = "Lakeland Health", **over: Any) -> Resource:
    base = {"resourceType": "Coverage", "id": "cov", "status": "active", "beneficiary": ME}
    return base | {"subscriberId": "LH-0042", "payor": [{"display": payer}]} | over


def observation(key: str, code: str, when: str | None, **over: Any) -> Resource:
    base = {"resourceType": "Observation", "id": key, "status": "final", "code": concept(LOINC, code)}
    dated = {"effectiveDateTime": when} if when else {}
    return base | {"subject": ME} | dated | over


def quantity(value: float, unit: str | None) -> Resource:
    return {"value": value} | ({"unit": unit, "system": UCUM, "code": unit} if unit else {})


def pressure(key: str, when: str, systolic: float, unit: str = "mm[Hg]", **over: Any) -> Resource:
    part = {"code": concept(LOINC, "8480-6"), "valueQuantity": quantity(systolic, unit)}
    other = {"code": concept(LOINC, "8462-4"), "valueQuantity": quantity(190, unit)}
    return observation(key, "85354-9", when, component=[other, part]) | over


def condition(key: str, code: Resource, clinical: str | None = "active", **over: Any) -> Resource:
    state = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    base = {"resourceType": "Condition", "id": key, "code": code, "subject": ME}
    status = {"clinicalStatus": concept(state, clinical)} if clinical else {}
    return base | status | over


def verified(code: str) -> Resource:
    return concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", code)


def order(key: str, code: str, when: str, status: str = "active", **over: Any) -> Resource:
    base = {"resourceType": "MedicationRequest", "id": key, "status": status, "intent": "order"}
    drug = {"medicationCodeableConcept": concept(RXNORM, code)}
    return base | drug | {"subject": ME, "authoredOn": when} | over


def statement(
    key: str, code: str, start: str, end: str | None, status: str = "active", **over: Any
) -> Resource:
    base = {"resourceType": "MedicationStatement", "id": key, "status": status, "subject": ME}
    period = {"start": start} | ({"end": end} if end else {})
    return base | {"medicationCodeableConcept": concept(RXNORM, code), "effectivePeriod": period} | over


def procedure(key: str, code: str, when: str, status: str = "completed", **over: Any) -> Resource:
    base = {"resourceType": "Procedure", "id": key, "status": status, "code": concept(SNOMED, code)}
    return base | {"subject": ME, "performedDateTime": when} | over


def encounter(key: str, code: str, start: str, **over: Any) -> Resource:
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    base = {"resourceType": "Encounter", "id": key, "status": "finished", "class": kind}
    return base | {"type": [concept(SNOMED, code)], "subject": ME, "period": {"start": start}} | over


def note(key: str, text: str, when: str, kind: str = "text/plain", **over: Any) -> Resource:
    data = base64.b64encode(text.encode()).decode()
    base = {"resourceType": "DocumentReference", "id": key, "status": "current", "subject": ME, "date": when}
    return base | {"content": [{"attachment": {"contentType": kind, "data": data}}]} | over


def bundle(*resources: Resource, kind: str = "collection", urn: bool = False) -> Resource:
    """Bundle resources; with ``urn`` every reference becomes a ``urn:uuid`` of a fullUrl."""
    names = {
        f"{one['resourceType']}/{one['id']}": f"urn:uuid:00000000-0000-4000-8000-{place:012d}"
        for place, one in enumerate(resources)
        if "id" in one
    }
    entries = []
    for one in resources:
        entry: Resource = {"resource": json.loads(json.dumps(one))}
        if urn and "id" in one:
            entry["fullUrl"] = names[f"{one['resourceType']}/{one['id']}"]
        if kind in ("transaction", "batch"):
            entry["request"] = {"method": "POST", "url": one["resourceType"]}
        if kind == "searchset":
            entry["search"] = {"mode": "match"}
        if kind == "history":
            entry["request"] = {"method": "PUT", "url": f"{one['resourceType']}/{one.get('id')}"}
            entry["response"] = {"status": "200"}
        entries.append(entry)
    whole = {"resourceType": "Bundle", "type": kind, "entry": entries}
    if not urn:
        return whole
    text = json.dumps(whole)
    for name, address in names.items():
        text = text.replace(json.dumps(name), json.dumps(address))
    return json.loads(text)  # type: ignore[no-any-return]


def write_bundle(folder: Path, *resources: Resource, **how: Any) -> Path:
    path = folder / "chart.json"
    path.write_text(json.dumps(bundle(*resources, **how)), encoding="utf-8")
    return path


def pdf(text: str) -> bytes:
    """Return a PDF of one page that shows ``text`` on one line."""
    stream = f"BT /F1 12 Tf 40 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            size,
            table,
            size,
            len(out),
        )
    )
