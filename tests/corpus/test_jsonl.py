"""The JSON lines of a corpus: what is written is read back, and nothing else is read."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.chat import Message
from posology.corpus import (
    Example,
    Preference,
    Provenance,
    Record,
    line_of,
    read_examples,
    read_preferences,
    read_records,
    write_jsonl,
)
from posology.errors import OutputError, UserError

HERE = Provenance("made", "made here", "agreement 7", "patient-1")
ASKED = (Message("system", "You judge."), Message("user", "Is it met?"))
EXAMPLE = Example("e1", ASKED, "met", HERE, "criteria", "Pain for 8 weeks.", 0.5)
RECORD = Record("r1", "Pain\nfor 8 weeks.", HERE, "it", {"kind": "note"})
PREFERENCE = Preference("p1", ASKED, "8 weeks", "9 weeks", HERE, "number")


@pytest.mark.parametrize(
    ("entry", "read"),
    [(RECORD, read_records), (EXAMPLE, read_examples), (PREFERENCE, read_preferences)],
)
def test_what_is_written_is_read_back(tmp_path: Path, entry: Any, read: Any) -> None:
    path = tmp_path / "x.jsonl"
    assert write_jsonl(path, [entry]) == 1
    assert list(read(path)) == [entry]
    assert path.read_text().startswith('{"posology": ')


texts = st.text(min_size=1).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text))


@settings(max_examples=40, deadline=None)
@given(texts, texts)
def test_any_text_survives_a_line(first: str, second: str) -> None:
    line = line_of(Record(first, second, HERE))
    assert "\n" not in line
    assert json.loads(line)["text"] == second


def example_line(**changes: Any) -> str:
    value = json.loads(line_of(EXAMPLE)) | changes
    return json.dumps({key: value for key, value in value.items() if value is not ...})


FAULTS = [
    ("{", "the line: not JSON", "no JSON"),
    ("[]", "", "no object"),
    (example_line(posology="example/2"), "posology", "a form of another version"),
    (line_of(RECORD), "posology", "a record is no example"),
    (example_line(secret="Ann Lee"), "secret", "an unknown key"),
    (example_line(answer=3), "answer", "a number is no text"),
    (example_line(weight="1"), "weight", "a text is no number"),
    (example_line(weight=-1), "weight", "nothing weighs less than nothing"),
    (example_line(id=""), "id", "an empty id"),
    (example_line(provenance=...), "provenance", "no provenance"),
    (example_line(provenance={"source": "x"}), "provenance.licence", "no licence"),
    (example_line(messages=[]), "the user's", "nothing is asked"),
    (
        example_line(messages=[{"role": "assistant", "content": "Ann Lee"}]),
        "the user's",
        "ends with an answer",
    ),
    (example_line(messages=[{"role": "tool", "content": ""}]), "messages.0.role", "a role that is none"),
]


@pytest.mark.parametrize(("line", "named", "reason"), FAULTS, ids=[reason for *_, reason in FAULTS])
def test_a_line_of_another_form_is_refused_with_its_number_and_key(
    tmp_path: Path, line: str, named: str, reason: str
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f"{line_of(EXAMPLE)}\n\n{line}\n")
    with pytest.raises(UserError, match=r"x\.jsonl, line 3: ") as error:
        list(read_examples(path))
    assert named in str(error.value)
    assert "Ann Lee" not in str(error.value)


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write_jsonl(path, [EXAMPLE, EXAMPLE])
    with pytest.raises(UserError, match="line 2: the id stands in line 1 already"):
        list(read_examples(path))


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        list(read_records(tmp_path / "none.jsonl"))
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        list(read_records(tmp_path / "bytes.jsonl"))


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write_jsonl(path, [RECORD])

    def broken() -> Any:
        yield EXAMPLE
        raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        write_jsonl(path, broken())
    assert list(read_records(path)) == [RECORD]
    assert [one.name for one in tmp_path.iterdir()] == ["x.jsonl"]
    with pytest.raises(OutputError, match="cannot be written"):
        write_jsonl(tmp_path / "none" / "x.jsonl", [RECORD])
