"""Fixed examples: a few answered items of *tune*, the same for every question so that prompts share them."""

from collections.abc import Sequence

from posology.errors import UserError
from posology.evaluate.items import Item
from posology.evaluate.systems.digests import ordered_by_hash
from posology.evaluate.systems.golds import choices_of, learnable
from posology.evaluate.task import Kind, Task

__all__ = ["balanced", "choose_shots"]

_SHORTEST = 3  # examples are drawn from the shortest third of each label's items
_AT_LEAST = 8  # … or from so many


def choose_shots(task: Task, tune: Sequence[Item], count: int) -> tuple[Item, ...]:
    """Choose examples by hash: balanced over labels, from the shorter items, of different groups if they can.

    Of an entity task every fifth example is one without mentions, where *tune* has such items.
    """
    if not count:
        return ()
    items = learnable(task, tune)
    if len(items) < count:
        raise UserError(f"{task.name}: {count} examples are asked for; the part tune holds {len(items)}")
    strata = [_short(task, stratum) for stratum in _strata(task, items)]
    chosen = balanced([ordered_by_hash(stratum, f"shots:{task.name}") for stratum in strata], count)
    if len(chosen) < count:  # labels with too few short items: any others
        ids = {item.id for item in chosen}
        rest = ordered_by_hash([item for item in items if item.id not in ids], f"shots:{task.name}")
        chosen += rest[: count - len(chosen)]
    return tuple(ordered_by_hash(chosen, f"order:{task.name}"))


def balanced(strata: Sequence[Sequence[Item]], count: int) -> list[Item]:
    """Take items from each stratum in turn until there are enough; of a new group wherever one is left."""
    chosen: list[Item] = []
    before = -1
    while before < len(chosen) < count:
        before = len(chosen)
        for stratum in strata:
            found = _next_of(stratum, chosen)
            if found is not None and len(chosen) < count:
                chosen.append(found)
    return chosen


def _next_of(stratum: Sequence[Item], chosen: Sequence[Item]) -> Item | None:
    ids, groups = {item.id for item in chosen}, {item.group for item in chosen}
    left = [item for item in stratum if item.id not in ids]
    return next((item for item in left if item.group not in groups), left[0] if left else None)


def _strata(task: Task, items: Sequence[Item]) -> list[list[Item]]:
    if task.form.kind is Kind.CHOICE:
        labels = task.labels or choices_of(task, max(items, key=lambda item: len(choices_of(task, item))))
        return [[item for item in items if item.gold == label] for label in labels]
    if task.form.kind is Kind.ENTITIES:
        some, none = [item for item in items if item.gold], [item for item in items if not item.gold]
        return [some, none, some, some, some] if some and none else [some or none]
    return [list(items)]


def _short(task: Task, items: Sequence[Item]) -> list[Item]:
    by_length = sorted(items, key=lambda item: (_length(task, item), item.id))
    return by_length[: max(_AT_LEAST, len(items) // _SHORTEST)]


def _length(task: Task, item: Item) -> int:
    return len(task.ask(item)) + len(task.form.write(item, item.gold))
