"""What is read from each kind of source, and what is listed as unread."""

import json
from pathlib import Path
from typing import Any

import pytest

from posology.corpus.readers import READERS, Raw, Unreadable
from posology.corpus.readers.submissions import outcome_of
from posology.corpus.spec import SourceSpec
from posology.errors import UserError
from tests.corpus.made import NOTE, OTHER, chart_of, write_patient


def read(folder: Path, kind: str, path: str = "in", **options: Any) -> list[Raw | Unreadable]:
    source = SourceSpec(name="s", kind=kind, path=path, **options)
    return list(READERS[source.kind](source, folder))


def texts(found: list[Raw | Unreadable]) -> list[str]:
    return [one.text for one in found if isinstance(one, Raw)]


def whys(found: list[Raw | Unreadable]) -> list[str]:
    return [one.why for one in found if isinstance(one, Unreadable)]


def test_notes_belong_to_the_folder_they_stand_in(tmp_path: Path) -> None:
    for name in ("a/1.txt", "a/2.md", "b.txt"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(f"note {name}")
    (tmp_path / "in" / "c.txt").write_bytes(b"\xff\xff")
    found = read(tmp_path, "notes")
    assert [one.group for one in found if isinstance(one, Raw)] == ["a", "a", "b"]
    assert whys(found) == ["not UTF-8 text, or not readable"]
    assert texts(read(tmp_path, "text")) == texts(found)


def test_notes_with_charts_are_read_only_where_the_chart_is(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "1.txt").write_text(NOTE)
    write_patient(tmp_path / "charts", "a")
    found = read(tmp_path, "notes", charts="charts")
    assert [one.known is not None for one in found if isinstance(one, Raw)] == [True]
    assert whys(found) == ["no readable chart of its patient: identifiers are not known"]


def test_notes_among_charts_are_read_with_the_chart_that_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name in ("beside", "inside", "broken", "none", "torn"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.txt").write_text(f"{name}: {NOTE}")
    (folder / "flat.txt").write_text(f"flat: {NOTE}")
    write_patient(folder, "beside")
    write_patient(folder, "flat")
    write_patient(folder / "inside", "chart")
    (folder / "broken.JSON").write_text("{}")
    (folder / "torn" / "chart.json").write_text("{}")
    found = read(tmp_path, "notes", among_charts=True)
    known = {one.group: one.known is not None for one in found if isinstance(one, Raw)}
    assert known == {"beside": True, "flat": True, "none": False}
    assert whys(found) == ["no readable chart of its patient: identifiers are not known"] * 2
    assert [text for text in texts(read(tmp_path, "fhir")) if "inside" in text] == [f"inside: {NOTE}"]


def test_a_chart_in_a_folder_that_cannot_be_read_gives_way_to_the_one_beside(tmp_path: Path) -> None:
    write_patient(tmp_path / "in", "a")
    (tmp_path / "in" / "a").mkdir()
    (tmp_path / "in" / "a" / "labs.json").write_text('{"resourceType": "Observation", "id": "o"}')
    (tmp_path / "in" / "a" / "1.txt").write_text(NOTE)
    found = read(tmp_path, "notes", among_charts=True)
    assert [one.known is not None for one in found if isinstance(one, Raw)] == [True]


def test_lines_among_charts_leave_ndjson_to_them(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jsonl", "b.ndjson"):
        (tmp_path / "in" / name).write_text(json.dumps({"text": name}))
    assert texts(read(tmp_path, "jsonl")) == ["a.jsonl", "b.ndjson"]
    assert texts(read(tmp_path, "jsonl", among_charts=True)) == ["a.jsonl"]


def test_the_group_of_a_chart_is_the_whole_name_of_its_folder(tmp_path: Path) -> None:
    for name in ("1.1", "1.2"):
        write_patient(tmp_path / "in" / name, "chart", NOTE)
    assert [one.group for one in read(tmp_path, "fhir") if isinstance(one, Raw)] == ["1.1", "1.2"]


def test_a_chart_gives_its_documents_with_what_it_knows_of_the_patient(tmp_path: Path) -> None:
    write_patient(tmp_path / "in", "one", NOTE, OTHER)
    (tmp_path / "in" / "two.json").write_text("[]")
    found = read(tmp_path, "fhir")
    assert texts(found) == [NOTE, OTHER]
    first = found[0]
    assert isinstance(first, Raw)
    assert first.known is not None
    assert first.known.people[0].family == "Abernethy"
    assert len(whys(found)) == 1
    assert "two.json" not in whys(found)[0]


def test_a_chart_without_text_is_listed(tmp_path: Path) -> None:
    write_patient(tmp_path / "in", "one")
    assert whys(read(tmp_path, "fhir")) == ["a chart without text: no note, report or narrative"]


def test_articles_are_title_and_abstract(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text(
        "\n1|t|A title.\n1|a|An abstract.\n1\t2\t7\ttitle\tDisease\tD1\n\n2|t|x\n3|a|y\n\nno article\n"
    )
    found = read(tmp_path, "pubtator", "in.txt")
    assert texts(found) == ["A title. An abstract."]
    assert whys(found) == [
        "title and abstract of different articles",
        "no title and abstract (number|t|... and number|a|...)",
    ]


def test_rows_of_a_table_are_texts_of_the_fields_named(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('id,who,text,plan\n7,a,"Pain, left.",Rest\n8,b,only\n')
    found = read(tmp_path, "csv", "in.csv", text=["text", "plan"], id="id", group="who")
    assert texts(found) == ["Pain, left.\n\nRest"]
    assert isinstance(found[0], Raw)
    assert (found[0].own_id, found[0].group) == ("7", "a")
    assert whys(found) == ["3 values where the header has 4"]
    with pytest.raises(UserError, match="no column note"):
        read(tmp_path, "csv", "in.csv", text=["note"])


def test_lines_are_records_with_their_own_licence_or_rows(tmp_path: Path) -> None:
    home = {"source": "old", "licence": "CC-BY-4.0", "group": "g"}
    lines: list[Any] = [
        {"posology": "record/1", "id": "r", "text": "x", "provenance": home, "language": "es"},
        {"text": "y"},
        {"posology": "record/1", "id": "r2"},
        {"words": "z"},
        [],
    ]
    (tmp_path / "in.jsonl").write_text("\n".join([*map(json.dumps, lines), "{"]))
    found = read(tmp_path, "jsonl", "in.jsonl")
    assert texts(found) == ["x", "y"]
    assert isinstance(found[0], Raw)
    assert (found[0].licence, found[0].language, found[0].group) == ("CC-BY-4.0", "es", "g")
    assert [why.partition(" (")[0] for why in whys(found)] == [
        "not a record/1",
        "no text in the field text",
        "not a JSON object",
        "not JSON",
    ]


OUTCOMES = [
    ("A1", "approved"), ("Certified in total", "approved"), ("A2", "modified"), ("A3", "denied"),
    ("  DENIED ", "denied"), ("A4", "pended"), ("withdrawn", "cancelled"), ("", "unknown"),
    ("maybe", "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "outcome"), OUTCOMES)
def test_an_outcome_is_one_of_six_and_never_guessed(words: str, outcome: str) -> None:
    assert outcome_of(words) == outcome


def test_submissions_have_their_outcome_from_tables_and_bundles(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "past.csv").write_text("letter,decision\nPlease approve the MRI.,A3\n")
    bundle = chart_of("Maribel", "Abernethy", NOTE)
    review = {
        "url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction",
        "extension": [
            {
                "url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewActionCode",
                "valueCodeableConcept": {"coding": [{"code": "A1"}]},
            }
        ],
    }
    decided = {"resourceType": "ClaimResponse", "id": "c", "status": "active", "extension": [review]}
    bundle["entry"].append({"resource": decided | {"patient": {"reference": "Patient/p1"}}})
    (folder / "pas.json").write_text(json.dumps(bundle))
    (folder / "chart.json").write_text(json.dumps(chart_of("Ann", "Lee", OTHER)))
    found = read(tmp_path, "submissions", text=["letter"], outcome="decision")
    outcomes = {one.text: one.meta["outcome"] for one in found if isinstance(one, Raw)}
    assert outcomes == {"Please approve the MRI.": "denied", NOTE: "approved"}
    assert whys(found) == ["a FHIR bundle without Claim or ClaimResponse"]


def submission_of(patient: dict[str, Any]) -> str:
    """Return a request bundle of a patient with one note."""
    bundle = chart_of("Maribel", "Abernethy", NOTE)
    bundle["entry"][0]["resource"] = {"resourceType": "Patient", "id": "p1"} | patient
    claim = {"resourceType": "Claim", "id": "c", "status": "active", "patient": {"reference": "Patient/p1"}}
    bundle["entry"].append({"resource": claim})
    return json.dumps(bundle)


NUMBER = {"identifier": [{"system": "urn:hospital", "value": "4471829"}]}
BORN = {"birthDate": "1958-07-12"}
MARIBEL = {"name": [{"family": "Abernethy", "given": ["Maribel"]}]}
SUBMITTED = [
    ("one number", NUMBER | MARIBEL, NUMBER, True),
    ("one name and birth date", BORN | MARIBEL, BORN | MARIBEL, True),
    ("one number of two hospitals", NUMBER, {"identifier": [{"system": "urn:b", "value": "4471829"}]}, False),
    ("one name and two birth dates", BORN | MARIBEL, MARIBEL | {"birthDate": "1990-01-31"}, False),
    ("nothing known", {}, {}, False),
]


@pytest.mark.parametrize(
    ("first", "second", "same"), [case[1:] for case in SUBMITTED], ids=[c[0] for c in SUBMITTED]
)
def test_submissions_of_one_patient_are_one_group(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], same: bool
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "2019.json").write_text(submission_of(first))
    (tmp_path / "in" / "2021.json").write_text(submission_of(second))
    (tmp_path / "in" / "torn.json").write_text("{")
    groups = [one.group for one in read(tmp_path, "submissions") if isinstance(one, Raw)]
    assert len(groups) == 2
    assert (groups[0] == groups[1]) is same
    if not first:
        assert groups == ["2019", "2021"]


def test_a_source_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        read(tmp_path, "text", "none")
