"""Charts that cannot be used as a whole: one clear message, exit status 2, nothing written."""

import pytest

from tests.cli.cli_runs import assert_refused, day, draft, good_bundle, patient_of, run, with_more, write
from tests.quick import least_seconds

TEXT = "cannot be used"


def _patient(**fields):
    bundle = good_bundle()
    patient_of(bundle).update(fields)
    return bundle


def _without_patient():
    bundle = good_bundle()
    bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "Patient"]
    return bundle


def _two_patients():
    bundle = good_bundle()
    bundle["entry"].append({"resource": patient_of(bundle) | {"id": "another"}})
    return bundle


def _of_version(**fields):
    return with_more(good_bundle(), {"id": "odd", **fields})


def _twice():
    first = {"resourceType": "Condition", "id": "same", "code": {"text": "one"}}
    return with_more(good_bundle(), first, first | {"code": {"text": "another"}})


def _bytes(bundle):
    import json

    return json.dumps(bundle).encode()


CHARTS = [
    ("not JSON", b"hello, I am no chart", ["chart.json", "not JSON"]),
    ("JSON that is no FHIR", {"hook": "order-sign", "patients": 1}, ["no FHIR resource"]),
    ("a list", [1, 2, 3], ["no FHIR resource"]),
    ("an empty file", b"", ["empty"]),
    ("DSTU2", _of_version(resourceType="MedicationOrder"), ["DSTU2", "not R4"]),
    ("STU3", _of_version(resourceType="Condition", assertedDate="2017"), ["STU3", "not R4"]),
    (
        "R5",
        _of_version(resourceType="MedicationRequest", medication={"concept": {"text": "x"}}),
        ["R5", "not R4"],
    ),
    ("no patient", _without_patient(), ["no Patient"]),
    ("two patients", _two_patients(), ["Patient/", "Patient/another"]),
    ("a truncated file", _bytes(good_bundle())[:-900], ["ends in the middle"]),
    ("Latin-1", _bytes(_patient(language="x")).replace(b'"x"', b'"\xe9"'), ["not UTF-8", "byte"]),
    ("UTF-16", _bytes(good_bundle()).decode().encode("utf-16"), ["UTF-16"]),
    ("the same id twice, otherwise", _twice(), ["Condition/same", "twice"]),
    ("a patient who died before", _patient(deceasedDateTime="2001-02-03"), ["deceasedDateTime", "--date"]),
    ("a patient who died some day", _patient(deceasedBoolean=True), ["deceased", "check the patient"]),
    ("a patient born afterwards", _patient(birthDate="2199-01-01"), ["birthDate", "--date"]),
    ("a birth date of the wrong type", _patient(birthDate=19700101), ["birthDate"]),
    ("NUL bytes", b"\0" * 4096, ["not JSON"]),
    ("nested without end", b"[" * 200_000, ["nested too deeply"]),
    ("C-CDA", b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>", ["XML"]),
]


@pytest.mark.parametrize(("chart", "words"), [row[1:] for row in CHARTS], ids=[row[0] for row in CHARTS])
def test_a_chart_that_cannot_be_used_is_refused_in_one_clear_message(tmp_path, chart, words):
    out = tmp_path / "out" / "packet"
    path = write(tmp_path / "chart.json", chart)
    assert_refused(run(*draft(path, out)), out, *words)


def test_a_gigabyte_of_rubbish_is_refused_at_once(tmp_path):
    path = tmp_path / "chart.json"

    def refused():
        assert_refused(run(*draft(path, tmp_path / "out")), tmp_path / "out", "chart.json")

    for first in (b"{", b"\0"):
        with path.open("wb") as stream:
            stream.write(first)
            stream.truncate(2**30)
        assert least_seconds(refused, under=2) < 2


@pytest.mark.parametrize(
    ("name", "words"),
    [("gone.json", ["no such file"]), ("empty", ["folder is empty"]), ("notes", ["no FHIR resource"])],
)
def test_a_chart_that_is_not_there_is_named(tmp_path, name, words):
    (tmp_path / "empty").mkdir()
    write(tmp_path / "notes" / "note.txt", b"only a note")
    assert_refused(run(*draft(tmp_path / name, tmp_path / "out")), tmp_path / "out", name, *words)


def test_a_patient_who_died_on_the_day_or_later_is_drafted_for(tmp_path):
    path = write(tmp_path / "chart.json", _patient(deceasedDateTime=day()))
    assert run(*draft(path, tmp_path / "out")).code == 0
