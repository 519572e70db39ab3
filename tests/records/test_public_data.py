"""Public charts are read without surprises, and large ones quickly."""

import base64
import json
import shutil
import time

import pytest

from posology.errors import ChartError
from posology.records import read_chart

from .charts import PATIENT, resource


def test_every_synthea_bundle_is_read_whole(data_folder):
    paths = sorted((data_folder / "synthea_fhir_r4").glob("*.json"))
    assert len(paths) >= 20
    for path in paths:
        chart = read_chart(path)
        entries = json.loads(path.read_text())["entry"]
        contained = sum(len(e["resource"].get("contained", ())) for e in entries)
        assert len(chart.resources) == len(entries) + contained
        assert chart.unread == ()
        assert all(r.linked["subject"]["resourceType"] == "Patient" for r in chart.of_type("Condition"))
        assert chart.of_type("Coverage")


# (file prefix of the patient, resources read, what is not read beyond references that lead nowhere)
SEEDS = [
    ("o2billy", 20, {"a kind of file that is not read"}),
    ("o2jane", 20, set()),
    ("o2john", 11, set()),
    ("o2teddy", 56, {"interpretation: expected a list of CodeableConcept; the resource was left out"}),
]


@pytest.mark.parametrize(("prefix", "count", "expected"), SEEDS, ids=[row[0] for row in SEEDS])
def test_a_folder_of_da_vinci_resources_is_read(tmp_path, data_folder, prefix, count, expected):
    for path in (data_folder / "davinci_pas_examples" / "test-ehr" / "seed-data").glob(f"{prefix}_*"):
        shutil.copy(path, tmp_path)
    chart = read_chart(tmp_path)
    assert len(chart.resources) == count
    assert {u.why for u in chart.unread if "which is not in the chart" not in u.why} == expected


def test_a_folder_of_five_patients_is_refused(data_folder):
    with pytest.raises(ChartError, match=r"more than one patient: Patient/pat1234 and Patient/pat015"):
        read_chart(data_folder / "davinci_pas_examples" / "test-ehr" / "seed-data")


def test_every_other_da_vinci_file_is_read_or_refused(data_folder):
    for path in sorted((data_folder / "davinci_pas_examples").rglob("*.json")):
        try:
            read_chart(path)
        except ChartError as error:
            message = str(error)
        else:
            message = "read"
        assert len(message.splitlines()) == 1


def test_ten_thousand_resources_and_two_thousand_notes_are_read_in_seconds(tmp_path):
    subject = {"reference": "Patient/p1"}
    resources = [PATIENT, resource("Encounter", "e1", subject=subject)]
    for number in range(10_000):
        resources.append(
            resource(
                "Observation",
                f"o{number}",
                status="final",
                subject=subject,
                encounter={"reference": "Encounter/e1"},
                code={"coding": [{"system": "http://loinc.org", "code": "39156-5", "display": "BMI"}]},
                effectiveDateTime="2019-03-02T10:00:00Z",
                valueQuantity={"value": 41.2, "unit": "kg/m2"},
            )
        )
    text = base64.b64encode(("<p>Denies chest pain. BMI 41.2.</p>" * 60).encode()).decode()
    for number in range(2_000):
        attachment = {"contentType": "text/html", "data": text}
        resources.append(
            resource("DocumentReference", f"d{number}", subject=subject, content=[{"attachment": attachment}])
        )
    path = tmp_path / "large.ndjson"
    path.write_text("\n".join(json.dumps(r) for r in resources))
    begun = time.process_time()
    chart = read_chart(path)
    assert (len(chart.resources), len(chart.documents)) == (12_002, 2_000)
    assert time.process_time() - begun < 20  # about 2 s on two cores
