"""Files of labelled texts: they come back as they were, and a wrong line is named."""

import json
from pathlib import Path

import pytest

from posology.adapt.encoders.labelled import read_labelled, render_labelled
from posology.errors import UserError
from tests.adapt.made_encoder import pairs, sentences, texts


def test_labelled_texts_come_back_from_their_file(tmp_path: Path) -> None:
    examples = [*sentences(4), *pairs(4, "p")]
    path = tmp_path / "labelled.jsonl"
    path.write_text(render_labelled(examples), encoding="utf-8")
    assert list(read_labelled(path)) == examples


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"extra": 1}, "line 1: extra: Extra inputs are not permitted"),
        ({"first": ""}, "line 1: first: String should have at least 1 character"),
        ({"spans": [{"start": 3, "end": 99, "label": "x"}]}, "line 1: the span 3 to 99 is not within first"),
        ({"weight": "1"}, "line 1: weight: Input should be a valid number"),
    ],
)
def test_a_line_that_is_no_labelled_text_is_named(tmp_path: Path, change, message: str) -> None:
    path = tmp_path / "labelled.jsonl"
    path.write_text(json.dumps(json.loads(render_labelled(texts(1))) | change), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        list(read_labelled(path))


def test_an_id_that_stands_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labelled.jsonl"
    path.write_text(render_labelled(texts(1)) * 2, encoding="utf-8")
    with pytest.raises(UserError, match="line 2: the id t0 stands on line 1 already"):
        list(read_labelled(path))
