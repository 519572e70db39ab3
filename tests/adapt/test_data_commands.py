"""The commands that make data: each leaves a folder, and held-out policies are refused."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from posology.cli.app import app
from posology.corpus.jsonl import write_jsonl
from posology.errors import UserError
from tests.adapt.tiny_words import byte_level, records

RUN = CliRunner()


def _run(*arguments: object) -> str:
    result = RUN.invoke(app, ["adapt", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_lessons_are_written_and_audited(tmp_path: Path) -> None:
    _run("lessons", "--out", tmp_path / "a", "--judge", 30, "--passage", 5, "--write", 5)
    assert len((tmp_path / "a" / "examples.jsonl").read_text(encoding="utf-8").splitlines()) == 40
    _run("audit", tmp_path / "a", tmp_path / "a", "--out", tmp_path / "b")
    rows = json.loads((tmp_path / "b" / "audit.json").read_text(encoding="utf-8"))
    assert {row["verdict"] for row in rows} <= {"alike", "unsure"}


def test_scenarios_are_of_policies_that_nothing_is_measured_on(tmp_path: Path) -> None:
    _run("scenarios", "--out", tmp_path / "s.jsonl", "--n", 6)
    lines = (tmp_path / "s.jsonl").read_text(encoding="utf-8").splitlines()
    used = {json.loads(line)["policy"] for line in lines}
    assert used <= {"cms-ncd-160.18", "cms-ncd-210.14", "cms-ncd-280.14", "northfield-cgm"}
    with pytest.raises(UserError, match="nothing may be learned"):
        _run("scenarios", "--out", tmp_path / "t.jsonl", "--policy", "northfield-glp1")


def test_pairs_of_a_policy_are_in_its_part_only(tmp_path: Path) -> None:
    _run("pairs", "--out", tmp_path / "p", "--lessons", 20, "--charts", 1)
    groups = {}
    for part in ("tune", "select", "report"):
        lines = (tmp_path / "p" / f"pairs-{part}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line)["provenance"] for line in lines]
        groups[part] = {(row["source"], row["group"]) for row in rows}
    assert ("policies", "northfield-glp1") in groups["report"]
    assert ("policies", "northfield-cgm") in groups["tune"]
    assert sum(map(len, groups.values())) == len(set.union(*groups.values()))


def test_fertility_is_told_by_section_with_its_cost(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(byte_level().to_str(), encoding="utf-8")
    write_jsonl(tmp_path / "records.jsonl", records(("MEDICATIONS: metformin daily.",), 2))
    told = json.loads(_run("fertility", tmp_path, tmp_path, "--prefill", 1000, "--decode", 10, "--json"))
    assert set(told["sections"]) == {"medications"}
    each = told["whole"]["tokens_a_word"]
    assert told["seconds_a_thousand_words"]["write"] == pytest.approx(100 * each, rel=1e-3)


def test_a_folder_that_went_through_no_gate_is_refused(tmp_path: Path) -> None:
    from posology.cli.adapt_data import _gate_hash

    (tmp_path / "manifest.json").write_text('{"settings": {}}', encoding="utf-8")
    with pytest.raises(UserError, match="no de-identification gate"):
        _gate_hash(tmp_path)
    (tmp_path / "manifest.json").write_text('{"settings": {"gate_key": "forgotten"}}', encoding="utf-8")
    assert len(_gate_hash(tmp_path)) == 64
