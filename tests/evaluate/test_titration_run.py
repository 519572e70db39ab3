"""A plan runs arm by arm; what is done is not asked again, what fails is recorded, the rest goes on."""

import fcntl
import json
import os
from dataclasses import dataclass, field, replace

import pytest
from made_titration import LABELS, PLAN, TASKS, made_plan

from posology.errors import EngineError, OutputError, UserError
from posology.evaluate.arm import ArmIdentity
from posology.evaluate.evaluation import Bench
from posology.evaluate.items import Response
from posology.evaluate.runner import RunPlan
from posology.evaluate.strategy import name_of
from posology.evaluate.titration import analyze, read_results, run_plan, write_report

SMALL = (
    PLAN.replace('baselines = ["majority", "tf-idf"]', 'baselines = ["majority"]')
    .replace("n = 60", "n = 12")
    .replace('["zero", "few+constrained"]', '["zero"]')
)
ROBUST = SMALL + '[robustness]\nkinds = ["note", "claim"]\nn = 6\narms = ["small zero"]\n'


@dataclass
class _Arm:
    identity: ArmIdentity
    task: str
    bench: "_Bench"
    fingerprint: str = "made"

    def answer(self, items, *, progress=None):
        if (self.identity.name, self.task) == self.bench.dies:
            raise EngineError("the engine is gone")
        self.bench.asked.append((self.task, self.identity.name, len(items)))
        return [
            Response(item.gold if self.identity.system != "small" else LABELS[0], seconds=0.5)
            for item in items
        ]


@dataclass
class _System:
    spec: object
    bench: "_Bench"

    def arm(self, strategy, task, learning):
        assert learning.tune
        spec = self.spec
        who = ArmIdentity(spec.name, spec.family, name_of(strategy) if strategy else "", spec.parameters)
        return _Arm(who, task.name, self.bench)


@dataclass
class _Bench(Bench):
    asked: list = field(default_factory=list)
    opened: list = field(default_factory=list)
    dies: tuple = ()

    def open(self, spec):
        self.opened.append(spec.name)
        return _System(spec, self)


def _bench(folder, dies=()):
    for name in TASKS:
        (folder / "data" / name).mkdir(parents=True, exist_ok=True)
    return _Bench(folder / "data", folder / "out", RunPlan(), 12, dies=dies)


def test_systems_are_opened_once_the_smallest_first(tmp_path):
    bench, plan = _bench(tmp_path), made_plan(tmp_path, SMALL)
    results = run_plan(plan, bench, tmp_path / "out")
    assert bench.opened == ["majority", "small", "middle", "large"]
    assert len(results.arms) == 2 * (1 + 3)
    assert results.fallen == ()
    manifest = json.loads((tmp_path / "out/arms/made_triage/large_zero/manifest.json").read_text())
    assert manifest["settings"]["titration"] == plan.sha256
    assert (tmp_path / "out" / "plan.toml").read_text() == SMALL


def test_a_second_run_opens_and_asks_nothing(tmp_path):
    plan = made_plan(tmp_path, ROBUST)
    first = run_plan(plan, _bench(tmp_path), tmp_path / "out")
    bench = _bench(tmp_path)
    second = run_plan(plan, bench, tmp_path / "out")
    assert (bench.opened, bench.asked) == ([], [])
    assert second == first


def test_a_dead_engine_costs_its_arm_only_and_the_next_run_asks_that_alone(tmp_path):
    plan = made_plan(tmp_path, SMALL)
    bench = _bench(tmp_path, dies=("middle zero", "made_triage"))
    results = run_plan(plan, bench, tmp_path / "out")
    assert [(one.task, one.arm) for one in results.fallen] == [("made_triage", "middle zero")]
    assert "the engine is gone" in results.fallen[0].reason
    assert bench.opened == ["majority", "small", "middle", "middle", "large"]  # anew
    study = analyze(plan, results, rounds=200)
    assert "the engine is gone" in write_report(study, tmp_path / "report").read_text()
    again = _bench(tmp_path)
    assert run_plan(plan, again, tmp_path / "out").fallen == ()
    assert again.asked == [("made_triage", "middle zero", 12)]


def test_a_task_without_data_falls_out_and_the_others_go_on(tmp_path):
    broken = replace(TASKS["made_claims"], read=lambda folder: iter(()))
    plan = made_plan(tmp_path, SMALL)
    plan = replace(plan, tasks=(plan.tasks[0], broken))
    results = run_plan(plan, _bench(tmp_path), tmp_path / "out")
    assert [(one.task, one.arm) for one in results.fallen] == [("made_claims", "every arm")]
    assert {arm.task for arm in results.arms} == {"made_triage"}
    nothing = replace(plan, tasks=(broken,))
    with pytest.raises(UserError, match="no task of the plan has items"):
        run_plan(nothing, _bench(tmp_path), tmp_path / "other")


def test_changed_items_are_asked_of_the_arms_that_the_plan_names(tmp_path):
    plan = made_plan(tmp_path, ROBUST)
    results = run_plan(plan, _bench(tmp_path), tmp_path / "out")
    assert {(one.task, one.arm, one.kind) for one in results.robust} == {
        (task, "small zero", kind) for task in TASKS for kind in ("note", "claim")
    }
    assert all(one.n == 6 and one.changed.value == 0 for one in results.robust)
    claimed = next(one for one in results.robust if one.kind == "claim")
    assert claimed.yielded.n == 6


def test_what_is_not_run_yet_is_said(tmp_path):
    plan = made_plan(tmp_path, SMALL)
    (tmp_path / "out").mkdir()
    results = read_results(plan, _bench(tmp_path), tmp_path / "out")
    assert results.arms == ()
    assert {one.reason for one in results.fallen} == {"not run yet"}
    assert (
        "No arm" in analyze(plan, results, rounds=200).dose.sentence
        or "No dose" in analyze(plan, results, rounds=200).dose.sentence
    )


def test_what_cannot_be_is_said_as_such_before_anything_has_run(tmp_path):
    plan = made_plan(tmp_path, SMALL.replace('["majority"]', '["majority", "boosting", "rules"]'))
    (tmp_path / "out").mkdir()
    fallen = read_results(plan, _bench(tmp_path), tmp_path / "out").fallen
    reasons = {one.arm: one.reason for one in fallen if one.ruled_out}
    assert reasons["boosting"] == "boosting needs structured fields; the items of this task have none"
    assert "rules answers entities" in reasons["rules"]
    assert {one.reason for one in fallen if not one.ruled_out} == {"not run yet"}


def test_arms_of_a_longer_study_are_not_shown_as_those_of_a_shorter(tmp_path):
    run_plan(made_plan(tmp_path, SMALL), _bench(tmp_path), tmp_path / "out")
    shorter = made_plan(tmp_path, SMALL.replace("n = 12", "n = 10"))
    bench = _bench(tmp_path)
    bench.n = 10
    results = run_plan(shorter, bench, tmp_path / "out")
    assert results.arms == ()
    assert all("only 10 items are asked" in one.reason for one in results.fallen)


def test_a_changed_plan_is_remembered(tmp_path):
    first, second = made_plan(tmp_path, SMALL), None
    run_plan(first, _bench(tmp_path), tmp_path / "out")
    second = made_plan(tmp_path, SMALL.replace("score = 0.6", "score = 0.5"))
    bench = _bench(tmp_path)
    results = run_plan(second, bench, tmp_path / "out")
    assert results.plans == (first.sha256, second.sha256)
    assert bench.asked == []
    assert (
        first.sha256[:12]
        in write_report(analyze(second, results, rounds=200), tmp_path / "report").read_text()
    )


def test_a_changed_system_is_asked_anew_or_refused_never_mixed(tmp_path):
    run_plan(made_plan(tmp_path, SMALL), _bench(tmp_path), tmp_path / "out")
    plan = made_plan(tmp_path, SMALL.replace('path = "large"', 'path = "other"'))
    bench = _bench(tmp_path)
    run_plan(plan, bench, tmp_path / "out")
    assert bench.opened == ["large"]


def test_two_runs_in_one_folder_and_a_folder_of_others_are_refused(tmp_path):
    plan, out = made_plan(tmp_path, SMALL), tmp_path / "out"
    out.mkdir()
    handle = os.open(out / ".lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(OutputError, match="another run is writing in this folder"):
        run_plan(plan, _bench(tmp_path), out)
    os.close(handle)
    other = tmp_path / "letters"
    other.mkdir()
    (other / "letter.txt").write_text("Dear")
    with pytest.raises(OutputError, match="holds other files and no titration"):
        run_plan(plan, _bench(tmp_path), other)


def test_progress_counts_the_steps_of_all_systems(tmp_path):
    told = []
    run_plan(
        made_plan(tmp_path, SMALL), _bench(tmp_path), tmp_path / "out",
        lambda step, moment, number, many: told.append((number, many, step.name, moment.done)),
    )  # fmt: skip
    assert told[-1] == (8, 8, "made_claims, large zero", 12)
