"""The summary of a run: its scores with their intervals, what failed, what it cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from posology.evaluate.arm import ArmIdentity
from posology.evaluate.cost import Cost
from posology.evaluate.estimates import estimate_all
from posology.evaluate.items import Outcome
from posology.evaluate.scorers import AnyMeasure, measures_of
from posology.evaluate.task import Part, Task
from posology.statistics import Estimate

__all__ = ["RunSummary", "Score", "failures_of", "scores_of", "summary_record"]

_FORMAT = "summary/1"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Score:
    """A measure's value with its n and 95 % interval; None where there is nothing to score."""

    name: str
    value: float | None
    n: int
    low: float | None
    high: float | None
    better: int
    unit: str
    about: str


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What came of a run. ``scores``: the primary measure first. ``kept``: items of an earlier run."""

    folder: Path
    task: str
    part: Part
    arm: ArmIdentity
    n: int
    kept: int
    scores: tuple[Score, ...]
    failures: Mapping[str, int]
    cost: Cost


def scores_of(task: Task, outcomes: Sequence[Outcome], *, seed: int) -> tuple[Score, ...]:
    """Return every measure of the task over the outcomes, the primary one first."""
    measures = measures_of(task)
    found = estimate_all(measures, outcomes, seed=seed)
    return tuple(_score(one, found[one.name]) for one in measures)


def _score(measure: AnyMeasure, found: Estimate) -> Score:
    return Score(
        measure.name, found.value, found.n, found.low, found.high,
        better=measure.better, unit=measure.unit, about=measure.about,
    )  # fmt: skip


def failures_of(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Count what was not answered, by kind: parse, length, engine, abstained."""
    found: Counter[str] = Counter({"parse": 0, "length": 0, "engine": 0, "abstained": 0})
    for one in outcomes:
        if one.response.failure:
            found[one.response.failure.partition(":")[0]] += 1
        elif one.response.abstained:
            found["abstained"] += 1
    return dict(found)


def summary_record(summary: RunSummary) -> dict[str, Any]:
    """Return a summary as the JSON of summary.json."""
    return {
        "posology": _FORMAT,
        "task": summary.task,
        "part": str(summary.part),
        "arm": {"name": summary.arm.name, **asdict(summary.arm)},
        "n": summary.n,
        "measures": [
            {key: round(value, _DIGITS) if isinstance(value, float) else value for key, value in row.items()}
            for row in map(asdict, summary.scores)
        ],
        "failures": dict(summary.failures),
        "cost": summary.cost.as_json(),
    }
