"""Small sources for the tests: notes of patients whose identifiers are known, and their charts."""

import json
from pathlib import Path
from typing import Any

__all__ = ["NAMES", "NOTE", "OTHER", "chart_of", "write_patient"]

NAMES = ("Maribel", "Abernethy")
NOTE = (
    "Mrs. Abernethy was seen on 3/4/2019 for low back pain of eight weeks that runs down the left leg to the "
    "foot. "
    "She has tried naproxen 500 mg twice daily and twelve sessions of physical therapy without "
    "lasting relief. "
    "Strength is 4/5 in dorsiflexion on the left. Maribel will return on 3/18/2019. MRN 4471829."
)
OTHER = (
    "The patient reports shortness of breath on climbing one flight of stairs and wakes at night to sit up. "
    "Ankles are swollen in the evening. The echocardiogram shows an ejection fraction of 30 percent. "
    "Furosemide 40 mg was started and the weight will be checked each morning before breakfast."
)


def chart_of(given: str, family: str, *notes: str) -> dict[str, Any]:
    """Return a FHIR bundle of a patient with notes."""
    import base64

    patient = {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"family": family, "given": [given]}],
        "birthDate": "1958-07-12",
        "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": "4471829"}],
    }
    documents = [
        {
            "resourceType": "DocumentReference",
            "id": f"d{number}",
            "status": "current",
            "subject": {"reference": "Patient/p1"},
            "content": [
                {
                    "attachment": {
                        "contentType": "text/plain",
                        "data": base64.b64encode(note.encode()).decode(),
                    }
                }
            ],
        }
        for number, note in enumerate(notes, 1)
    ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": one} for one in [patient, *documents]],
    }


def write_patient(
    folder: Path, name: str, *notes: str, given: str = NAMES[0], family: str = NAMES[1]
) -> None:
    """Write a patient's chart as NAME.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(chart_of(given, family, *notes)))
