"""Temperature: what logits are divided by, so that probabilities are right as often as they say."""

import math

import numpy as np
from numpy.typing import NDArray

from posology.evidence.heads.joining import log_softmax

__all__ = ["mean_loss", "temperature_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_LEAST, _MOST = math.log(0.05), math.log(20.0)
_RATIO = (math.sqrt(5) - 1) / 2
_STEPS = 40  # of the search: the interval shrinks to 1e-8 of its length


def mean_loss(logits: Floats, gold: Ints, temperature: float = 1.0) -> float:
    """Return the mean negative log-likelihood of the gold outputs at a temperature, in nats."""
    logs = log_softmax(logits / temperature)
    return float(-logs[np.arange(len(gold)), gold].mean())


def temperature_of(logits: Floats, gold: Ints) -> float:
    """Return the temperature with the least loss (golden-section search of its logarithm); 1 without items.

    The loss has one minimum over the logarithm, within 0.05 to 20.
    """
    if not len(gold):
        return 1.0
    low, high = _LEAST, _MOST
    for _ in range(_STEPS):
        left, right = high - _RATIO * (high - low), low + _RATIO * (high - low)
        if mean_loss(logits, gold, math.exp(left)) <= mean_loss(logits, gold, math.exp(right)):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)
