"""Hold the mean of several seeds of a tuned model against its rivals, from answers that are kept.

python benchmarks/dose_seeds.py keep DIR --run seed-0
python benchmarks/dose_seeds.py keep DIR --run rivals
python benchmarks/dose_seeds.py report

Trained weights are not committed; what they answered is small. `keep` takes the arms
of DIR, which `posology evaluate` wrote (`scripts/dose_seed`, `scripts/dose_rivals`), into
reports/second-dose/answers: of each item its id, the answer and how it failed, never its text or its gold
answer. `report` reads the items again, scores the kept answers and writes results.json: of each task the
primary measure of every seed, their mean, and the mean's paired difference from each rival on the same
items, with a 95 % interval over items (2,000 draws of groups, not corrected for their number); a row is
won or lost where the interval leaves out nothing. A rival whose answers are not kept stands with its score
and interval of the first study, on the same items: that difference is not paired; its interval adds the
rival's and the widest of the seeds' as if the items were others, and is wider than need be. Diagnosis codes
are no task of the first study: they stand beside it, their categories too, and count in no mean. With the
rows stands the mean over all tasks of the first study with tuned models, by that study's scores of the rivals
and, where nothing was trained anew, its own.
"""

import argparse
import csv
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from common import DATA, REPORTS, machine, verdict, write_report
from dose import RIVALS
from posology.evaluate.estimates import compare_runs, estimate
from posology.evaluate.evaluation import Bench
from posology.evaluate.items import Item, Outcome, Response
from posology.evaluate.results import (
    answer_from_json,
    answer_to_json,
    read_manifest,
    read_outcomes,
    read_summary,
)
from posology.evaluate.runner import hash_items
from posology.evaluate.scorers import AnyMeasure, measures_of
from posology.evaluate.task import Task
from posology.evaluate.tasks import TASKS

T = TypeVar("T")
NAME = "second-dose"
N = 100
ANSWERS = REPORTS / NAME / "answers"
_OURS = ("tuned+constrained", "tuned")
_ALSO = {"codiesp_en": ("category micro-F1",)}  # measures that are told beside the primary one


def _packed(outcome: Outcome) -> list[Any]:
    """Return what is kept of an outcome: mentions without their words, where those stand in the item."""
    response, answer = outcome.response, answer_to_json(outcome.response.answer)
    if isinstance(answer, list):
        answer = [one[:3] if isinstance(one, list) and one[0] >= 0 else one for one in answer]
    return [outcome.item.id, answer, response.failure, response.abstained]


def _unpacked(row: Sequence[Any], item: Item, task: Task) -> Outcome:
    _, answer, failure, abstained = row
    if isinstance(answer, list):
        answer = [
            [*one, item.text[one[0] : one[1]]] if isinstance(one, list) and len(one) == 3 else one
            for one in answer
        ]
    return Outcome(item, Response(answer_from_json(answer, task.form.kind), failure, abstained))


def keep(folder: Path, run: str) -> None:
    """Pack the answers of every finished arm of a folder of `posology evaluate`."""
    bench, tasks = Bench(DATA, folder, n=N), {}
    for place in sorted(folder.glob("*/*/summary.json")):
        summary, settings = read_summary(place.parent), read_manifest(place.parent)["settings"]
        task = TASKS[summary["task"]]
        items = bench.items(task)
        if settings.get("items_sha256") != hash_items(items):
            raise SystemExit(f"{place.parent}: answers to other items than the first {N} of report")
        outcomes = read_outcomes(place.parent, task, {item.id: item for item in items})
        tasks.setdefault(task.name, {})[summary["arm"]["name"]] = {
            "items_sha256": settings["items_sha256"],
            "seconds": round(sum(one.response.seconds for one in outcomes), 3),
            "answers": [_packed(one) for one in outcomes],
        }
    ANSWERS.mkdir(parents=True, exist_ok=True)
    told = {"posology": "kept-answers/1", "run": run, "machine": machine(), "tasks": tasks}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    (ANSWERS / f"{run}.json.gz").write_bytes(gzip.compress(text, mtime=0))
    print(f"{run}: {sum(map(len, tasks.values()))} arms of {len(tasks)} tasks kept")


def _read(path: Path, bench: Bench) -> dict[str, dict[str, list[Outcome]]]:
    """Return the outcomes of a kept run by task and arm; the items must be those that were asked."""
    found: dict[str, dict[str, list[Outcome]]] = {}
    for name, arms in json.loads(gzip.decompress(path.read_bytes()))["tasks"].items():
        task = TASKS[name]
        items = {item.id: item for item in bench.items(task)}
        for arm, kept in arms.items():
            if kept["items_sha256"] != hash_items(list(items.values())):
                raise SystemExit(f"{path.name}: {name}: the items are not those that {arm} answered")
            rows = [_unpacked(row, items[row[0]], task) for row in kept["answers"]]
            found.setdefault(name, {})[arm] = rows
    return found


def _first(arms: Mapping[str, T], names: Sequence[str]) -> tuple[str, T] | None:
    """Return the first of the named arms that is there, under fewer strategies where a task takes no more."""
    for name in names:
        for short in (name, name.removesuffix("+calibrated"), name.partition("+")[0]):
            if short in arms:
                return short, arms[short]
    return None


def _ours(task: str, arms: Mapping[str, list[Outcome]]) -> list[Outcome] | None:
    """Return what was tuned for a task: the head of its name, or an adapter, constrained where it is."""
    adapters = [arms[name] for way in _OURS for name in arms if name.endswith(f" {way}")]
    if task in arms and adapters:
        raise SystemExit(f"{task}: answers of a head and of an adapter: keep one of them")
    return arms.get(task) or next(iter(adapters), None)


def _against(
    measure: AnyMeasure, runs: Sequence[list[Outcome]], name: str, other: list[Outcome]
) -> dict[str, Any]:
    found = compare_runs(measure, runs, other)
    said = verdict(found.low, found.high, measure.better or 1)
    score = estimate(measure, other).value
    return {
        "arm": name,
        "score": score,
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "says": said,
        "paired": True,
    }


Scored = Mapping[tuple[str, str, str], tuple[float, float, float]]
"""Value, low and high by task, arm and measure."""


def first_scores() -> dict[tuple[str, str, str], tuple[float, float, float]]:
    """Return the scores of the first study with tuned models."""
    with (REPORTS / "first-dose-tuned" / "scores.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["task"], row["arm"], row["measure"]): (
                float(row["value"]),
                float(row["low"]),
                float(row["high"]),
            )
            for row in csv.DictReader(file)
            if row["low"]
        }


def _apart(
    measure: AnyMeasure, runs: Sequence[list[Outcome]], arm: str, told: tuple[float, float, float]
) -> dict[str, Any]:
    """Return the difference from a score that another run measured, as if the items were others."""
    ours = [estimate(measure, run) for run in runs]
    value, low, high = told
    widest = max((one.high or 0) - (one.low or 0) for one in ours)
    difference = fmean(one.value or 0 for one in ours) - value
    half = math.hypot(widest, high - low) / 2
    said = verdict(difference - half, difference + half, measure.better or 1)
    return {
        "arm": arm,
        "score": value,
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
        "says": said,
        "paired": False,
    }


def row_of(
    task: Task,
    measure: AnyMeasure,
    runs: Mapping[str, list[Outcome]],
    rivals: Mapping[str, list[Outcome]],
    first: Scored,
) -> dict[str, Any]:
    """Return a task's row by one of its measures; rivals that are not kept stand as ``first`` scored them."""
    scores = {name: estimate(measure, run).value for name, run in runs.items()}
    against, here = {}, (task.name, measure.name)
    for rival, names in RIVALS.items():
        found, mine = _first(rivals, names), list(runs.values())
        told = _first({arm: score for (of, arm, by), score in first.items() if (of, by) == here}, names)
        if found:
            against[rival] = _against(measure, mine, *found)
        else:
            against[rival] = _apart(measure, mine, *told) if told else None
    return {
        "task": task.name,
        "measure": measure.name,
        "n": len(next(iter(runs.values()))),
        "runs": scores,
        "mean": fmean(score for score in scores.values() if score is not None),
        "against": against,
    }


def combined(rows: Sequence[Mapping[str, Any]], first: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the mean difference from each rival over the first study's tasks, by its scores of them.

    What was not trained anew counts with the first study's one seed. The items are the same; scores are
    taken from one another, so there is no interval.
    """
    means = {row["task"]: row["mean"] for row in rows}
    told = {}
    for rival in RIVALS:
        found = [
            means.get(row["task"], row["score"]) - other["score"]
            for row in first
            if (other := row["against"][rival]) and other["score"] is not None
        ]
        told[rival] = {"tasks": len(found), "mean_difference": fmean(found) if found else None}
    return {"trained_anew": sorted(means), "against": told}


def report() -> None:
    """Write results.json from all answers that are kept."""
    bench = Bench(DATA, REPORTS, n=N)
    kept = {
        path.name.removesuffix(".json.gz"): _read(path, bench) for path in sorted(ANSWERS.glob("*.json.gz"))
    }
    rivals = kept.pop("rivals", {})
    first = json.loads((REPORTS / "first-dose-tuned" / "dose.json").read_text())["rows"]
    rows, scores = [], first_scores()
    for name in sorted({task for run in kept.values() for task in run}):
        runs = {run: mine for run, tasks in kept.items() if (mine := _ours(name, tasks.get(name, {})))}
        primary, *others = measures_of(TASKS[name])
        for measure in (primary, *(one for one in others if one.name in _ALSO.get(name, ()))):
            if runs:
                rows.append(row_of(TASKS[name], measure, runs, rivals.get(name, {}), scores))
    studied = [row for row in rows if row["task"] in {one["task"] for one in first}]
    means = {}
    for rival in RIVALS:
        found = [one for row in studied if (one := row["against"][rival]) and one["difference"] is not None]
        if found:
            means[rival] = {
                "tasks": len(found),
                "mean_difference": fmean(one["difference"] for one in found),
                **{said: sum(one["says"] == said for one in found) for said in ("won", "lost", "open")},
            }
    results = {"rows": rows, "means": means, "with_first_study": combined(studied, first)}
    command = "benchmarks/dose_seeds.py report"
    write_report(NAME, results, command=command, settings={"n": N, "runs": sorted(kept)})
    for row in rows:
        said = {k: v and (round(v["difference"], 3), v["says"]) for k, v in row["against"].items()}
        print(
            row["task"],
            row["measure"],
            row["n"],
            {k: v and round(v, 3) for k, v in row["runs"].items()},
            said,
        )
    print(means)
    print(results["with_first_study"])


def main() -> int:
    """Keep answers, or report on all that are kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("act", choices=("keep", "report"))
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument(
        "--run", default="", help="what the answers are called: seed-0, seed-1, ... or rivals"
    )
    given = parser.parse_args()
    if given.act == "keep":
        if given.folder is None or not given.run:
            parser.error("keep needs the folder of the answers and --run")
        keep(given.folder, given.run)
    else:
        report()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
