"""The weights of a head: its own, and those of the encoder or the writing model that it stands on."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.chat.matrices.network import Shape
from posology.chat.matrices.weights import EMBEDDING, open_weights
from posology.chat.weights import check_sha256, find_weights
from posology.errors import ModelError
from posology.evidence.heads.card import TRUNK, WEIGHTS, HeadCard
from posology.evidence.heads.changes import apply_changes
from posology.evidence.heads.precision import quantized, widened

__all__ = ["decoder_weights", "head_weights", "own_weights"]

_NORM = "model.norm.weight"


def head_weights(folder: Path, card: HeadCard, home: Path | None = None) -> dict[str, NDArray[Any]]:
    """Return the weights of encoder and head by name, changes applied; the encoder's begin with TRUNK."""
    from safetensors.numpy import load_file

    weights = own_weights(folder, card)
    if card.trunk == "whole":
        return weights
    found = find_weights(card.base, home)
    trunk = (found.path if found.path.is_dir() else found.path.parent) / "model.safetensors"
    check_sha256(trunk, card.base_sha256)
    base = {f"{TRUNK}{name}": array for name, array in load_file(str(trunk)).items()}
    return apply_changes(base, widened(weights), card.rank)


def own_weights(folder: Path, card: HeadCard) -> dict[str, NDArray[Any]]:
    """Return the weights in a head's own file; raise ModelError where it is not the one of the card."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    check_sha256(folder / WEIGHTS, card.weights_sha256)
    try:
        weights: dict[str, NDArray[Any]] = load_file(str(folder / WEIGHTS))
    except (OSError, SafetensorError) as cause:
        raise ModelError(f"{folder / WEIGHTS}: not readable safetensors: damaged") from cause
    return weights


def decoder_weights(
    name: str, sha256: str, layers: int = 0, *, home: Path | None = None
) -> tuple[dict[str, NDArray[Any]], Shape]:
    """Return the weights of the lowest layers (0: all) of a writing model of the catalogue, and its shape.

    Each matrix is rounded to int8 as soon as it is read. Raises ModelError where the weights are not
    those of the hash, or of an architecture that is not computed here.
    """
    found = find_weights(name, home)
    if found.sha256 != sha256:
        raise ModelError(
            f"{name}: the weights here are not those that the head learned with "
            f"(SHA-256 {found.sha256[:12]}, not {sha256[:12]}): train the head on these"
        )
    stored = open_weights(found.path)
    shape = stored.shape
    if shape is None or shape.scaled_rope:
        raise ModelError(f"{name}: the architecture of this model is not computed here; no head stands on it")
    if layers > shape.layers:
        raise ModelError(f"{name}: has {shape.layers} layers, not {layers}")
    below = tuple(f"model.layers.{n}." for n in range(layers or shape.layers))
    wanted = [one for one in stored.tensors if one in (EMBEDDING, _NORM) or one.startswith(below)]
    weights: dict[str, NDArray[Any]] = {}
    for one in wanted:
        weights |= quantized({one: np.ascontiguousarray(stored.read(one), dtype=np.float32)})
    return weights, shape
