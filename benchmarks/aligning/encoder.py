"""A BERT encoder as an OpenVINO graph built from safetensors: contextual word-piece vectors without torch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from posology.chat.runtime import import_openvino
from posology.errors import ModelError
from posology.evidence.bert_graph import BertGraph, bert_shape

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["BertEncoder", "Encoded", "open_bert"]

Floats = NDArray[np.float32]

_WINDOW = 254  # word pieces of a window, without [CLS] and [SEP]
_STRIDE = 206  # a long text is read in windows that share 48 word pieces
_BATCH = 16
_CLS, _SEP = 101, 102


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text's word pieces with their vectors, and the mean vector of its (first) window.

    ``ids`` (pieces,), ``vectors`` (pieces, dimensions) of length one, ``mean`` (dimensions,) of length one.
    """

    ids: NDArray[np.int64]
    vectors: Floats
    mean: Floats

    def __repr__(self) -> str:
        """Show the number of pieces only: they spell patient text."""
        return f"Encoded({len(self.ids)} pieces)"


class BertEncoder:
    """A compiled encoder with its tokenizer."""

    def __init__(self, compiled: Any, tokenizer: "Tokenizer", dimensions: int) -> None:
        """Take the compiled graph (ids, mask -> vectors) and the tokenizer."""
        self._compiled = compiled
        self._tokenizer = tokenizer
        self._dimensions = dimensions

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Encode texts of any length; nothing is cut: long texts are read in windows that overlap."""
        pieces = [e.ids for e in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
        windows = [(n, ids[at : at + _WINDOW]) for n, ids in enumerate(pieces) for at in _starts(len(ids))]
        order = sorted(range(len(windows)), key=lambda w: len(windows[w][1]))
        vectors: dict[int, Floats] = {}
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            for w, rows in zip(batch, self._forward([windows[w][1] for w in batch]), strict=True):
                vectors[w] = rows
        grouped: list[list[tuple[Sequence[int], Floats]]] = [[] for _ in texts]
        for w, (n, ids) in enumerate(windows):
            grouped[n].append((ids, vectors[w]))
        return [self._joined(group) for group in grouped]

    def _forward(self, batch: Sequence[Sequence[int]]) -> list[Floats]:
        longest = max(len(ids) for ids in batch) + 2
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros((len(batch), longest), dtype=np.float32)
        for row, window in enumerate(batch):
            ids[row, : len(window) + 2] = [_CLS, *window, _SEP]
            mask[row, : len(window) + 2] = 1
        result = self._compiled([ids, mask])[0]
        return [np.array(result[row, : len(window) + 2]) for row, window in enumerate(batch)]

    def _joined(self, windows: Sequence[tuple[Sequence[int], Floats]]) -> Encoded:
        ids = np.array([i for window, _ in windows for i in window], dtype=np.int64)
        rows = [vectors[1:-1] for _, vectors in windows]
        inner = np.concatenate(rows) if rows else np.zeros((0, self._dimensions), dtype=np.float32)
        mean = windows[0][1].mean(axis=0) if windows else np.zeros(self._dimensions, dtype=np.float32)
        return Encoded(ids, _unit(inner), _unit(mean))


def open_bert(folder: Path, *, threads: int = 0) -> BertEncoder:
    """Build the encoder from a folder with model.safetensors, config.json and tokenizer.json.

    ``threads``: processor threads of one inference; 0: as many as there are cores.

    Raises ModelError where a file is missing or of another architecture, MissingExtra without OpenVINO.
    """
    openvino = import_openvino("The encoder of the alignment")
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        weights = load_file(str(folder / "model.safetensors"))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except (OSError, ValueError) as cause:
        raise ModelError(f"{folder}: not a readable BERT model; run posology models get again") from cause
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise ModelError(f"{folder}: config.json does not describe a BERT encoder with gelu")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    graph = _build(openvino, weights, config)
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
    }
    compiled = openvino.Core().compile_model(graph, "CPU", settings)
    return BertEncoder(compiled, tokenizer, int(config["hidden_size"]))


def _build(openvino: Any, weights: dict[str, Floats], config: dict[str, Any]) -> Any:
    """Return the graph: ids (batch, pieces) and mask -> vectors (batch, pieces, dimensions)."""
    from openvino import opset13 as op

    ids = op.parameter([-1, -1], openvino.Type.i64, name="ids")
    mask = op.parameter([-1, -1], openvino.Type.f32, name="mask")
    graph = BertGraph(op, weights, bert_shape(config))
    return openvino.Model([graph.vectors(ids, mask)], [ids, mask], "bert")


def _starts(length: int) -> range:
    """Return where the windows of a text begin; an empty text has one empty window."""
    return range(0, max(1, length - (_WINDOW - _STRIDE)), _STRIDE)


def _unit(x: Floats) -> Floats:
    norms = np.linalg.norm(x, axis=-1, keepdims=True)
    result: Floats = np.divide(x, norms, out=np.zeros_like(x), where=norms > 0)
    return result
