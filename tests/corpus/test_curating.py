"""A corpus is made from folders: everything read is kept or listed with its reason."""

import json
from pathlib import Path

import pytest

from posology.corpus import (
    Curation,
    ProtectedText,
    build_protected,
    curate,
    read_records,
    read_spec,
    spec_of_folder,
)
from posology.errors import OutputError, UserError
from tests.corpus.made import NOTE, OTHER, chart_of, write_patient

KEY = bytes(range(32))


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    write_patient(folder, "abernethy", NOTE, "Too short.")
    (folder / "clark-17").mkdir()
    (folder / "clark-17" / "visit.txt").write_text(OTHER)
    (folder / "clark-17" / "again.txt").write_text(OTHER.upper().replace(",", " ,"))
    (folder / "clark-17" / "near.txt").write_text(OTHER.replace("each morning", "every morning"))
    (folder / "broken.json").write_text("{}")
    return folder


def rejected(folder: Path) -> dict[str, str]:
    lines = map(json.loads, (folder / "rejected.jsonl").read_text().splitlines())
    return {line["id"]: line["reason"] for line in lines}


def test_a_folder_of_notes_and_charts_becomes_a_corpus(sources: Path, tmp_path: Path) -> None:
    counts = curate(Curation(spec_of_folder(sources), sources, key=KEY), tmp_path / "out")
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == [
        "card.md",
        "manifest.json",
        "records.jsonl",
        "rejected.jsonl",
    ]
    records = list(read_records(out / "records.jsonl"))
    assert len(records) + len(rejected(out)) == sum(counts.read.values()) == 6
    assert sum(counts.kept.values()) == 2
    reasons = sorted(reason.partition(" (")[0] for reason in rejected(out).values())
    assert reasons == [
        "a copy: the same words as an earlier text",
        "a near copy of notes/1",
        "no chart: no FHIR resource in it",
        "shorter than 20 words",
    ]


def test_no_name_of_a_patient_is_in_any_file_of_the_corpus(sources: Path, tmp_path: Path) -> None:
    curate(Curation(spec_of_folder(sources), sources), tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        text = path.read_text().lower()
        assert not [word for word in ("abernethy", "maribel", "4471829", "clark", "3/4/2019") if word in text]


VISIT = (
    "Maribel Abernethy came with low back pain of eight weeks that runs down the left leg to the foot. She "
    "has tried naproxen and physical therapy without relief; Abernethy returns in two weeks to the clinic."
)


@pytest.mark.parametrize(
    "home", ["", "patient-a"], ids=["beside the notes' folder", "in the patient's folder"]
)
def test_a_name_that_only_the_chart_tells_is_in_no_note_of_a_folder(tmp_path: Path, home: str) -> None:
    folder = tmp_path / "clinic"
    write_patient(folder / home, "patient-a")
    (folder / "patient-a").mkdir(exist_ok=True)
    (folder / "patient-a" / "visit.txt").write_text(VISIT)
    counts = curate(Curation(spec_of_folder(folder), folder, key=KEY), tmp_path / "out")
    assert sum(counts.kept.values()) == 1
    assert not [path for path in (tmp_path / "out").iterdir() if "abernethy" in path.read_text().lower()]
    assert "a copy" not in " ".join(rejected(tmp_path / "out").values())


def test_each_file_of_a_folder_is_read_once(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    chart = chart_of("Maribel", "Abernethy", NOTE)["entry"]
    (folder / "chart.ndjson").write_text("\n".join(json.dumps(one["resource"]) for one in chart))
    (folder / "rows.jsonl").write_text(json.dumps({"text": OTHER}))
    counts = curate(Curation(spec_of_folder(folder), folder, key=KEY), tmp_path / "out")
    assert counts.read == {"fhir": 1, "jsonl": 1}
    assert rejected(tmp_path / "out") == {}


def test_rows_of_two_tables_without_groups_are_of_two_patients(tmp_path: Path) -> None:
    said = (
        "Mr. Keller was seen on 3/4/2019 for pain of the {} that began eight weeks ago and has not improved."
    )
    spec = 'posology = "corpus/1"\nname = "x"\n[filter]\nmin_words = 5\n'
    for name, part in (("a", "left knee"), ("b", "upper back")):
        (tmp_path / f"{name}.csv").write_text(f"text\n{said.format(part)}\n")
        spec += f'[[source]]\nname = "{name}"\nkind = "csv"\npath = "{name}.csv"\n'
    (tmp_path / "spec.toml").write_text(spec + "[duplicates]\nnear = 1.0\n")
    curate(Curation(read_spec(tmp_path / "spec.toml"), tmp_path, key=KEY), tmp_path / "out")
    first, second = (
        record.text.partition(" for ")[0] for record in read_records(tmp_path / "out/records.jsonl")
    )
    assert "Keller" not in first + second
    assert first.partition(" on ")[2] != second.partition(" on ")[2]


def test_the_same_key_makes_the_same_corpus(sources: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        curate(Curation(spec_of_folder(sources), sources, key=KEY), tmp_path / name)
    assert (tmp_path / "one/records.jsonl").read_bytes() == (tmp_path / "two/records.jsonl").read_bytes()


def test_without_a_key_every_run_has_surrogates_of_its_own(sources: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        curate(Curation(spec_of_folder(sources), sources), tmp_path / name)
    assert (tmp_path / "one/records.jsonl").read_bytes() != (tmp_path / "two/records.jsonl").read_bytes()


def test_a_dry_run_counts_the_same_and_writes_nothing(sources: Path, tmp_path: Path) -> None:
    curation = Curation(spec_of_folder(sources), sources, key=KEY)
    before = sorted(tmp_path.rglob("*"))
    dry = curate(curation, None)
    assert sorted(tmp_path.rglob("*")) == before
    assert dry.to_json() == curate(curation, tmp_path / "out").to_json()


def test_a_test_text_is_kept_out_and_counted(sources: Path, tmp_path: Path) -> None:
    protected = build_protected([ProtectedText("made, report", f"Which drug? {OTHER[:140]}")])
    counts = curate(
        Curation(spec_of_folder(sources), sources, key=KEY, protected=protected), tmp_path / "out"
    )
    assert counts.contaminated == {"made, report": 3}
    assert all("stairs" not in record.text for record in read_records(tmp_path / "out" / "records.jsonl"))


def test_a_test_text_that_stands_twice_is_kept_out_twice(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / f"{name}.txt").write_text(OTHER)
    protected = build_protected([ProtectedText("made, report", OTHER)])
    curation = Curation(spec_of_folder(tmp_path / "in"), tmp_path / "in", key=KEY, protected=protected)
    assert curate(curation, tmp_path / "out").contaminated == {"made, report": 2}
    assert set(rejected(tmp_path / "out").values()) == {"holds test text of made, report"}


def test_a_corpus_that_is_there_is_not_replaced_unasked(sources: Path, tmp_path: Path) -> None:
    curation = Curation(spec_of_folder(sources), sources)
    curate(curation, tmp_path / "out")
    with pytest.raises(OutputError, match="not empty"):
        curate(curation, tmp_path / "out")
    curate(curation, tmp_path / "out", overwrite=True)


def test_an_earlier_corpus_is_not_learned_again(sources: Path, tmp_path: Path) -> None:
    curate(Curation(spec_of_folder(sources), sources, key=KEY), tmp_path / "out")
    spec = tmp_path / "spec.toml"
    spec.write_text(
        'posology = "corpus/1"\nname = "next"\n[duplicates]\nagainst = ["out"]\n'
        '[[source]]\nname = "clinic"\nkind = "notes"\npath = "in"\n'
    )
    counts = curate(Curation(read_spec(spec), tmp_path, key=KEY), tmp_path / "next")
    assert sum(counts.kept.values()) == 0
    assert "a near copy of an earlier corpus" in " ".join(rejected(tmp_path / "next").values())


def test_a_source_without_anything_to_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    spec = tmp_path / "spec.toml"
    spec.write_text(
        'posology = "corpus/1"\nname = "x"\n[[source]]\nname = "clinic"\nkind = "fhir"\npath = "in"\n'
    )
    with pytest.raises(UserError, match="source clinic: nothing of the kind fhir"):
        curate(Curation(read_spec(spec), tmp_path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_ids_of_a_chart_are_told_by_no_reason(tmp_path: Path) -> None:
    bundle = chart_of("Maribel", "Abernethy", NOTE)
    link = {"reference": "Organization/abernethy-4471829"}
    bundle["entry"].append(
        {
            "resource": {
                "resourceType": "Coverage",
                "id": "c",
                "beneficiary": {"reference": "Patient/p1"},
                "payor": [link],
            }
        }
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.json").write_text(json.dumps(bundle))
    curate(Curation(spec_of_folder(tmp_path / "in"), tmp_path / "in"), tmp_path / "out")
    reasons = " ".join(rejected(tmp_path / "out").values())
    assert "refers to Organization" in reasons
    assert "abernethy" not in reasons


FAULTS = [
    ("posology = 1", "posology", "another version"),
    ('posology = "corpus/1"\nname = "x"', "source", "no source"),
    ('posology = "corpus/1"\nname = "X Y"\nsource = []', "name", "a name that is no file's"),
    (
        'posology = "corpus/1"\nname = "x"\nwords = 3\n[[source]]\nname="a"\nkind="csv"\npath="."',
        "words is no key of a specification; known keys: about, duplicates, filter",
        "unknown",
    ),
    (
        'posology = "corpus/1"\nname = "x"\n[[source]]\nname="a"\nkind="fhir"\npath="."\nwithout_gate="x"',
        "always pass the gate",
        "charts without gate",
    ),
    (
        'posology = "corpus/1"\nname = "x"\n[[source]]\nname="a"\nkind="csv"\npath="."\ncharts="c"',
        "only notes",
        "charts beside a table",
    ),
    (
        'posology = "corpus/1"\nname = "x"\n[[source]]\nname="a"\nkind="csv"\npath="."\namong_charts=true',
        "only notes and jsonl",
        "a table among charts",
    ),
    (
        'posology = "corpus/1"\nname = "x"\n[[source]]\nname="a"\nkind="notes"\npath="."\ncharts="c"\n'
        "among_charts=true",
        "those of the path",
        "charts in two places",
    ),
    (
        'posology = "corpus/1"\nname = "x"\n[[source]]\nname="a"\nkind="notes"\npath="."\namong_charts=true',
        "no source of the kind fhir",
        "charts that nothing reads",
    ),
    ("name =", "not TOML", "no TOML"),
]


@pytest.mark.parametrize(("text", "named", "reason"), FAULTS, ids=[reason for *_, reason in FAULTS])
def test_a_specification_that_is_none_is_refused(tmp_path: Path, text: str, named: str, reason: str) -> None:
    path = tmp_path / "spec.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"spec\.toml") as error:
        read_spec(path)
    assert named in str(error.value)
