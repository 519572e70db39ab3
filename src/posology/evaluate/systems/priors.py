"""Label priors of a model: what it leans to whatever is asked, measured on *tune* and divided out.

The prior of a label is its mean probability over items of *tune*, balanced over the gold labels and asked
with the very prompt. A model without a lean has alike priors, and nothing changes. No item that is scored
is looked at.
"""

import math
from collections.abc import Mapping, Sequence

from posology.chat import OptionScore
from posology.errors import UserError
from posology.evaluate.items import Item
from posology.evaluate.systems.digests import ordered_by_hash
from posology.evaluate.systems.golds import learnable
from posology.evaluate.task import Task

__all__ = ["calibrate", "calibration_items", "mean_probabilities", "probabilities_of"]

CALIBRATION_ITEMS = 40


def probabilities_of(labels: Sequence[str], scores: Sequence[OptionScore]) -> dict[str, float]:
    """Return the probability of each label among the labels: softmax of the sums over their tokens.

    The sum, not the mean per token: it is the probability that the model writes that label.
    """
    highest = max(score.logprob for score in scores)
    raised = [math.exp(score.logprob - highest) for score in scores]
    total = sum(raised)
    return {label: value / total for label, value in zip(labels, raised, strict=True)}


def calibration_items(task: Task, tune: Sequence[Item], shots: Sequence[Item]) -> tuple[Item, ...]:
    """Choose items to measure priors on: as many of each label as there are, up to a share; no examples."""
    ids = {item.id for item in shots}
    items = ordered_by_hash(
        [item for item in learnable(task, tune) if item.id not in ids], f"calibration:{task.name}"
    )
    by_label: dict[str, list[Item]] = {}
    for item in items:
        by_label.setdefault(str(item.gold), []).append(item)
    if not by_label:
        raise UserError(f"{task.name}: calibrated needs items of tune beside the examples")
    each = max(1, CALIBRATION_ITEMS // len(by_label))
    return tuple(item for label in sorted(by_label) for item in by_label[label][:each])


def mean_probabilities(golds: Sequence[str], found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean probability of each label, each gold label counting alike, however rare it is."""
    labels = {label: None for one in found for label in one}
    means: dict[str, list[float]] = {label: [] for label in labels}
    for gold in dict.fromkeys(golds):
        rows = [one for own, one in zip(golds, found, strict=True) if own == gold]
        for label in labels:
            if values := [row[label] for row in rows if label in row]:
                means[label].append(math.fsum(values) / len(values))
    return {label: math.fsum(values) / len(values) for label, values in means.items()}


def calibrate(probabilities: Mapping[str, float], priors: Mapping[str, float]) -> dict[str, float]:
    """Divide probabilities by the priors of their labels, so that they add up to one again.

    A label without a prior (more options than any item of *tune* has) keeps the mean prior.
    """
    middle = math.fsum(priors.values()) / len(priors)
    divided = {label: value / max(priors.get(label, middle), 1e-12) for label, value in probabilities.items()}
    total = math.fsum(divided.values())
    return {label: value / total for label, value in divided.items()} if total else dict(probabilities)
