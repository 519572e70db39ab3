"""A record that is broken anywhere is an error that says where, or makes items that can be asked."""

import shutil
from pathlib import Path

import pytest

from posology.errors import UserError
from posology.evaluate.items import Item, Mention
from posology.evaluate.nodes import Node
from posology.evaluate.reading import read_json, read_jsonl
from posology.evaluate.runner import hash_items
from posology.evaluate.task import Task
from posology.evaluate.tasks import TASKS
from tests.evaluate.broken_sources import FILES, SECRET, broken_files, variants, write_beginning


def test_every_task_with_a_source_is_tried() -> None:
    assert sorted(FILES) == sorted(name for name in TASKS if name != "criteria")  # made, not read


@pytest.mark.parametrize("name", FILES)
def test_a_broken_record_is_said_with_its_file_or_makes_items_that_can_be_asked(
    name: str, data_folder: Path, tmp_path: Path
) -> None:
    task = TASKS[name]
    for file in FILES[name]:
        write_beginning(data_folder / task.folder / file, tmp_path / file)
    _copy_cases(task, data_folder, tmp_path)
    assert list(task.read(tmp_path)) or name == "ddi_end_to_end"  # its first documents tell no interaction
    refused = 0
    for file in broken_files(name):
        whole = (tmp_path / file).read_bytes()
        for why, content in variants(tmp_path / file):
            (tmp_path / file).write_text(content, encoding="utf-8")
            refused += _is_refused(task, tmp_path, f"{file}, {why}")
        (tmp_path / file).write_bytes(whole)
    assert refused


def _copy_cases(task: Task, data: Path, folder: Path) -> None:
    """Copy the texts of the cases that a table of codes names."""
    for table in folder.glob("*/*D.tsv"):
        for case in {line.split("\t")[0] for line in table.read_text().splitlines()}:
            for text in (data / task.folder / table.parent.name).glob(f"text_files*/{case}.txt"):
                target = folder / text.relative_to(data / task.folder)
                target.parent.mkdir(exist_ok=True)
                shutil.copy(text, target)


def _is_refused(task: Task, folder: Path, why: str) -> bool:
    try:
        for item in task.read(folder):
            _require_askable(task, item, why)
    except UserError as cause:
        said = str(cause).replace(f"{SECRET}.txt", "")  # the name of a case is no text
        assert str(folder) in said, why
        assert SECRET not in said or ": pair " in said or ": drug " in said, why  # ids of the source
        return True
    except Exception as cause:
        raise AssertionError(f"{task.name}: {why}: {type(cause).__name__}") from cause
    return False


def _require_askable(task: Task, item: Item, why: str) -> None:
    assert all(isinstance(one, str) and one.strip() for one in (item.id, item.group, item.text)), why
    assert all(isinstance(one, str | Mention) for one in item.gold), why
    assert not task.labels or item.gold in task.labels, why
    assert all(isinstance(one, str) and one.strip() for one in item.options), why
    assert all(isinstance(one, str) for pair in item.slices.items() for one in pair), why
    assert not any(isinstance(one, bool | list | dict) for one in item.fields.values()), why
    task.ask(item)
    task.form.constraint(item)
    task.form.write(item, item.gold)
    hash_items([item])


NODES = {
    "a key that is not there": ({}, lambda node: node.key("a"), "a is missing"),
    "a key that is null": ({"a": None}, lambda node: node.key("a"), "a is missing"),
    "a key below it": ({"a": {}}, lambda node: node.key("a").key("b"), "a.b is missing"),
    "no object": ({"a": [SECRET]}, lambda node: node.key("a").key("b"), "a is no object"),
    "no list": ({"a": SECRET}, lambda node: node.key("a").items(), "a is no list"),
    "no text": ({"a": [7]}, lambda node: node.key("a").items()[0].words(), "a.1 is no text"),
    "an empty text": ({"a": " "}, lambda node: node.key("a").text(), "a is empty"),
    "no number": ({"a": SECRET}, lambda node: node.key("a").number(), "a is no number"),
    "true is no number": ({"a": True}, lambda node: node.key("a").number(), "a is no number"),
    "not a number": ({"a": float("nan")}, lambda node: node.key("a").number(), "a is no number that can be"),
    "no label": ({"a": SECRET}, lambda node: node.key("a").one_of(("x", "y")), "a is none of x, y"),
    "a key that is a sentence": (
        {f"{SECRET} is a sentence": 7},
        lambda node: [value.words() for _, value in node.values()],
        "value 1 is no text",
    ),
    "the record itself": ([SECRET], lambda node: node.key("a"), "the record is no object"),
}


@pytest.mark.parametrize("why", NODES)
def test_a_value_is_named_by_the_keys_down_to_it_and_never_quoted(why: str) -> None:
    value, read, words = NODES[why]
    with pytest.raises(UserError, match=f"^line 3: {words}") as caught:
        read(Node(value, lambda what: UserError(f"line 3: {what}")))
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(Node(value, UserError))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": "\\ud800"}', "line 1: half of a character"),
        ('{"a": ' + "9" * 5000 + "}", "line 1: a number of too many digits"),
        ("[" * 100_000, "line 1: a number of too many digits, or too many lists"),
        ('{"a": }', "line 1: not JSON"),
    ],
)
def test_json_that_python_cannot_hold_is_an_error_of_its_line(
    tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    for read in (lambda: read_json(path), lambda: list(read_jsonl(path, ()))):
        with pytest.raises(UserError, match=words):
            read()


def test_an_escaped_character_of_two_halves_is_one(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('{"a": "\\ud83d\\ude00"}')
    assert read_json(tmp_path / "rows.json") == {"a": "\N{GRINNING FACE}"}
