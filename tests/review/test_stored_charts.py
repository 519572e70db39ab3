"""Charts that people upload: kept byte for byte and sealed, read as a folder is read, or refused."""

import io
import json
import stat
import zipfile
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from posology.errors import ChartError, NotAllowed, NotFound
from posology.records import read_chart, read_chart_files
from posology.review import charts as charts_module
from posology.review.archives import MOST_FILES, pack, unpack
from posology.review.charts import ChartUpload, PastedNote, load_chart, note_upload, store_chart
from posology.review.recent import Recent
from posology.store.schema import charts
from tests.review.conftest import made

PATIENT = (
    b'{"resourceType": "Patient", "id": "p", "name": [{"text": "Quintessa Vandermolen"}],'
    b' "birthDate": "1970-01-31"}'
)
FOLDER = (("patient.json", PATIENT), ("notes/2024-01-02.txt", b"Visit. Weight 120 kg."))


def zipped(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


def test_a_chart_is_read_back_as_it_was_uploaded(clinic):
    files = made("cms-ncd-100.1", "meet", 1)[0]
    chart_id = store_chart(clinic.store, clinic.actor("sam"), ChartUpload(files))
    charts_module._CHARTS.forget(lambda key: True)
    assert load_chart(clinic.store, chart_id) == read_chart_files(files)
    assert load_chart(clinic.store, chart_id).inputs == read_chart_files(files).inputs


def test_files_in_memory_are_read_as_a_folder_is(tmp_path):
    for name, data in FOLDER:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert read_chart_files(FOLDER) == read_chart(tmp_path)


def test_a_single_file_is_read_as_a_bundle_whatever_its_name(tmp_path):
    file = tmp_path / "export"
    file.write_bytes(made("cms-ncd-100.1", "meet", 1)[0][0][1])
    assert read_chart_files((("export", file.read_bytes()),)) == read_chart(file)


@pytest.mark.parametrize("files", [FOLDER, tuple((f"top/{name}", data) for name, data in FOLDER)])
def test_a_zip_is_read_as_the_folder_it_was_made_of(small_clinic, files):
    upload = ChartUpload((("chart.zip", zipped(files)),))
    chart_id = store_chart(small_clinic.store, small_clinic.actor("sam"), upload)
    assert load_chart(small_clinic.store, chart_id) == read_chart_files(FOLDER)


def test_ndjson_of_several_resources_is_a_chart(small_clinic):
    lines = PATIENT + b'\n{"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}}\n'
    upload = ChartUpload((("all.ndjson", lines),))
    chart_id = store_chart(small_clinic.store, small_clinic.actor("sam"), upload)
    assert [one.type for one in load_chart(small_clinic.store, chart_id).resources] == [
        "Patient",
        "Condition",
    ]


def test_a_pasted_note_becomes_a_chart_of_patient_and_note(small_clinic):
    note = PastedNote(
        "Quintessa  Vandermolen", "1970-01-31", "Visit. Weight 120 kg.", date(2024, 1, 2), "female"
    )
    chart_id = store_chart(small_clinic.store, small_clinic.actor("sam"), note_upload(note))
    chart = load_chart(small_clinic.store, chart_id)
    assert chart.patient.body["birthDate"] == "1970-01-31"
    assert chart.patient.body["name"] == [{"text": "Quintessa Vandermolen"}]
    assert [(one.text, one.date.text) for one in chart.documents] == [("Visit. Weight 120 kg.", "2024-01-02")]


@pytest.mark.parametrize(
    "changes",
    [{"name": " "}, {"text": " "}, {"birth_date": "tomorrow"}, {"sex": "F"}, {"text": "x" * 400_001}],
)
def test_a_pasted_note_needs_its_patient(changes):
    values = {"name": "Q V", "birth_date": "1970-01-31", "text": "Visit.", "day": date(2024, 1, 2)} | changes
    with pytest.raises(ChartError, match="pasted note"):
        note_upload(PastedNote(**values))


def linked():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("patient.json")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return buffer.getvalue()


def lying():
    """Return a ZIP whose directory says that a file is small."""
    data = bytearray(zipped([("a.json", b"0" * 5_000_000)]))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    return bytes(data)


HOSTILE = {
    "climbs out": zipped([("../patient.json", PATIENT)]),
    "climbs inside": zipped([("a/../../patient.json", PATIENT)]),
    "absolute": zipped([("/etc/patient.json", PATIENT)]),
    "windows drive": zipped([("C:patient.json", PATIENT)]),
    "backslash": zipped([("a\\patient.json", PATIENT)]),
    "control character": zipped([("a\npatient.json", PATIENT)]),
    "turning character": zipped([("a\u202epatient.json", PATIENT)]),
    "same name in another case": zipped([("Patient.json", PATIENT), ("patient.JSON", PATIENT)]),
    "archive inside": zipped([("patient.json", PATIENT), ("more.zip", zipped(FOLDER))]),
    "gzip inside": zipped([("patient.json", PATIENT), ("more.json", b"\x1f\x8b\x08\x00")]),
    "link": linked(),
    "bomb": zipped([("a.json", b"0" * 30_000_000)]),
    "lies about its size": lying(),
    "too many files": zipped([(f"{n}.json", b"{}") for n in range(MOST_FILES + 1)], zipfile.ZIP_STORED),
    "cut": zipped(FOLDER)[:-30],
    "no zip": b"PK\x03\x04" + b"\x00" * 40,
    "empty": zipped([]),
}


@pytest.mark.parametrize("why", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(small_clinic, why):
    before = small_clinic.size()
    with pytest.raises(ChartError) as raised:
        store_chart(
            small_clinic.store, small_clinic.actor("sam"), ChartUpload((("chart.zip", HOSTILE[why]),))
        )
    assert "Vandermolen" not in str(raised.value)
    assert small_clinic.size() == before
    with small_clinic.store.read() as connection:
        assert connection.execute(select(charts)).all() == []


@settings(max_examples=60)
@given(st.binary(max_size=400), st.integers(0, 300))
def test_damaged_archives_never_do_worse_than_be_refused(noise, at):
    good = zipped(FOLDER)
    with suppress(ChartError):
        unpack(good[:at] + noise + good[at + len(noise) :])


def test_an_encrypted_archive_is_refused():
    data = bytearray(zipped(FOLDER))
    start = 0
    while (at := data.find(b"PK\x01\x02", start)) >= 0:
        data[at + 8] |= 1
        start = at + 4
    with pytest.raises(ChartError, match="encrypted"):
        unpack(bytes(data))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ((), "between 1"),
        ((("a.json", b"{"),), "ends in the middle"),  # no JSON
        ((("note.txt", b"A note alone."),), "no FHIR resource"),
        ((("../a.json", PATIENT),), "leads out"),
        ((("a.json", PATIENT), ("a.json", PATIENT)), "name of another"),
        ((("a.json", PATIENT), ("b.zip", zipped(FOLDER))), "a ZIP among"),
        ((("a.json", PATIENT), ("b.json", PATIENT.replace(b'"p"', b'"q"'))), "patient"),  # two patients
    ],
)
def test_what_is_no_chart_is_refused(small_clinic, files, why):
    with pytest.raises(ChartError, match=why):
        store_chart(small_clinic.store, small_clinic.actor("sam"), ChartUpload(files))


@pytest.mark.parametrize("login", ["aud", "adm"])
def test_who_may_not_prepare_uploads_nothing(small_clinic, login):
    with pytest.raises(NotAllowed):
        store_chart(small_clinic.store, small_clinic.actor(login), ChartUpload(FOLDER))


def test_a_chart_that_is_not_there_is_not_found(small_clinic):
    with pytest.raises(NotFound):
        load_chart(small_clinic.store, "0" * 20)


def test_a_chart_is_sealed_and_its_entry_names_no_file(clinic):
    before = clinic.size()
    chart_id = store_chart(clinic.store, clinic.actor("sam"), ChartUpload(FOLDER))
    entry = clinic.entries(before)[0]
    assert entry["kind"] == "chart.uploaded"
    assert set(entry["objects"]) >= {f"charts/{chart_id}"}
    assert "2024-01-02.txt" not in json.dumps(entry)
    with clinic.store.read() as connection:
        body = connection.execute(select(charts.c.body)).scalar_one()
    assert b"Vandermolen" not in bytes(body)
    assert b"notes" not in bytes(body)


def test_the_same_files_give_the_same_archive():
    assert pack(FOLDER) == pack(FOLDER)
    assert unpack(pack(FOLDER)) == FOLDER


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 50)), max_size=60))
def test_memory_of_what_was_read_stays_within_its_bounds(asked):
    recent = Recent(count=4, size_bytes=100)
    for key, size in asked:
        assert recent.get(key, lambda key=key, size=size: (key, size)) == key
        assert len(recent) <= 4
        assert recent._held == sum(size for _, size in recent._values.values()) <= 100
