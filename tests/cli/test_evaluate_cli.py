"""posology evaluate and compare as a user runs them: results, refusals, resuming."""

import json
import shutil
from pathlib import Path

import pytest

from posology.errors import UserError
from posology.evaluate.comparison import compare_folders
from posology.evaluate.own import read_own_task
from posology.evaluate.systems import BASELINES, ENGINES
from tests.cli.cli_runs import Ran, run

ROOT = Path(__file__).resolve().parents[2]
TASK = ROOT / "examples" / "referrals" / "referrals.toml"


def evaluated(out: Path, *more: object, systems: tuple[str, ...] = ("majority",)) -> Ran:
    named = [word for name in systems for word in ("--system", name)]
    return run("evaluate", TASK, *named, "--out", out, *more)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "out"
    assert evaluated(out, systems=("majority", "tf-idf")).code == 0
    return out / "referrals"


def test_the_help_names_every_system_and_every_engine_that_there_is() -> None:
    shown = " ".join(run("evaluate", "--help").out.replace("│", " ").split())
    systems, engines = (", ".join(names[:-1]) + f" or {names[-1]}" for names in (BASELINES, ENGINES))
    assert f"{systems}; may be given again." in shown
    assert f"What runs the models: {engines}." in shown


def test_a_table_leads_with_the_primary_measure_its_interval_and_n(tmp_path: Path) -> None:
    ran = evaluated(tmp_path / "out", "--n", 20)
    assert (ran.code, ran.err) == (0, "")
    head = ran.out.splitlines()[1].split("  ")
    assert [word.strip() for word in head if word.strip()][:6] == [
        "task", "arm", "measure", "score", "95 % interval", "n",
    ]  # fmt: skip
    assert "quadratic kappa" in ran.out
    assert "modelled" in ran.out or "measured" in ran.out
    assert {path.name for path in (tmp_path / "out" / "referrals" / "majority").iterdir()} == {
        ".lock", "items.jsonl", "manifest.json", "summary.json",
    }  # fmt: skip


def test_json_is_the_summary_of_every_arm(tmp_path: Path) -> None:
    ran = evaluated(tmp_path / "out", "--n", 20, "--json", systems=("majority", "prior"))
    rows = json.loads(ran.out)
    assert [row["arm"]["name"] for row in rows] == ["majority", "prior"]
    for row in rows:
        assert row["measures"][0]["name"] == "quadratic kappa"
        assert row["measures"][0]["n"] == row["n"] == 20
        bases = {figure["basis"] for name, figure in row["cost"].items() if name != "cached"}
        assert bases <= {"measured", "modelled", "unavailable"}


def test_the_same_command_again_goes_on_and_another_seed_is_refused(tmp_path: Path) -> None:
    assert evaluated(tmp_path / "out", "--n", 10).code == 0
    before = (tmp_path / "out" / "referrals" / "majority" / "items.jsonl").read_text()
    assert evaluated(tmp_path / "out", "--n", 20).code == 0
    after = (tmp_path / "out" / "referrals" / "majority" / "items.jsonl").read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 20
    refused = evaluated(tmp_path / "out", "--n", 20, "--seed", 1)
    assert refused.code == 2
    assert "seed differs" in refused.err
    assert evaluated(tmp_path / "out", "--n", 20, "--seed", 1, "--overwrite").code == 0


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(tmp_path: Path) -> None:
    ran = run(
        "evaluate", TASK, "--model", "smollm2-135m-instruct", "--strategy", "zero", "--strategy", "few",
        "--n", 20, "--out", tmp_path / "out", "--cache", tmp_path / "cache", "--dry-run", "--json",
    )  # fmt: skip
    assert (ran.code, list(tmp_path.iterdir())) == (0, [])
    zero, few = json.loads(ran.out)
    assert zero["items"] == few["items"] == 20
    assert 20 * 20 < zero["prompt_tokens"] < few["prompt_tokens"]
    assert zero["tokens_are"] == "estimated"
    assert zero["seconds"]["basis"] == zero["energy_kwh"]["basis"] == "modelled"
    assert "gpt-4o-mini" in zero["cloud_list_price_usd"]


def test_tasks_are_listed_with_their_numbers() -> None:
    rows = {row["task"]: row for row in json.loads(run("evaluate", "--list", "--json").out)}
    assert rows["healthver"]["n"]["report"] > 100
    assert rows["healthver"]["measure"] == "macro-F1"


def test_costs_are_printed_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "costs.toml").write_text(
        'posology = "costs/1"\ncloud = ["gpt-4o"]\n[workload]\ncalls_per_month = 200\ninput_tokens = 3000\n'
        "output_tokens = 2000\n[premises]\nmachine_usd = 0\nmonths = 36\nwatts = 0\nkwh_usd = 0.15\n"
        "licences_usd = 145\n"
    )
    ran = evaluated(tmp_path / "out", "--n", 5, "--costs", tmp_path / "costs.toml")
    assert "200 calls x 0.02750 + 0 fixed = 5.50 USD a month" in ran.out
    assert "from 5,273 calls a month on" in ran.out


REFUSED = {
    "no task": ((), "name a task"),
    "no system": ((TASK,), "name a system: --system majority"),
    "an unknown task": (("helthver", "--system", "majority"), "did you mean healthver"),
    "an unknown system": ((TASK, "--system", "majorty"), "did you mean majority"),
    "an unknown strategy": ((TASK, "--model", "smollm2-135m-instruct", "--strategy", "fw"), "is unknown"),
    "an unknown model": ((TASK, "--model", "smollm3"), "the catalogue holds no model"),
    "no such weights": ((TASK, "--model", "models/none.gguf"), "there is no such file or folder"),
    "an unknown engine": ((TASK, "--model", "smollm2-135m-instruct", "--engine", "magic"), "engine"),
    "a part to learn from": ((TASK, "--system", "majority", "--part", "tune"), "report or select"),
    "an unknown grid": ((TASK, "--system", "majority", "--grid", "ITL"), "did you mean ITA"),
    "no watts": ((TASK, "--system", "majority", "--watts", "0"), "no power draw"),
    "a system twice": ((TASK, "--system", "majority", "--system", "majority"), "named twice"),
    "a system that cannot": ((TASK, "--system", "rules"), "nothing can be evaluated"),
    "no such task file": (("none.toml", "--system", "majority"), "cannot be read"),
    "no data folder": (
        ("healthver", "--system", "majority", "--data", "/no/data"),
        "there is no such folder",
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_a_user_can_mend_is_said_in_one_message(tmp_path: Path, reason: str) -> None:
    arguments, words = REFUSED[reason]
    ran = run("evaluate", *arguments, "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()


def test_missing_data_of_a_task_says_where_it_was_looked_for(tmp_path: Path) -> None:
    ran = run("evaluate", "healthver", "--system", "majority", "--data", tmp_path, "--out", tmp_path / "o")
    assert ran.code == 2
    assert "the data of the task healthver is not there" in ran.err


def test_compare_says_difference_interval_p_wins_and_losses(results: Path) -> None:
    ran = run(
        "compare", results / "majority", results / "tf-idf", "--task", TASK, "--margin", "0.1", "--json"
    )
    row = json.loads(ran.out)[0]
    assert (row["arm"], row["reference"], row["measure"]) == ("tf-idf", "majority", "quadratic kappa")
    assert row["low"] < row["difference"] < row["high"]
    assert row["p_holm"] >= row["p"]
    assert row["wins"] + row["losses"] + row["ties"] == row["n"]
    assert row["verdict"] == "non-inferior"
    shown = run("compare", results / "majority", results / "tf-idf", "--task", TASK).out
    assert "p (Holm)" in shown


def test_compare_corrects_for_all_comparisons(results: Path, tmp_path: Path) -> None:
    assert evaluated(tmp_path / "out", systems=("prior",)).code == 0
    folders = (results / "majority", results / "tf-idf", tmp_path / "out" / "referrals" / "prior")
    rows = json.loads(run("compare", *folders, "--task", TASK, "--json").out)
    assert rows[0]["p_holm"] == pytest.approx(min(1, 2 * rows[0]["p"]))


def test_arms_that_answered_other_items_are_not_compared(results: Path, tmp_path: Path) -> None:
    assert evaluated(tmp_path / "out", "--n", 10).code == 0
    ran = run("compare", results / "majority", tmp_path / "out" / "referrals" / "majority", "--task", TASK)
    assert ran.code == 2
    assert "its number of items is 10" in ran.err
    assert "only answers to the same items can be compared" in ran.err


def test_a_measure_of_the_texts_is_not_taken_without_them(tmp_path: Path) -> None:
    table = {"name": "notes", "kind": "text", "instruction": "Write the note.", "file": "items.jsonl"}
    rows = [
        {"id": f"r{n}", "text": f"Fever of {n} days. Rest.", "gold": f"Fever, {n} days."} for n in range(40)
    ]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = tmp_path / "notes.toml"
    lines = [f"{key} = {json.dumps(one)}\n" for key, one in {"posology": "task/1", **table}.items()]
    task.write_text("".join(lines))
    out = tmp_path / "out"
    run("evaluate", task, "--system", "majority", "--system", "prior", "--out", out)
    folders, name = [out / "notes" / "majority", out / "notes" / "prior"], "documents with an invention"
    with pytest.raises(UserError, match="needs the texts of the items: name the data folder with --data"):
        compare_folders(folders, read_own_task(task), measure=name)
    assert run("compare", *folders, "--task", task, "--measure", name).code == 0


def test_what_cannot_be_compared_is_said(results: Path, tmp_path: Path) -> None:
    one, two = results / "majority", results / "tf-idf"
    assert "two result folders or more" in run("compare", one, "--task", TASK).err
    assert "is none of ours" in run("compare", one, two).err
    assert "did you mean quadratic kappa" in run(
        "compare", one, two, "--task", TASK, "--measure", "quadratic kapa"
    ).err  # fmt: skip
    assert "a margin is above 0" in run("compare", one, two, "--task", TASK, "--margin", "-1").err
    shutil.copytree(two, tmp_path / "cut")
    (tmp_path / "cut" / "summary.json").unlink()
    assert "not finished" in run("compare", one, tmp_path / "cut", "--task", TASK).err
