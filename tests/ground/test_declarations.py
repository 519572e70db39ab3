"""Strict reading of TOML: every fault is said with file, key and the nearest known one."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, field_validator

from posology.declarations import nearest_name, nearest_words, parse_declaration, parse_toml, read_declaration
from posology.errors import SettingsError, UserError


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    dose: int = 1
    unit: str = "mg"


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str
    inner: Inner = Inner()
    several: list[Inner] = []
    maybe: Inner | None = None

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not name.isalpha():
            raise ValueError("letters only")
        return name


FAULTS = [
    ("", "name is missing", "a key that is needed"),
    ("name = 1", "name: Input should be a valid string", "a value of another type"),
    ("name = '1'", "name: letters only", "a rule of ours, without the library's words before it"),
    ("name = 'a'\nnmae = 'b'", "nmae is no key of a form; did you mean 'name'?", "a misspelt key"),
    ("name = 'a'\nsev = 1", "sev is no key of a form; did you mean 'several'?", "the beginning of a key"),
    ("name = 'a'\nqq = 1", "known keys: inner, maybe, name, several", "a key that resembles none"),
    ("name = 'a'\ninner.dos = 1", "inner.dos is no key of a form; did you mean 'dose'?", "in a table"),
    (
        "name = 'a'\nmaybe.unt = 1",
        "maybe.unt is no key of a form; did you mean 'unit'?",
        "in an optional one",
    ),
    ("name = 'a'\n[[several]]\n[[several]]\nunt = 1", "several.1.unt is no key", "in the second of a list"),
    ("name = ", "not TOML", "broken TOML"),
]


@pytest.mark.parametrize(("text", "words", "reason"), FAULTS, ids=[reason for *_, reason in FAULTS])
def test_a_fault_is_said_with_file_and_key(tmp_path: Path, text: str, words: str, reason: str) -> None:
    path = tmp_path / "form.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_declaration(path, Outer, "key of a form")
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


def test_every_fault_has_a_line_that_begins_with_the_place() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_declaration({"inner": {"dose": "1", "unt": "g"}}, Outer, "form 3", "setting", SettingsError)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("form 3: ") for line in lines)
    assert any("inner.unt is no setting; did you mean 'unit'?" in line for line in lines)


def test_the_caller_names_the_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_declaration(tmp_path / "none.toml", Outer, "setting", SettingsError)
    with pytest.raises(SettingsError, match=r"f\.toml: not TOML .*line 1"):
        parse_toml("name = ]", "f.toml", SettingsError)


def test_a_file_without_fault_is_read(tmp_path: Path) -> None:
    path = tmp_path / "form.toml"
    path.write_text("name = 'a'\n[inner]\ndose = 5\n")
    assert read_declaration(path, Outer, "key of a form") == Outer(name="a", inner=Inner(dose=5))


@pytest.mark.parametrize(
    ("name", "near", "reason"),
    [
        ("modle", "model", "two letters changed places"),
        ("eng", "engine", "the beginning"),
        ("zzzz", "", "it resembles none"),
        ("", "", "nothing begins nothing"),
    ],
)
def test_the_nearest_name_is_offered_or_all_are_listed(name: str, near: str, reason: str) -> None:
    known = ["model", "engine"]
    assert nearest_name(name, known) == near, reason
    assert nearest_words(name, known) == (
        f"; did you mean {near}?" if near else "; there are engine, model"
    ), reason
