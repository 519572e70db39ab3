"""The objective of tuning: likelihood of the answer, a teacher's word on it, and what its source bears out.

The head is computed at supervised positions only, some thousand at a time; what was computed of a tile is
thrown away and computed again for the gradient, so that memory holds one tile of logits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from posology.adapt.masks import Marked
from posology.adapt.network import Network
from posology.adapt.objective.protocol import Losses
from posology.adapt.objective.terms import contrast, likelihood, unlikelihood
from posology.adapt.recipes.tune import Objective as Terms

__all__ = ["AnswerObjective", "Teaching", "padded"]

TILE = 1024
_SUMMED = ("answer", "distill", "unlikelihood")  # what a tile sums, in this order


class Teaching(Protocol):
    """A teacher's word on the answers of some examples."""

    def prepare(self, marked: Sequence[Marked]) -> Any:
        """Return what is known of every token of the answers, in order; one row each."""
        ...

    def divergence(self, known: Any, logits: Any, weights: Any) -> Any:
        """Return the weighted sum of the divergence of some rows of it from the student's logits."""
        ...


@dataclass(frozen=True, slots=True)
class _Places:
    """Supervised positions of a few examples, flat, one entry a token of the answers."""

    rows: Any
    columns: Any  # of the hidden state that predicts the token
    targets: Any
    learn: Any  # weights: the example's where the mask is on, else 0
    unsupported: Any
    grounded: Any  # booleans


class AnswerObjective:
    """The three terms over marked examples; a term that is off costs nothing."""

    def __init__(
        self,
        network: Network,
        marked: Sequence[Marked],
        terms: Terms,
        teacher: Teaching | None = None,
        *,
        tile: int = TILE,
    ) -> None:
        """Take a network, its examples, the terms' switches and weights, and the teacher where one is on.

        ``tile``: positions whose logits are held at once.
        """
        self._tile_size = tile
        self._network = network
        self._torch = network.torch
        self._marked = marked
        self._terms = terms
        self._teacher = teacher if terms.distill.on else None

    @property
    def lengths(self) -> Sequence[int]:
        """Return the tokens of each example."""
        return [one.tokens for one in self._marked]

    @property
    def names(self) -> Sequence[str]:
        """Return the names of the terms that are computed."""
        more = ["distill"] if self._terms.distill.on else []
        return ["answer", *more, *(["unlikelihood", "contrast"] if self._terms.ground.on else [])]

    def count(self, rows: Sequence[int]) -> float:
        """Return the supervised tokens, each with its example's weight."""
        return sum(
            one.weight * sum(a or b for a, b in zip(one.learn, one.unsupported, strict=True))
            for one in (self._marked[row] for row in rows)
        )

    def losses(self, rows: Sequence[int]) -> Losses:
        """Compute the terms of a few examples."""
        marked = [self._marked[row] for row in rows]
        hidden, tokens = self._hidden([(one.context, one.answer) for one in marked])
        places = self._places(marked)
        known = self._teacher.prepare(marked) if self._teacher else None
        sums, said = self._tiles(hidden[places.rows, places.columns], places, known)
        lacking, more = self._contrast(marked, places, said)
        values = dict(zip(_SUMMED, sums.unbind(), strict=True)) | {"contrast": lacking}
        total = hidden.new_zeros((), dtype=self._torch.float32)
        for name, weight in self._weights().items():
            total = total + weight * values[name]
        parts = {name: float(values[name].detach()) for name in self.names}
        return Losses(total, parts, tokens + more)

    def _weights(self) -> dict[str, float]:
        """Return the weight of each term that is on."""
        terms = self._terms
        found = {"answer": terms.answer.weight} if terms.answer.on else {}
        if terms.distill.on:
            found["distill"] = terms.distill.weight
        if terms.ground.on:
            found |= {
                "unlikelihood": terms.ground.weight,
                "contrast": terms.ground.weight * terms.ground.contrast,
            }
        return found

    def _hidden(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> tuple[Any, int]:
        tokens, attention = padded(self._torch, [[*one, *two] for one, two in pairs])
        device = self._network.device
        return self._network.hidden(tokens.to(device), attention.to(device)), int(tokens.numel())

    def _places(self, marked: Sequence[Marked]) -> _Places:
        rows: list[int] = []
        columns: list[int] = []
        targets: list[int] = []
        learn: list[float] = []
        unsupported: list[float] = []
        grounded: list[bool] = []
        for row, one in enumerate(marked):
            begin = len(one.context) - 1
            for number in self._counted(one):
                rows.append(row)
                columns.append(begin + number)
                targets.append(one.answer[number])
                learn.append(one.weight * one.learn[number])
                unsupported.append(one.weight * one.unsupported[number])
                grounded.append(one.grounded[number])
        whole, real = self._torch.long, self._torch.float32
        return _Places(
            self._tensor(rows, whole),
            self._tensor(columns, whole),
            self._tensor(targets, whole),
            self._tensor(learn, real),
            self._tensor(unsupported, real),
            self._tensor(grounded, self._torch.bool),
        )

    def _counted(self, one: Marked) -> Sequence[int]:
        """Return the answer's tokens whose logits are needed; a teacher knows all of them."""
        every = range(len(one.answer))
        if self._teacher is not None:
            return every
        return [n for n in every if one.learn[n] or one.unsupported[n] or one.grounded[n]]

    def _tensor(self, values: Sequence[float], dtype: Any) -> Any:
        return self._torch.tensor(values, dtype=dtype, device=self._network.device)

    def _tiles(self, hidden: Any, places: _Places, known: Any) -> tuple[Any, Any]:
        """Return the sums of answer, distillation and unlikelihood, and each target's log-likelihood."""
        torch = self._torch
        size = self._tile_size
        slices = [slice(begin, begin + size) for begin in range(0, int(hidden.shape[0]), size)]
        found = []
        for part in slices:
            taught = None if known is None else _sliced(known, part)
            given = (hidden[part], places.targets[part], places.learn[part], places.unsupported[part], taught)
            if len(slices) == 1 or not torch.is_grad_enabled():
                found.append(self._tile(*given))
            else:
                found.append(torch.utils.checkpoint.checkpoint(self._tile, *given, use_reentrant=False))
        return torch.stack([one for one, _ in found]).sum(0), torch.cat([said for _, said in found])

    def _tile(self, hidden: Any, targets: Any, learn: Any, unsupported: Any, taught: Any) -> tuple[Any, Any]:
        logits = self._network.logits(hidden)
        logp = logits.log_softmax(-1)
        none = logp.new_zeros(())
        distill = (
            none
            if taught is None or self._teacher is None
            else self._teacher.divergence(taught, logits, learn)
        )
        unlike = unlikelihood(logp, targets, unsupported) if self._terms.ground.on else none
        sums = self._torch.stack([likelihood(logp, targets, learn), distill, unlike])
        return sums, logp.gather(-1, targets[:, None])[:, 0]

    def _contrast(self, marked: Sequence[Marked], places: _Places, said: Any) -> tuple[Any, int]:
        """Return what grounded facts lack of their margin over the same prompt without the source."""
        terms = self._terms.ground
        chosen = [row for row, one in enumerate(marked) if one.bare and any(one.grounded)]
        if not (terms.on and terms.contrast > 0 and chosen):
            return said.new_zeros(()), 0
        torch = self._torch
        hidden, tokens = self._hidden([(marked[row].bare, marked[row].answer) for row in chosen])
        at = [
            (place, len(marked[row].bare) - 1 + number, marked[row].answer[number], marked[row].weight)
            for place, row in enumerate(chosen)
            for number, flag in enumerate(marked[row].grounded)
            if flag
        ]
        rows, columns, targets = (self._tensor([one[field] for one in at], torch.long) for field in range(3))
        weights = self._tensor([one[3] for one in at], torch.float32)
        logp = self._network.logits(hidden[rows, columns]).log_softmax(-1)
        without = logp.gather(-1, targets[:, None])[:, 0]
        with_source = said[places.grounded]  # in the same order: other rows have no grounded token
        return contrast(with_source, without, weights, terms.margin), tokens


def padded(torch: Any, rows: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    """Return rows of tokens padded on the right with token 0, and the mask of what is no padding."""
    width = max(map(len, rows))
    tokens = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for place, row in enumerate(rows):
        tokens[place, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[place, : len(row)] = 1
    return tokens, mask


def _sliced(known: Any, part: slice) -> Any:
    """Return some rows of what a teacher knows: a tensor, or several by name."""
    if isinstance(known, Mapping):
        return {name: value[part] for name, value in known.items()}
    return known[part]
