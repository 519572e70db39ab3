"""The contrastive objective: each question's own passage against all others of its batch."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from posology.adapt.embedding.pairs import Pair, plain_words
from posology.adapt.embedding.towers import Tower
from posology.adapt.objective.protocol import Losses

__all__ = ["Contrast", "contrastive_loss", "known_answers"]


def contrastive_loss(torch: Any, queries: Any, passages: Any, scale: float, right: Any = None) -> Any:
    """Return the summed cross-entropy of each query's own passage among all.

    ``queries`` (n, d) and ``passages`` (n and more, d) have length one; passage i answers query i, those
    behind the n-th are hard negatives of any. ``right`` (n, passages), where it is given, is true for
    passages that answer a query beside its own: they are left out. van den Oord A, Li Y, Vinyals O.
    Representation learning with contrastive predictive coding. 2018 (InfoNCE); Henderson et al. 2017 for
    negatives of the batch.
    """
    scores = scale * queries @ passages.T
    if right is not None:
        scores = scores.masked_fill(right, -torch.inf)
    own = torch.arange(queries.shape[0], device=queries.device)
    return torch.nn.functional.cross_entropy(scores, own, reduction="sum")


class Contrast:
    """Pairs as the training loop takes them: its examples are whole batches, dealt beforehand."""

    def __init__(
        self,
        tower: Tower,
        pairs: Sequence[Pair],
        batches: Sequence[Sequence[int]],
        scale: float,
        negatives: int,
    ) -> None:
        """Take the tower, the pairs, their batches, the scale and how many hard negatives a pair brings."""
        self._tower = tower
        self._pairs = pairs
        self._known = known_answers(pairs)
        self._batches = batches
        self._scale = scale
        self._queries = tower.ids([pair.query for pair in pairs])
        self._passages = tower.ids([pair.passage for pair in pairs])
        self._negatives = [pair.negatives[:negatives] for pair in pairs]
        self._hard = [tower.ids(texts) for texts in self._negatives]
        self._lengths = [sum(map(len, self._texts(rows))) for rows in batches]
        self._start: list[Any] = []
        self._anchor = 0.0

    def anchored(self, weight: float) -> "Contrast":
        """Add the squared distance of all weights from where they are now, times ``weight`` a query."""
        if weight > 0:
            self._anchor = weight
            self._start = [one.detach().clone() for one in self._tower.core.parameters()]
        return self

    @property
    def lengths(self) -> Sequence[int]:
        """Return the word pieces of each batch."""
        return self._lengths

    @property
    def names(self) -> Sequence[str]:
        """Return the names of the parts: the loss, and the distance where it counts."""
        return ["answer", "anchor"] if self._anchor else ["answer"]

    def count(self, rows: Sequence[int]) -> float:
        """Return the number of questions in some batches."""
        return float(sum(len(self._batches[row]) for row in rows))

    def losses(self, rows: Sequence[int]) -> Losses:
        """Compute the loss of some batches, each by itself."""
        found = [self._batch(self._batches[row]) for row in rows]
        loss = self._tower.torch.stack(found).sum()
        parts = {"answer": float(loss.detach())}
        if self._anchor:
            moved = sum(
                ((one - was) ** 2).sum()
                for one, was in zip(self._tower.core.parameters(), self._start, strict=True)
            )
            away = self._anchor * moved * self.count(rows)
            parts["anchor"] = float(away.detach())
            loss = loss + away
        return Losses(loss, parts, sum(self._lengths[row] for row in rows))

    def _batch(self, rows: Sequence[int]) -> Any:
        torch = self._tower.torch
        queries = self._tower.embed([self._queries[row] for row in rows])
        passages = [self._passages[row] for row in rows] + [one for row in rows for one in self._hard[row]]
        right = torch.tensor(self._right(rows), dtype=torch.bool, device=queries.device)
        return contrastive_loss(torch, queries, self._tower.embed(passages), self._scale, right)

    def _right(self, rows: Sequence[int]) -> list[list[bool]]:
        """Say of each query of a batch which passages but its own are known to answer it."""
        texts = [(row, self._pairs[row].passage) for row in rows]
        texts += [(row, text) for row in rows for text in self._negatives[row]]
        return [
            [of != row and self._known(self._pairs[row].query, self._pairs[of], text) for of, text in texts]
            for row in rows
        ]

    def _texts(self, rows: Sequence[int]) -> list[list[int]]:
        return [text for row in rows for text in (self._queries[row], self._passages[row], *self._hard[row])]


def known_answers(pairs: Sequence[Pair]) -> Callable[[str, Pair, str], bool]:
    """Return what says whether a passage of one pair's group answers a query of another group.

    It does where its group has that query too and does not count the passage among its negatives: a chart's
    passage that holds two facts answers the questions for both, in any chart of the policy.
    """
    words = cache(plain_words)  # a text meets every query of its batch, in every epoch
    asked: dict[tuple[str, str, str], list[frozenset[str]]] = {}
    for pair in pairs:
        if pair.provenance.group:
            key = (pair.provenance.source, pair.provenance.group, words(pair.query))
            asked.setdefault(key, []).append(frozenset(map(words, pair.negatives)))

    def answers(query: str, of: Pair, text: str) -> bool:
        wrong = asked.get((of.provenance.source, of.provenance.group, words(query)))
        return wrong is not None and not any(words(text) in one for one in wrong)

    return answers
