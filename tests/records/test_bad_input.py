"""Every bad input has one clear message."""

import io
import json

import pytest

from posology.errors import ChartError
from posology.records import read_chart
from posology.records.sources import MAX_BYTES
from tests.quick import least_seconds

from .charts import PATIENT, bundle, read, read_with, resource

GOOD = json.dumps(bundle(PATIENT)).encode()

BYTES = [
    (b"", "the file is empty"),
    (b"   \n", "the file is empty"),
    (b"hello", "not JSON"),
    (b'{"a" 1}', "not JSON (line 1, column 6"),
    (GOOD[:-20], "ends in the middle"),
    (GOOD[:-1], "ends in the middle"),
    (b'{"resourceType": "Pati', "ends in the middle"),
    (b'{"resourceType": tru', "ends in the middle"),
    (b'{"name": "J\xc3', "ends in the middle"),
    (b'{"name": "Jos\xe9"}', "not UTF-8 (byte 13)"),
    (b"\xff\xfe{\x00}\x00", "UTF-16"),
    (b'{"resourceType": "Patient", "x": NaN}', "NaN is not a JSON number"),
    (b'{"resourceType": "Patient", "x": -Infinity}', "-Infinity is not a JSON number"),
    (b'{"resourceType": "Patient", "x": 1e999}', "too large"),
    (b'{"resourceType": "Patient", "x": ' + b"9" * 5000 + b"}", "whole number of thousands of digits"),
    (b'{"id": "1", "id": "2"}', 'the key "id" stands twice'),
    (b"[" * 100_000, "nested too deeply"),
    (b'{"a":' * 500 + b"1" + b"}" * 500, "nested too deeply"),
    (b'{"resourceType": "Patient", "x": "\\ud800"}', "lone"),
    (b'{"hook": "order-sign"}', "no FHIR resource"),
    (b"[1, 2]", "no FHIR resource"),
    (b'{"resourceType": 5}', "no FHIR resource"),
    (b'{"resourceType": "Bundle", "entry": {}}', "Bundle.entry must be a list"),
    (b'{"resourceType": "Condition"}', "no Patient resource"),
    (b"<Bundle xmlns='http://hl7.org/fhir'/>", "XML"),
    (b"MSH|^~\\&|A|B", "HL7 v2"),
    (b"%PDF-1.7", "PDF"),
    (b"PK\x03\x04zip", "zip"),
]


@pytest.mark.parametrize(("data", "message"), BYTES, ids=[row[1] + repr(row[0][:6]) for row in BYTES])
def test_bytes_that_are_no_chart_have_one_clear_message(tmp_path, data, message):
    path = tmp_path / "chart.json"
    path.write_bytes(data)
    with pytest.raises(ChartError) as caught:
        read_chart(path)
    assert message in str(caught.value)
    assert "chart.json" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(("data", "message"), [row for row in BYTES if row[0].strip()][:6])
def test_standard_input_has_the_same_messages(data, message):
    with pytest.raises(ChartError, match="standard input"):
        read_chart("-", stdin=io.BytesIO(data))


@pytest.mark.parametrize("cut", range(1, len(GOOD) - 1, 7))
def test_a_bundle_cut_anywhere_is_called_cut(tmp_path, cut):
    path = tmp_path / "chart.json"
    path.write_bytes(GOOD[:cut])
    with pytest.raises(ChartError, match="ends in the middle"):
        read_chart(path)


VERSIONS = [
    (resource("MedicationOrder"), "DSTU2", "MedicationOrder"),
    (resource("Condition", dateRecorded="2015-01-01"), "DSTU2", "Condition.dateRecorded"),
    (resource("Condition", clinicalStatus="active"), "STU3 or DSTU2", "Condition.clinicalStatus"),
    (resource("Condition", assertedDate="2017"), "STU3", "Condition.assertedDate"),
    (resource("ProcedureRequest"), "STU3 or DSTU2", "ProcedureRequest"),
    (resource("Encounter", **{"class": "inpatient"}), "DSTU2", "Encounter.class"),
    (resource("Encounter", **{"class": [{"coding": []}]}), "R5", "Encounter.class is a list"),
    (
        resource("MedicationRequest", medication={"concept": {"text": "x"}}),
        "R5",
        "MedicationRequest.medication",
    ),
    (resource("Condition", participant=[{}]), "R5", "Condition.participant"),
    (resource("CapabilityStatement", fhirVersion="3.0.2"), "STU3", "fhirVersion 3.0.2"),
    (resource("ImplementationGuide", fhirVersion=["5.0.0"]), "R5", "fhirVersion 5.0.0"),
    (
        resource("Patient", "p1", meta={"profile": ["http://hl7.org/fhir/3.0/StructureDefinition/Patient"]}),
        "STU3",
        "Patient.meta.profile",
    ),
]


@pytest.mark.parametrize(("body", "version", "sign"), VERSIONS, ids=[row[2] for row in VERSIONS])
def test_another_version_is_named_with_what_gives_it_away(tmp_path, body, version, sign):
    with pytest.raises(ChartError) as caught:
        read_with(tmp_path, body)
    assert f"FHIR {version}, not R4" in str(caught.value)
    assert sign in str(caught.value)


def test_r4b_and_r4_profiles_are_read(tmp_path):
    us_core = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-condition"
    read_with(
        tmp_path,
        resource("Condition", meta={"profile": [us_core]}),
        resource("CapabilityStatement", fhirVersion="4.3.0"),
    )


def test_two_patients_are_named(tmp_path):
    with pytest.raises(ChartError, match="Patient/p1 and Patient/p2"):
        read_with(tmp_path, resource("Patient", "p2"))


@pytest.mark.parametrize("element", ["subject", "patient", "beneficiary"])
@pytest.mark.parametrize("reference", ["Patient/p2", "https://x.example/Patient/p2", "Patient/p2/_history/1"])
def test_a_resource_of_another_patient_is_refused(tmp_path, element, reference):
    with pytest.raises(ChartError, match=r"Condition/r1 .* is another patient than Patient/p1"):
        read_with(tmp_path, resource("Condition", **{element: {"reference": reference}}))


def test_a_subject_with_the_identifier_of_another_is_refused(tmp_path):
    other = {"identifier": {"system": "urn:mrn", "value": "M-2"}}
    with pytest.raises(ChartError, match="another patient"):
        read_with(tmp_path, resource("Condition", subject=other))


def test_a_subject_that_leads_nowhere_leaves_the_resource_out(tmp_path):
    chart = read_with(tmp_path, resource("Condition", subject={"reference": "urn:uuid:gone"}))
    assert len(chart.resources) == 1
    assert "cannot be shown to be Patient/p1" in chart.unread[0].why


@pytest.mark.parametrize(
    "fields", [{"birthDate": 1970}, {"name": "Ann"}, {"gender": 1}, {"id": 7}, {"deceasedBoolean": "no"}]
)
def test_a_wrong_type_in_the_patient_is_refused(tmp_path, fields):
    with pytest.raises(ChartError, match=r"expected|must be"):
        read(tmp_path, {**PATIENT, **fields})


def test_conflicting_content_under_one_id_is_refused(tmp_path):
    with pytest.raises(ChartError, match="Condition/r1 stands twice with different content"):
        read_with(
            tmp_path, resource("Condition", code={"text": "a"}), resource("Condition", code={"text": "b"})
        )


def test_messages_do_not_quote_the_record(tmp_path):
    path = tmp_path / "chart.json"
    path.write_bytes(GOOD.replace(b'"Example"', b'"Example" oops'))
    with pytest.raises(ChartError) as caught:
        read_chart(path)
    assert "Example" not in str(caught.value)


def test_missing_empty_and_unreadable_paths_are_named(tmp_path):
    with pytest.raises(ChartError, match="no such file or folder"):
        read_chart(tmp_path / "gone")
    with pytest.raises(ChartError, match="the folder is empty"):
        read_chart(tmp_path)
    (tmp_path / "note.txt").write_text("only a note")
    with pytest.raises(ChartError, match="no FHIR resource"):
        read_chart(tmp_path)
    with pytest.raises(ChartError, match="no such file"):
        read_chart("nul\x00byte")
    with pytest.raises(ChartError, match="cannot be read"):
        read_chart("x" * 5000)


def test_a_gigabyte_of_rubbish_fails_at_once(tmp_path):
    path = tmp_path / "rubbish.json"

    def refused():
        with pytest.raises(ChartError, match=r"larger|not JSON"):
            read_chart(path)

    for start in (b"{", b"\x00"):
        with path.open("wb") as stream:
            stream.write(start)
            stream.truncate(2**30)
        assert least_seconds(refused, under=1) < 1
    assert MAX_BYTES == 512 * 2**20


def test_an_endless_stream_is_cut_off():
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            assert size >= 0, "read without a limit"
            return b"{" + b" " * (size - 1)

    with pytest.raises(ChartError, match="larger than a chart may be"):
        read_chart("-", stdin=Endless(), max_bytes=2**20)
