"""Nodes of OpenVINO graphs that networks share: from weights in 32 bits, or in int8 with scales."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SCALE", "Nodes"]

SCALE = ".scale"  # the name of a row-wise int8 matrix's scales ends in it


class Nodes:
    """Builds nodes from weights by name."""

    def __init__(self, op: Any, weights: Mapping[str, NDArray[Any]]) -> None:
        """Take OpenVINO's operations and the weights."""
        self._op = op
        self._weights = weights

    def linear(self, x: Any, name: str, *, bias: bool = True) -> Any:
        """Return x times a weight matrix (out, in), transposed, plus its bias."""
        product = self._op.matmul(x, self._constant(f"{name}.weight"), False, True)
        return self._op.add(product, self._constant(f"{name}.bias")) if bias else product

    def ints(self, values: list[int]) -> Any:
        """Return a constant of whole numbers."""
        return self._op.constant(np.array(values, dtype=np.int64))

    def scalar(self, value: float) -> Any:
        """Return a constant number."""
        return self._op.constant(np.array(value, dtype=np.float32))

    def _constant(self, name: str) -> Any:
        op, stored = self._op, self._weights[name]
        if stored.dtype != np.int8:
            return op.constant(stored)
        wide = op.convert(op.constant(stored), "f32")
        return op.multiply(wide, op.constant(self._weights[name + SCALE]))

    def _swap(self, x: Any) -> Any:
        """Return (batch, a, b, size) as (batch, b, a, size)."""
        return self._op.transpose(x, self.ints([0, 2, 1, 3]))
