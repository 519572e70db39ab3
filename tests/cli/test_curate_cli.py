"""posology curate: what it writes, says and refuses."""

import json
from pathlib import Path

import pytest

from posology.cli import main
from tests.corpus.made import NOTE, OTHER, write_patient


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_patient(tmp_path / "in", "abernethy", NOTE)
    (tmp_path / "in" / "visit.txt").write_text(OTHER)
    return tmp_path / "in"


def run(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    monkeypatch.setattr("sys.argv", ["posology", "curate", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_a_folder_becomes_a_corpus(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(range(40)))
    assert run(monkeypatch, folder, "--out", tmp_path / "out", "--licence", "made here", "--key", key) == 0
    shown = capsys.readouterr()
    assert "records.jsonl" in shown.out
    assert "No test texts were given" in shown.err
    assert "Abernethy" not in shown.out + (tmp_path / "out" / "records.jsonl").read_text()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["settings"]["source"][0]["licence"] == "made here"
    assert str(tmp_path) not in json.dumps(manifest)


def test_a_dry_run_prints_what_would_stay(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, folder, "--dry-run", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [one["kept"] for one in shown["sources"]] == [1, 1]


REFUSED = [
    ([], "--dry-run"),
    (["--out", "out", "--dry-run"], "--out DIR"),
    (["--dry-run", "--key", "none"], "cannot be read"),
    (["--dry-run", "--tests", "none.npz"], "no such file"),
    (["--dry-run", "--save-tests", "x.npz"], "--tasks"),
]


@pytest.mark.parametrize(("options", "named"), REFUSED)
def test_what_cannot_be_done_is_said_in_one_message(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    named: str,
) -> None:
    monkeypatch.chdir(folder.parent)
    assert run(monkeypatch, folder, *options) == 2
    assert named in capsys.readouterr().err


def test_the_test_texts_of_a_task_are_kept_out_and_saved(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from posology.evaluate.splits import data_folder, load_items
    from posology.evaluate.task import Part
    from posology.evaluate.tasks import TASKS

    data = _data()
    item = load_items(TASKS["symptom_vignettes"], data_folder(data), Part.REPORT)[0]
    (folder / "leak.txt").write_text(f"{OTHER} {item.text}")
    saved = tmp_path / "tests.npz"
    options = ["--tasks", "symptom_vignettes", "--data", data, "--save-tests", saved]
    assert run(monkeypatch, folder, "--dry-run", "--json", *options) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["contaminated"] == {"symptom_vignettes, report": 1}
    assert run(monkeypatch, folder, "--dry-run", "--json", "--tests", saved) == 0
    assert json.loads(capsys.readouterr().out) == first


def _data() -> Path:
    import os

    path = Path(os.environ.get("POSOLOGY_DATA") or Path(__file__).parents[2].parent / "shared" / "data")
    if not (path / "symptom_vignettes").is_dir():
        pytest.skip("the data sets are not there: name their folder in POSOLOGY_DATA")
    return path
