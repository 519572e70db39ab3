"""A writing model below a head: it reads each window once and does not learn."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.adapt.encoders.bases import EncoderBase
from posology.adapt.recipes.encode import EncodeRecipe
from posology.chat.runtime import import_openvino
from posology.errors import ModelError
from posology.evidence.heads.graphs import compile_graphs, mean_vectors
from posology.evidence.heads.weights import decoder_weights
from posology.evidence.heads.windows import Window, by_size, padded
from posology.evidence.nodes import SCALE

__all__ = ["Writer", "open_writer"]

Vectors = NDArray[np.float32]
_AT_ONCE = 2048  # word pieces of one inference, padding included
_LEAST = 1e-4  # a number whose spread is less than this part of its size is the same in all texts


class Writer:
    """Gives the mean vectors of windows; each number is scaled to the same spread over what is learned."""

    def __init__(self, compiled: Any, hidden: int, layers: int, parameters: int) -> None:
        """Take the compiled graph, the numbers of a vector, the layers and the number of weights."""
        self.hidden, self.layers, self.parameters = hidden, layers, parameters
        self._compiled = compiled
        self._kept: dict[tuple[int, ...], Vectors] = {}
        self._mean = np.zeros(hidden, dtype=np.float32)
        self._spread = np.ones(hidden, dtype=np.float32)

    def vectors(self, windows: Sequence[Window]) -> Vectors:
        """Return the vectors of windows, (windows, hidden); no window is read twice."""
        self._read(windows)
        rows = np.stack([self._kept[window.ids] for window in windows])
        scaled: Vectors = (rows - self._mean) / self._spread
        return scaled

    def keep(self, windows: Sequence[Window], learned: Sequence[Window]) -> None:
        """Read windows, once for the whole training; what is learned from says how numbers are scaled."""
        self._read(windows)
        rows = np.stack([self._kept[window.ids] for window in learned]).astype(np.float64)
        self._mean = rows.mean(axis=0).astype(np.float32)
        spread = rows.std(axis=0)
        varies = spread > _LEAST * np.abs(rows).max(axis=0)
        self._spread = np.where(varies, spread, 1.0).astype(np.float32)

    def forget(self) -> None:
        """Let go of the vectors that are kept."""
        self._kept.clear()

    def unscaled(self, learned: Mapping[str, Vectors], name: str) -> dict[str, Vectors]:
        """Return the weights of a linear head for vectors that are not scaled."""
        weight = learned[f"{name}.weight"] / self._spread
        return {
            **learned,
            f"{name}.weight": weight,
            f"{name}.bias": learned[f"{name}.bias"] - weight @ self._mean,
        }

    def _read(self, windows: Iterable[Window]) -> None:
        fresh = list({one.ids: one for one in windows if one.ids not in self._kept}.values())
        fresh.sort(
            key=lambda one: (len(one.ids), one.ids)
        )  # batches are the same, however examples are ordered
        for batch in by_size([len(one.ids) for one in fresh], _AT_ONCE):
            found = self._compiled(list(padded([fresh[n] for n in batch])))[0]
            self._kept.update((fresh[n].ids, np.array(found[row])) for row, n in enumerate(batch))


def open_writer(recipe: EncodeRecipe, base: EncoderBase) -> Writer:
    """Load the lowest layers of a writing model, in int8, for reading."""
    openvino = import_openvino("A head on a writing model")
    layers, window = recipe.head.layers, recipe.windows.pieces
    weights, shape = decoder_weights(base.name, base.sha256, layers, int8=True, home=base.home)
    if window > shape.window:
        raise ModelError(f"windows.pieces: {window}, but the model reads {shape.window} at most")
    layers = layers or shape.layers
    graph = mean_vectors(openvino, weights, shape, layers, window)
    compiled = compile_graphs(openvino, [graph], threads=recipe.base.threads, int8=True)[0]
    parameters = sum(one.size for name, one in weights.items() if not name.endswith(SCALE))
    return Writer(compiled, shape.hidden, layers, parameters)
