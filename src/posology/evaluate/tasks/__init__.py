"""The tasks, each a file; ``TASKS`` lists them."""

from posology.errors import UserError
from posology.evaluate.naming import nearest_words
from posology.evaluate.task import Task
from posology.evaluate.tasks.healthver import HEALTHVER
from posology.evaluate.tasks.imhi_mental_health import IMHI_DR, IMHI_DREADDIT, IMHI_SAD
from posology.evaluate.tasks.medqa_usmle import MEDQA_USMLE
from posology.evaluate.tasks.pubmedqa import PUBMEDQA

__all__ = ["TASKS", "find_task"]

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        HEALTHVER,
        IMHI_DR,
        IMHI_DREADDIT,
        IMHI_SAD,
        MEDQA_USMLE,
        PUBMEDQA,
    )
}


def find_task(name: str) -> Task:
    """Return the task of a name; raise UserError, offering the nearest name, where there is none."""
    if name not in TASKS:
        raise UserError(f"there is no task {name!r}{nearest_words(name, TASKS)}")
    return TASKS[name]
