"""A run answers every item once, whatever happens on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from posology.errors import EngineError, OutputError, UserError
from posology.evaluate.arm import ArmIdentity
from posology.evaluate.results import read_outcomes, read_summary
from posology.evaluate.runner import RunPlan, RunProgress, run_arm
from posology.evaluate.task import Part
from tests.evaluate.made_runs import MADE, MadeArm, made_items

ROOT = Path(__file__).resolve().parents[2]
SMALL = RunPlan(batch=4)


def ids(folder: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (folder / "items.jsonl").read_text().splitlines()]


def test_a_run_writes_every_item_once_in_order_with_its_scores(tmp_path: Path) -> None:
    found = run_arm(MadeArm(), MADE, made_items(21), tmp_path / "out", plan=SMALL)
    assert ids(tmp_path / "out") == [item.id for item in made_items(21)]
    assert (found.n, found.kept, found.failures["parse"]) == (21, 0, 3)
    assert found.scores[0].name == "macro-F1"
    assert found.scores[0].n == 21
    assert found.scores[0].low is not None
    assert read_summary(tmp_path / "out")["measures"][0]["value"] == pytest.approx(
        found.scores[0].value, abs=1e-6
    )


def test_a_folder_is_its_owners_alone(tmp_path: Path) -> None:
    run_arm(MadeArm(), MADE, made_items(5), tmp_path / "out")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert set(modes.values()) == {0o600}
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


def test_an_engine_that_dies_leaves_what_is_done_and_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(EngineError, match=r"8 of 20 items are answered and kept in .*run the same command"):
        run_arm(MadeArm(dies_at="item-9"), MADE, made_items(20), out, plan=SMALL)
    with pytest.raises(UserError, match="not finished"):
        read_summary(out)
    arm = MadeArm()
    found = run_arm(arm, MADE, made_items(20), out, plan=SMALL)
    assert found.kept == 8
    assert arm.asked == [f"item-{number}" for number in range(8, 20)]
    assert len(read_outcomes(out, MADE)) == 20


@pytest.mark.parametrize(
    "torn", [b'{"id": "item-8", "gro', b"{", '{"id": "item-8", "text": "ü'.encode()[:-1]]
)
def test_a_torn_last_line_is_cut_off_and_its_item_answered_again(tmp_path: Path, torn: bytes) -> None:
    out = tmp_path / "out"
    with pytest.raises(EngineError):
        run_arm(MadeArm(dies_at="item-9"), MADE, made_items(20), out, plan=SMALL)
    with (out / "items.jsonl").open("ab") as stream:
        stream.write(torn)
    run_arm(MadeArm(), MADE, made_items(20), out, plan=SMALL)
    assert ids(out) == [item.id for item in made_items(20)]


def test_batches_after_a_kill_begin_where_they_would_have_without_one(tmp_path: Path) -> None:
    out, sizes = tmp_path / "out", []
    with pytest.raises(EngineError):
        run_arm(MadeArm(dies_at="item-9"), MADE, made_items(20), out, plan=SMALL)
    lines = (out / "items.jsonl").read_text().splitlines(keepends=True)
    (out / "items.jsonl").write_text("".join(lines[:6]))

    class Watched(MadeArm):
        def answer(self, items, *, progress=None):
            sizes.append([items[0].id, len(items)])
            return super().answer(items, progress=progress)

    run_arm(Watched(), MADE, made_items(20), out, plan=SMALL)
    assert sizes == [["item-6", 2], ["item-8", 4], ["item-12", 4], ["item-16", 4]]


def test_a_killed_process_loses_and_repeats_no_item(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from posology.evaluate.runner import RunPlan, run_arm\n"
        "from tests.evaluate.made_runs import MADE, MadeArm, made_items\n"
        "out = Path(sys.argv[1])\n"
        "run_arm(MadeArm(delay_s=0.005), MADE, made_items(2000), out, plan=RunPlan(batch=8))\n"
    )
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", script, str(out)], cwd=ROOT)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not (
        out.is_dir() and (out / "items.jsonl").exists() and len(ids(out)) > 20
    ):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = ids(out)
    assert 20 < len(before) < 2000
    arm = MadeArm()
    found = run_arm(arm, MADE, made_items(2000), out, plan=RunPlan(batch=8))
    assert ids(out) == [item.id for item in made_items(2000)]
    assert arm.asked == [item.id for item in made_items(2000)][found.kept :]
    assert found.kept == len(before)


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    class Second(MadeArm):
        def answer(self, items, *, progress=None):
            with pytest.raises(OutputError, match="another run is writing in this folder"):
                run_arm(MadeArm(), MADE, made_items(4), tmp_path / "out")
            return super().answer(items, progress=progress)

    run_arm(Second(), MADE, made_items(4), tmp_path / "out")


CHANGES = {
    "another arm": (replace(SMALL), MadeArm(fingerprint="made-2"), "fingerprint differs"),
    "another name": (replace(SMALL), MadeArm(ArmIdentity("other", "rules")), "arm differs"),
    "another part": (replace(SMALL, part=Part.SELECT), MadeArm(), "part differs"),
    "another seed": (replace(SMALL, seed=1), MadeArm(), "seed differs"),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_a_folder_of_another_run_is_refused_unless_it_may_be_replaced(tmp_path: Path, reason: str) -> None:
    plan, arm, words = CHANGES[reason]
    run_arm(MadeArm(), MADE, made_items(8), tmp_path / "out", plan=SMALL)
    with pytest.raises(OutputError, match=f"{words}.*--overwrite"):
        run_arm(arm, MADE, made_items(8), tmp_path / "out", plan=plan)
    assert ids(tmp_path / "out") == [item.id for item in made_items(8)]
    assert run_arm(arm, MADE, made_items(8), tmp_path / "out", plan=replace(plan, overwrite=True)).kept == 0


def test_a_folder_with_other_files_is_never_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="other files"):
        run_arm(MadeArm(), MADE, made_items(4), tmp_path, plan=replace(SMALL, overwrite=True))
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_more_items_go_on_from_the_first_ones(tmp_path: Path) -> None:
    run_arm(MadeArm(), MADE, made_items(10), tmp_path / "out", plan=SMALL)
    arm = MadeArm()
    found = run_arm(arm, MADE, made_items(16), tmp_path / "out", plan=SMALL)
    assert (found.n, found.kept, len(arm.asked)) == (16, 10, 6)


def test_fewer_items_than_the_folder_holds_are_refused(tmp_path: Path) -> None:
    run_arm(MadeArm(), MADE, made_items(10), tmp_path / "out", plan=SMALL)
    with pytest.raises(OutputError, match="holds 10 answers and only 6 items"):
        run_arm(MadeArm(), MADE, made_items(6), tmp_path / "out", plan=SMALL)


def test_fewer_items_than_a_killed_run_began_with_are_refused_as_they_may_be_others(tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        run_arm(MadeArm(dies_at="item-5"), MADE, made_items(20), tmp_path / "out", plan=SMALL)
    changed = [replace(item, text=item.text + "!") for item in made_items(10)]
    with pytest.raises(OutputError, match="begun with 20 items and only 10 are asked"):
        run_arm(MadeArm(), MADE, changed, tmp_path / "out", plan=SMALL)


def test_a_longer_run_that_was_killed_is_not_finished_though_the_shorter_was(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run_arm(MadeArm(), MADE, made_items(8), out, plan=SMALL)
    with pytest.raises(EngineError):
        run_arm(MadeArm(dies_at="item-13"), MADE, made_items(16), out, plan=SMALL)
    with pytest.raises(UserError, match="not finished"):
        read_summary(out)
    found = run_arm(MadeArm(), MADE, made_items(16), out, plan=SMALL)
    assert (first.n, found.n, found.kept) == (8, 16, 12)
    assert read_summary(out)["n"] == 16


def test_items_whose_text_changed_are_refused(tmp_path: Path) -> None:
    run_arm(MadeArm(), MADE, made_items(6), tmp_path / "out", plan=SMALL)
    changed = [replace(item, text=item.text + "!") for item in made_items(6)]
    with pytest.raises(OutputError, match="the items have changed"):
        run_arm(MadeArm(), MADE, changed, tmp_path / "out", plan=SMALL)


def test_a_finished_run_is_scored_again_without_an_answer(tmp_path: Path) -> None:
    first = run_arm(MadeArm(), MADE, made_items(10), tmp_path / "out", plan=SMALL)
    arm = MadeArm()
    again = run_arm(arm, MADE, made_items(10), tmp_path / "out", plan=SMALL)
    assert arm.asked == []
    assert again.scores == first.scores
    assert again.cost.energy.value == pytest.approx(first.cost.energy.value, rel=1e-4)


def test_ids_that_stand_twice_and_no_items_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'item-0' stands twice"):
        run_arm(MadeArm(), MADE, [*made_items(2), made_items(1)[0]], tmp_path / "out")
    with pytest.raises(UserError, match="no items"):
        run_arm(MadeArm(), MADE, [], tmp_path / "out")


def test_progress_tells_how_far_it_is_and_how_long_it_takes(tmp_path: Path) -> None:
    told: list[RunProgress] = []
    run_arm(MadeArm(), MADE, made_items(10), tmp_path / "out", plan=SMALL, progress=told.append)
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert (told[0].seconds_left, told[-1].done, told[-1].seconds_left) == (None, 10, 0.0)


def test_the_same_seed_gives_the_same_summary(tmp_path: Path) -> None:
    one = run_arm(MadeArm(), MADE, made_items(30), tmp_path / "a", plan=SMALL)
    two = run_arm(MadeArm(), MADE, made_items(30), tmp_path / "b", plan=replace(SMALL, batch=7))
    assert one.scores == two.scores
