"""The static embedder: distilled from an encoder, rounded, written as the evidence search reads it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.adapt.embedding.towers import Tower
from posology.errors import ModelError

__all__ = ["distil_table", "read_table", "save_static"]

Floats = NDArray[np.float32]

_RARE = 1e-4  # smooth inverse frequency: weight a / (a + p), p by Zipf's law from the rank
_BATCH = 512


def distil_table(encoder: Tower, dimensions: int) -> Floats:
    """Return a table of the encoder's word pieces, each read alone, reduced by PCA and weighted by rarity.

    The order of a WordPiece vocabulary stands for frequency. As model2vec does it (Tulkens S, van Dongen T.
    Model2Vec, 2024).
    """
    size = int(encoder.tokenizer.get_vocab_size())
    begin, end = (int(encoder.tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]"))
    rows: list[Floats] = []
    encoder.core.eval()
    with encoder.torch.inference_mode():
        for at in range(0, size, _BATCH):
            ids = [[begin, one, end] for one in range(at, min(size, at + _BATCH))]
            rows.append(encoder.forward(ids).float().numpy())
    return weigh_by_rank(reduce_dimensions(np.concatenate(rows), dimensions))


def reduce_dimensions(table: Floats, dimensions: int) -> Floats:
    """Return the table on its main axes: principal components of the centred rows."""
    if dimensions >= table.shape[1]:
        return np.asarray(table - table.mean(axis=0), dtype=np.float32)
    centred = (table - table.mean(axis=0)).astype(np.float64)
    values, axes = np.linalg.eigh(centred.T @ centred)
    chosen = axes[:, np.argsort(-values)[:dimensions]]
    return np.asarray(centred @ chosen, dtype=np.float32)


def weigh_by_rank(table: Floats) -> Floats:
    """Weigh rows by smooth inverse frequency, the frequency by Zipf's law from the rank."""
    ranks = np.arange(2, table.shape[0] + 2, dtype=np.float64)
    share = (1 / ranks) / (1 / ranks).sum()
    return np.asarray(table * (_RARE / (_RARE + share))[:, None], dtype=np.float32)


def read_table(folder: Path) -> tuple[Floats, Any]:
    """Return the table and the tokenizer of a static embedder's folder, hashes checked."""
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    from posology.evidence import open_embedder

    open_embedder(folder)  # raises where a hash is another
    table = load((folder / "model.safetensors").read_bytes())["embeddings"].astype(np.float32)
    return table, Tokenizer.from_file(str(folder / "tokenizer.json"))


def save_static(folder: Path, table: Floats, tokenizer: Any, about: Mapping[str, Any]) -> dict[str, Any]:
    """Write table and tokenizer; return what the manifest must say for the evidence search to open them.

    Values are rounded to eight bits under one scale, which the cosine does not see.
    """
    from safetensors.numpy import save

    peak = float(np.abs(table).max())
    if not np.isfinite(peak) or peak == 0:
        raise ModelError("the table of word pieces holds no numbers or only zeros: nothing is written")
    rounded = np.clip(np.rint(table * (127 / peak)), -127, 127).astype(np.int8)
    files = {
        "model.safetensors": save({"embeddings": np.ascontiguousarray(rounded)}),
        "tokenizer.json": tokenizer.to_str().encode(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return {**json.loads(json.dumps(dict(about))), "family": "static", "files": hashes}
