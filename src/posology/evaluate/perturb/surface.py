"""Changes of how a text is written: typing errors and the abbreviations of clinicians."""

import random
import re

from posology.evaluate.items import Item
from posology.evaluate.perturb.edits import Edit, Kept, touches
from posology.evaluate.perturb.words import ABBREVIATIONS, pattern_of
from posology.evaluate.task import Task

__all__ = ["abbreviate", "mistype"]

_WORD = re.compile(r"(?<![\w-])[^\W\d_]{5,}(?![\w-])")
_SHARE = 1 / 12  # of the words of five letters or more


def mistype(task: Task, item: Item, dice: random.Random) -> list[Edit]:  # noqa: ARG001
    """Return typing errors within words, one in twelve and at least one; no gold mention is touched."""
    found = [Edit(*match.span(), match[0]) for match in _WORD.finditer(item.text)]
    free = [edit for edit in found if not touches(edit, item.gold)]
    if not free:
        raise Kept("no word to mistype")
    chosen = dice.sample(free, max(1, round(len(free) * _SHARE)))
    return [Edit(edit.start, edit.end, _mistyped(edit.words, dice)) for edit in chosen]


def _mistyped(word: str, dice: random.Random) -> str:
    """Swap two inner letters, leave one out or double one: the first and the last stay."""
    places = [at for at in range(1, len(word) - 2) if word[at] != word[at + 1]] or [1]
    at, way = dice.choice(places), dice.randrange(3)
    if way == 0 and word[at] != word[at + 1]:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :] if way == 1 else word[:at] + word[at] + word[at:]


def abbreviate(task: Task, item: Item, dice: random.Random) -> list[Edit]:  # noqa: ARG001
    """Return all known long forms as abbreviations; no gold mention is touched."""
    words = ABBREVIATIONS.get(task.language)
    if words is None:
        raise Kept(f"no word list for the language {task.language}")
    longest = sorted(words, key=len, reverse=True)
    found = [
        Edit(*match.span(), words[match[0].casefold()])
        for match in pattern_of("|".join(longest)).finditer(item.text)
    ]
    free = [edit for edit in found if not touches(edit, item.gold)]
    if not free:
        raise Kept("nothing to abbreviate")
    return free
