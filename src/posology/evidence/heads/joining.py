"""From the logits of windows to those of the texts that they are of."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from posology.evidence.heads.windows import Window

__all__ = ["best_windows", "join_rows", "join_texts", "log_softmax"]

Floats = NDArray[np.float64]


def log_softmax(logits: Floats) -> Floats:
    """Return log-probabilities over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def join_texts(windows: Sequence[Window], logits: Sequence[Floats], texts: int, highest: int = -1) -> Floats:
    """Return each text's logits: the mean of its windows, or the window likeliest of label ``highest``."""
    rows = np.stack(logits)
    groups: list[list[int]] = [[] for _ in range(texts)]
    for n, window in enumerate(windows):
        groups[window.of].append(n)
    if highest < 0:
        return np.stack([rows[group].mean(axis=0) for group in groups])
    chances = log_softmax(rows)[:, highest]
    return np.stack([rows[group[int(chances[group].argmax())]] for group in groups])


def best_windows(windows: Sequence[Window], sizes: Sequence[int]) -> list[list[tuple[int, int, int]]]:
    """Return for each text which pieces are read from which window: (window, from, to), in order.

    A piece that stands in two windows is read from the one in which it is farther from the edge.
    """
    groups: list[list[int]] = [[] for _ in sizes]
    for n, window in enumerate(windows):
        groups[window.of].append(n)
    result = []
    for group, size in zip(groups, sizes, strict=True):
        ends = [windows[n].start + len(windows[n].ids) - windows[n].lead - 1 for n in group]
        starts = [windows[n].start for n in group]
        cuts = [0, *((after + end) // 2 for after, end in zip(starts[1:], ends[:-1], strict=True)), size]
        result.append([(n, cuts[k], cuts[k + 1]) for k, n in enumerate(group)])
    return result


def join_rows(windows: Sequence[Window], logits: Sequence[Floats], sizes: Sequence[int]) -> list[Floats]:
    """Return the logits of each text's pieces: (pieces, tags), read as ``best_windows`` says."""
    tags = logits[0].shape[-1] if logits else 0
    joined = []
    for parts in best_windows(windows, sizes):
        rows = [
            logits[n][windows[n].lead + start - windows[n].start : windows[n].lead + end - windows[n].start]
            for n, start, end in parts
        ]
        joined.append(np.concatenate(rows) if rows else np.zeros((0, tags)))
    return joined
