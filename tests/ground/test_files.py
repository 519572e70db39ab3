"""Files and folders appear whole or not at all, and YAML holds text."""

import csv
from pathlib import Path

import pytest

from posology.errors import Conflict, OutputError, UserError
from posology.files import TableReader, parse_yaml, staged_folder, write_atomic


def _packet(folder: Path, text: str) -> Path:
    with staged_folder(folder, overwrite=folder.exists()) as staging:
        (staging / "manifest.json").write_text(text)
    return folder


def test_a_folder_takes_the_place_of_the_old_one_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    _packet(tmp_path / "out", "old")
    target = _packet(tmp_path / "out", "new")
    assert (target / "manifest.json").read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError, ValueError])
def test_an_interrupted_write_leaves_the_old_folder_and_nothing_else(
    tmp_path: Path, fault: type[BaseException]
) -> None:
    target = _packet(tmp_path / "out", "old")
    with pytest.raises((KeyboardInterrupt, OutputError, ValueError)), staged_folder(target, overwrite=True):
        raise fault
    assert (target / "manifest.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_interruption_between_the_two_renames_brings_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _packet(tmp_path / "out", "old")
    rename = Path.rename

    def interrupted(self: Path, to: Path) -> Path:
        if to == target and self.name != "was":
            raise KeyboardInterrupt
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", interrupted)  # the operating system's call, not ours
    with pytest.raises(KeyboardInterrupt), staged_folder(target, overwrite=True) as staging:
        (staging / "manifest.json").write_text("new")
    assert (target / "manifest.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_posology_did_not_write_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match=r"no manifest\.json"), staged_folder(tmp_path, overwrite=True):
        pass
    assert (tmp_path / "thesis.txt").exists()


def test_a_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a.txt", b"x")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o600


def test_what_is_raised_right_before_a_file_is_replaced_leaves_the_old_one_and_nothing_else(
    tmp_path: Path,
) -> None:
    def refuse() -> None:
        assert len(list(tmp_path.iterdir())) == 2  # the new one is written already
        raise Conflict("no")

    write_atomic(tmp_path / "a.txt", b"x")
    with pytest.raises(Conflict):
        write_atomic(tmp_path / "a.txt", b"y", before=refuse)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"x"]


def test_plain_scalars_are_text_but_for_true_false_and_null() -> None:
    read = parse_yaml("{a: NO, b: 12E4, c: 35, d: true, e: null, f: 2024-01-02, g: !!str 7}", "p.yaml")
    assert read == {"a": "NO", "b": "12E4", "c": "35", "d": True, "e": None, "f": "2024-01-02", "g": "7"}


@pytest.mark.parametrize(
    "text",
    [
        "a: !!timestamp tomorrow",  # a tag whose value would not be text
        "a: !!int twelve",
        "a: !!float much",
        "a: !!bool perhaps",
        "a: !!binary '%%'",
        "a: !!python/object/apply:os.system [ls]",  # no code, ever
        "? [1, 2]\n: b",  # a key that is no text
        "a: 1\na: 2",  # a key that stands twice
        "&a [*a]",  # a list that holds itself
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e]",
        "a: 'unended",
        "[" * 5000,
    ],
)
def test_yaml_that_cannot_be_meant_is_one_error_of_the_users(text: str) -> None:
    with pytest.raises(UserError, match=r"p\.yaml"):
        parse_yaml(text, "p.yaml")


def test_a_field_may_hold_a_note_and_the_limit_of_other_readers_stays() -> None:
    before = csv.field_size_limit(10)
    try:
        rows = TableReader(["id,text\n", f"1,{'x' * 200_000}\n"])
        assert next(rows) == ["id", "text"]
        assert csv.field_size_limit() == 10
        assert [len(cell) for cell in next(rows)] == [1, 200_000]
        assert (rows.line, csv.field_size_limit()) == (2, 10)
    finally:
        csv.field_size_limit(before)
