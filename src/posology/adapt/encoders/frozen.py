"""A frozen decoder below a head, which is a linear probe of its mean states: it reads each window once."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.adapt.encoders.bases import EncoderBase
from posology.adapt.recipes.encode import EncodeRecipe
from posology.chat.runtime import import_openvino, import_torch, import_transformers
from posology.errors import ModelError
from posology.evidence.heads.graphs import SHIFT, SPREAD, compile_graphs, mean_states
from posology.evidence.heads.weights import decoder_weights
from posology.evidence.heads.windows import Window, by_size, padded
from posology.evidence.nodes import SCALE

__all__ = ["FrozenDecoder", "least_cosine", "open_decoder"]

Vectors = NDArray[np.float32]
_AT_ONCE = 2048  # word pieces of one inference, padding included


class FrozenDecoder:
    """Gives windows' features as a head sees them at run time: mean states, standardized, of one length.

    ``pieces`` and ``seconds``: what it has read, and in what time.
    """

    def __init__(self, compiled: Any, hidden: int, layers: int, parameters: int) -> None:
        """Take the compiled graph, the numbers of a state, the layers and the number of weights."""
        self.hidden, self.layers, self.parameters = hidden, layers, parameters
        self.pieces, self.seconds = 0, 0.0
        self._compiled = compiled
        self._kept: dict[tuple[int, ...], Vectors] = {}
        self._shift = np.zeros(hidden, dtype=np.float32)
        self._spread = np.ones(hidden, dtype=np.float32)

    def states(self, windows: Sequence[Window]) -> Vectors:
        """Return the mean states of windows, (windows, hidden); no window is read twice."""
        self._read(windows)
        return np.stack([self._kept[window.ids] for window in windows])

    def features(self, windows: Sequence[Window]) -> Vectors:
        """Return the features of windows, (windows, hidden), each as long as the root of its numbers."""
        scaled = (self.states(windows) - self._shift) / self._spread
        lengths = np.sqrt((scaled * scaled).sum(axis=1, keepdims=True))
        found: Vectors = scaled / np.maximum(lengths, np.float32(1e-6)) * np.float32(np.sqrt(self.hidden))
        return found

    def keep(
        self, learned: Sequence[Window], others: Sequence[Window], tell: Callable[[int, int], None]
    ) -> None:
        """Read windows, once for the whole training; those that are learned from give mean and spread.

        A number that varies less than half of them do counts as if it varied as much as the middle one: what
        hardly differs between the texts that were learned would decide about every text unlike them.
        """
        self._read([*learned, *others], tell)
        rows = self.states(learned).astype(np.float64)
        spread = rows.std(axis=0)
        self._shift = rows.mean(axis=0).astype(np.float32)
        self._spread = np.maximum(spread, np.median(spread) or 1.0).astype(np.float32)

    def close(self) -> None:
        """Let go of the decoder, whose memory is needed otherwise; what was read is still known."""
        self._compiled = None

    @property
    def standard(self) -> dict[str, Vectors]:
        """Return mean and spread under the names that they have in a head's file."""
        return {SHIFT: self._shift, SPREAD: self._spread}

    def _read(self, windows: Sequence[Window], tell: Callable[[int, int], None] | None = None) -> None:
        fresh = sorted({one.ids: one for one in windows if one.ids not in self._kept}.values(), key=_order)
        began = time.perf_counter()
        for batch in by_size([len(one.ids) for one in fresh], _AT_ONCE):
            found = self._compiled(list(padded([fresh[n] for n in batch])))[0]
            self._kept.update((fresh[n].ids, np.array(found[row])) for row, n in enumerate(batch))
            self.pieces += sum(len(fresh[n].ids) for n in batch)
            if tell:
                tell(batch[-1] + 1, len(fresh))
        self.seconds += time.perf_counter() - began if fresh else 0.0


def _order(window: Window) -> tuple[int, tuple[int, ...]]:
    return len(window.ids), window.ids  # so that batches are the same, however examples are ordered


def open_decoder(recipe: EncodeRecipe, base: EncoderBase) -> FrozenDecoder:
    """Load the lowest layers of a decoder, in int8, for reading."""
    openvino = import_openvino("A head on a writing model")
    layers, window = recipe.head.layers, recipe.windows.pieces
    weights, shape = decoder_weights(base.name, base.sha256, layers, home=base.home)
    if window > shape.window:
        raise ModelError(f"windows.pieces: {window}, but the model reads {shape.window} at most")
    layers = layers or shape.layers
    graph = mean_states(openvino, weights, shape, layers, window)
    compiled = compile_graphs(openvino, [graph], threads=recipe.base.threads)[0]
    parameters = sum(one.size for name, one in weights.items() if not name.endswith(SCALE))
    return FrozenDecoder(compiled, shape.hidden, layers, parameters)


def least_cosine(decoder: FrozenDecoder, base: EncoderBase, windows: Sequence[Window]) -> float:
    """Return the least cosine of a window's mean state and that which transformers computes in 32 bits."""
    torch, transformers = import_torch(), import_transformers()
    model = transformers.AutoModel.from_pretrained(
        str(base.folder), num_hidden_layers=decoder.layers, dtype=torch.float32, local_files_only=True
    ).eval()
    least = 1.0
    for window, state in zip(windows, decoder.states(windows).astype(np.float64), strict=True):
        with torch.inference_mode():
            told = model(input_ids=torch.tensor([window.ids])).last_hidden_state[0, 1:].mean(dim=0).numpy()
        least = min(least, float(state @ told / np.linalg.norm(state) / np.linalg.norm(told)))
    return least
