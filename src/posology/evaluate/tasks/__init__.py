"""The tasks, each a file; ``TASKS`` lists them."""

from posology.evaluate.task import Task
from posology.evaluate.tasks.healthver import HEALTHVER

__all__ = ["TASKS"]

TASKS: dict[str, Task] = {task.name: task for task in (HEALTHVER,)}
