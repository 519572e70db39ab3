"""posology titrate as a user runs it: forecast, report, resuming, refusals; and compare by an arm's name."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.cli_runs import Ran, run

ROOT = Path(__file__).resolve().parents[2]
TASK = ROOT / "examples" / "referrals" / "referrals.toml"
PLAN = f"""
posology = "titration/1"
title = "Referrals"
tasks = ["{TASK}"]
n = 20
strategies = ["zero"]
baselines = ["majority"]
[[ladder]]
name = "drawn"
kind = "prior"
[requirement]
by_task = {{referrals = -1.0}}
[budget]
latency_p95_s = 5
[robustness]
kinds = ["typos", "options"]
n = 8
tasks = ["referrals"]
"""
MODEL = """
[[ladder]]
name = "small"
kind = "generator"
engine = "transformers"
model = "smollm2-135m-instruct"
parameters = 134_515_008
"""


def planned(folder: Path, text: str = PLAN) -> Path:
    path = folder / "plan.toml"
    path.write_text(text)
    return path


def titrated(plan: Path, *more: object) -> Ran:
    return run("titrate", plan, "--out", plan.parent / "out", *more)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = planned(tmp_path_factory.mktemp("titration"))
    assert titrated(plan).code == 0
    return plan


def test_one_sentence_names_the_dose_with_its_evidence_and_own_items_are_changed(plan: Path) -> None:
    ran = titrated(plan, "--report-only")
    assert (ran.code, ran.err) == (0, "")
    assert "On referrals no language model is needed: " in ran.out
    assert "95 % interval" in ran.out
    page = (plan.parent / "out" / "report.html").read_text()
    assert "options on referrals: no item could be changed" in page
    assert "seconds, 95th percentile: at most 5" in page
    record = json.loads(titrated(plan, "--report-only", "--json").out)
    assert {one["kind"] for one in record["robustness"] if one["n"]} == {"typos"}


def test_a_forecast_counts_the_changed_items_and_says_the_sum(tmp_path: Path) -> None:
    plan = planned(tmp_path, PLAN.replace("[requirement]", f"{MODEL}[requirement]"))
    rows = json.loads(titrated(plan, "--dry-run", "--json").out)
    items = {row["arm"]: row["items"] for row in rows}
    assert items["small zero"] == 20
    assert items["small zero, changed in 2 ways"] == 16
    shown = titrated(plan, "--dry-run").out
    assert "Together: 108 answers" in shown
    assert not (tmp_path / "out").exists()


def test_a_report_of_nothing_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    ran = titrated(planned(tmp_path), "--report-only")
    assert ran.code == 2
    assert "holds no titration" in ran.err
    assert not (tmp_path / "out").exists()


def test_arms_that_fell_for_one_reason_are_said_in_one_line_and_another_plan_is_named(plan: Path) -> None:
    other = plan.parent / "other.toml"
    other.write_text(PLAN.replace("[requirement]", f"{MODEL}[requirement]"))
    ran = run("titrate", other, "--out", plan.parent / "out", "--report-only")
    lines = [line for line in ran.err.splitlines() if line]
    assert lines[0] == "No result on referrals: 3 arms, such as small zero: not run yet"
    assert "made with another plan" in lines[1]
    assert len(lines) == 2


def test_a_result_folder_may_be_named_by_its_arm_and_a_wrong_one_is_answered_with_the_nearest(
    plan: Path,
) -> None:
    arms = plan.parent / "out" / "arms" / "referrals"
    (arms / "a_b").symlink_to(arms / "drawn")
    assert run("compare", arms / "majority", arms / "a b", "--task", TASK, "--json").code == 0
    assert "did you mean drawn?" in run("compare", arms / "majority", arms / "draw", "--task", TASK).err
    inside = run("compare", arms, arms / "drawn", "--task", TASK).err
    assert "is no result folder of posology evaluate; it holds those of" in inside


def test_a_wrong_engine_is_answered_with_the_nearest(tmp_path: Path) -> None:
    ran = run("evaluate", TASK, "--model", "smollm2-135m-instruct", "--engine", "transformer")
    assert (ran.code, ran.out) == (2, "")
    assert "--engine transformer: there is no such engine; did you mean transformers?" in ran.err


def test_after_a_stop_the_user_is_told_what_is_kept_and_the_same_command_goes_on(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    words = [sys.executable, "-c", "from posology.cli import main; main()", "titrate", plan, "--out", "out"]
    begun = subprocess.Popen(
        words, cwd=tmp_path, stderr=subprocess.PIPE, env=os.environ, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    until = time.monotonic() + 60
    while not (tmp_path / "out" / "plans.json").is_file() and time.monotonic() < until:
        time.sleep(0.01)
    begun.send_signal(signal.SIGINT)
    said = begun.communicate(timeout=60)[1]
    assert begun.returncode == 130
    assert "the same command goes on" in said
    assert said.endswith("Stopped. Nothing was left half-written.\n")
    assert titrated(plan).code == 0
