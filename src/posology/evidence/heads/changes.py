"""Changes of low rank to a base's matrices: a head that learned with its encoder, in a few megabytes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.errors import ModelError

__all__ = ["DOWN", "UP", "apply_changes"]

UP, DOWN = ".up", ".down"  # what the names of a matrix's two factors end in
Weights = dict[str, NDArray[Any]]


def apply_changes(base: Mapping[str, NDArray[Any]], own: Mapping[str, NDArray[Any]], rank: int) -> Weights:
    """Return a base's weights with a head's own put in their place, and its changes added to them.

    Raises ModelError where a change has no matrix to change, no other factor, or another rank.
    """
    whole = dict(base)
    for name, array in own.items():
        if name.endswith(DOWN):
            continue
        if not name.endswith(UP):
            whole[name] = array
            continue
        matrix = name.removesuffix(UP)
        down = own.get(matrix + DOWN)
        if matrix not in base or down is None or (array.shape[-1], len(down)) != (rank, rank):
            raise ModelError(f"head.safetensors: {name} does not fit the base or its rank {rank}: damaged")
        whole[matrix] = base[matrix].astype(np.float32) + array @ down
    if any(name.endswith(DOWN) and name.removesuffix(DOWN) + UP not in own for name in own):
        raise ModelError("head.safetensors: a change lacks one of its two factors: damaged")
    return whole
