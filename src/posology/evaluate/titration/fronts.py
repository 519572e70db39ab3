"""Pareto fronts: arms that no other arm beats in both score and cost."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Front", "Point", "find_front"]


@dataclass(frozen=True, slots=True)
class Point:
    """An arm's cost, of which less is better, and its score, of which more is."""

    cost: float
    score: float


@dataclass(frozen=True, slots=True)
class Front:
    """The arms of a front by cost, and all that were compared; estimates alone decide, not intervals."""

    cost: str  # what an answer costs, in words with its unit
    points: Mapping[str, Point]
    best: tuple[str, ...]


def find_front(cost: str, points: Mapping[str, Point]) -> Front:
    """Find the arms that none beats: none as cheap or cheaper and as good or better, and one of both more."""
    best = [
        name
        for name, one in points.items()
        if not any(
            other.cost <= one.cost and other.score >= one.score and other != one for other in points.values()
        )
    ]
    return Front(cost, dict(points), tuple(sorted(best, key=lambda name: (points[name].cost, name))))
