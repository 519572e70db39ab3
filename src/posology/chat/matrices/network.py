"""The architectures that are read and computed without torch: their sizes, and how GGUF names their parts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from posology.chat.matrices.tensors import Floats
from posology.errors import ModelError

__all__ = [
    "ARCHITECTURES",
    "Shape",
    "from_gguf_rows",
    "gguf_name",
    "plain_name",
    "shape_of_config",
    "to_gguf_rows",
]

ARCHITECTURES: Mapping[str, bool] = {"llama": True, "qwen2": False, "qwen3": False}
"""Architectures, and whether GGUF stores the rows of their queries and keys in another order."""

_BLOCK = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_BLOCK_BACK = {plain: name for name, plain in _BLOCK.items()}
_TOP_BACK = {plain: name for name, plain in _TOP.items()}


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a network and what its arithmetic needs to know."""

    architecture: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_size: int
    epsilon: float
    rope_base: float
    vocabulary: int
    window: int
    scaled_rope: bool = False  # positions are stretched in a way that is not computed here


def shape_of_config(config: Mapping[str, Any], source: str) -> Shape:
    """Return the sizes that a transformers config.json tells; ``source`` is its name in messages."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    kind = rope.get("rope_type", rope.get("type", "default")) if isinstance(rope, Mapping) else "unknown"
    base = config.get("rope_theta") or (rope.get("rope_theta") if isinstance(rope, Mapping) else None)
    try:
        heads = int(config["num_attention_heads"])
        return Shape(
            architecture=str(config["model_type"]),
            layers=int(config["num_hidden_layers"]),
            hidden=int(config["hidden_size"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_size=int(config.get("head_dim") or int(config["hidden_size"]) // heads),
            epsilon=float(config["rms_norm_eps"]),
            rope_base=float(base or 10_000.0),
            vocabulary=int(config["vocab_size"]),
            window=int(config["max_position_embeddings"]),
            scaled_rope=kind != "default" or bool(config.get("use_sliding_window")),
        )
    except (KeyError, TypeError, ValueError) as cause:
        raise ModelError(f"{source}: config.json does not describe a decoder that is known here") from cause


def plain_name(name: str) -> str | None:
    """Return the transformers name of a GGUF tensor, None where it has none.

    >>> plain_name("blk.3.attn_q.weight")
    'model.layers.3.self_attn.q_proj.weight'
    """
    stem, _, end = name.rpartition(".")
    if stem in _TOP:
        return f"{_TOP[stem]}.{end}"
    found = re.fullmatch(r"blk\.(\d+)\.(\w+)", stem)
    if found is None or found[2] not in _BLOCK:
        return None
    return f"model.layers.{found[1]}.{_BLOCK[found[2]]}.{end}"


def gguf_name(name: str) -> str | None:
    """Return the GGUF name of a transformers tensor, None where it has none.

    >>> gguf_name("model.layers.3.self_attn.q_proj.weight")
    'blk.3.attn_q.weight'
    """
    stem, _, end = name.rpartition(".")
    if stem in _TOP_BACK:
        return f"{_TOP_BACK[stem]}.{end}"
    found = re.fullmatch(r"model\.layers\.(\d+)\.([\w.]+)", stem)
    if found is None or found[2] not in _BLOCK_BACK:
        return None
    return f"blk.{found[1]}.{_BLOCK_BACK[found[2]]}.{end}"


def to_gguf_rows(name: str, values: Floats, shape: Shape) -> Floats:
    """Return a tensor with its rows as GGUF stores them: queries and keys of llama go by pairs."""
    heads = _permuted_heads(name, shape)
    if heads is None:
        return values
    rows = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return np.ascontiguousarray(rows.swapaxes(1, 2).reshape(values.shape))


def from_gguf_rows(name: str, values: Floats, shape: Shape) -> Floats:
    """Return a tensor of a GGUF file with its rows as transformers has them."""
    heads = _permuted_heads(name, shape)
    if heads is None:
        return values
    rows = values.reshape(heads, values.shape[0] // heads // 2, 2, *values.shape[1:])
    return np.ascontiguousarray(rows.swapaxes(1, 2).reshape(values.shape))


def _permuted_heads(name: str, shape: Shape) -> int | None:
    if not ARCHITECTURES.get(shape.architecture, False):
        return None
    part = name.rpartition(".")[0].rpartition(".")[2]
    return {"q_proj": shape.heads, "k_proj": shape.kv_heads}.get(part)
