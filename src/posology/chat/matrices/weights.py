"""The weights of a base model in transformers' names and layout, read from a folder or from a GGUF file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posology.chat.convert import TIED_TOLERANCE, import_gguf, open_gguf_file
from posology.chat.matrices.network import ARCHITECTURES, Shape, from_gguf_rows, plain_name, shape_of_config
from posology.chat.matrices.tensors import Floats, Stored, open_tensors
from posology.errors import ModelError

__all__ = ["EMBEDDING", "HEAD", "Weights", "open_gguf", "open_weights"]

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's tensors by their names in transformers; values are read when they are asked for."""

    path: Path
    shape: Shape | None  # None: an architecture that is only merged here, not computed
    tensors: Mapping[str, Stored]
    tied: bool  # the embedding serves as head too

    def read(self, name: str) -> Floats:
        """Return the values of a tensor."""
        if name not in self.tensors:
            raise ModelError(f"{self.path}: holds no tensor {name}")
        return self.tensors[name].read()


def open_weights(path: Path) -> Weights:
    """Open a transformers folder or a GGUF file."""
    return open_folder(path) if path.is_dir() else open_gguf(path)


def open_folder(path: Path) -> Weights:
    """Open a folder with config.json and safetensors."""
    config = _read_config(path / "config.json")
    tensors: dict[str, Stored] = {}
    for part in sorted(path.glob("*.safetensors")):
        tensors.update(open_tensors(part))
    if not tensors:
        raise ModelError(f"{path}: no transformers model here (config.json and *.safetensors)")
    known = config.get("model_type") in ARCHITECTURES
    tied = HEAD not in tensors
    return Weights(path, shape_of_config(config, str(path)) if known else None, tensors, tied)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise ModelError(f"{path}: cannot be read; name a transformers folder or a GGUF file") from cause
    if not isinstance(value, dict):
        raise ModelError(f"{path}: does not describe a model")
    return value


def open_gguf(path: Path) -> Weights:
    """Open a GGUF file; embedding and head that are two copies of one matrix are one again (the head's)."""
    gguf = import_gguf()
    reader = open_gguf_file(gguf, path)
    shape = _shape_of_gguf(reader, path)
    tensors = {
        plain: _stored(gguf, tensor, plain, shape)
        for tensor in reader.tensors
        if (plain := plain_name(tensor.name)) is not None
    }
    if HEAD in tensors and _is_copy(tensors):
        tensors[EMBEDDING] = tensors.pop(HEAD)
    return Weights(path, shape, tensors, HEAD not in tensors)


def _shape_of_gguf(reader: Any, path: Path) -> Shape:
    fields = reader.fields

    def told(key: str, default: Any = None) -> Any:
        field = fields.get(key)
        if field is None and default is None:
            raise ModelError(f"{path}: the GGUF file does not tell {key}")
        return default if field is None else field.contents()

    name = str(told("general.architecture"))
    if name not in ARCHITECTURES:
        raise ModelError(
            f"{path}: GGUF files of the architecture {name!r} are not merged here, only "
            f"{', '.join(ARCHITECTURES)}; merge into a transformers folder and convert that"
        )
    hidden, heads = int(told(f"{name}.embedding_length")), int(told(f"{name}.attention.head_count"))
    tokens = fields.get("tokenizer.ggml.tokens")
    stretched = f"{name}.rope.scaling.type" in fields or any(
        t.name == "rope_freqs.weight" for t in reader.tensors
    )
    embedding = next((t for t in reader.tensors if t.name == "token_embd.weight"), None)
    if embedding is None and tokens is None:
        raise ModelError(f"{path}: the GGUF file holds no embedding")
    return Shape(
        architecture=name,
        layers=int(told(f"{name}.block_count")),
        hidden=hidden,
        heads=heads,
        kv_heads=int(told(f"{name}.attention.head_count_kv", heads)),
        head_size=int(told(f"{name}.attention.key_length", hidden // heads)),
        epsilon=float(told(f"{name}.attention.layer_norm_rms_epsilon")),
        rope_base=float(told(f"{name}.rope.freq_base", 10_000.0)),
        vocabulary=int(embedding.shape[1]) if embedding is not None else len(tokens),
        window=int(told(f"{name}.context_length")),
        scaled_rope=stretched,
    )


def _stored(gguf: Any, tensor: Any, name: str, shape: Shape) -> Stored:
    sizes = tuple(int(size) for size in reversed(tensor.shape))

    def read() -> Floats:
        values = gguf.dequantize(tensor.data, tensor.tensor_type).reshape(sizes).astype(np.float32)
        return from_gguf_rows(name, values, shape)

    return Stored(sizes, read)


def _is_copy(tensors: Mapping[str, Stored]) -> bool:
    """Say whether embedding and head are one matrix, stored twice and rounded apart."""
    if tensors[EMBEDDING].shape != tensors[HEAD].shape:
        return False
    one, other = tensors[EMBEDDING].read(), tensors[HEAD].read()
    return float(np.abs(one - other).sum()) <= TIED_TOLERANCE * float(np.abs(other).sum())
