"""Folding a change of full rank back into two thin factors, as well as their rank allows."""

from dataclasses import dataclass

import numpy as np

from posology.chat.matrices.tensors import Floats
from posology.errors import SettingsError

__all__ = ["Folded", "fold_change"]


@dataclass(frozen=True, slots=True)
class Folded:
    """A (rank, in) and B (out, rank) whose product is nearest to a change; squared sizes kept and in all."""

    a: Floats
    b: Floats
    kept: float
    total: float


def fold_change(change: Floats, rank: int) -> Folded:
    """Return the best factors of a rank (by singular values) of a change of one matrix, (out, in)."""
    if rank < 1:
        raise SettingsError("rank: an adapter has a rank of 1 or more")
    left, sizes, right = np.linalg.svd(change, full_matrices=False)
    rank = min(rank, len(sizes))
    root = np.sqrt(sizes[:rank])
    squares = sizes.astype(np.float64) ** 2
    return Folded(
        np.ascontiguousarray(root[:, None] * right[:rank], np.float32),
        np.ascontiguousarray(left[:, :rank] * root, np.float32),
        float(squares[:rank].sum()),
        float(squares.sum()),
    )
