"""Which systems and strategies a task can be asked with, said before anything is opened."""

from collections.abc import Sequence
from pathlib import Path

from posology.chat.torch_adapter import CONFIG
from posology.evaluate.items import Item
from posology.evaluate.strategy import Strategy, name_of
from posology.evaluate.systems.encoder import why_no_head
from posology.evaluate.systems.spec import SystemSpec
from posology.evaluate.task import Kind, Task

__all__ = ["why_not", "why_not_learnt"]

_SEVERAL = (Kind.CHOICE, Kind.ENTITIES, Kind.CODES)


def why_not(spec: SystemSpec, task: Task, strategy: Strategy | None = None) -> str:
    """Return why a system cannot stand in a task's table under a strategy, "" where it can.

    For an encoder the card of its head is read. What shows only in the items, ``why_not_learnt`` tells.
    """
    if spec.kind == "encoder":
        return _why_no_head(spec, task, strategy)
    if spec.kind == "generator":
        return _why_no_adapter(spec, task) or _why_not_asked(task, strategy)
    if strategy is not None:
        return f"{spec.kind} is not asked in words: it has no strategy"
    kinds = {
        "prior": (Kind.CHOICE, Kind.CODES, Kind.TEXT),
        "rules": (Kind.ENTITIES,),
        "tf-idf": (Kind.CHOICE, Kind.CODES, Kind.TEXT),
        "boosting": (Kind.CHOICE,),
    }.get(spec.kind)
    if kinds and task.form.kind not in kinds:
        return f"{spec.kind} answers {_listed(kinds)} tasks; this one is of the kind {task.form.kind}"
    if spec.kind == "boosting" and not task.labels:
        return "boosting needs the same labels for every item"
    return ""


def why_not_learnt(spec: SystemSpec, strategy: Strategy | None, tune: Sequence[Item]) -> str:
    """Return why a system cannot learn from a task's items what it needs, "" where it can."""
    if spec.kind == "boosting" and not any(
        value is not None for item in tune for value in item.fields.values()
    ):
        return "boosting needs structured fields; the items of this task have none"
    if strategy is not None and strategy.shots > len(tune):
        return (
            f"{name_of(strategy)}: {strategy.shots} examples are asked for; the part tune holds {len(tune)}"
        )
    return ""


def _why_no_head(spec: SystemSpec, task: Task, strategy: Strategy | None) -> str:
    if strategy is not None:
        return "an encoder is not asked in words: it has no strategy"
    return why_no_head(spec, task)


def _why_no_adapter(spec: SystemSpec, task: Task) -> str:
    if not spec.adapter or (Path(spec.on_task(task.name).adapter) / CONFIG).is_file():
        return ""
    folder = Path(spec.adapter)  # the task's own, where the system stands on a task already
    where = folder.parent if folder.name == task.name else folder
    return f"there is no adapter in {where}, nor in a folder {task.name} in it"


def _why_not_asked(task: Task, strategy: Strategy | None) -> str:
    if strategy is None:
        return "a generator is asked under a strategy, such as zero or few+constrained"
    name = name_of(strategy)
    if strategy.constrained and task.form.kind is Kind.TEXT:
        return f"{name}: a written text has no form to constrain it to"
    if strategy.votes > 1 and task.form.kind not in _SEVERAL:
        return f"{name}: written texts cannot be voted on"
    if strategy.calibrated and task.form.kind is not Kind.CHOICE:
        return f"{name}: only the labels of a choice have priors"
    return ""


def _listed(kinds: tuple[Kind, ...]) -> str:
    return " and ".join(kinds) if len(kinds) < 3 else f"{', '.join(kinds[:-1])} and {kinds[-1]}"
