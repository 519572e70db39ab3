"""A result folder gives back what was put in, and says where it is damaged."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.errors import UserError
from posology.evaluate.folder import open_folder
from posology.evaluate.items import Answer, Item, Mention, Outcome, Response
from posology.evaluate.results import (
    answer_from_json,
    answer_to_json,
    read_manifest,
    read_outcomes,
    read_summary,
    row_of,
    stream_outcomes,
)
from posology.evaluate.runner import run_arm
from posology.evaluate.task import Kind
from tests.evaluate.made_runs import MADE, MadeArm, made_items

WORDS = st.text(max_size=30)
MENTIONS = st.builds(Mention, st.integers(-1, 99), st.integers(-1, 99), WORDS, WORDS)
ANSWERS: dict[Kind, st.SearchStrategy[Answer]] = {
    Kind.CHOICE: WORDS,
    Kind.TEXT: WORDS,
    Kind.CODES: st.lists(WORDS, max_size=4).map(tuple),
    Kind.ENTITIES: st.lists(MENTIONS, max_size=4).map(tuple),
}


@pytest.mark.parametrize("kind", list(Kind))
@settings(max_examples=30)
@given(data=st.data())
def test_an_answer_of_any_kind_survives_json(kind: Kind, data: st.DataObject) -> None:
    answer = data.draw(ANSWERS[kind])
    assert answer_from_json(json.loads(json.dumps(answer_to_json(answer))), kind) == answer
    assert answer_from_json(answer_to_json(None), kind) is None


def test_a_line_has_the_fields_of_the_format_and_options_only_where_there_are_some() -> None:
    item = Item("a", "g", "secret words", "urgent", slices={"sex": "female"})
    row = row_of(Outcome(item, Response("routine", scores={"routine": 1 / 3}, seconds=0.123456789)))
    assert list(row) == [
        "id", "group", "gold", "answer", "failure", "abstained", "text", "scores", "prompt_tokens",
        "output_tokens", "seconds", "slices",
    ]  # fmt: skip
    assert (row["seconds"], row["scores"]) == (0.123457, {"routine": 0.333333})
    assert "secret words" not in json.dumps(row)
    assert row_of(Outcome(replace(item, options=("x", "y")), Response("A")))["options"] == ["x", "y"]


def test_outcomes_come_back_with_their_items_where_these_are_given(tmp_path: Path) -> None:
    items = made_items(8)
    run_arm(MadeArm(), MADE, items, tmp_path / "out")
    bare = read_outcomes(tmp_path / "out", MADE)
    whole = read_outcomes(tmp_path / "out", MADE, {item.id: item for item in items})
    assert [one.item.text for one in bare] == [""] * 8
    assert [one.item for one in whole] == items
    assert [one.response for one in bare] == MadeArm().answer(items)


def test_strange_words_of_an_answer_survive_the_file(tmp_path: Path) -> None:
    item = made_items(1)[0]
    text = "a\u2028b\r\n\x00\ud800 é \U0001f600"
    with open_folder(tmp_path / "out", {}) as folder:
        folder.append([Outcome(item, Response("urgent", text=text))])
    assert read_outcomes(tmp_path / "out", MADE)[0].response.text == text


DAMAGE = {
    "cut off": (lambda text: text[:-1], "line 4: cut off"),
    "not JSON": (lambda text: text.replace('{"id": "item-2"', '{"id" "item-2"'), "line 3: not a line"),
    "another kind": (lambda text: text.replace('"gold": "urgent"', '"gold": 3', 1), "line 1: not a line"),
    "a missing field": (lambda text: text.replace('"slices"', '"slice"', 1), "line 1: not a line"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_line_is_named(tmp_path: Path, damage: str) -> None:
    change, words = DAMAGE[damage]
    run_arm(MadeArm(), MADE, made_items(4), tmp_path / "out")
    path = tmp_path / "out" / "items.jsonl"
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=words):
        list(stream_outcomes(tmp_path / "out", MADE))


def test_what_is_no_result_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is it a result folder"):
        read_outcomes(tmp_path, MADE)
    with pytest.raises(UserError, match="is it a result folder"):
        read_summary(tmp_path)
    (tmp_path / "manifest.json").write_text('{"settings": {}}')
    with pytest.raises(UserError, match="not the manifest of a result folder"):
        read_manifest(tmp_path)


def test_the_manifest_says_who_answered_what_on_which_machine(tmp_path: Path) -> None:
    run_arm(MadeArm(), MADE, made_items(4), tmp_path / "out")
    manifest = read_manifest(tmp_path / "out")
    settings_ = manifest["settings"]
    assert settings_["arm"]["system"] == "made"
    assert (settings_["task"], settings_["part"], settings_["n"]) == ("made", "report", 4)
    assert settings_["fingerprint"] == "made-1"
    assert settings_["state"] == "finished"
    assert manifest["inputs"][0]["sha256"] == settings_["items_sha256"]
    assert {"versions", "machine", "seed", "timings_s"} <= manifest.keys()
