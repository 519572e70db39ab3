"""Which prompts of one call begin alike, and the computed beginnings that are kept for the next call."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = ["CHUNK", "Prefix", "PrefixStore", "plan_prefixes"]

SHARED_TOKENS = 64  # from here on a shared beginning is worth a pass of its own
GRAIN = 16  # beginnings end at multiples of this: a word in common by chance makes no new one
CHUNK = 128  # tokens of a beginning that go through the model at once


def plan_prefixes(sequences: Sequence[Sequence[int]]) -> list[int]:
    """Return for each token sequence how many tokens of its beginning are to be computed with others.

    Sequences with a longer beginning in common than their neighbours get it: questions on one chart behind
    the same examples share examples and chart, the other charts share the examples. Each keeps at least
    one token of its own, whose logits are wanted.
    """
    order = sorted(range(len(sequences)), key=lambda place: tuple(sequences[place]))
    common = [_common(sequences[a], sequences[b]) for a, b in pairwise(order)]
    planned = [0] * len(sequences)
    stack = [(0, len(order), 0)]
    while stack:
        begin, end, depth = stack.pop()
        if end - begin < 2:
            continue
        shared = min(common[begin : end - 1])
        usable = min(shared, min(len(sequences[place]) for place in order[begin:end]) - 1) // GRAIN * GRAIN
        if usable - depth >= SHARED_TOKENS:
            depth = usable
            for place in order[begin:end]:
                planned[place] = depth
        cuts = [cut + 1 for cut in range(begin, end - 1) if common[cut] == shared]
        bounds = [begin, *cuts, end]
        stack += [(a, b, depth) for a, b in pairwise(bounds)]
    return planned


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    size = min(len(left), len(right))
    return next((place for place in range(size) if left[place] != right[place]), size)


@dataclass(frozen=True, slots=True)
class Prefix:
    """The keys and values of a beginning, by layer: each (1, heads, tokens, width)."""

    tokens: tuple[int, ...]
    layers: dict[int, tuple[Any, Any]]

    def __repr__(self) -> str:
        """Show the size only: the tokens are text."""
        return f"Prefix({len(self.tokens)} tokens)"


class PrefixStore:
    """The beginnings used last, within a bound of tokens.

    A beginning goes through the model in pieces of CHUNK tokens, so that what is kept of one and reused for
    another is the same to the last bit as computing it anew: answers do not depend on earlier calls.
    """

    def __init__(self, max_tokens: int) -> None:
        """Keep at most so many tokens, and one beginning at least."""
        self._max_tokens = max_tokens
        self._kept: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()

    def find(self, tokens: tuple[int, ...]) -> tuple[Prefix | None, int]:
        """Return a kept beginning and how many of these tokens it answers for: all, or whole pieces."""
        exact = self._kept.get(tokens)
        if exact is not None:
            self._kept.move_to_end(tokens)
            return exact, len(tokens)
        best, covered = None, 0
        for kept in self._kept.values():
            same = _common(kept.tokens, tokens) // CHUNK * CHUNK
            if same > covered:
                best, covered = kept, same
        return best, covered

    def keep(self, prefix: Prefix) -> None:
        """Keep a beginning and let go of those used longest ago."""
        self._kept[prefix.tokens] = prefix
        while len(self._kept) > 1 and sum(map(len, self._kept)) > self._max_tokens:
            self._kept.popitem(last=False)
