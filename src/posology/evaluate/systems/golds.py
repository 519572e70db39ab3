"""Labels to choose from, and gold answers that a system can learn from."""

from collections.abc import Mapping, Sequence

from posology.chat import Choice
from posology.errors import UserError
from posology.evaluate.items import Item
from posology.evaluate.task import Kind, Task

__all__ = ["choices_of", "learnable", "likeliest"]


def choices_of(task: Task, item: Item) -> tuple[str, ...]:
    """Return the labels that an item may be answered with."""
    held = task.form.constraint(item)
    return held.options if isinstance(held, Choice) else task.labels


def likeliest(shares: Mapping[str, float]) -> str:
    """Return the label of the highest share or probability, the first of equals."""
    return max(shares, key=lambda label: shares[label])


def _is_learnable(task: Task, item: Item) -> bool:
    """Say whether an item has a gold answer of the task's kind."""
    if task.form.kind is Kind.CHOICE:
        return item.gold in choices_of(task, item)
    return task.form.kind is Kind.ENTITIES or bool(item.gold)


def learnable(task: Task, items: Sequence[Item]) -> list[Item]:
    """Return the items with a gold answer; raise UserError where there is none to learn from."""
    found = [item for item in items if _is_learnable(task, item)]
    if not found:
        raise UserError(f"{task.name}: the part tune holds no answered item to learn from")
    return found
