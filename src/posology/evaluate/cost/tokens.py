"""Tokens, the operations they cost, and how long answers took."""

import math
from collections.abc import Sequence

from posology.evaluate.cost.figures import Figure, measured, modelled, unavailable
from posology.evaluate.items import Response

__all__ = ["flops_figure", "flops_of", "latency_figure", "quantile", "rate_figure", "token_figure"]


def flops_of(parameters: int, tokens: int) -> float:
    """Return the floating-point operations of a forward pass: 2 for each parameter and token.

    Attention over the context is left out: a few per cent of a small model's work at 2,000 tokens or fewer.
    """
    return 2.0 * parameters * tokens


def token_figure(counts: Sequence[int]) -> Figure:
    """Return the mean of token counts per item; unavailable where no token was counted."""
    if not any(counts):
        return unavailable("tokens per item", "the system is not asked in tokens, or does not count them")
    return measured(sum(counts) / len(counts), "tokens per item", f"{sum(counts)} in {len(counts)} items")


def flops_figure(parameters: int | None, responses: Sequence[Response]) -> Figure:
    """Return the operations per item: 2 · parameters · (prompt + output tokens)."""
    tokens = sum(one.prompt_tokens + one.output_tokens for one in responses)
    if parameters is None or not tokens:
        return unavailable("FLOP per item", "no number of parameters, or no tokens")
    each = flops_of(parameters, tokens) / len(responses)
    return modelled(
        each, "FLOP per item", f"2 x {parameters} parameters x {tokens} tokens / {len(responses)}"
    )


def latency_figure(responses: Sequence[Response], share: float, note: str = "") -> Figure:
    """Return a quantile of the seconds per item, a batch's items each having their share of its time."""
    seconds = [one.seconds for one in responses if one.seconds > 0]
    if not seconds:
        return unavailable("s", "the system tells no time")
    return measured(
        quantile(seconds, share), "s", f"an item's share of its batch; a lone request takes longer{note}"
    )


def rate_figure(amount: float, responses: Sequence[Response], unit: str) -> Figure:
    """Return an amount over the seconds of all responses."""
    seconds = sum(one.seconds for one in responses)
    if not amount or not seconds:
        return unavailable(unit, "no amount or no time to divide")
    return measured(amount / seconds, unit, f"{amount:g} in {seconds:.2f} s of answering")


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile by the nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1))]
