"""Sections of docs/measurements.md on evaluation: the first study, the runner, and the agreement with a harness."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from common import REPORTS, load, share

__all__ = ["SECTIONS"]

_BASELINES = ("majority", "rules", "tf-idf", "boosting")


def study(name: str, heading: str, beside: str) -> Iterator[str]:
    """Yield the section on a dose-finding study; ``beside`` says what it adds to its table."""
    found = json.loads((REPORTS / name / "study.json").read_text())
    plan = found["plan"]
    models = [rung["name"] for rung in plan["ladder"]]
    sizes = {arm["measures"][task["metric"]]["n"] for task in found["tasks"] for arm in task["arms"]}
    reference = plan["requirement"]["non_inferior_to"].split(" ", 1)[1]
    yield f"## {heading}"
    yield ""
    yield f"`posology titrate studies/{name}.toml`: {len(found['tasks'])} tasks, {beside}."
    yield f"n = {' or '.join(map(str, sorted(sizes)))} items of *report* a task, the same for all its arms; tasks, primary measures and arms were committed"
    yield "before the first run. Shown is the primary measure with its 95 % interval, of models under the strategy of the"
    yield f"reference ({reference}; where a task has no options to choose from, few), not under their best, which these items"
    yield "would flatter."
    yield ""
    yield "| task (measure) | " + " | ".join((*_BASELINES, *models)) + " |"
    yield "|---" * (1 + len(_BASELINES) + len(models)) + "|"
    for task in found["tasks"]:
        arms = {arm["name"]: arm for arm in task["arms"]}
        cells = [_score(arms.get(name), task["metric"]) for name in _BASELINES]
        for model in models:
            arm = arms.get(f"{model} {reference}") or arms.get(f"{model} few") or arms.get(model)
            cells.append(_score(arm, task["metric"]))
        yield f"| {task['task']} ({task['metric']}) | " + " | ".join(cells) + " |"
    yield ""
    for task in found["tasks"]:
        yield f"- {task['dose']['sentence']}"
    yield ""
    yield f"Over the whole plan: {found['dose']['sentence']}"
    yield ""
    yield f"All arms, strategies, paired differences, slices and costs: [the report](../reports/{name}/report.html)."


def _score(arm: Mapping[str, Any] | None, metric: str) -> str:
    score = arm["measures"].get(metric) if arm else None
    return f"{score['value']:.2f} ({score['low']:.2f}-{score['high']:.2f})" if score else "-"


def runner() -> Iterator[str]:
    """Yield the section on the runner's speed."""
    r, where = load("evaluate")
    many, killed, gain = r["cached_100000"], r["killed_run"], r["prefixes"]
    yield "## The runner of evaluations"
    yield ""
    yield f"{where}. Load of the machine before: {r['load_before'][0]}."
    yield ""
    yield "| what | target | measured |"
    yield "|---|---|---|"
    for strategy, row in r["throughput"].items():
        yield f"| items a second of SmolLM2-135M against the bare engine, {strategy} (n = {row['n']}, median of {len(row['engine_s'])}) | 0.9 | {row['ratio']:.2f} ({row['runner_items_per_s']} of {row['engine_items_per_s']}) |"
    yield f"| few-shot prompts with one beginning against ones without (n = {gain['n']}) | - | {gain['gain']:.1f} times as fast |"
    yield f"| {many['n']:,} cached items | 60 s, 1 GB | {many['seconds']:.1f} s, {many['peak_memory_mb'] / 1000:.2f} GB |"
    lost = "no item lost or repeated" if killed["no_item_lost_or_repeated"] else "items lost or repeated"
    yield f"| a run killed after {killed['kept_of_killed_run']:,} items: to its next new answer | 5 s | {killed['seconds_to_first_new_answer']:.1f} s, {lost} |"


def agreement() -> Iterator[str]:
    """Yield the section on the agreement with lm-evaluation-harness."""
    r, where = load("agreement")
    yield "## Agreement with the field"
    yield ""
    yield f"{where}. {r['model']['name']} ({r['model']['precision']}) through {r['harness']}: the same prompts, the choice by"
    yield "log-likelihood."
    yield ""
    yield "| task | type | same choice (target: 0.99) | largest difference of a score |"
    yield "|---|---|---|---|"
    for row in r["rows"]:
        yield f"| {row['task']} | {row['dtype']} | {share(row['same_choice'])} | {row['largest_score_difference']:.2g} |"


def first_dose() -> Iterator[str]:
    """Yield the section on untuned models."""
    yield from study("first-dose", "The first dose", "four untuned models")


def with_encoders() -> Iterator[str]:
    """Yield the section on the same study with one tuned encoder more."""
    beside = "the same arms and an encoder of 22.6 million parameters tuned for each task (one seed)"
    yield from study("first-dose-encoders", "The first dose with tuned encoders", beside)


SECTIONS = {
    "first-dose": first_dose,
    "first-dose-encoders": with_encoders,
    "evaluate": runner,
    "agreement": agreement,
}
