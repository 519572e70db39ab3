"""The texts of tasks that scores are measured on: what no model may have learned."""

from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from posology.corpus import ProtectedText
from posology.evaluate.items import Item
from posology.evaluate.splits import load_parts
from posology.evaluate.task import Part, Task

__all__ = ["held_texts"]

_LEAST = 8  # words from which on a text tells an item by itself
_MEASURED = (Part.SELECT, Part.REPORT)


def held_texts(
    tasks: Iterable[Task],
    data: Path,
    missing: Callable[[str], None],
    left_out: Collection[str] = (),
) -> Iterator[ProtectedText]:
    """Yield the texts of the parts select and report, but those ``left_out`` (as TASK/PART).

    ``missing`` hears of tasks whose data is not there.

    Of an item that is its text, with the options where the text alone is short, and a gold answer that is
    itself a text. Options that all items of a part share tell none of them apart and are left out.
    """
    for task in tasks:
        measured = [part for part in _MEASURED if f"{task.name}/{part}" not in left_out]
        if not measured:
            continue
        if not (data / task.folder).exists():
            missing(task.name)
            continue
        parts = load_parts(task, data)
        for part in measured:
            items = parts[part]
            shared = len({item.options for item in items}) < 2
            for item in items:
                for text in _texts_of(item, shared=shared):
                    yield ProtectedText(f"{task.name}, {part}", text)


def _texts_of(item: Item, *, shared: bool) -> Iterator[str]:
    words = len(item.text.split())
    if words >= _LEAST or shared:
        yield item.text
    else:
        yield "\n".join((item.text, *item.options))
    if isinstance(item.gold, str) and item.gold not in item.options and len(item.gold.split()) >= _LEAST:
        yield item.gold
