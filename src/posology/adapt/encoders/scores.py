"""How good a head is on examples: strict F1 of spans; macro-F1, accuracy and balanced accuracy of labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from posology.evidence.heads.tags import Span

__all__ = ["best_threshold", "label_scores", "span_scores"]

Ints = NDArray[np.int64]


def span_scores(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> dict[str, float | None]:
    """Return strict precision, recall and F1: a span is right with its exact place and label."""
    pairs = [
        ({(one.start, one.end, one.label) for one in a}, {(one.start, one.end, one.label) for one in b})
        for a, b in zip(gold, found, strict=True)
    ]
    hits = sum(len(a & b) for a, b in pairs)
    wanted, answered = sum(len(a) for a, _ in pairs), sum(len(b) for _, b in pairs)
    return {
        "strict F1": 2 * hits / (wanted + answered) if wanted + answered else None,
        "strict precision": hits / answered if answered else None,
        "strict recall": hits / wanted if wanted else None,
    }


def label_scores(gold: Ints, found: Ints, labels: int) -> dict[str, float | None]:
    """Return macro-F1 (over labels that occur), accuracy and balanced accuracy (mean recall)."""
    if not len(gold):
        return {"macro-F1": None, "accuracy": None, "balanced accuracy": None}
    table = np.zeros((labels, labels))
    np.add.at(table, (gold, found), 1)
    hits, wanted, answered = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    there, real = wanted + answered > 0, wanted > 0
    return {
        "macro-F1": float((2 * hits[there] / (wanted + answered)[there]).mean()),
        "accuracy": float(hits.sum() / len(gold)),
        "balanced accuracy": float((hits[real] / wanted[real]).mean()),
    }


def best_threshold(
    positive: NDArray[np.bool_], chances: NDArray[np.float64], least: float = 0.0
) -> float | None:
    """Return the threshold with the best balanced accuracy; None where there is one label only.

    It lies halfway between two neighbouring chances, so that rounding does not decide. Of thresholds under
    which more than a share 1 - ``least`` of the positive lies none is taken.
    """
    if positive.all() or not positive.any():
        return None
    order = np.argsort(-chances, kind="stable")
    sorted_chances, truth = chances[order], positive[order]
    recall = np.cumsum(truth) / truth.sum()
    rejected = 1 - np.cumsum(~truth) / (~truth).sum()
    ends = np.append(sorted_chances[1:] < sorted_chances[:-1], True)
    score = np.where(ends & (recall >= least), recall + rejected, -np.inf)
    best = int(score.argmax())
    below = sorted_chances[best + 1] if best + 1 < len(sorted_chances) else 0.0
    return float((sorted_chances[best] + below) / 2)
