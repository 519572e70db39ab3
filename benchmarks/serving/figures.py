"""Quantiles of times with intervals that assume nothing of their distribution."""

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["quantile_with_interval", "times_summary"]


def quantile_with_interval(ordered: Sequence[float], q: float, z: float = 1.96) -> dict[str, Any]:
    """Return a quantile by the nearest rank and its 95 % interval from order statistics (binomial ranks)."""
    n = len(ordered)
    spread = z * math.sqrt(n * q * (1 - q))
    low, high = math.floor(n * q - spread), math.ceil(n * q + spread) + 1
    at = min(n, max(1, math.ceil(n * q)))
    inside = low >= 1 and high <= n
    interval = [ordered[low - 1], ordered[high - 1]] if inside else None
    return {"value": ordered[at - 1], "ci95": interval}


def times_summary(milliseconds: Sequence[float]) -> dict[str, Any]:
    """Return n, p50, p95, p99 and the longest of times in milliseconds; ``None`` of nothing."""
    if not milliseconds:
        return {"n": 0, "p50": None, "p95": None, "p99": None, "longest": None}
    ordered = sorted(round(one, 2) for one in milliseconds)
    found = {f"p{round(q * 100)}": quantile_with_interval(ordered, q) for q in (0.5, 0.95, 0.99)}
    return {"n": len(ordered), **found, "longest": ordered[-1]}
