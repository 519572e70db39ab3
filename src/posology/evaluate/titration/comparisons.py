"""Arms compared on the same items: differences with Holm's correction, and items to read."""

from collections.abc import Sequence
from dataclasses import dataclass

from posology.evaluate.comparison import holm_corrected
from posology.evaluate.estimates import compare_arms
from posology.evaluate.scorers import AnyMeasure, ItemScore, score_item
from posology.evaluate.task import Task
from posology.evaluate.titration.arms import ArmResult
from posology.statistics import Difference

__all__ = ["Compared", "Read", "compare_with", "items_to_read"]

_APART = 0.5  # of item scores, from which on an item is a win or a loss
_MOST = 8


@dataclass(frozen=True, slots=True)
class Compared:
    """An arm less the one it is compared with; ``adjusted``: p after Holm over all arms of the task."""

    arm: str
    other: str
    difference: Difference
    adjusted: float | None


@dataclass(frozen=True, slots=True)
class Read:
    """An item that one arm has right and the other has not, to be read."""

    item: str  # its id
    won: bool  # by the first arm
    first: str  # why, in labels and counts
    second: str


def compare_with(
    other: ArmResult, arms: Sequence[ArmResult], measure: AnyMeasure, *, seed: int, rounds: int
) -> tuple[Compared, ...]:
    """Compare arms with one of them on the same items."""
    rest = [arm for arm in arms if arm.name != other.name]
    found = [compare_arms(measure, arm.outcomes, other.outcomes, seed=seed, rounds=rounds) for arm in rest]
    return tuple(
        Compared(arm.name, other.name, one, adjusted)
        for arm, one, adjusted in zip(rest, found, holm_corrected(found), strict=True)
    )


def items_to_read(task: Task, first: ArmResult, second: ArmResult) -> tuple[Read, ...]:
    """Return items on which two arms differ most, wins of the first before losses, up to eight of each."""
    theirs = {outcome.item.id: score_item(task, outcome) for outcome in second.outcomes}
    apart: list[tuple[float, ItemScore, ItemScore]] = []
    for outcome in first.outcomes:
        ours, other = score_item(task, outcome), theirs.get(outcome.item.id)
        if other is None or ours.value is None or other.value is None:
            continue
        if abs(ours.value - other.value) >= _APART:
            apart.append((ours.value - other.value, ours, other))
    apart.sort(key=lambda row: (-abs(row[0]), row[1].id))
    wins = [row for row in apart if row[0] > 0][:_MOST]
    losses = [row for row in apart if row[0] < 0][:_MOST]
    return tuple(Read(ours.id, by > 0, ours.reason, other.reason) for by, ours, other in [*wins, *losses])
