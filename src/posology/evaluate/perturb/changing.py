"""Changing the items of a task in one way; what cannot be changed cleanly is left out and counted."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from posology.evaluate.items import Item
from posology.evaluate.perturb.context import add_note, plant_claim, reorder_options, withhold
from posology.evaluate.perturb.edits import Edit, Kept, apply_edits, moved, touches
from posology.evaluate.perturb.kinds import Perturbation
from posology.evaluate.perturb.people import change_age, change_insurance, change_origin, change_sex
from posology.evaluate.perturb.surface import abbreviate, mistype
from posology.evaluate.relations import parse_relation
from posology.evaluate.task import Family, Kind, Task

__all__ = ["Perturbed", "perturb"]

_EDITS: Mapping[Perturbation, Callable[[Task, Item, random.Random], list[Edit]]] = {
    Perturbation.SEX: change_sex,
    Perturbation.AGE: change_age,
    Perturbation.ETHNICITY: change_origin,
    Perturbation.INSURANCE: change_insurance,
    Perturbation.TYPOS: mistype,
    Perturbation.ABBREVIATIONS: abbreviate,
}
_WHOLE: Mapping[Perturbation, Callable[[Task, Item, random.Random], Item]] = {
    Perturbation.OPTIONS: reorder_options,
    Perturbation.NOTE: add_note,
    Perturbation.CLAIM: plant_claim,
    Perturbation.WITHHELD: withhold,
}


@dataclass(frozen=True, slots=True)
class Perturbed:
    """Changed items, each ``id#kind=…`` in its original's group; ``excluded``: id -> why not, of the rest."""

    items: tuple[Item, ...]
    excluded: Mapping[str, str]

    def counted(self) -> dict[str, int]:
        """Return how many items were left out for each reason."""
        return dict(Counter(self.excluded.values()).most_common())


def perturb(task: Task, items: Sequence[Item], kind: Perturbation, seed: int) -> Perturbed:
    """Change items in one way. Each is changed alike whatever others stand beside it."""
    changed, excluded = [], {}
    for item in items:
        dice = random.Random(f"{seed}:{kind}:{task.name}:{item.id}")
        try:
            changed.append(_change(task, item, kind, dice))
        except Kept as why:
            excluded[item.id] = str(why)
    return Perturbed(tuple(changed), excluded)


def _change(task: Task, item: Item, kind: Perturbation, dice: random.Random) -> Item:
    if kind in _EDITS:
        edits = _EDITS[kind](task, item, dice)
        if any(touches(edit, item.gold) for edit in edits):
            raise Kept("the change would touch an answer")
        made = replace(item, text=apply_edits(item.text, edits), gold=moved(item.gold, edits))
        _require_names_kept(task, item, made)
        _require_fields_free(item, kind)
    else:
        made = _WHOLE[kind](task, item, dice)
    if task.ask(made) == task.ask(item):
        raise Kept("the prompt does not show it")
    return replace(made, id=f"{item.id}#kind={kind}")


def _require_names_kept(task: Task, item: Item, made: Item) -> None:
    """Leave out items whose text no longer has the names of a gold relation: they could not be copied."""
    if task.form.kind is not Kind.CODES or task.family is not Family.RELATIONS:
        return
    names = {name for one in item.gold if isinstance(one, str) for name in parse_relation(one)[1:]}
    if any(name in _folded(item.text) and name not in _folded(made.text) for name in names):
        raise Kept("the change would touch an answer")


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _require_fields_free(item: Item, kind: Perturbation) -> None:
    """Leave out items that say the same in structured fields: text and fields would contradict each other."""
    names = {name.casefold() for name in item.fields}
    if kind in (Perturbation.SEX, Perturbation.AGE) and any(kind in name.split() for name in names):
        raise Kept("structured fields that say so too")
