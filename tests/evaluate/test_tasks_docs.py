"""Triage, reports, dialogues and made charts: what is read, what is hidden, what is refused."""

import csv
import json
import os
from collections import Counter
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from posology.errors import UserError
from posology.evaluate.grouping import linked_groups, same_words
from posology.evaluate.items import Item
from posology.evaluate.splits import load_parts
from posology.evaluate.task import Family, Part
from posology.evaluate.tasks import TASKS
from posology.evaluate.tasks.ktas_triage import KTAS_TRIAGE

# task: items in tune, select, report
EXPECTED = {
    "openi_indiana_reports": (876, 190, 1166),
    "mts_dialog": (486, 105, 710),
    "mts_dialog_section": (488, 121, 692),
    "aci_bench": (20, 11, 56),
    "ktas_triage": (283, 69, 336),
    "symptom_vignettes": (8, 3, 21),
    "esi_handbook_cases": (24, 7, 58),
    "clinicaflow_vignettes": (39, 11, 80),
    "nursesim_triage": (31, 9, 72),
    "criteria": (264, 60, 252),
}
GOLDS = {
    "ktas_triage": {"1": 14, "2": 72, "3": 270, "4": 276, "5": 56},
    "symptom_vignettes": {"emergency": 11, "non-emergency": 10, "self-care": 11},
    "esi_handbook_cases": {"1": 12, "2": 25, "3": 32, "4": 10, "5": 10},
    "clinicaflow_vignettes": {"critical": 41, "urgent": 75, "routine": 14},
    "nursesim_triage": {"1": 35, "2": 21, "3": 21, "4": 21, "5": 14},
    "criteria": {"yes": 253, "no": 180, "not documented": 143},
}
TRIAGE = [name for name in EXPECTED if TASKS[name].family is Family.TRIAGE]


@cache
def parts_of(name: str, data: Path) -> dict[Part, list[Item]]:
    """Return a task's parts, read once for all tests."""
    return dict(load_parts(TASKS[name], data))


def parts_at(name: str, data: Path) -> dict[Part, list[Item]]:
    """Return a task's parts; made ones need no folder."""
    return parts_of(name, data if TASKS[name].folder else Path())


def items_of(name: str, data: Path) -> list[Item]:
    """Return all items of a task; skip where its data is not there."""
    folder = data / TASKS[name].folder
    if TASKS[name].folder and not folder.exists():
        pytest.skip(f"no data at {folder}; set POSOLOGY_DATA")
    return [item for part in parts_at(name, data).values() for item in part]


@pytest.fixture(scope="module")
def data(repo_root: Path) -> Path:
    """Return the folder of data sets."""
    return Path(os.environ.get("POSOLOGY_DATA") or repo_root.parent / "shared" / "data")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_task_has_its_items_and_they_can_be_asked_answered_and_read_back(name: str, data: Path) -> None:
    items = items_of(name, data)
    task = TASKS[name]
    assert tuple(len(parts_at(name, data)[part]) for part in Part) == EXPECTED[name]
    if name in GOLDS:
        assert Counter(str(item.gold) for item in items) == GOLDS[name]
    for item in items:
        assert item.text.strip() in task.ask(item)
        assert task.form.read(task.form.write(item, item.gold), item) == item.gold
        assert all(isinstance(value, str) and value for value in item.slices.values())


@pytest.mark.parametrize("name", EXPECTED)
def test_no_text_stands_in_two_parts(name: str, data: Path) -> None:
    items_of(name, data)
    seen: dict[str, Part] = {}
    for part, items in parts_at(name, data).items():
        for item in items:
            assert seen.setdefault(same_words(item.text), part) is part
            assert seen.setdefault(f"group {item.group}", part) is part


@pytest.mark.parametrize("name", EXPECTED)
def test_a_group_or_an_id_tells_no_text_and_no_diagnosis(name: str, data: Path) -> None:
    for item in items_of(name, data)[:50]:
        assert " " not in item.group
        assert " " not in item.id


@pytest.mark.parametrize("name", TRIAGE)
def test_levels_of_triage_stand_in_order_with_the_most_urgent_first(name: str) -> None:
    task = TASKS[name]
    assert task.ordered
    assert task.metric == "quadratic kappa"
    assert task.labels in (
        ("1", "2", "3", "4", "5"),
        ("emergency", "non-emergency", "self-care"),
        ("critical", "urgent", "routine"),
    )


def test_an_item_of_ktas_holds_what_triage_knows_and_nothing_that_came_later(data: Path) -> None:
    folder = data / "ktas_triage"
    items = {item.id: item for item in items_of("ktas_triage", data)}
    with (folder / "train.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    allowed = {
        "chief complaint", "sex", "arrival", "injury", "mental state", "pain", "age", "patients per hour",
        "pain score", "systolic pressure", "diastolic pressure", "heart rate", "respiratory rate",
        "temperature",
    }  # fmt: skip
    for number, row in enumerate(rows, 1):
        item = items[f"row-{number}"]
        assert set(item.fields) == allowed
        assert item.gold == row["KTAS_expert"]
        assert (item.fields["heart rate"] is None) == (row["HR"] == "")
    assert sum(item.fields["chief complaint"] is None for item in items.values()) == 21


def _ktas(folder: Path, old: str, new: str, *, delimiter: str = ",") -> Path:
    """Write one triage record with a change."""
    header = (
        "Group,Sex,Age,Patients number per hour,Arrival mode,Injury,Chief_complain,Mental,Pain,NRS_pain,SBP,"
        "DBP,HR,RR,BT,KTAS_RN,Diagnosis in ED,KTAS_expert,Length of stay_min"
    )
    record = '1,Female,56,12,Walking,Yes,burn,Alert,1,2.0,137.0,75.0,60.0,20.0,36.5,4,"Burn of hand",5,64'
    assert old in record or delimiter != ","
    text = f"{header}\n{record.replace(old, new)}\n"
    (folder / "train.csv").write_text(text.replace(",", delimiter), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("36.5", '"36,5"', r"line 2: BT is not a number; decimals are written with a point"),
        ("36.5", "365", r"line 2: BT is not between 20 and 46"),
        ("60.0", "#REF!", r"line 2: HR is not a number"),
        (",5,64", ",6,64", r"line 2: the label is none of 1, 2, 3, 4, 5"),
        (",Alert,", ",,", r"line 2: Mental is empty"),
        (",Alert,1,", ",Alert,2,", r"line 2: the label is none of 0, 1"),
        ("Walking", "Walking,", r"line 2: 20 values where the header has 19"),
    ],
)
def test_a_triage_record_that_cannot_be_right_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        list(KTAS_TRIAGE.read(_ktas(tmp_path, old, new)))


def test_a_table_with_semicolons_is_refused_for_its_columns(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"line 1: no column Age, .*; the columns Age, .* are needed"):
        list(KTAS_TRIAGE.read(_ktas(tmp_path, "", "", delimiter=";")))


def test_a_record_with_nothing_measured_says_so(tmp_path: Path) -> None:
    (item,) = KTAS_TRIAGE.read(_ktas(tmp_path, "137.0,75.0,60.0,20.0,36.5", ",,,,"))
    assert item.fields["temperature"] is None
    assert "temperature: not recorded" in item.text
    assert "age: 56\n" in item.text


def test_reports_without_findings_or_impression_are_left_out_and_the_card_says_how_many(data: Path) -> None:
    items = items_of("openi_indiana_reports", data)
    with (data / "openi_indiana_reports" / "indiana_reports.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) - len(items) == 332
    assert "332 of the 2,564 reports" in TASKS["openi_indiana_reports"].card.about
    assert len(rows) == 2564
    kept = {row["uid"]: row for row in rows}
    assert all(item.text == kept[item.id]["findings"].strip() for item in items)
    assert any("XXXX" in item.text for item in items)


def test_the_same_dialogues_are_asked_for_their_text_and_for_their_section(data: Path) -> None:
    texts = {item.id: item for item in items_of("mts_dialog", data)}
    sections = {item.id: item for item in items_of("mts_dialog_section", data)}
    assert texts.keys() == sections.keys()
    for identifier, item in sections.items():
        assert item.gold == texts[identifier].slices["section"]
        assert "section" not in item.slices, "a slice would tell the answer"
        assert item.group == texts[identifier].group
    rare = [label for label, n in Counter(str(item.gold) for item in sections.values()).items() if n <= 10]
    assert len(rare) == 6
    assert "Six of the twenty sections" in TASKS["mts_dialog_section"].card.limits


@pytest.mark.parametrize(
    ("name", "file", "column"),
    [
        ("esi_handbook_cases", "train.csv", "Rationale"),
        ("clinicaflow_vignettes", "vignettes.jsonl", "rationale"),
    ],
)
def test_an_explanation_of_the_answer_is_not_shown(name: str, file: str, column: str, data: Path) -> None:
    shown = same_words(" ".join(item.text for item in items_of(name, data)))
    with (data / name / file).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream)) if file.endswith("csv") else [json.loads(line) for line in stream]
    assert not any(same_words(row[column]) in shown for row in rows)


def test_scenarios_that_write_their_history_in_four_ways_all_have_one(data: Path) -> None:
    items = items_of("nursesim_triage", data)
    assert sum("Past history: not recorded" in item.text for item in items) <= 2


def test_a_scenario_without_a_value_is_refused_by_its_place(tmp_path: Path) -> None:
    row = {"chief_complaint": "Cough", "vitals": {"hr": 80}, "history": {"age": 40, "gender": "male"}}
    (tmp_path / "gpt_scenarios.json").write_text(json.dumps({str(n): [row] for n in range(1, 6)}))
    with pytest.raises(UserError, match=r"json: 1\.1\.history has no time_course"):
        list(TASKS["nursesim_triage"].read(tmp_path))


def test_criteria_need_no_data_folder_and_are_the_same_each_time(tmp_path: Path) -> None:
    task = TASKS["criteria"]
    assert task.folder == ""
    again = list(islice(task.read(tmp_path / "not there"), 40))
    first = {item.id: item for items in parts_of("criteria", Path()).values() for item in items}
    assert [first[item.id] for item in again] == again


def test_no_question_and_no_policy_of_the_report_part_of_criteria_stands_in_another() -> None:
    found = parts_of("criteria", Path())
    for of in (lambda item: item.slices["policy"], lambda item: item.text.rpartition("Question: ")[2]):
        report = {of(item) for item in found[Part.REPORT]}
        assert not report & {of(item) for part in (Part.TUNE, Part.SELECT) for item in found[part]}


def test_what_is_not_documented_has_no_answering_sentence_and_what_is_has_one_style() -> None:
    for items in parts_of("criteria", Path()).values():
        for item in items:
            silent = item.slices["style"] == "no answer in the notes"
            assert silent == (item.gold == "not documented")


def test_items_that_share_a_key_by_way_of_others_are_one_group() -> None:
    keys = [("a", "1"), ("b", "2"), ("c", "2"), ("d", "1"), ("e", "3"), ("c", "3")]
    groups = linked_groups(keys)
    assert groups[0] == groups[3]
    assert groups[1] == groups[2] == groups[4] == groups[5]
    assert len(set(groups)) == 2
    assert linked_groups([]) == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_card_says_where_the_data_is_from_and_what_a_score_does_not_say(name: str) -> None:
    card = TASKS[name].card
    assert all((card.title, card.source, card.licence, card.about, card.leaks, card.limits))
