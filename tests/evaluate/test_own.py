"""A task of one's own: strict, with the file, the key or the line in every message."""

import json
from pathlib import Path

import pytest

from posology.errors import UserError
from posology.evaluate.items import Item, Mention, Outcome, Response
from posology.evaluate.own import read_own_task
from posology.evaluate.scorers import measures_of
from posology.evaluate.scorers.measures import value_of
from posology.evaluate.splits import load_parts
from posology.evaluate.task import Kind, Part

ROOT = Path(__file__).resolve().parents[2]
CHOICE = {
    "posology": "task/1",
    "name": "urgency",
    "kind": "choice",
    "labels": ["routine", "urgent"],
    "instruction": "How urgent?",
    "file": "items.jsonl",
}
MENTIONS = {**CHOICE, "kind": "entities", "labels": ["drug", "disease"]}


def written(folder: Path, table: dict, rows: list[dict] | None = None) -> Path:
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
    (folder / "task.toml").write_text(text)
    if rows is not None:
        (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "task.toml"


def items_of(path: Path) -> list:
    task = read_own_task(path)
    return list(task.read(Path(task.folder)))


def test_the_example_is_a_task_with_items_in_every_part() -> None:
    task = read_own_task(ROOT / "examples" / "referrals" / "referrals.toml")
    parts = load_parts(task, Path.cwd())
    assert sum(map(len, parts.values())) == 90
    assert min(map(len, parts.values())) > 0
    assert (task.metric, task.form.kind) == ("quadratic kappa", Kind.CHOICE)
    groups = [{item.group for item in parts[part]} for part in Part]
    assert not groups[0] & groups[2]


def test_an_urgent_referral_that_is_called_routine_is_under_triage() -> None:
    task = read_own_task(ROOT / "examples" / "referrals" / "referrals.toml")
    measures = {measure.name: measure for measure in measures_of(task)}
    missed = [Outcome(Item("a", "a", "", "urgent"), Response("routine"))]
    assert value_of(measures["strict under-triage"], missed) == 1.0
    assert value_of(measures["over-triage"], missed) == 0.0


def test_items_with_the_same_words_stay_in_one_part_where_no_group_is_named(tmp_path: Path) -> None:
    rows = [{"id": f"{n}", "text": f"Knee pain {n // 2}.", "gold": "urgent"} for n in range(60)]
    path = written(tmp_path, CHOICE, rows)
    parts = load_parts(read_own_task(path), Path.cwd())
    texts = [{item.text for item in parts[part]} for part in Part]
    assert not (texts[0] & texts[1])
    assert not (texts[0] & texts[2])
    assert not (texts[1] & texts[2])


def test_mentions_are_given_by_words_or_by_place(tmp_path: Path) -> None:
    rows = [
        {
            "id": 1,
            "text": "aspirin for pain, then aspirin",
            "gold": [["drug", "aspirin"], ["drug", "aspirin"]],
        },
        {"id": "b", "text": "aspirin for pain", "gold": [[0, 7, "drug"], ["disease", "pain"]]},
        {"id": "c", "text": "well", "gold": []},
    ]
    first, second, third = items_of(written(tmp_path, MENTIONS, rows))
    assert [(m.start, m.end) for m in first.gold] == [(0, 7), (23, 30)]
    assert second.gold == (Mention(0, 7, "drug", "aspirin"), Mention(12, 16, "disease", "pain"))
    assert (third.gold, first.id) == ((), "1")


def test_codes_are_a_sorted_set(tmp_path: Path) -> None:
    table = {**CHOICE, "kind": "codes", "pattern": "[A-Z][0-9]{2}"}
    del table["labels"]
    found = items_of(written(tmp_path, table, [{"id": "a", "text": "x", "gold": ["B01", "A01", "B01"]}]))
    assert found[0].gold == ("A01", "B01")


def test_texts_groups_slices_and_fields_come_from_the_fields_that_are_named(tmp_path: Path) -> None:
    table = {**CHOICE, "text": ["why", "past"], "group": "who", "slices": ["sex"], "fields": ["pulse"]}
    row = {"id": "a", "why": "w", "past": "p", "who": 7, "sex": None, "pulse": 80, "gold": "urgent"}
    item = items_of(written(tmp_path, table, [row]))[0]
    assert (item.text, item.group, item.slices, item.fields) == (
        "w\n\np",
        "7",
        {"sex": "unknown"},
        {"pulse": 80.0},
    )


BAD_TABLES = {
    "an unknown key": ({**CHOICE, "lables": []}, "lables is no key of a task; did you mean 'labels'?"),
    "a missing key": ({k: v for k, v in CHOICE.items() if k != "file"}, "file is missing"),
    "another version": ({**CHOICE, "posology": "task/9"}, "posology: Input should be 'task/1'"),
    "one label": ({**CHOICE, "labels": ["a"]}, "two labels or more"),
    "labels alike": ({**CHOICE, "labels": ["Yes", "yes"]}, "two are alike"),
    "a path": ({**CHOICE, "file": "../items.jsonl"}, "without a path"),
    "a measure of another kind": ({**CHOICE, "metric": "strict F1"}, "'strict F1' is no measure of it"),
    "codes without a pattern": ({**CHOICE, "kind": "codes", "labels": []}, "pattern: needed for codes"),
    "a number for text": ({**CHOICE, "instruction": 5}, "instruction: Input should be a valid string"),
}


@pytest.mark.parametrize("reason", BAD_TABLES)
def test_a_file_with_a_mistake_is_refused_by_its_key(tmp_path: Path, reason: str) -> None:
    table, words = BAD_TABLES[reason]
    with pytest.raises(UserError, match=r"task\.toml: ") as caught:
        read_own_task(written(tmp_path, table))
    assert words in str(caught.value)


BAD_ROWS = {
    "no gold": (CHOICE, {"id": "a", "text": "secret"}, "line 2: no key gold"),
    "no label": (CHOICE, {"id": "a", "text": "secret", "gold": "now"}, "line 2: gold is none of the labels"),
    "empty text": (CHOICE, {"id": "a", "text": " ", "gold": "urgent"}, "line 2: text must be text"),
    "words not there": (MENTIONS, {"id": "a", "text": "secret", "gold": [["drug", "x"]]}, "does not stand"),
    "beyond the end": (MENTIONS, {"id": "a", "text": "secret", "gold": [[0, 99, "drug"]]}, "mention 1: "),
    "another type": (MENTIONS, {"id": "a", "text": "secret", "gold": [["dose", "secret"]]}, "mention 1: "),
    "a list in a list": (MENTIONS, {"id": "a", "text": "secret", "gold": "drug"}, "gold must be a list"),
}


@pytest.mark.parametrize("reason", BAD_ROWS)
def test_an_item_with_a_mistake_is_named_by_its_line_and_never_quoted(tmp_path: Path, reason: str) -> None:
    table, row, words = BAD_ROWS[reason]
    good = {"id": "ok", "text": "fine", "gold": "urgent" if table is CHOICE else []}
    with pytest.raises(UserError, match=words) as caught:
        items_of(written(tmp_path, table, [good, row]))
    assert "items.jsonl" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_two_items_with_one_id_are_named_by_file_and_both_lines(tmp_path: Path) -> None:
    rows = [{"id": one, "text": "secret", "gold": "urgent"} for one in ("a", "b", "a")]
    with pytest.raises(UserError, match=r"items\.jsonl, line 3: the id is that of line 1"):
        items_of(written(tmp_path, CHOICE, rows))


def test_a_file_without_items_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"items\.jsonl: holds no item"):
        items_of(written(tmp_path, CHOICE, []))


def test_a_number_and_the_same_digits_are_one_id(tmp_path: Path) -> None:
    rows = [{"id": one, "text": "secret", "gold": "urgent"} for one in (7, "7")]
    with pytest.raises(UserError, match="line 2: the id is that of line 1"):
        items_of(written(tmp_path, CHOICE, rows))


def test_what_is_no_toml_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_text("posology = \n")
    with pytest.raises(UserError, match=r"task\.toml: not TOML .*line 1"):
        read_own_task(tmp_path / "task.toml")
