"""The terms of the objective as functions of log-probabilities; each returns a sum over tokens.

Shapes: (tokens, vocabulary) for log-probabilities, (tokens,) for targets and weights. The formulas:

* answer: -log q(y)
* unlikelihood: -log(1 - q(y))
* contrast: max(0, margin - (log q(y | source) - log q(y | no source)))
* divergence, softened by T and scaled by T squared: forward KL(p, q), or generalised Jensen-Shannon
  beta KL(p, m) + (1 - beta) KL(q, m), m = beta p + (1 - beta) q; 0 stands for forward, 1 for reverse KL
* divergence from a cache: KL over the teacher's k likeliest tokens and one cell for all others; a lower bound
"""

import math
from typing import Any

__all__ = ["contrast", "divergence", "likelihood", "tail_divergence", "unlikelihood"]

_NEARLY_ONE = 1 - 1e-6


def likelihood(logp: Any, targets: Any, weights: Any) -> Any:
    """Return the weighted sum of the targets' negative log-likelihood."""
    return -(logp.gather(-1, targets[:, None])[:, 0] * weights).sum()


def unlikelihood(logp: Any, targets: Any, weights: Any) -> Any:
    """Return the weighted sum of -log(1 - q(target))."""
    said = logp.gather(-1, targets[:, None])[:, 0].exp().clamp(max=_NEARLY_ONE)
    return -((-said).log1p() * weights).sum()


def contrast(with_source: Any, without: Any, weights: Any, margin: float) -> Any:
    """Return the weighted sum of what is lacking for the margin; both are log-likelihoods of the targets."""
    return ((margin - (with_source - without)).clamp(min=0) * weights).sum()


def divergence(teacher: Any, student: Any, weights: Any, *, beta: float, temperature: float) -> Any:
    """Return the weighted sum of the divergence of two rows of logits; ``beta`` 0: forward KL, 1: reverse."""
    p = (teacher.float() / temperature).log_softmax(-1)
    q = (student.float() / temperature).log_softmax(-1)
    if beta in (0.0, 1.0):
        one, other = (p, q) if beta == 0.0 else (q, p)
        found = (one.exp() * (one - other)).sum(-1)
    else:
        mean = (p + math.log(beta)).logaddexp(q + math.log1p(-beta))
        found = beta * (p.exp() * (p - mean)).sum(-1) + (1 - beta) * (q.exp() * (q - mean)).sum(-1)
    return temperature**2 * (found * weights).sum()


def tail_divergence(top: Any, ids: Any, student: Any, weights: Any, *, temperature: float) -> Any:
    """Return the weighted sum of forward KL over cached tokens and one cell for the rest.

    ``top``: (tokens, k) log-probabilities of the teacher, softened by the same temperature when they were
    cached; ``ids``: (tokens, k) their tokens.
    """
    q = (student.float() / temperature).log_softmax(-1)
    top = top.float()
    own = q.gather(-1, ids)
    rest = (-top.exp().sum(-1).clamp(max=_NEARLY_ONE)).log1p()
    others = (-own.exp().sum(-1).clamp(max=_NEARLY_ONE)).log1p()
    found = (top.exp() * (top - own)).sum(-1) + rest.exp() * (rest - others)
    return temperature**2 * (found * weights).sum()
