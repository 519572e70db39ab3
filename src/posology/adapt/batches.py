"""Which examples a step learns from: every one once an epoch, like lengths together, fixed by the seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Order", "pieces", "share_of"]

_POOL = 32  # batches whose examples are sorted by length together


@dataclass
class Order:
    """The order of examples: shuffled, grouped by length within pools, batches shuffled again."""

    lengths: Sequence[int]
    batch: int
    seed: int
    _epoch: int = field(default=-1, init=False)
    _batches: list[list[int]] = field(default_factory=list, init=False)

    @property
    def steps_per_epoch(self) -> int:
        """Return how many steps see every example once."""
        return -(-len(self.lengths) // self.batch)

    def step(self, number: int) -> list[int]:
        """Return the examples of a step, counted from 0; the last of an epoch may be smaller."""
        epoch, place = divmod(number, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._deal(epoch)
        return self._batches[place]

    def _deal(self, epoch: int) -> list[list[int]]:
        chance = random.Random(f"{self.seed}:{epoch}")
        rows = list(range(len(self.lengths)))
        chance.shuffle(rows)
        batches = []
        pool = self.batch * _POOL
        for begin in range(0, len(rows), pool):
            near = sorted(rows[begin : begin + pool], key=lambda row: self.lengths[row])
            batches += [near[at : at + self.batch] for at in range(0, len(near), self.batch)]
        chance.shuffle(batches)
        return batches


def pieces(rows: Sequence[int], lengths: Sequence[int], most_tokens: int) -> list[list[int]]:
    """Split a step's examples so that no piece has more tokens, padding included; the longest come first.

    An example that is longer than that is a piece of its own.

    >>> pieces([0, 1, 2, 3], [10, 40, 20, 10], 60)
    [[1], [2, 0, 3]]
    """
    found: list[list[int]] = []
    for row in sorted(rows, key=lambda one: (-lengths[one], one)):
        if found and (len(found[-1]) + 1) * lengths[found[-1][0]] <= most_tokens:
            found[-1].append(row)
        else:
            found.append([row])
    return found


def share_of(rows: Sequence[int], lengths: Sequence[int], process: int, processes: int) -> list[int]:
    """Return one process's part of a step: every so many-th example by length, so that parts weigh alike."""
    ordered = sorted(rows, key=lambda one: (-lengths[one], one))
    return ordered[process::processes]
