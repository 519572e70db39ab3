"""A task's items as examples to learn from: asked as a tuned model is asked, without shots."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from posology.corpus import Example, Provenance
from posology.errors import UserError
from posology.evaluate.items import Item
from posology.evaluate.splits import load_parts
from posology.evaluate.systems.golds import learnable
from posology.evaluate.systems.prompts import messages_for
from posology.evaluate.task import Kind, Part, Task
from posology.evaluate.tasks import find_task

__all__ = ["examples_of", "task_examples"]

_GROUNDED = (Kind.TEXT, Kind.ENTITIES)  # answers whose words must come from the item's text


def examples_of(task: Task, items: Sequence[Item]) -> list[Example]:
    """Return the items that have a gold answer as examples; the prompt is that of zero and of tuned.

    The answer is the gold one as the task's form writes it. Its source, where the answer's words are to come
    from the text, is the item's text. Raises UserError where no item has an answer.
    """
    return [_example(task, item) for item in learnable(task, items)]


def _example(task: Task, item: Item) -> Example:
    card = task.card
    return Example(
        id=f"{task.name}/{item.id}",
        messages=messages_for(task, item),
        answer=task.form.write(item, item.gold),
        provenance=Provenance(source=card.source, licence=card.licence, group=item.group),
        task=task.name,
        source_text=item.text if task.form.kind in _GROUNDED else "",
    )


def task_examples(name: str, part: Literal["tune", "select"], data: Path) -> list[Example]:
    """Return the examples of a task's part; the part with scores is refused."""
    if part not in (Part.TUNE, Part.SELECT):
        raise UserError(f"{name}: the part {part} is for scores: nothing learns from it")
    task = find_task(name)
    return examples_of(task, load_parts(task, data)[Part(part)])
