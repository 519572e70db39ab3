"""Pairs whose texts are read apart: each goes through the encoder once, however many pairs it stands in."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.evidence.heads.windows import Window, by_size, padded_ids, sides_of

__all__ = ["PairReader"]

Floats = NDArray[np.float32]
Text = tuple[int, ...]  # ids, special pieces included
_AT_ONCE = 2048  # word pieces of one inference, padding included
_CHUNK = 500  # pairs whose texts are encoded before any is compared, like lengths together
_KEPT = 60_000  # word pieces whose vectors are remembered, 92 MB of 384 numbers: a source is cited often


class PairReader:
    """Reads windows of pairs by two graphs: the encoder (ids, mask -> vectors), and the comparing head."""

    def __init__(self, encoder: Any, comparing: Any) -> None:
        """Take the compiled graphs."""
        self._encoder = encoder
        self._comparing = comparing
        self._known: dict[Text, Floats] = {}
        self._pieces = 0

    def __call__(self, windows: Sequence[Window]) -> list[NDArray[np.float64]]:
        """Return each window's logits, (labels,): its two texts, each encoded alone, compared."""
        rows: list[NDArray[np.float64]] = []
        for first in range(0, len(windows), _CHUNK):
            rows += self._compared([sides_of(window) for window in windows[first : first + _CHUNK]])
        return rows

    def _compared(self, pairs: Sequence[tuple[Text, Text]]) -> list[NDArray[np.float64]]:
        vectors = self._vectors(dict.fromkeys(text for pair in pairs for text in pair))
        rows: dict[int, NDArray[np.float64]] = {}
        for batch in by_size([len(first) + len(second) for first, second in pairs], _AT_ONCE):
            inputs = [one for n in (0, 1) for one in _side([pairs[place][n] for place in batch], vectors)]
            rows |= dict(zip(batch, self._comparing(inputs)[0].astype(np.float64), strict=True))
        return [rows[place] for place in range(len(pairs))]

    def _vectors(self, texts: Mapping[Text, None]) -> dict[Text, Floats]:
        found = {text: self._known[text] for text in texts if text in self._known}
        fresh = [text for text in texts if text not in found]
        for batch in by_size([len(text) for text in fresh], _AT_ONCE):
            rows = self._encoder(list(padded_ids([fresh[n] for n in batch])))[0]
            found |= {fresh[n]: np.array(rows[row, : len(fresh[n])]) for row, n in enumerate(batch)}
        self._keep({text: found[text] for text in fresh})
        return found

    def _keep(self, made: Mapping[Text, Floats]) -> None:
        self._known.update(made)
        self._pieces += sum(map(len, made))
        while self._pieces > _KEPT:  # the oldest go first
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._pieces -= len(oldest)


def _side(texts: Sequence[Text], vectors: Mapping[Text, Floats]) -> tuple[NDArray[Any], ...]:
    """Return ids, mask and vectors of texts, padded to the longest."""
    ids, mask = padded_ids(texts)
    rows = np.zeros((*ids.shape, vectors[texts[0]].shape[1]), dtype=np.float32)
    for row, text in enumerate(texts):
        rows[row, : len(text)] = vectors[text]
    return ids, mask, rows
