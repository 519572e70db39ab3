"""The graphs of a head: an encoder or a writing model below, what learned above."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from posology.chat.matrices.network import Shape
from posology.errors import ModelError
from posology.evidence.bert_graph import BertGraph, bert_shape
from posology.evidence.decoder_graph import DecoderGraph
from posology.evidence.heads.card import TRUNK, HeadCard
from posology.evidence.heads.comparing import comparing_graph
from posology.evidence.heads.precision import quantized
from posology.evidence.heads.weights import decoder_weights, head_weights, own_weights
from posology.evidence.nodes import Nodes

__all__ = ["SHIFT", "SPREAD", "compile_graphs", "head_graphs", "mean_states"]

SHIFT, SPREAD = "standard.shift", "standard.spread"  # of each number of a frozen decoder's mean states


def compile_graphs(openvino: Any, graphs: list[Any], *, threads: int, rounds: bool = False) -> list[Any]:
    """Return graphs compiled for this processor; ``rounds``: what int8 matrices take is rounded as well."""
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": 32 if rounds else 0,
    }
    core = openvino.Core()
    return [core.compile_model(graph, "CPU", settings) for graph in graphs]


def head_graphs(
    openvino: Any, folder: Path, config: dict[str, Any], card: HeadCard, home: Path | None = None
) -> list[Any]:
    """Return the graph of encoder and head; where texts are read apart, one of each.

    The one graph takes ids, mask, types (windows, pieces) and gives logits of pieces or of windows.
    """
    if card.network == "decoder":
        return [_on_decoder(openvino, own_weights(folder, card), card, home)]
    weights = head_weights(folder, card, home)
    if card.precision == "int8" and card.trunk == "base":
        weights = quantized(weights)
    return _on_encoder(openvino, weights, config, card)


def mean_states(
    openvino: Any, weights: Mapping[str, NDArray[Any]], shape: Shape, layers: int, window: int
) -> Any:
    """Return the graph of a decoder's mean states of windows: ids, mask, types -> (windows, hidden)."""
    inputs, mean, _ = _mean_of_decoder(openvino, weights, shape, (layers, window))
    return openvino.Model([mean], inputs, "states")


def _on_decoder(openvino: Any, own: Mapping[str, NDArray[Any]], card: HeadCard, home: Path | None) -> Any:
    from openvino import opset13 as op

    weights, shape = decoder_weights(card.base, card.base_sha256, card.layers, home=home)
    sizes = (card.layers, card.window)
    inputs, mean, build = _mean_of_decoder(openvino, {**weights, **own}, shape, sizes)
    scaled = op.divide(op.subtract(mean, op.constant(own[SHIFT])), op.constant(own[SPREAD]))
    length = op.sqrt(op.reduce_sum(op.multiply(scaled, scaled), build.ints([1]), True))
    one_length = op.multiply(
        op.divide(scaled, op.maximum(length, build.scalar(1e-6))), build.scalar(shape.hidden**0.5)
    )
    return openvino.Model([build.linear(one_length, "classifier")], inputs, "head")


def _mean_of_decoder(
    openvino: Any, weights: Mapping[str, NDArray[Any]], shape: Shape, sizes: tuple[int, int]
) -> tuple[list[Any], Any, Nodes]:
    from openvino import opset13 as op

    layers, window = sizes
    ids, mask, types = _inputs(openvino, op)
    build = DecoderGraph(op, weights, shape, window)
    # the first piece is the same of every text, and sees nothing else: it says nothing
    hidden, counted = (_without_first(op, build, one) for one in (build.vectors(ids, layers), mask))
    return [ids, mask, types], _pooled(op, build, hidden, counted), build


def _without_first(op: Any, build: Nodes, x: Any) -> Any:
    last = 2**31 - 1
    return op.slice(x, build.ints([1]), build.ints([last]), build.ints([1]), build.ints([1]))


def _inputs(openvino: Any, op: Any) -> list[Any]:
    kinds = {"ids": openvino.Type.i64, "mask": openvino.Type.f32, "types": openvino.Type.i64}
    return [op.parameter([-1, -1], kind, name=name) for name, kind in kinds.items()]


def _on_encoder(
    openvino: Any, weights: Mapping[str, NDArray[Any]], config: dict[str, Any], card: HeadCard
) -> list[Any]:
    from openvino import opset13 as op

    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise ModelError(f"{card.name}: config.json does not describe a BERT encoder with gelu")
    ids, mask, types = _inputs(openvino, op)
    short = {name.removeprefix(TRUNK): array for name, array in weights.items()}
    shape = bert_shape({**config, "num_hidden_layers": card.layers})
    build = BertGraph(op, short, shape)
    if card.reads == "apart":
        encoder = openvino.Model([build.vectors(ids, mask)], [ids, mask], "encoder")
        return [encoder, comparing_graph(openvino, short, shape, card.blocks, card.width)]
    hidden = build.vectors(ids, mask, types)
    if card.kind != "token":
        hidden = _pooled(op, build, hidden, mask) if card.pooling == "mean" else _first(op, build, hidden)
    return [openvino.Model([build.linear(hidden, "classifier")], [ids, mask, types], "head")]


def _pooled(op: Any, build: Nodes, hidden: Any, mask: Any) -> Any:
    shares = op.divide(mask, op.reduce_sum(mask, build.ints([1]), True))
    return op.reduce_sum(op.multiply(hidden, op.unsqueeze(shares, build.ints([2]))), build.ints([1]), False)


def _first(op: Any, build: Nodes, hidden: Any) -> Any:
    return op.squeeze(op.gather(hidden, build.ints([0]), build.ints([1])), build.ints([1]))
