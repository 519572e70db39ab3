"""A decoder's layers as OpenVINO nodes: what a writing model makes of a text that it reads."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.chat.matrices.network import Shape
from posology.evidence.nodes import Nodes

__all__ = ["DecoderGraph"]

_LAYER = "model.layers.{}."


class DecoderGraph(Nodes):
    """Builds the nodes of a decoder (llama, qwen2, qwen3); names of weights are those of transformers."""

    def __init__(self, op: Any, weights: Mapping[str, NDArray[Any]], shape: Shape, window: int) -> None:
        """Take OpenVINO's operations, the weights, the decoder's shape and the most tokens of a text."""
        super().__init__(op, weights)
        self._shape = shape
        self._turns = _turns(shape, window)

    def vectors(self, ids: Any, layers: int) -> Any:
        """Return the states after the lowest layers, normed: (batch, tokens, hidden).

        A token sees itself and those before it. What pads a batch stands behind a text, where none sees it.
        """
        op = self._op
        zero, one = (op.constant(np.array(value, dtype=np.int64)) for value in (0, 1))
        length = op.gather(op.shape_of(ids), one, zero)
        places = op.range(zero, length, one, "i64")
        turns = [op.gather(op.constant(table), places, zero) for table in self._turns]
        hidden = op.gather(self._constant("model.embed_tokens.weight"), ids, zero)
        for layer in range(layers):
            hidden = self._layer(hidden, turns, _LAYER.format(layer))
        return self._normed(hidden, "model.norm")

    def _layer(self, hidden: Any, turns: list[Any], at: str) -> Any:
        op = self._op
        hidden = op.add(hidden, self._attention(self._normed(hidden, f"{at}input_layernorm"), turns, at))
        inner = self._normed(hidden, f"{at}post_attention_layernorm")
        gate = op.swish(self._map(inner, f"{at}mlp.gate_proj"))
        wide = op.multiply(gate, self._map(inner, f"{at}mlp.up_proj"))
        return op.add(hidden, self._map(wide, f"{at}mlp.down_proj"))

    def _attention(self, x: Any, turns: list[Any], at: str) -> Any:
        op, shape = self._op, self._shape
        query = self._split(self._map(x, f"{at}self_attn.q_proj"), shape.heads)
        key = self._split(self._map(x, f"{at}self_attn.k_proj"), shape.kv_heads)
        value = self._split(self._map(x, f"{at}self_attn.v_proj"), shape.kv_heads)
        if f"{at}self_attn.q_norm.weight" in self._weights:
            query = self._normed(query, f"{at}self_attn.q_norm")
            key = self._normed(key, f"{at}self_attn.k_norm")
        query, key = (self._turned(self._swap(one), turns) for one in (query, key))
        key, value = (self._shared(one) for one in (key, self._swap(value)))
        mixed = op.scaled_dot_product_attention(query, key, value, causal=True)
        joined = op.reshape(self._swap(mixed), self.ints([0, 0, shape.heads * shape.head_size]), True)
        return self._map(joined, f"{at}self_attn.o_proj")

    def _map(self, x: Any, name: str) -> Any:
        return self.linear(x, name, bias=f"{name}.bias" in self._weights)

    def _split(self, x: Any, heads: int) -> Any:
        return self._op.reshape(x, self.ints([0, 0, heads, self._shape.head_size]), True)

    def _turned(self, x: Any, turns: list[Any]) -> Any:
        """Return (batch, heads, tokens, size) turned by the tokens' places; halves belong together."""
        op, (cos, sin) = self._op, turns
        one, other = op.split(x, op.constant(np.array(3, dtype=np.int64)), 2).outputs()
        swapped = op.concat([op.negative(other), one], 3)
        return op.add(op.multiply(x, cos), op.multiply(swapped, sin))

    def _shared(self, x: Any) -> Any:
        """Return keys or values with each head repeated for the queries that share it."""
        groups = self._shape.heads // self._shape.kv_heads
        heads = np.repeat(np.arange(self._shape.kv_heads), groups).tolist()
        return self._op.gather(x, self.ints(heads), self.ints([1])) if groups > 1 else x

    def _normed(self, x: Any, name: str) -> Any:
        op = self._op
        mean = op.reduce_mean(op.multiply(x, x), self.ints([-1]), True)
        size = op.sqrt(op.add(mean, self.scalar(self._shape.epsilon)))
        return op.multiply(op.divide(x, size), self._constant(f"{name}.weight"))


def _turns(shape: Shape, window: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return cosines and sines of every place, (window, head size)."""
    half = shape.head_size // 2
    speeds = shape.rope_base ** (-np.arange(half, dtype=np.float64) / half)
    angles = np.arange(window)[:, None] * np.concatenate([speeds, speeds])
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
