"""Texts and pairs of texts as windows of word pieces: nothing is cut off, long texts are read in several.

Training and run time cut by these functions, so a head reads what it learned to read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from posology.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["BERT_MARKS", "Cutter", "Ints", "Pieces", "Window", "by_size", "padded", "padded_ids", "sides_of"]

Ints = NDArray[np.int64]
BERT_MARKS = ("[CLS]", "[SEP]")  # the special pieces at which a text begins and ends
_LEAST = 8  # word pieces that either side of a pair has in a window, where it is that long


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text's word pieces. ``offsets`` are characters, half-open; ``inside``: goes on a word."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    inside: tuple[bool, ...]

    def __repr__(self) -> str:
        """Show the number only: ids spell the text."""
        return f"Pieces({len(self.ids)})"


@dataclass(frozen=True, slots=True)
class Window:
    """What goes through the encoder at once, special pieces included.

    ``of`` is the number of the text or pair. ``start`` is the piece of the second text (of the only one
    where it is alone) that the window begins with; ``lead`` is where that piece stands in ``ids``.
    """

    of: int
    ids: tuple[int, ...]
    types: tuple[int, ...]
    start: int
    lead: int

    def __repr__(self) -> str:
        """Show the size only: ids spell the text."""
        return f"Window({self.of}, {len(self.ids)} pieces)"


class Cutter:
    """Cuts texts into windows with one tokenizer; ``window`` counts the special pieces, ``overlap`` none."""

    def __init__(
        self, tokenizer: "Tokenizer", window: int, overlap: int, marks: tuple[str, str] = BERT_MARKS
    ) -> None:
        """Take a tokenizer, the sizes in word pieces, and the special pieces that begin and end a text."""
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._begin, self._end = (_mark(tokenizer, mark) for mark in marks)
        if overlap < 0 or window - 3 < 2 * (overlap + _LEAST):
            raise ModelError(f"windows of {window} pieces are too small for an overlap of {overlap}")
        self._window, self._overlap = window, overlap

    def pieces(self, texts: Sequence[str]) -> list[Pieces]:
        """Return the word pieces of texts."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [_pieces(one.ids, one.offsets, one.word_ids) for one in encodings]

    def single(self, texts: Sequence[Pieces]) -> list[Window]:
        """Return the windows of texts that stand alone, in order."""
        return [window for of, one in enumerate(texts) for window in self._alone(of, one.ids)]

    def paired(self, pairs: Sequence[tuple[Pieces, Pieces]]) -> list[Window]:
        """Return the windows of pairs: each holds of both texts; the first is whole where it is short."""
        return [window for of, (a, b) in enumerate(pairs) for window in self._both(of, a.ids, b.ids)]

    def _alone(self, of: int, ids: tuple[int, ...]) -> Iterator[Window]:
        room = self._window - 2
        for start in _starts(len(ids), room, self._overlap):
            inner = (self._begin, *ids[start : start + room], self._end)
            yield Window(of, inner, (0,) * len(inner), start, 1)

    def _both(self, of: int, first: tuple[int, ...], second: tuple[int, ...]) -> Iterator[Window]:
        room = self._window - 3
        own = min(len(first), max(room // 2, room - len(second)))
        other = room - own
        for at in _starts(len(first), own, min(self._overlap, own // 2)):
            head = (self._begin, *first[at : at + own], self._end)
            for start in _starts(len(second), other, min(self._overlap, other // 2)):
                tail = (*second[start : start + other], self._end)
                yield Window(of, head + tail, (0,) * len(head) + (1,) * len(tail), start, len(head))


def _mark(tokenizer: "Tokenizer", mark: str) -> int:
    found: int | None = tokenizer.token_to_id(mark)
    if found is None:
        raise ModelError(f"the tokenizer has no {mark}: it is not the one of this encoder")
    return found


def by_size(sizes: Sequence[int], most: int) -> Iterator[list[int]]:
    """Yield the places of texts that go together, shortest first: ``most`` pieces at once, padding included.

    A text that is longer goes alone.
    """
    batch: list[int] = []
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        if batch and (len(batch) + 1) * sizes[place] > most:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def sides_of(window: Window) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return a pair's two texts in a window, each as it is read alone, with its special pieces."""
    return window.ids[: window.lead], (window.ids[0], *window.ids[window.lead :])


def padded_ids(texts: Sequence[Sequence[int]]) -> tuple[Ints, NDArray[np.float32]]:
    """Return ids and mask of texts, each (texts, pieces of the longest)."""
    ids = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)
    mask = np.zeros(ids.shape, dtype=np.float32)
    for row, one in enumerate(texts):
        ids[row, : len(one)], mask[row, : len(one)] = one, 1
    return ids, mask


def padded(windows: Sequence[Window]) -> tuple[Ints, NDArray[np.float32], Ints]:
    """Return ids, mask and types of windows, each (windows, pieces of the longest)."""
    ids, mask = padded_ids([window.ids for window in windows])
    types, _ = padded_ids([window.types for window in windows])
    return ids, mask, types


def _starts(length: int, room: int, overlap: int) -> range:
    """Return where windows begin: neighbours share ``overlap``, and the last one reaches the end."""
    return range(0, max(1, length - overlap), max(1, room - overlap))


def _pieces(ids: Sequence[int], offsets: Sequence[tuple[int, int]], words: Sequence[int | None]) -> Pieces:
    inside = (n > 0 and word is not None and word == words[n - 1] for n, word in enumerate(words))
    return Pieces(tuple(ids), tuple(offsets), tuple(inside))
