"""The items of *tune* nearest to a question, by BM25 over their words."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

from posology.evaluate.items import Item

__all__ = ["Neighbours"]

_WORD = re.compile(r"\w+")


class Neighbours:
    """An index of answered items, built once. Words of every language count alike; no list of stop words.

    Scores are divided by the root of an item's length: questions are long here, and the longest items, which
    hold a little of everything, would be near to all of them.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        """Index the items by their text."""
        import bm25s

        self._items = sorted(items, key=lambda item: item.id)
        rows = [_words(item.text) for item in self._items]
        self._lengths = np.sqrt([max(1, len(row)) for row in rows])
        self._vocabulary = frozenset(word for row in rows for word in row)
        self._index: Any = None
        if self._vocabulary:
            self._index = bm25s.BM25()
            self._index.index(rows, show_progress=False)

    def nearest(self, item: Item, count: int) -> tuple[Item, ...]:
        """Return the nearest items, the nearest first, none of the item's own group; ties by id."""
        scores = self._scores(item)
        ranked = np.argsort(-scores, kind="stable")
        found = (self._items[place] for place in ranked if self._items[place].group != item.group)
        return tuple(islice(found, count))

    def _scores(self, item: Item) -> np.ndarray[Any, np.dtype[np.float32]]:
        words = [word for word in _words(item.text) if word in self._vocabulary]
        if not words:
            return np.zeros(len(self._items), dtype=np.float32)
        return np.asarray(self._index.get_scores(words) / self._lengths, dtype=np.float32)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
