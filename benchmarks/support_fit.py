"""Fit the alignment's logistic model on the training halves: python benchmarks/support_fit.py.

Writes benchmarks/aligning/model.json. Each data set weighs the same, and in each
both labels do. The threshold is the one with the best mean balanced accuracy over the training halves.
"""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aligning.checker import ENCODER, MODEL, AlignmentChecker, SupportModel
from aligning.encoder import open_bert
from aligning.features import FEATURES
from posology.chat.weights import find_weights
from support_pairs import TRAINED

RIDGE = 1.0


def main() -> None:
    """Compute the features, fit, choose the threshold, write the model."""
    weights = find_weights(ENCODER)
    blank = SupportModel(FEATURES, (), (), (), 0.0, 0.5, weights.sha256, "")
    checker = AlignmentChecker(open_bert(weights.path), blank, None)  # type: ignore[arg-type]
    rows, labels, sample, names = [], [], [], []
    counts: dict[str, int] = {}
    for name, read in TRAINED.items():
        pairs = [pair for pair in read() if not pair.reported]
        counts[name] = len(pairs)
        supported = np.array([pair.supported for pair in pairs])
        rows.append(checker.features([(pair.sentence, pair.sources) for pair in pairs]))
        labels.append(supported)
        sample.append(np.where(supported, 0.5 / supported.sum(), 0.5 / (~supported).sum()))
        names += [name] * len(pairs)
    x, y, w = np.concatenate(rows), np.concatenate(labels), np.concatenate(sample)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    beta = fit((x - mean) / scale, y, w * len(y) / w.sum())
    scores = 1 / (1 + np.exp(-((x - mean) / scale @ beta[1:] + beta[0])))
    threshold = best_threshold(scores, y, np.array(names))
    MODEL.write_text(
        json.dumps(
            {
                "features": FEATURES,
                "mean": [round(float(v), 6) for v in mean],
                "scale": [round(float(v), 6) for v in scale],
                "weights": [round(float(v), 6) for v in beta[1:]],
                "bias": round(float(beta[0]), 6),
                "threshold": threshold,
                "encoder": ENCODER,
                "encoder_sha256": weights.sha256,
                "license": "Apache-2.0",
                "fit": {
                    "script": "benchmarks/support_fit.py",
                    "ridge": RIDGE,
                    "pairs": counts,
                    "split": "group's SHA-256 begins with an even byte",
                    "data": {"medhallu": "MIT", "expertqa": "MIT", "medec": "CC BY 4.0 (MEDEC, MS subset)"},
                },
            },
            indent=2,
        )
        + "\n",
        encoding="utf-8",
    )
    print(counts, dict(zip(FEATURES, beta[1:].round(2).tolist(), strict=True)), "threshold", threshold)


def fit(x: NDArray[np.float64], y: NDArray[np.bool_], w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return bias and weights of a ridge logistic regression, by Newton's method."""
    design = np.hstack([np.ones((len(x), 1)), x])
    penalty = np.diag([0.0] + [RIDGE] * x.shape[1])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (w * (p - y)) + penalty @ beta
        hessian = (design * (w * p * (1 - p))[:, None]).T @ design + penalty
        step = np.linalg.solve(hessian, gradient)
        beta -= step
        if np.abs(step).max() < 1e-8:
            break
    return beta


def best_threshold(scores: NDArray[np.float64], y: NDArray[np.bool_], names: NDArray[np.str_]) -> float:
    """Return the threshold with the best mean balanced accuracy over the data sets."""

    def mean_accuracy(threshold: float) -> float:
        per_set: Sequence[float] = [
            ((scores[at & y] >= threshold).mean() + (scores[at & ~y] < threshold).mean()) / 2
            for at in (names == name for name in TRAINED)
        ]
        return float(np.mean(per_set))

    return max((round(t, 2) for t in np.arange(0.2, 0.81, 0.01)), key=mean_accuracy)


if __name__ == "__main__":
    main()
