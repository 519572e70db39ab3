"""The objective of plain text: each token of a packed row from those before it in its own document."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from posology.adapt.network import Network
from posology.adapt.objective.protocol import Losses
from posology.adapt.packing import Row, row_tensors

__all__ = ["PlainObjective"]

_TILE = 1024  # positions whose logits are held at once


class PlainObjective:
    """Packed rows; with ``by_domain`` the mean of each domain is told too, for measuring.

    The part "answer" is then the mean over all domains but ``beside``.
    """

    def __init__(
        self, network: Network, rows: Sequence[Row], *, by_domain: bool = False, beside: str = ""
    ) -> None:
        """Take the network and its rows; ``beside`` names the domain that is no part of the loss."""
        self._network = network
        self._torch = network.torch
        self._rows = rows
        self._predicted = Counter[str]()
        for row in rows:
            for piece in row:
                self._predicted[piece.domain] += len(piece.tokens) - 1
        self._by_domain = by_domain
        self._beside = beside

    @property
    def lengths(self) -> Sequence[int]:
        """Return the tokens of each row."""
        return [sum(len(piece.tokens) for piece in row) for row in self._rows]

    @property
    def names(self) -> Sequence[str]:
        """Return the names of the parts: the loss, and that of each domain where they are told."""
        return ["answer", *(sorted(self._predicted) if self._by_domain else ())]

    @property
    def predicted(self) -> dict[str, int]:
        """Return how many tokens of each domain are predicted."""
        return dict(sorted(self._predicted.items()))

    def count(self, rows: Sequence[int]) -> float:
        """Return how many tokens some rows predict."""
        return float(sum(len(piece.tokens) - 1 for row in rows for piece in self._rows[row]))

    def losses(self, rows: Sequence[int]) -> Losses:
        """Compute the summed loss of some rows.

        A domain's part is scaled so that, divided by the count of all rows, it is the domain's own mean.
        """
        chosen = [self._rows[row] for row in rows]
        tokens, positions, predicts = row_tensors(self._torch, chosen)
        device = self._network.device
        hidden = self._network.hidden(tokens.to(device), None, positions.to(device))[:, :-1]
        mask = predicts[:, :-1].to(device)
        targets = tokens[:, 1:].to(device)[mask]
        each = self._each(hidden[mask], targets)
        parts = {"answer": float(each.detach().sum())}
        if self._by_domain:
            parts |= self._domains(chosen, each.detach())
        return Losses(each.sum(), parts, int(tokens.numel()))

    def _each(self, hidden: Any, targets: Any) -> Any:
        """Return the loss of each predicted token; logits are held a tile at a time."""
        torch = self._torch
        spans = [slice(at, at + _TILE) for at in range(0, int(hidden.shape[0]), _TILE)]
        if len(spans) == 1 or not torch.is_grad_enabled():
            return torch.cat([self._tile(hidden[span], targets[span]) for span in spans])
        kept = torch.utils.checkpoint.checkpoint
        return torch.cat(
            [kept(self._tile, hidden[span], targets[span], use_reentrant=False) for span in spans]
        )

    def _tile(self, hidden: Any, targets: Any) -> Any:
        logp = self._network.logits(hidden).log_softmax(-1)
        return -logp.gather(-1, targets[:, None])[:, 0]

    def _domains(self, chosen: Sequence[Row], each: Any) -> dict[str, float]:
        sums = dict.fromkeys((piece.domain for row in chosen for piece in row), 0.0)
        at = 0
        for row in chosen:
            for piece in row:
                end = at + len(piece.tokens) - 1
                sums[piece.domain] += float(each[at:end].sum())
                at = end
        whole = sum(self._predicted.values())
        own = [name for name in self._predicted if name != self._beside]
        counted = sum(self._predicted[name] for name in own)
        loss = sum(sums.get(name, 0.0) for name in own) * whole / counted if counted else 0.0
        return {"answer": loss} | {n: value * whole / self._predicted[n] for n, value in sums.items()}
