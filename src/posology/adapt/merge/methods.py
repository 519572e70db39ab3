"""Merging changes of one matrix: linear, TIES and DARE, on whole changes and never on their factors.

Linear: the weighted sum. TIES (Yadav et al. 2023): each change keeps its ``density`` largest values, each
place elects the sign that weighs more, the values of that sign are averaged by weight. DARE (Yu et al. 2023):
each value is dropped with probability 1 - density, those left are divided by the density, so that the sum
stays the same on average; then linear or TIES without its trimming.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from posology.chat.matrices.tensors import Floats
from posology.errors import SettingsError

__all__ = ["METHODS", "MergeSettings", "Method", "dropped", "elected_mean", "merge_changes", "trimmed"]

Method = Literal["linear", "ties", "dare_linear", "dare_ties"]
METHODS: tuple[Method, ...] = ("linear", "ties", "dare_linear", "dare_ties")


@dataclass(frozen=True, slots=True)
class MergeSettings:
    """How changes are merged."""

    method: Method = "ties"
    density: float = 0.5  # share of each change that is kept; linear keeps all
    strength: float = 1.0  # the merged change is multiplied by it
    seed: int = 0  # of what DARE drops

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        if self.method not in METHODS:
            raise SettingsError(f"merge: method {self.method!r} is none; there are {', '.join(METHODS)}")
        if not 0 < self.density <= 1:
            raise SettingsError(f"merge: density is {self.density:g}; it is more than 0 and at most 1")
        if not np.isfinite(self.strength):
            raise SettingsError("merge: strength is no number")


def merge_changes(
    name: str, changes: Sequence[Floats], weights: Sequence[float], settings: MergeSettings
) -> Floats:
    """Return one change out of several of the same tensor; ``name`` seeds what is dropped from it."""
    if settings.method == "ties":
        changes = [trimmed(change, settings.density) for change in changes]
    elif settings.method in ("dare_linear", "dare_ties"):
        changes = [
            dropped(change, settings.density, _generator(settings.seed, name, place))
            for place, change in enumerate(changes)
        ]
    if settings.method in ("ties", "dare_ties"):
        merged = elected_mean(changes, weights)
    else:
        merged = np.sum([weight * change for weight, change in zip(weights, changes, strict=True)], axis=0)
    result: Floats = (settings.strength * merged).astype(np.float32)
    return result


def trimmed(change: Floats, density: float) -> Floats:
    """Return a change with all but its largest values, in size, set to zero."""
    keep = int(density * change.size)
    if keep >= change.size:
        return change
    kept = np.zeros(change.size, np.float32)
    if keep:
        flat = change.reshape(-1)
        order = np.argpartition(np.abs(flat), change.size - keep)[change.size - keep :]
        kept[order] = flat[order]
    return kept.reshape(change.shape)


def dropped(change: Floats, density: float, generator: np.random.Generator) -> Floats:
    """Return a change with values dropped at random and the others divided by the share that is kept."""
    if density >= 1:
        return change
    kept = generator.random(change.shape, np.float32) < density
    result: Floats = np.where(kept, change / np.float32(density), np.float32(0))
    return result


def elected_mean(changes: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Return, at each place, the weighted mean of the values that have the sign of the weighted sum.

    >>> one, two, three = np.float32([2, 1]), np.float32([1, -3]), np.float32([-1, 0])
    >>> elected_mean([one, two, three], [1, 1, 1]).tolist()
    [1.5, -3.0]
    """
    weighed = [np.float32(weight) * change for weight, change in zip(weights, changes, strict=True)]
    positive = np.sum(weighed, axis=0) >= 0
    total = np.zeros(changes[0].shape, np.float32)
    share = np.zeros(changes[0].shape, np.float32)
    for weight, value in zip(weights, weighed, strict=True):
        agrees = ((value > 0) == positive) & (value != 0)
        total += np.where(agrees, value, 0)
        share += np.where(agrees, np.float32(weight), 0)
    result: Floats = np.divide(total, share, out=np.zeros_like(total), where=share != 0)
    return result


def _generator(seed: int, name: str, place: int) -> np.random.Generator:
    """Return a generator that depends on nothing but these: the order of tensors does not matter."""
    digest = hashlib.sha256(f"{seed} {place} {name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))
