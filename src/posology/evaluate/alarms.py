"""Scores too good to be true: what a model knew already, or what an item gives away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from posology.evaluate.references import standing_of
from posology.evaluate.task import Family, Task
from posology.statistics import Estimate

__all__ = ["Alarm", "Scored", "find_alarms"]

Cause = Literal["too good for its size", "perfect", "no model needed", "above far larger models"]

_FEWEST = 20  # items: fewer prove nothing
_PERFECT = 0.995
_LARGER = 10  # times the parameters


@dataclass(frozen=True, slots=True)
class Scored:
    """An arm's primary score. ``parameters``: None where unknown; ``model``: False for baselines."""

    arm: str
    found: Estimate
    parameters: int | None
    model: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """A score that must be explained before it is believed."""

    arm: str
    cause: Cause
    words: str


def find_alarms(task: Task, scored: Sequence[Scored]) -> tuple[Alarm, ...]:
    """Return the alarms of a task's scores, each arm's first cause; no overlap of words can be shown here."""
    found = (_alarm_of(task, one) for one in scored)
    return tuple(alarm for alarm in found if alarm is not None)


def _alarm_of(task: Task, one: Scored) -> Alarm | None:
    value, n = one.found.value, one.found.n
    if value is None or n < _FEWEST:
        return None
    shown = f"{task.metric} {value:.3f} on {n} items"
    if not one.model:
        words = f"{shown} without a language model: the items may give the answer away"
        return Alarm(one.arm, "no model needed", words) if value >= _PERFECT else None
    limit = task.card.alarm
    if limit and value >= limit[0] and one.parameters is not None and one.parameters <= limit[1]:
        size = f"a model of up to {limit[1]:,} parameters"
        words = f"{shown}: from {limit[0]:g} on, {size} may have seen the items"
        return Alarm(one.arm, "too good for its size", words)
    if task.family is Family.QUESTIONS and value >= _PERFECT:
        return Alarm(one.arm, "perfect", f"{shown}: exam questions without an error are known by heart")
    return _above_larger(task, one, shown)


def _above_larger(task: Task, one: Scored, shown: str) -> Alarm | None:
    """Return the alarm of a score that is above published ones of models ten times as large."""
    if one.parameters is None or one.found.low is None:
        return None
    larger = [
        reference
        for reference in task.card.references
        if standing_of(task, reference) == "beside"
        and reference.metric == task.metric
        and (reference.parameters or 0) >= _LARGER * one.parameters
    ]
    best = max(larger, key=lambda reference: reference.value, default=None)
    if best is None or one.found.low <= best.value:
        return None
    words = f"{shown}: above {best.system}, {best.value:g}, with ten times the parameters or more"
    return Alarm(one.arm, "above far larger models", words)
