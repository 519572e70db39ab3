"""Small charts for the tests of the reader."""

import base64
import json
from pathlib import Path
from typing import Any

from posology.records import Chart, read_chart

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"use": "official", "family": "Example", "given": ["Ann", "B."]}],
    "gender": "female",
    "birthDate": "1970-05-04",
    "identifier": [{"system": "urn:mrn", "value": "M-1"}],
}


def resource(kind: str, identifier: str | None = "r1", /, **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"resourceType": kind, **fields}
    if identifier is not None:
        body["id"] = identifier
    return body


def bundle(*resources: Any, kind: str = "collection") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": r} for r in resources]}


def note(text: str | bytes, content_type: str = "text/plain", identifier: str = "d1") -> dict[str, Any]:
    data = text if isinstance(text, bytes) else text.encode()
    attachment = {"contentType": content_type, "data": base64.b64encode(data).decode()}
    return resource("DocumentReference", identifier, status="current", content=[{"attachment": attachment}])


def read(tmp_path: Path, value: Any, *, include_restricted: bool = False) -> Chart:
    path = tmp_path / "chart.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return read_chart(path, include_restricted=include_restricted)


def read_with(tmp_path: Path, *resources: Any, include_restricted: bool = False) -> Chart:
    return read(tmp_path, bundle(PATIENT, *resources), include_restricted=include_restricted)
