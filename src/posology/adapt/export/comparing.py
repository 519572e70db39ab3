"""How far an exported model is from its source, token by token, and what is beyond tolerance.

The largest difference of a logit says little: a good Q8_0 file differs by 1.0 somewhere among millions of
logits that nobody would choose. What decides is the mean divergence of the probabilities and how often the
likeliest token is another one; and, for a tuned model, the divergence as a share of what tuning changed: an
export that lost its adapter stands at 1.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.adapt.export.probes import Probe
from posology.chat.matrices.tensors import Floats
from posology.errors import ModelError

__all__ = ["TOLERANCES", "Difference", "Tally", "Tolerance", "compare_logits", "find_excess"]

_FLOOR_KL = 1e-5  # nats a token: a change this small is arithmetic, not tuning


@dataclass(frozen=True, slots=True)
class Difference:
    """Source against export over the tokens of some texts. Divergences are KL(source, export) in nats."""

    tokens: int
    max_logit: float  # largest difference of a logit
    mean_kl: float  # of a token
    p99_kl: float  # the token that 1 in 100 exceed
    top1: float  # share of tokens whose likeliest successor is the same

    def record(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            key: float(f"{value:.6g}") if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What an export may differ by."""

    mean_kl: float  # nats a token
    top1: float  # at least
    share: float = 0.25  # of the divergence between base and source that may be lost at most
    score_drop: float = 0.02  # of the task score, where one is asked for


TOLERANCES: dict[str, Tolerance] = {
    # rounding each weight to 8 bits of mantissa; measured on SmolLM2-135M: 1e-4 to 1e-3
    "bfloat16": Tolerance(mean_kl=3e-3, top1=0.97),
    # nothing is rounded but the sum of base and change
    "float32": Tolerance(mean_kl=1e-5, top1=0.995),
    # 8 bits a weight in groups of 32; measured on SmolLM2-135M: 1e-3 to 3e-3
    "q8_0": Tolerance(mean_kl=1e-2, top1=0.95),
    # the same weights, computed by the embedded engine's own arithmetic
    "int8": Tolerance(mean_kl=1e-2, top1=0.95),
    # a change of full rank folded into an adapter: what is lost is told as a share
    "adapter": Tolerance(mean_kl=1e-2, top1=0.95),
}


class Tally:
    """Differences gathered text by text, so that no two texts' logits are in memory together."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._divergences: list[NDArray[np.float64]] = []
        self._same = 0
        self._largest = 0.0
        self.answers = 0
        self.right = [
            0,
            0,
        ]  # answers that source and export give word by word when each takes the likeliest token

    def add(self, source: Floats, export: Floats, probe: Probe | None = None) -> None:
        """Count a text's logits, (tokens, vocabulary).

        Raises ModelError where shapes differ or a logit is not finite: that is no matter of tolerance.
        """
        if source.shape != export.shape:
            raise ModelError(
                f"the export's logits have the shape {export.shape}, the source's {source.shape}"
            )
        if not (np.isfinite(source).all() and np.isfinite(export).all()):
            raise ModelError("a logit is not finite: source or export is broken")
        self._largest = max(self._largest, float(np.abs(source - export).max(initial=0)))
        best = source.argmax(-1), export.argmax(-1)
        self._same += int((best[0] == best[1]).sum())
        self._divergences.append(_divergence(source, export))
        if probe is not None and 0 < probe.answer < len(probe.ids):
            self.answers += 1
            for place, tokens in enumerate(best):
                wanted = np.asarray(probe.ids[probe.answer :])
                self.right[place] += bool((tokens[probe.answer - 1 : -1] == wanted).all())

    def difference(self) -> Difference:
        """Return what was gathered."""
        every = np.concatenate(self._divergences) if self._divergences else np.empty(0)
        if not every.size:
            raise ModelError("there are no tokens to compare source and export on")
        tokens = int(every.size)
        worst = float(np.quantile(every, 0.99))
        return Difference(tokens, self._largest, float(every.mean()), worst, self._same / tokens)


def compare_logits(source: Iterable[Floats], exported: Iterable[Floats]) -> Difference:
    """Compare the logits of the same texts: arrays of (tokens, vocabulary)."""
    tally = Tally()
    for mine, theirs in zip(source, exported, strict=True):
        tally.add(mine, theirs)
    return tally.difference()


def _divergence(mine: Floats, theirs: Floats) -> NDArray[np.float64]:
    """Return KL(mine, theirs) of each token; never less than zero but for rounding."""
    p, q = _log_softmax(mine), _log_softmax(theirs)
    result: NDArray[np.float64] = (np.exp(p) * (p - q)).sum(-1)
    return np.maximum(result, 0)


def _log_softmax(logits: Floats) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(-1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


def find_excess(difference: Difference, effect: Difference | None, tolerance: Tolerance) -> list[str]:
    """Return what is beyond tolerance, in words; ``effect`` is the source against its base."""
    found = []
    if not difference.mean_kl <= tolerance.mean_kl:
        found.append(f"mean KL {difference.mean_kl:.2g} nats a token (at most {tolerance.mean_kl:g})")
    if not difference.top1 >= tolerance.top1:
        found.append(f"likeliest token the same in {difference.top1:.1%} (at least {tolerance.top1:.1%})")
    if effect is not None and difference.mean_kl > tolerance.share * effect.mean_kl + _FLOOR_KL:
        found.append(
            f"the difference is {difference.mean_kl / max(effect.mean_kl, 1e-12):.0%} of what tuning changed "
            f"(at most {tolerance.share:.0%})"
        )
    return found
