"""Uploads that are no chart, or mean harm, are refused in words; nothing of them is kept."""

import io
import json
import stat
import zipfile

import pytest

from tests.web.api import made_case, problem

PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"text": "Ada Made"}], "birthDate": "1961-04-02"}
FHIR = {"Content-Type": "application/fhir+json"}
ZIP = {"Content-Type": "application/zip"}


@pytest.fixture
def sam(signed_in):
    return signed_in("staff")


def zipped(*files: tuple[str, bytes], link: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if link:
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def patient() -> tuple[str, bytes]:
    return "patient.json", json.dumps(PATIENT).encode()


def test_a_chart_comes_as_files_as_a_zip_or_as_a_note(sam, policies):
    body = made_case(policies).body
    by_form = sam.post("/api/v1/charts", files=[("files", ("a.json", body)), ("files", ("b.txt", b"Note."))])
    by_zip = sam.post("/api/v1/charts", content=zipped(patient(), ("note.txt", b"BMI 41.")), headers=ZIP)
    note = {"name": "Ada Made", "birth_date": "1961-04-02", "date": "2026-03-01", "text": "BMI 41."}
    by_note = sam.post("/api/v1/charts", json=note)
    for answer in (by_form, by_zip, by_note):
        assert answer.status_code == 201, answer.text
    assert by_note.json()["documents"] == by_zip.json()["documents"] == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zipped(("bomb.txt", b"0" * 40_000_000)), "inflates beyond reason"),
        (zipped(("../../etc/passwd", b"x")), "climbs"),
        (zipped(("/etc/passwd", b"x")), "absolute"),
        (zipped(("a\\..\\b", b"x")), "backslash"),
        (zipped(("a.zip", zipped(patient()))), "an archive inside"),
        (zipped(("a", b"/etc/passwd"), link=True), "a link"),
        (zipped(*((f"{n}.txt", b"x") for n in range(2_001))), "too many files"),
        (zipped(patient())[:-30], "cut short"),
        (b"PK\x03\x04" + b"\0" * 100, "damaged"),
        (b"", "empty"),
        (b"\x1f\x8b\x08", "another archive"),
    ],
)
def test_an_archive_that_means_harm_is_refused(sam, entries, content, reason):
    problem(sam.post("/api/v1/charts", content=content, headers=ZIP), 422)
    assert not entries("chart.uploaded"), reason


@pytest.mark.parametrize(
    "name", ["../x.txt", "/etc/passwd", "a\\b.txt", "C:x.txt", "a/../../b.txt", "x" * 300, "\u202etxt.exe"]
)
def test_a_file_name_that_leads_elsewhere_is_refused(sam, entries, name):
    files = [("files", ("patient.json", patient()[1])), ("files", (name, b"text"))]
    problem(sam.post("/api/v1/charts", files=files), 422)
    assert not entries("chart.uploaded")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "nothing"),
        (b"{", "no JSON"),
        (b"[]", "no resource"),
        (b'{"resourceType": "Patient"', "cut short"),
        (b'{"resourceType": "Bundle", "entry": []}', "no patient"),
        (b"\xff\xfe\x00", "no UTF-8"),
        (b"[" * 100_000, "nested without end"),
        (b'{"resourceType": "Bundle", "entry": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "nested deeply"),
        (b'{"resourceType":"Patient","id":' + b"9" * 10_000 + b"}", "a number beyond all"),
    ],
)
def test_a_document_that_is_no_chart_is_refused(sam, entries, content, reason):
    problem(sam.post("/api/v1/charts", content=content, headers=FHIR), 422)
    assert not entries("chart.uploaded"), reason


def test_half_a_surrogate_pair_in_a_chart_is_no_fault(sam):
    body = json.dumps({**PATIENT, "name": [{"text": "Ada \ud800"}]}).encode()
    answer = sam.post("/api/v1/charts", content=body, headers=FHIR)
    assert answer.status_code in (201, 422), answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/pdf", "", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_refused(sam, kind):
    problem(sam.post("/api/v1/charts", content=b"a=b", headers={"Content-Type": kind}), 415)


def test_a_form_with_fields_of_its_own_is_refused(sam):
    files = {"files": ("a.json", patient()[1])}
    problem(sam.post("/api/v1/charts", files=files, data={"surprise": "1"}), 422)
    problem(sam.post("/api/v1/charts", files=files, data={"restricted": "perhaps"}), 422)
    problem(sam.post("/api/v1/charts", files={"other": ("a.json", b"{}")}), 422)
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    problem(sam.post("/api/v1/charts", content=b"--y\r\n", headers=broken), 400)
    problem(sam.post("/api/v1/charts", content=b"--x\r\nnonsense", headers=broken), 422)


def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(sam, site):
    most = site.serve.upload_mb * 1024 * 1024
    headers = {**ZIP, "Content-Length": str(most + 1)}
    problem(sam.post("/api/v1/charts", content=b"PK", headers=headers), 413)

    def endless():
        for _ in range(most // (1 << 20) + 2):
            yield b"\0" * (1 << 20)

    problem(sam.post("/api/v1/charts", content=endless(), headers=ZIP), 413)


@pytest.mark.parametrize(
    ("key", "value"),
    [("name", " "), ("text", ""), ("birth_date", "soon"), ("date", "2026-02-31"), ("sex", "x"), ("more", 1)],
)
def test_a_note_that_is_not_whole_is_refused_and_not_repeated(sam, key, value):
    note = {"name": "Ada Made", "birth_date": "1961-04-02", "date": "2026-03-01", "text": "Zebra 41."}
    told = problem(sam.post("/api/v1/charts", json={**note, key: value}), 422)
    assert "Ada" not in json.dumps(told)
    assert "Zebra" not in json.dumps(told)
