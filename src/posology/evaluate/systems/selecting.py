"""Choosing a setting by the task's primary measure on *select*."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from posology.evaluate.items import Item, Outcome, Response
from posology.evaluate.scorers import measures_of
from posology.evaluate.scorers.measures import value_of
from posology.evaluate.task import Task

__all__ = ["best_of", "covering", "score_on"]

T = TypeVar("T")

_COMMON = 0.1  # share of *tune* from which on a label must be there to choose by
_AT_LEAST = 2  # … with so many items of *select*


def score_on(task: Task, items: Sequence[Item], responses: Sequence[Response]) -> float:
    """Return the primary measure's value on items, more always being better; nan where nothing is scored."""
    measure = measures_of(task)[0]
    outcomes = [Outcome(item, response) for item, response in zip(items, responses, strict=True)]
    value = value_of(measure, outcomes)
    return math.nan if value is None else value * (measure.better or 1)


def best_of(
    task: Task, items: Sequence[Item], settings: Sequence[T], respond: Callable[[T], Sequence[Response]]
) -> T:
    """Return the setting whose responses to ``items`` score best; the first of equals, and without items."""
    if not items or len(settings) == 1:
        return settings[0]
    scores = [score_on(task, items, respond(setting)) for setting in settings]
    ranked = [-math.inf if math.isnan(score) else score for score in scores]
    return settings[ranked.index(max(ranked))]


def covering(tune: Sequence[Item], select: Sequence[Item]) -> Sequence[Item]:
    """Return *select*, or nothing where it lacks a label that is common in *tune*: it cannot tell settings.

    Few large groups can leave a part with one label; the best setting there is the one that answers it.
    """
    counts, there = Counter(str(one.gold) for one in tune), Counter(str(one.gold) for one in select)
    common = [label for label, count in counts.items() if count >= _COMMON * len(tune)]
    return select if all(there[label] >= _AT_LEAST for label in common) else ()
