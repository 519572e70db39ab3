"""Embedding text by a static table of word pieces: no neural network and no torch at run time."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from posology.chat.generator import ModelIdentity
from posology.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["Embedder", "StaticEmbedder", "open_embedder"]

Vectors = NDArray[np.float32]  # (texts, dimensions)

_SHIPPED = "static-minilm-256"
_BATCH = 2048


class Embedder(Protocol):
    """A model that turns texts into vectors of length one; an empty text gets the zero vector."""

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text: float32, (texts, dimensions), normalised."""
        ...


class StaticEmbedder:
    """The mean of a text's word-piece vectors, from an int8 table."""

    def __init__(self, table: NDArray[np.int8], tokenizer: "Tokenizer", identity: ModelIdentity) -> None:
        """Take the table (word pieces, dimensions) and the tokenizer that goes with it."""
        self._table = table
        self._tokenizer = tokenizer
        self._identity = identity

    @property
    def identity(self) -> ModelIdentity:
        """Say which weights these are."""
        return self._identity

    @property
    def dimensions(self) -> int:
        """Return the length of a vector."""
        return int(self._table.shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the normalised mean vector of each text's word pieces."""
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = list(texts[start : start + _BATCH])
            encodings = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for offset, encoding in enumerate(encodings):
                if encoding.ids:
                    rows[start + offset] = self._table[encoding.ids].mean(axis=0, dtype=np.float32)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        np.divide(rows, norms, out=rows, where=norms > 0)
        return rows


def open_embedder(folder: Path | None = None) -> StaticEmbedder:
    """Open the embedder that ships with the package, or another folder of the same form.

    The folder's files must have the hashes that its manifest.json names. Raises ModelError otherwise.
    """
    return _open(folder or Path(__file__).parent / "models" / _SHIPPED)


@lru_cache(maxsize=2)
def _open(folder: Path) -> StaticEmbedder:
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    manifest = _read_manifest(folder)
    table = load(_checked(folder, "model.safetensors", manifest))["embeddings"]
    tokenizer = Tokenizer.from_str(_checked(folder, "tokenizer.json", manifest).decode("utf-8"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    identity = ModelIdentity(
        name=manifest["name"],
        family=manifest["family"],
        version=manifest["files"]["model.safetensors"][:12],
        sha256=manifest["files"]["model.safetensors"],
        engine="numpy",
    )
    return StaticEmbedder(table, tokenizer, identity)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        manifest["name"], manifest["family"], manifest["files"]["model.safetensors"]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ModelError(f"{folder}: no usable manifest.json; reinstall posology") from cause
    return dict(manifest)


def _checked(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    try:
        data = (folder / name).read_bytes()
    except OSError as cause:
        raise ModelError(f"{folder / name}: cannot be read ({cause.strerror}); reinstall posology") from cause
    if hashlib.sha256(data).hexdigest() != manifest["files"].get(name):
        raise ModelError(f"{folder / name}: damaged, its hash is not the manifest's; reinstall posology")
    return data
