"""Systems as people write them, and recorded answers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from posology.config import load_settings
from posology.errors import SettingsError, UserError
from posology.evaluate.arm import Arm, Learning
from posology.evaluate.chosen import system_spec
from posology.evaluate.items import Item
from posology.evaluate.strategy import parse_strategy
from posology.evaluate.systems import (
    BASELINES,
    KINDS,
    SystemSpec,
    open_arm,
    open_system,
    parse_system,
    why_not,
)
from posology.evaluate.systems.opening import LEARNERS
from posology.evaluate.task import Task
from posology.evaluate.tasks.ddi_end_to_end import DDI_END_TO_END
from tests.evaluate.made_tasks import CHOICE, CODES, MENTIONS, TEXT, choice_items, entity_item

ITEMS = choice_items(3, "r")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"kind": "majority"}, "ladder.toml: name is missing"),
        (
            {"name": "x", "kind": "majority", "pth": "y"},
            "ladder.toml: pth is no key of a system; did you mean 'path'?",
        ),
        ({"name": "x", "kind": "bert"}, "ladder.toml: kind: Input should be 'majority'"),
        ({"name": "x", "kind": "majority", "parameters": "7"}, "parameters: Input should be a valid integer"),
        ({"name": "x", "kind": "tf-idf", "engine": "openvino"}, "kind tf-idf takes no engine"),
        ({"name": "x", "kind": "generator"}, "kind generator needs engine: openvino, transformers or openai"),
        ({"name": "x", "kind": "generator", "engine": "openvino"}, "the engine openvino needs model"),
        ({"name": "x", "kind": "generator", "engine": "openai", "model": "m"}, "needs base_url and model"),
        ({"name": "x", "kind": "recorded"}, "kind recorded needs file"),
        ({"name": "x", "kind": "prior", "file": "y"}, "kind prior takes no file"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_key(table: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_system(table, "ladder.toml")
    assert message in str(caught.value)


def test_paths_are_taken_from_the_folder_of_the_table() -> None:
    table = {"name": "x", "kind": "generator", "engine": "openvino", "path": "weights"}
    assert parse_system(table, "t", folder=Path("/study")).path == "/study/weights"
    assert parse_system({**table, "path": "/weights"}, "t", folder=Path("/study")).path == "/weights"
    assert parse_system({**table, "path": "", "model": "m"}, "t", folder=Path("/study")).path == ""


def test_an_adapter_is_the_folders_own_or_that_of_the_task(tmp_path: Path) -> None:
    spec = SystemSpec(
        name="x", kind="generator", engine="transformers", path="w", adapter=str(tmp_path), parameters=7
    )
    missing = f"there is no adapter in {tmp_path}, nor in a folder {CHOICE.name} in it"
    for system in (spec, spec.on_task(CHOICE.name)):
        assert why_not(system, CHOICE, parse_strategy("tuned")) == missing
    own = tmp_path / CHOICE.name
    own.mkdir()
    (own / "adapter_config.json").write_text("{}")
    assert spec.on_task(CHOICE.name) == spec.model_copy(update={"adapter": str(own)})
    assert why_not(spec, CHOICE, parse_strategy("tuned")) == ""
    other = replace(TEXT, name="other")
    assert "a folder other in it" in why_not(spec, other, parse_strategy("tuned"))
    (tmp_path / "adapter_config.json").write_text("{}")
    assert spec.on_task(CHOICE.name) == spec.on_task("other") == spec


def test_systems_without_an_adapter_are_the_same_on_every_task() -> None:
    spec = SystemSpec(name="x", kind="majority")
    assert spec.on_task("any") is spec


def test_a_server_outside_the_house_is_refused() -> None:
    spec = SystemSpec(
        name="far", kind="generator", engine="openai", model="m", base_url="https://203.0.113.7/v1"
    )
    with pytest.raises(SettingsError, match=r"far: base_url: 203\.0\.113\.7 .* lies outside loopback"):
        open_system(spec, load_settings(environ={}))


def recorded(folder: Path, *rows: object, task: Task = CHOICE, learning: Learning | None = None) -> Arm:
    file = folder / "answers.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    spec = SystemSpec(name="large", kind="recorded", file=str(file), parameters=9)
    return open_arm(spec, None, task, learning or Learning())


def test_recorded_words_are_read_as_any_answer_is(tmp_path: Path) -> None:
    header = {"posology": "recorded/1", "model": "large-1", "date": "2026-05-01", "task": "made"}
    arm = recorded(tmp_path, header, {"id": "r1", "text": "yes."}, {"id": "r0", "text": "Who knows"})
    first, second = arm.answer(ITEMS[:2])
    assert (first.failure, first.text) == ("parse: the answer begins with none of the labels", "Who knows")
    assert second.answer == "Yes"
    assert arm.identity.notes == "recorded answers; model large-1; of 2026-05-01"


@pytest.mark.parametrize(
    ("task", "item", "value", "answer"),
    [
        (CHOICE, ITEMS[0], "No", "No"),
        (CODES, ITEMS[0], ["I10", "E11", "I10"], ("E11", "I10")),
        (TEXT, ITEMS[0], "Normal.", "Normal."),
    ],
)
def test_recorded_values_stand_as_they_are(
    tmp_path: Path, task: Task, item: Item, value: object, answer: object
) -> None:
    (response,) = recorded(tmp_path, {"id": item.id, "answer": value}, task=task).answer([item])
    assert response.answer == answer


def test_recorded_mentions_keep_their_places(tmp_path: Path) -> None:
    item = entity_item(1, "He has gout.", "gout")
    (response,) = recorded(
        tmp_path, {"id": "e1", "answer": [[7, 11, "Disease", "gout"]]}, task=MENTIONS
    ).answer([item])
    assert response.answer == item.gold


def test_recorded_relations_are_brought_into_the_form_that_is_scored(tmp_path: Path) -> None:
    gold = ("effect: aspirin + warfarin",)
    item = Item("e1", "g", "Aspirin with warfarin.", gold)
    row = {"id": "e1", "answer": ["Effect: Warfarin + aspirin"]}
    (response,) = recorded(tmp_path, row, task=DDI_END_TO_END).answer([item])
    assert response.answer == gold
    (nothing,) = recorded(tmp_path, {"id": "e1", "answer": []}, task=DDI_END_TO_END).answer([item])
    assert nothing.answer == ()
    with pytest.raises(UserError, match="line 1: a relation is written label: name"):
        recorded(tmp_path, {"id": "e1", "answer": ["aspirin"]}, task=DDI_END_TO_END).answer([item])


def test_a_recorded_mention_has_a_label_of_the_task(tmp_path: Path) -> None:
    item = entity_item(1, "He has gout.", "gout")
    row = {"id": "e1", "answer": [[7, 11, "disease", "gout"]]}
    with pytest.raises(UserError, match="line 1: a mention's label is none of Disease"):
        recorded(tmp_path, row, task=MENTIONS).answer([item])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "r0", "text": "Yes"}] * 2, "line 2: the id r0 stands on line 1 already"),
        (["{"], "line 1: not JSON"),
        ([{"id": "r0"}], 'line 1: an answer is {"id": …, "text": …}'),
        ([{"id": 5, "text": "Yes"}], "line 1: an answer is"),
        ([{"id": "r0", "text": 1}], "line 1: text is not a text"),
        ([{"posology": "recorded/2"}], "line 1: not a header"),
        (
            [{"posology": "recorded/1", "task": "other"}],
            "line 1: these are answers to the task other, not made",
        ),
        ([{"posology": "recorded/1"}], "holds no answer"),
        ([{"id": "r1", "text": "Yes"}], "holds no answer to 1 of 1 items, such as r0"),
        ([{"id": "r0", "answer": "Perhaps"}], "line 1: the answer is none of the kind choice"),
        ([{"id": "t0", "text": "Yes"}], "line 1: the id t0 is of the part tune or select"),
    ],
)
def test_a_file_of_answers_that_is_wrong_is_refused_with_its_line(
    tmp_path: Path, rows: list[object], message: str
) -> None:
    with pytest.raises(UserError) as caught:
        recorded(tmp_path, *rows, learning=Learning(choice_items(2))).answer(ITEMS[:1])
    assert message in str(caught.value)


def test_a_mention_with_other_words_than_its_place_is_refused(tmp_path: Path) -> None:
    item = entity_item(1, "He has gout.", "gout")
    arm = recorded(tmp_path, {"id": "e1", "answer": [[0, 4, "Disease", "gout"]]}, task=MENTIONS)
    with pytest.raises(UserError, match="characters 0 to 4 of the item are not the words"):
        arm.answer([item])


@pytest.mark.parametrize("kind", BASELINES)
def test_every_baseline_can_be_named_alone_and_learns(kind: str) -> None:
    assert system_spec(kind) == parse_system({"name": kind, "kind": kind}, "baselines")
    assert kind in LEARNERS
    assert kind in KINDS


def test_nothing_else_learns_by_its_name_alone() -> None:
    assert set(LEARNERS) == set(BASELINES)
    with pytest.raises(UserError, match="no such system; there are boosting, majority"):
        system_spec("recorded")
