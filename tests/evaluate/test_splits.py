"""Items are dealt to parts once and for all: by group, by hash, and as committed."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.errors import UserError
from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.reading import read_csv
from posology.evaluate.splits import (
    committed_split,
    data_folder,
    deal_parts,
    describe_split,
    load_items,
    load_parts,
    note_on_split,
)
from posology.evaluate.task import Card, Family, Part, Shares, Task
from posology.evaluate.tasks import TASKS, find_task
from tests.conftest import ROOT

CARD = Card("Made", "made here", "none", "https://example.org/made", "Made.", "None.")


def made_task(items: Iterable[Item], name: str = "made", shares: Shares | None = None) -> Task:
    return Task(
        name=name,
        family=Family.CLAIMS,
        language="en",
        folder="made",
        read=lambda folder: iter(items),
        system="",
        ask=lambda item: item.text,
        form=ChoiceForm(("yes", "no")),
        metric="macro-F1",
        card=CARD,
        shares=shares or Shares(),
        labels=("yes", "no"),
    )


def made_items(n: int, groups: int) -> list[Item]:
    return [Item(f"i{k}", f"g{k % groups}", f"text {k}", "yes" if k % 3 else "no") for k in range(n)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "made").mkdir()
    return tmp_path


# the data folder


def test_the_data_folder_is_the_one_given_before_the_one_of_the_environment(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert data_folder(tmp_path, {"POSOLOGY_DATA": str(other)}) == tmp_path
    assert data_folder(None, {"POSOLOGY_DATA": str(other)}) == other


@pytest.mark.parametrize("environment", [{}, {"POSOLOGY_DATA": ""}])
def test_no_data_folder_is_an_error_that_names_option_and_variable(environment: dict[str, str]) -> None:
    with pytest.raises(UserError, match="--data FOLDER or in the environment variable POSOLOGY_DATA"):
        data_folder(None, environment)


def test_a_data_folder_that_is_not_there_is_named_with_where_the_name_came_from(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone: there is no such folder; --data must"):
        data_folder(tmp_path / "gone", {})
    with pytest.raises(UserError, match=r"gone: there is no such folder; POSOLOGY_DATA must"):
        data_folder(None, {"POSOLOGY_DATA": str(tmp_path / "gone")})


def test_data_of_a_task_that_is_not_there_is_said_with_its_source(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the data of the task made is not there.*example\.org/made"):
        load_parts(made_task([]), tmp_path)


# dealing


@settings(max_examples=20)
@given(n=st.integers(60, 150), groups=st.integers(40, 60), salt=st.integers(0, 9))
def test_every_item_is_in_one_part_with_all_of_its_group(n: int, groups: int, salt: int) -> None:
    items = made_items(n, groups)
    task = replace(made_task(items, f"made{salt}", Shares(0.5, 0.0, 0.5)), folder="tests")
    parts = deal_parts(task, ROOT)
    assert sorted(item.id for part in parts.values() for item in part) == sorted(item.id for item in items)
    homes = {(item.group, part) for part, dealt in parts.items() for item in dealt}
    assert len(homes) == len({group for group, _ in homes})


def test_a_deal_does_not_depend_on_the_order_of_the_file_nor_on_other_groups(data: Path) -> None:
    items = made_items(200, 100)
    parts = deal_parts(made_task(items), data)
    assert deal_parts(made_task(reversed(items)), data) == parts
    more = [*items, *(Item(f"j{k}", f"h{k}", "new", "no") for k in range(50))]
    home = {item.id: part for part, dealt in deal_parts(made_task(more), data).items() for item in dealt}
    assert all(home[item.id] is part for part, dealt in parts.items() for item in dealt)


def test_two_tasks_deal_the_same_groups_differently(data: Path) -> None:
    items = made_items(200, 200)
    first, second = deal_parts(made_task(items), data), deal_parts(made_task(items, "other"), data)
    assert {item.id for item in first[Part.TUNE]} != {item.id for item in second[Part.TUNE]}


def test_parts_have_about_their_shares_of_the_groups(data: Path) -> None:
    parts = deal_parts(made_task(made_items(4000, 4000)), data)
    found = {part: len(dealt) / 4000 for part, dealt in parts.items()}
    assert found[Part.TUNE] == pytest.approx(0.4, abs=0.03)
    assert found[Part.SELECT] == pytest.approx(0.1, abs=0.02)
    assert found[Part.REPORT] == pytest.approx(0.5, abs=0.03)


def test_the_sources_own_parts_come_before_the_hash(data: Path) -> None:
    items = made_items(300, 300)
    shares = Shares(0.5, 0.5, 0.0, lambda item: Part.REPORT if item.id.endswith("7") else None)
    parts = deal_parts(made_task(items, shares=shares), data)
    assert {item.id for item in parts[Part.REPORT]} == {item.id for item in items if item.id.endswith("7")}


def test_the_first_n_of_a_part_are_a_fixed_sample_of_it(data: Path) -> None:
    task = made_task(made_items(300, 300))
    whole = load_items(task, data, Part.REPORT)
    assert load_items(task, data, Part.REPORT, 20) == whole[:20]
    assert load_items(task, data, Part.REPORT, 10_000) == whole
    assert [item.id for item in whole] != sorted(item.id for item in whole)


@pytest.mark.parametrize(
    ("items", "shares", "message"),
    [
        ([], Shares(), "there is no item of the task made in it"),
        ([*made_items(9, 9), *made_items(1, 1)], Shares(), "two items have the id i0"),
        (made_items(4, 1), Shares(), "no item of made falls in the part tune; .* it has 1: more are needed"),
        (made_items(9, 9), Shares(0.5, 0.5, 0.5), "must add up to 1"),
        (made_items(9, 9), Shares(-0.5, 0.5, 1.0), "must add up to 1"),
        (
            made_items(9, 3),
            Shares(1, 0, 0, lambda item: Part.TUNE if item.id < "i3" else Part.REPORT),
            "the group g0 would be in the parts tune and report",
        ),
    ],
)
def test_items_that_cannot_be_dealt_are_an_error(
    data: Path, items: list[Item], shares: Shares, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_parts(made_task(items, shares=shares), data)


def test_asking_for_no_items_or_an_empty_part_is_an_error(data: Path) -> None:
    task = made_task(made_items(50, 50), shares=Shares(1.0, 0.0, 0.0))
    with pytest.raises(UserError, match="0 items of made are asked for"):
        load_items(task, data, Part.TUNE, 0)
    with pytest.raises(UserError, match="the task made has no items in the part report"):
        load_items(task, data, Part.REPORT)


# what is committed


def test_a_task_of_a_user_has_no_committed_split_and_a_report_says_so(data: Path) -> None:
    task = made_task(made_items(200, 200))
    assert committed_split("made") is None
    assert committed_split("../made") is None
    assert "not committed" in note_on_split(task)
    assert note_on_split(TASKS["healthver"]) == ""
    assert load_parts(task, data)


def test_a_description_holds_numbers_and_hashes_and_no_text(data: Path) -> None:
    task = made_task(made_items(200, 100))
    described = describe_split(task, deal_parts(task, data))
    written = json.dumps(described)
    assert "text 1" not in written
    assert sum(part["n"] for part in described["parts"].values()) == 200
    assert sum(part["groups"] for part in described["parts"].values()) == 100
    assert all(len(part["sha256"]) == len(part["content"]) == 64 for part in described["parts"].values())


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda item: replace(item, id=item.id + "x"), ()),
        (lambda item: replace(item, text=item.text + " "), ("n", "groups", "sha256")),
        (lambda item: replace(item, gold="no" if item.gold == "yes" else "yes"), ("n", "groups", "sha256")),
        (lambda item: replace(item, options=("a",)), ("n", "groups", "sha256")),
    ],
    ids=["id", "text", "gold", "options"],
)
def test_a_changed_item_changes_the_hash(data: Path, change, same: tuple[str, ...]) -> None:
    items = made_items(200, 200)
    before = describe_split(made_task(items), deal_parts(made_task(items), data))["parts"]
    changed = [change(items[0]), *items[1:]]
    after = describe_split(made_task(changed), deal_parts(made_task(changed), data))["parts"]
    assert before != after
    assert all(before[part][key] == after[part][key] for part in before for key in same)


def test_items_that_are_not_those_of_the_committed_split_are_refused(data: Path) -> None:
    with pytest.raises(
        UserError, match="not those of the committed split of healthver: the data or its reader"
    ):
        load_parts(made_task(made_items(200, 200), "healthver"), data)


def test_a_line_that_is_gone_or_edited_in_the_data_is_noticed(data_folder: Path, tmp_path: Path) -> None:
    lines = (data_folder / "afrimedqa" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    folder = tmp_path / "afrimedqa"
    folder.mkdir()
    edited = lines[0].replace("Which of the", "Which one of the", 1)
    assert edited != lines[0]
    for changed in (lines[:-1], [edited, *lines[1:]]):
        (folder / "train.jsonl").write_text("\n".join(changed) + "\n", encoding="utf-8")
        with pytest.raises(UserError, match="not those of the committed split"):
            load_parts(TASKS["afrimedqa"], tmp_path)


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_task_of_ours_has_a_committed_split(name: str) -> None:
    split = committed_split(name)
    assert split is not None, f"scripts/splits {name} writes it"
    assert split["task"] == name
    assert set(split["parts"]) == {"tune", "select", "report"}


# names


@pytest.mark.parametrize(
    ("name", "offered"), [("medqa", "medqa_usmle"), ("pubmed_qa", "pubmedqa"), ("healthvar", "healthver")]
)
def test_an_unknown_task_is_answered_with_the_nearest_name(name: str, offered: str) -> None:
    with pytest.raises(UserError, match=f"no task '{name}'; did you mean {offered}"):
        find_task(name)


def test_a_known_task_is_found_by_its_name() -> None:
    assert all(find_task(name).name == name for name in TASKS)


@pytest.mark.parametrize(
    ("table", "line", "reason"),
    [
        ('a,b\n1,"x"\n2,"no end\n3,c\n', 4, "unexpected end of data"),
        (f'a,b\n1,"{"x" * 10_000_001}"\n', 2, "field larger than"),
        ('a,b\n1,"x" y\n', 2, "expected after"),
        ("a,b\n1\n", 2, "1 values where the header has 2"),
    ],
)
def test_a_table_that_is_broken_is_refused_at_its_line(
    tmp_path: Path, table: str, line: int, reason: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(table)
    with pytest.raises(UserError, match=rf"table\.csv, line {line}: .*{reason}"):
        list(read_csv(path, ("a", "b")))
