"""Changes around the case: options in another order, irrelevant notes, false claims, the text withheld."""

import random
from dataclasses import replace

from posology.evaluate.forms import LETTERS, ChoiceForm
from posology.evaluate.items import Item
from posology.evaluate.perturb.edits import Kept
from posology.evaluate.perturb.words import CLAIMS, NOTES, WITHHELD, pattern_of
from posology.evaluate.task import Kind, Task

__all__ = ["add_note", "plant_claim", "reorder_options", "withhold"]

_POINTS_AT_OTHERS = pattern_of(
    "all of the above|none of the above|both*|above|neither*|options|A and B|B and C|A and C|tutte le*|"
    "nessuna delle*|todas las*|ninguna de las*"
)


def reorder_options(task: Task, item: Item, dice: random.Random) -> Item:  # noqa: ARG001
    """Return an item whose options stand in another order, the gold letter with its option."""
    place = LETTERS.find(item.gold) if isinstance(item.gold, str) and len(item.gold) == 1 else -1
    if len(item.options) < 2 or not 0 <= place < len(item.options):
        raise Kept("no options of its own")
    if any(_POINTS_AT_OTHERS.search(option) for option in item.options):
        raise Kept("an option that speaks of others")
    order = list(range(len(item.options)))
    while order == sorted(order):
        dice.shuffle(order)
    options = tuple(item.options[number] for number in order)
    return replace(item, options=options, gold=LETTERS[order.index(place)])


def add_note(task: Task, item: Item, dice: random.Random) -> Item:
    """Return an item with an irrelevant note behind its text."""
    notes = NOTES.get(task.language)
    if notes is None:
        raise Kept(f"no note in the language {task.language}")
    return replace(item, text=f"{item.text}\n\n{dice.choice(notes)}")


def plant_claim(task: Task, item: Item, dice: random.Random) -> Item:
    """Return an item with a false claim on its answer; the slice ``planted`` says which."""
    form = task.form
    if form.kind is not Kind.CHOICE or not isinstance(form, ChoiceForm):
        raise Kept("no label to claim")
    if task.language not in CLAIMS:
        raise Kept(f"no claim in the language {task.language}")
    wrong = dice.choice([label for label in form.choices(item) if label != item.gold])
    claim = CLAIMS[task.language].format(wrong=wrong)
    return replace(item, text=f"{item.text}\n\n{claim}", slices={**item.slices, "planted": wrong})


def withhold(task: Task, item: Item, dice: random.Random) -> Item:  # noqa: ARG001
    """Return an item without its text: whoever answers guesses, and declining is right."""
    if task.form.kind is Kind.TEXT:
        raise Kept("a text that is written of nothing")
    return replace(item, text=WITHHELD.get(task.language, WITHHELD["en"]))
