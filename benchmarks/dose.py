"""Hold the tuned model of a finished study against its rivals: a row a task, won, lost or open.

python benchmarks/dose.py DIR --name first-dose-tuned

DIR is what `posology titrate studies/first-dose-tuned.toml` wrote. Which arm counts stands in that plan:
tuned and constrained, of written texts tuned. The rivals are the plan's reference (the largest model
with examples and constraint), the same also calibrated, what learns from all examples by counting (tf-
idf, or rules where there are no labels), the tuned encoder, and the same model untuned. Differences are
paired, on the same items, with 95 % intervals and p by permutation, not corrected for their number; a
row is won or lost where the interval leaves out nothing. Tasks without a result of the tuned model are
listed.
"""

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import Any

from common import DATA, REPORTS, ROOT, verdict
from posology.evaluate.estimates import compare_arms, estimate_all
from posology.evaluate.evaluation import Bench
from posology.evaluate.scorers import AnyMeasure, measures_of
from posology.evaluate.task import Task
from posology.evaluate.tasks import TASKS
from posology.evaluate.titration import load_plan, read_results
from posology.evaluate.titration.arms import ArmResult
from posology.evaluate.titration.plan import Plan

OURS = "smollm2-135m-tuned tuned+constrained"
RIVALS = {  # the first that has a result stands for the rival
    "1.5B": ("qwen2.5-coder-1.5b-instruct few+constrained",),
    "1.5B, calibrated": ("qwen2.5-coder-1.5b-instruct few+constrained+calibrated",),
    "counting": ("tf-idf", "rules"),
    "encoder": ("minilm-tuned",),
    "untuned": ("smollm2-135m-instruct few+constrained+calibrated", "smollm2-135m-instruct zero"),
}


def against(measure: AnyMeasure, ours: ArmResult, other: ArmResult, seed: int) -> dict[str, Any]:
    """Return the difference from one rival, and what it says."""
    found = compare_arms(measure, ours.outcomes, other.outcomes, seed=seed)
    return {
        "arm": other.name,
        "score": estimate_all([measure], other.outcomes, seed=seed)[measure.name].value,
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p": found.p_value,
        "says": verdict(found.low, found.high, measure.better or 1),
    }


def row_of(plan: Plan, task: Task, there: dict[str, ArmResult]) -> dict[str, Any] | None:
    """Return a task's row, None where the tuned model has no result on it."""
    ours = there.get(plan.stand_in(task, OURS))
    if ours is None:
        return None
    measure, seed = measures_of(task)[0], plan.file.seed
    found = estimate_all([measure], ours.outcomes, seed=seed)[measure.name]
    rivals = {}
    for rival, names in RIVALS.items():
        arm = next(
            (there[one] for one in (plan.stand_in(task, name) for name in names) if one in there), None
        )
        rivals[rival] = against(measure, ours, arm, seed) if arm else None
    return {
        "task": task.name,
        "measure": measure.name,
        "n": found.n,
        "arm": ours.name,
        "score": found.value,
        "low": found.low,
        "high": found.high,
        "against": rivals,
    }


def main() -> int:
    """Write dose.json beside the study's report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--plan", type=Path, default=ROOT / "studies" / "first-dose-tuned.toml")
    given = parser.parse_args()
    plan = load_plan(given.plan, TASKS)
    bench = Bench(DATA, given.folder, n=plan.file.n)
    by_task: dict[str, dict[str, ArmResult]] = {}
    for arm in read_results(plan, bench, given.folder).arms:
        by_task.setdefault(arm.task, {})[arm.name] = arm
    rows = [row for task in plan.tasks if (row := row_of(plan, task, by_task.get(task.name, {})))]
    means = {
        rival: {
            "tasks": len(found),
            "mean_difference": fmean(one["difference"] for one in found if one["difference"] is not None),
            "won": sum(one["says"] == "won" for one in found),
            "lost": sum(one["says"] == "lost" for one in found),
        }
        for rival in RIVALS
        if (found := [row["against"][rival] for row in rows if row["against"][rival]])
    }
    without = [task.name for task in plan.tasks if task.name not in {row["task"] for row in rows}]
    told = {"plan_sha256": plan.sha256, "rows": rows, "without_result": without, "means": means}
    (REPORTS / given.name / "dose.json").write_text(json.dumps(told, indent=1) + "\n")
    for row in rows:
        print(row["task"], row["measure"], row["n"], round(row["score"], 3), end=" ")
        print({k: v and (round(v["difference"], 3), v["says"]) for k, v in row["against"].items()})
    print(means)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
