"""What the training loop asks of an objective, whatever is learned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Losses", "Objective"]


@dataclass(frozen=True, slots=True)
class Losses:
    """Sums over a few examples, to be divided by the count of the whole step."""

    total: Any  # a torch scalar: the weighted sum of the terms' sums
    parts: Mapping[str, float]  # the sum of each term, before its weight
    tokens: int  # that went through the model, padding included


class Objective(Protocol):
    """What is learned from numbered examples; a step's sums are divided by its ``count`` on all devices."""

    @property
    def lengths(self) -> Sequence[int]:
        """Return the tokens of each example, by which batches are grouped."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Return the names of the parts that ``losses`` tells."""
        ...

    def count(self, rows: Sequence[int]) -> float:
        """Return what the sums of these examples are to be divided by."""
        ...

    def losses(self, rows: Sequence[int]) -> Losses:
        """Compute the examples' sums; gradients follow from ``total``."""
        ...
