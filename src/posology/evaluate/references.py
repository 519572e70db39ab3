"""Published scores: which stand beside ours, and which are of other data or another measure."""

from typing import Literal

from posology.evaluate.scorers import measures_of
from posology.evaluate.task import Part, Reference, Task

__all__ = ["Standing", "standing_of"]

Standing = Literal["beside", "other split", "other measure"]

_TEST = "official test split"


def standing_of(task: Task, reference: Reference) -> Standing:
    """Say how a published score stands to ours.

    Beside: one of the task's measures, and of the same items: its split is called *report*, or it is the
    official test split and the task reports on that alone.
    """
    if reference.metric not in {measure.name for measure in measures_of(task)}:
        return "other measure"
    split = reference.split.casefold()
    official = task.shares.part_of is not None and task.shares.report == 0
    if split == Part.REPORT or (official and split.startswith(_TEST)):
        return "beside"
    return "other split"
