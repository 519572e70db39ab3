"""The objective of preferences: DPO against a reference that is computed once, with a supervised term.

For a pair, with d(y) the log-probability of an answer less the reference's, the loss is
-log sigmoid(beta (d(chosen) - d(rejected))) plus the weighted mean negative log-likelihood of a token of the
chosen answer. Without the second term both may become less likely, the rejected one only faster; so the
change of the chosen one is told with every loss.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from posology.adapt.batches import pieces
from posology.adapt.network import Network
from posology.adapt.objective.answers import padded
from posology.adapt.objective.protocol import Losses

__all__ = ["MarkedPair", "PreferenceObjective", "preference_loss", "reference_of"]

TILE = 512  # positions whose logits are held at once


@dataclass(frozen=True, slots=True)
class MarkedPair:
    """A pair as tokens: a context and the answers after it, their ends included."""

    id: str
    context: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """Return how many tokens go through the model for both answers."""
        return 2 * len(self.context) + len(self.chosen) + len(self.rejected)

    def __repr__(self) -> str:
        """Show id and size only: the tokens are text."""
        return f"MarkedPair({self.id}, {self.tokens} tokens)"


def preference_loss(torch: Any, change: Any, other: Any, beta: float) -> Any:
    """Return the DPO loss of pairs from the changes, against the reference, of chosen and rejected."""
    return -torch.nn.functional.logsigmoid(beta * (change - other))


def reference_of(
    network: Network, pairs: Sequence[MarkedPair], micro_tokens: int
) -> list[tuple[float, float]]:
    """Return the reference's log-probabilities of chosen and rejected: the model with its adapter off.

    Computed once, before anything is learned, without dropout.
    """
    found: list[tuple[float, float]] = [(0.0, 0.0)] * len(pairs)
    off = network.wrapped.disable_adapter() if network.wrapped is not None else nullcontext()
    network.core.eval()
    with network.torch.no_grad(), off:
        for rows in pieces(list(range(len(pairs))), [pair.tokens for pair in pairs], micro_tokens):
            sums, _, _ = _log_probabilities(network, [pairs[row] for row in rows])
            for row, chosen, rejected in zip(rows, sums[0].tolist(), sums[1].tolist(), strict=True):
                found[row] = chosen, rejected
    network.core.train()
    return found


def _log_probabilities(network: Network, pairs: Sequence[MarkedPair]) -> tuple[Any, Any, int]:
    """Return sums of log-probability, (2, pairs), of chosen and rejected, their tokens, and tokens passed."""
    torch = network.torch
    rows = [(pair.context, answer) for pair in pairs for answer in (pair.chosen, pair.rejected)]
    tokens, attention = padded(torch, [[*context, *answer] for context, answer in rows])
    hidden = network.hidden(tokens.to(network.device), attention.to(network.device))
    at = [
        (row, len(context) - 1 + place, token)
        for row, (context, answer) in enumerate(rows)
        for place, token in enumerate(answer)
    ]
    where, columns, targets = (torch.tensor(one, device=network.device) for one in zip(*at, strict=True))
    states = hidden[where, columns]
    logp = torch.cat(
        [
            _tile(network, states[begin : begin + TILE], targets[begin : begin + TILE])
            for begin in range(0, len(at), TILE)
        ]
    )
    sums = torch.zeros(len(rows), device=network.device).index_add(0, where, logp)
    sizes = torch.tensor([len(answer) for _, answer in rows], device=network.device)
    return sums.view(-1, 2).T, sizes.view(-1, 2).T, int(tokens.numel())


def _tile(network: Network, states: Any, targets: Any) -> Any:
    def compute(states: Any) -> Any:
        return network.logits(states).log_softmax(-1).gather(-1, targets[:, None])[:, 0]

    if not states.requires_grad:
        return compute(states)
    return network.torch.utils.checkpoint.checkpoint(compute, states, use_reentrant=False)


class PreferenceObjective:
    """DPO with a supervised term over marked pairs and their reference."""

    def __init__(
        self,
        network: Network,
        pairs: Sequence[MarkedPair],
        reference: Sequence[tuple[float, float]],
        *,
        beta: float,
        supervised: float,
    ) -> None:
        """Take what ``reference_of`` gave for the same pairs."""
        self._network, self._pairs, self._reference = network, pairs, reference
        self._beta, self._supervised = beta, supervised

    @property
    def lengths(self) -> Sequence[int]:
        """Return the tokens of each pair."""
        return [pair.tokens for pair in self._pairs]

    @property
    def names(self) -> Sequence[str]:
        """Return what is told of each pair.

        ``answer``: the whole loss; ``preference`` and ``supervised``: its terms; ``chosen`` and ``rejected``:
        nats a token by which each became likelier than in the reference; ``right``: 1 where the chosen one
        gained more.
        """
        return ("answer", "preference", "supervised", "chosen", "rejected", "right")

    def count(self, rows: Sequence[int]) -> float:
        """Return the number of pairs."""
        return float(len(rows))

    def losses(self, rows: Sequence[int]) -> Losses:
        """Compute the loss of a few pairs."""
        network = self._network
        sums, sizes, tokens = _log_probabilities(network, [self._pairs[row] for row in rows])
        reference = network.torch.tensor([self._reference[row] for row in rows], device=network.device).T
        change = sums - reference
        preference = preference_loss(network.torch, change[0], change[1], self._beta)
        supervised = -sums[0] / sizes[0]
        total = (preference + self._supervised * supervised).sum()
        each = change / sizes
        told = (preference + self._supervised * supervised, preference, supervised, each[0], each[1])
        parts = {name: float(one.detach().sum()) for name, one in zip(self.names, told, strict=False)}
        parts["right"] = float((change[0] > change[1]).sum())
        return Losses(total, parts, tokens)
