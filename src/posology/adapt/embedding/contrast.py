"""The contrastive objective: each question's own passage against all others of its batch."""

from collections.abc import Sequence
from typing import Any

from posology.adapt.embedding.pairs import Pair
from posology.adapt.embedding.towers import Tower
from posology.adapt.objective.protocol import Losses

__all__ = ["Contrast", "contrastive_loss"]


def contrastive_loss(torch: Any, queries: Any, passages: Any, scale: float) -> Any:
    """Return the summed cross-entropy of each query's own passage among all.

    ``queries`` (n, d) and ``passages`` (n and more, d) have length one; passage i answers query i, those
    behind the n-th are hard negatives of any. van den Oord A, Li Y, Vinyals O. Representation learning with
    contrastive predictive coding. 2018 (InfoNCE); Henderson et al. 2017 for negatives of the batch.
    """
    scores = scale * queries @ passages.T
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
        self._batches = batches
        self._scale = scale
        self._queries = tower.ids([pair.query for pair in pairs])
        self._passages = tower.ids([pair.passage for pair in pairs])
        self._hard = [tower.ids(pair.negatives[:negatives]) for pair in pairs]
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
        queries = self._tower.embed([self._queries[row] for row in rows])
        passages = [self._passages[row] for row in rows] + [one for row in rows for one in self._hard[row]]
        return contrastive_loss(self._tower.torch, queries, self._tower.embed(passages), self._scale)

    def _texts(self, rows: Sequence[int]) -> list[list[int]]:
        return [text for row in rows for text in (self._queries[row], self._passages[row], *self._hard[row])]
