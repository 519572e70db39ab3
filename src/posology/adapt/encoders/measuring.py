"""What a head answers on examples that it does not learn from: scores, temperature, threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posology.adapt.encoders.calibration import mean_loss, temperature_of
from posology.adapt.encoders.network import EncoderNetwork
from posology.adapt.encoders.prepared import Unit
from posology.adapt.encoders.scores import best_threshold, label_scores, span_scores
from posology.adapt.recipes.encode import HeadTable
from posology.evidence.heads.joining import join_rows, join_texts, log_softmax
from posology.evidence.heads.tags import decode_tags
from posology.evidence.heads.windows import Window, by_size

__all__ = ["Calibrated", "calibrate", "logits_of", "measure", "metric_of"]

Floats = NDArray[np.float64]
_AT_ONCE = 4096  # word pieces, padding included


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What select says of probabilities."""

    temperature: float
    threshold: float | None
    loss_before: float | None  # nats an example, or a piece
    loss_after: float | None


def metric_of(head: HeadTable) -> str:
    """Return the name of the score that says when to stop."""
    return "strict F1" if head.kind == "token" else head.metric or "macro-F1"


def logits_of(network: EncoderNetwork, units: Sequence[Unit], head: HeadTable) -> list[Floats]:
    """Return each example's logits: (pieces, tags) or (labels,), joined over its windows."""
    windows = [
        Window(of, one.ids, one.types, one.start, one.lead)
        for of, unit in enumerate(units)
        for one in unit.windows
    ]
    rows = _forward(network, windows)
    if head.kind == "token":
        return join_rows(windows, rows, [len(unit.pieces.ids) for unit in units])
    highest = network.task.labels.index(head.positive) if head.join == "highest" else -1
    return list(join_texts(windows, rows, len(units), highest)) if units else []


def _forward(network: EncoderNetwork, windows: Sequence[Window]) -> list[Floats]:
    rows: dict[int, Floats] = {}
    network.module.eval()
    with network.torch.inference_mode():
        for batch in by_size([len(window.ids) for window in windows], _AT_ONCE):
            found = network.logits([windows[n] for n in batch]).cpu().numpy().astype(np.float64)
            for row, n in enumerate(batch):
                token = network.task.kind == "token"
                rows[n] = found[row, : len(windows[n].ids)] if token else found[row]
    return [rows[n] for n in range(len(windows))]


def measure(
    units: Sequence[Unit],
    logits: Sequence[Floats],
    labels: Sequence[str],
    head: HeadTable,
    threshold: float | None = None,
) -> dict[str, float | None]:
    """Return the scores of logits on examples; ``threshold`` decides where it is given."""
    if head.kind == "token":
        found = [
            decode_tags(log_softmax(rows), unit.pieces, labels, whole_words=head.whole_words)
            for rows, unit in zip(logits, units, strict=True)
        ]
        return span_scores([unit.spans for unit in units], found)
    gold = np.array([unit.label for unit in units], dtype=np.int64)
    answers = np.stack(logits)
    if threshold is not None:
        place = list(labels).index(head.positive)
        chances = np.exp(log_softmax(answers))[:, place]
        answers = answers.copy()
        answers[:, place] = np.where(chances >= threshold, np.inf, -np.inf)
    return label_scores(gold, answers.argmax(axis=1).astype(np.int64), len(labels))


def calibrate(
    units: Sequence[Unit], logits: Sequence[Floats], labels: Sequence[str], head: HeadTable
) -> Calibrated:
    """Return the temperature, and the threshold where the recipe wants one."""
    if not units:
        return Calibrated(head.temperature or 1.0, None, None, None)
    rows = np.concatenate(logits) if head.kind == "token" else np.stack(logits)
    if head.kind == "token":
        gold = np.array([tag for unit in units for tag in unit.tags], dtype=np.int64)
    else:
        gold = np.array([unit.label for unit in units], dtype=np.int64)
    temperature = head.temperature or temperature_of(rows, gold)
    threshold = None
    if head.threshold != "none":
        place = list(labels).index(head.positive)
        chances = np.exp(log_softmax(rows / temperature))[:, place]
        threshold = best_threshold(gold == place, chances, head.passed)
    return Calibrated(temperature, threshold, mean_loss(rows, gold), mean_loss(rows, gold, temperature))
