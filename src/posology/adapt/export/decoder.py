"""A decoder computed with numpy in 32-bit floats: the reference that every export is held against.

It computes llama, qwen2 and qwen3 layer by layer over all texts, so that one layer's weights are in memory at
a time. It is written apart from every engine: what agrees with it was not agreed by sharing a fault.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from posology.chat.matrices.changes import Change
from posology.chat.matrices.network import Shape
from posology.chat.matrices.tensors import Floats
from posology.chat.matrices.weights import EMBEDDING, HEAD, Weights
from posology.errors import ModelError

__all__ = ["decoder_logits", "is_computed"]


def is_computed(weights: Weights) -> bool:
    """Say whether this module computes a model's architecture."""
    return weights.shape is not None and not weights.shape.scaled_rope


def decoder_logits(
    weights: Weights, texts: Sequence[Sequence[int]], change: Change | None = None
) -> Iterator[Floats]:
    """Yield the logits of every token of each text: (tokens, vocabulary).

    ``change`` is added to what each matrix gives, not to the matrix: nothing is merged here.
    """
    if not is_computed(weights) or weights.shape is None:
        raise ModelError(f"{weights.path}: the architecture of this model is not computed here")
    decoder = _Decoder(weights, weights.shape, change)
    embedding = weights.read(EMBEDDING)
    if any(max(ids, default=0) >= embedding.shape[0] for ids in texts):
        raise ModelError(f"{weights.path}: a token of the texts is not in the model's vocabulary")
    states = [embedding[np.asarray(ids)] for ids in texts]
    for layer in range(weights.shape.layers):
        states = decoder.layer(layer, states)
    norm, head = weights.read("model.norm.weight"), embedding if weights.tied else weights.read(HEAD)
    for state in states:
        yield decoder.normed(state, norm) @ head.T


class _Decoder:
    """The arithmetic of one model's layers."""

    def __init__(self, weights: Weights, shape: Shape, change: Change | None) -> None:
        self._weights, self._shape, self._change = weights, shape, change

    def layer(self, number: int, states: Sequence[Floats]) -> list[Floats]:
        """Return the states of every text after a layer."""
        at = f"model.layers.{number}."
        narrow, wide = (
            self._weights.read(f"{at}input_layernorm.weight"),
            f"{at}post_attention_layernorm.weight",
        )
        maps = {part: self._map(f"{at}{part}") for part in _PARTS}
        after = self._weights.read(wide)
        result = []
        for state in states:
            state = state + self._attention(at, maps, self.normed(state, narrow))
            inner = self.normed(state, after)
            gate = maps["mlp.gate_proj"](inner)
            gate = gate / (1 + np.exp(-np.clip(gate, -80, None)))
            result.append(state + maps["mlp.down_proj"](gate * maps["mlp.up_proj"](inner)))
        return result

    def normed(self, state: Floats, weight: Floats) -> Floats:
        """Return states divided by their root mean square."""
        size = np.sqrt(np.mean(state * state, axis=-1, keepdims=True) + self._shape.epsilon)
        result: Floats = state / size * weight
        return result

    def _map(self, name: str) -> "_Map":
        matrix, bias = self._weights.read(f"{name}.weight"), f"{name}.bias"
        added = self._weights.read(bias) if bias in self._weights.tensors else None
        if self._change is None:
            return _Map(matrix, None, added)
        more = self._change.read(bias)
        if more is not None and added is not None:
            added = added + more
        return _Map(matrix, self._change.read(f"{name}.weight"), added)

    def _attention(self, at: str, maps: "dict[str, _Map]", state: Floats) -> Floats:
        shape, count = self._shape, state.shape[0]
        queries = maps["self_attn.q_proj"](state).reshape(count, shape.heads, shape.head_size)
        keys = maps["self_attn.k_proj"](state).reshape(count, shape.kv_heads, shape.head_size)
        values = maps["self_attn.v_proj"](state).reshape(count, shape.kv_heads, shape.head_size)
        if f"{at}self_attn.q_norm.weight" in self._weights.tensors:
            queries = self.normed(queries, self._weights.read(f"{at}self_attn.q_norm.weight"))
            keys = self.normed(keys, self._weights.read(f"{at}self_attn.k_norm.weight"))
        queries, keys = _turned(queries, shape.rope_base), _turned(keys, shape.rope_base)
        groups = shape.heads // shape.kv_heads
        keys, values = np.repeat(keys, groups, axis=1), np.repeat(values, groups, axis=1)
        scores = np.einsum("qhd,khd->hqk", queries, keys, optimize=True) / np.sqrt(
            np.float32(shape.head_size)
        )
        scores = np.where(np.tri(count, dtype=bool), scores, np.float32(-np.inf))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", scores, values, optimize=True)
        return maps["self_attn.o_proj"](mixed.reshape(count, -1))


_PARTS = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
)


class _Map:
    """A linear map with a change beside it."""

    def __init__(self, matrix: Floats, change: Floats | None, bias: Floats | None) -> None:
        self._matrix, self._change, self._bias = matrix, change, bias

    def __call__(self, state: Floats) -> Floats:
        result: Floats = state @ self._matrix.T
        if self._change is not None:
            result = result + state @ self._change.T
        return result if self._bias is None else result + self._bias


def _turned(state: Floats, base: float) -> Floats:
    """Return queries or keys, (tokens, heads, size), turned by their positions; halves belong together."""
    half = state.shape[-1] // 2
    speeds = base ** (-np.arange(half, dtype=np.float64) / half)
    angles = np.arange(state.shape[0])[:, None] * speeds
    cos, sin = np.cos(angles).astype(np.float32)[:, None], np.sin(angles).astype(np.float32)[:, None]
    one, other = state[..., :half], state[..., half:]
    return np.concatenate([one * cos - other * sin, other * cos + one * sin], axis=-1)
