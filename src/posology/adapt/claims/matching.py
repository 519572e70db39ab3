"""Matched claims: as many supported as not of like length and word overlap, so that neither gives it away."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posology.adapt.claims.claim import Claim
from posology.evidence.tokens import lexical_overlap

__all__ = ["Matched", "area_above", "match_claims"]

_OVERLAPS = (0.35, 0.5, 0.65, 0.8, 0.9, 0.999)
_LENGTHS = (6, 9, 12, 16, 21, 28)  # words


@dataclass(frozen=True, slots=True)
class Matched:
    """What was kept, and how well overlap and length alone tell the labels apart (0.5: not at all)."""

    claims: tuple[Claim, ...]
    left_out: dict[str, int]  # by origin: no partner of the other label
    overlap_area: float | None
    length_area: float | None


def match_claims(claims: Sequence[Claim]) -> Matched:
    """Keep as many supported as unsupported claims of each origin, length and overlap; a hash chooses."""
    cells: dict[tuple[str, int, int], dict[bool, list[Claim]]] = defaultdict(lambda: {True: [], False: []})
    for one in claims:
        cells[_cell(one)][one.supported].append(one)
    kept: list[Claim] = []
    left_out: Counter[str] = Counter()
    for (origin, _, _), sides in cells.items():
        count = min(len(side) for side in sides.values())
        for side in sides.values():
            kept += sorted(side, key=_order)[:count]
            left_out[origin] += len(side) - count
    kept.sort(key=_order)
    truth = [one.supported for one in kept]
    return Matched(
        tuple(kept),
        {origin: n for origin, n in sorted(left_out.items()) if n},
        area_above(truth, [lexical_overlap(one.sentence, [one.source]) for one in kept]),
        area_above(truth, [len(one.sentence) for one in kept]),
    )


def _cell(one: Claim) -> tuple[str, int, int]:
    overlap = lexical_overlap(one.sentence, [one.source])
    words = len(one.sentence.split())
    return (
        one.provenance.source,
        sum(overlap >= edge for edge in _OVERLAPS),
        sum(words >= edge for edge in _LENGTHS),
    )


def _order(one: Claim) -> str:
    return hashlib.sha256(f"{one.task}\0{one.name}".encode("utf-8", "surrogatepass")).hexdigest()


def area_above(truth: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Return the probability that a supported one scores above an unsupported one; ties are halves."""
    labels, values = np.array(truth, dtype=bool), np.array(scores, dtype=float)
    if labels.all() or not labels.any():
        return None
    below = np.sort(values[~labels])
    places = np.searchsorted(below, values[labels], "left") + np.searchsorted(below, values[labels], "right")
    return float(places.mean() / (2 * len(below)))
