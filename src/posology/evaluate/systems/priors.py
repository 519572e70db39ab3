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
from posology.evaluate.systems.shots import balanced
from posology.evaluate.task import Task

__all__ = ["calibrate", "calibration_items", "likeliest", "mean_probabilities", "probabilities_of"]

CALIBRATION_ITEMS = 48


def probabilities_of(labels: Sequence[str], scores: Sequence[OptionScore]) -> dict[str, float]:
    """Return the probability of each label among the labels: softmax of the sums over their tokens.

    The sum, not the mean per token: it is the probability that the model writes that label.
    """
    highest = max(score.logprob for score in scores)
    raised = [math.exp(score.logprob - highest) for score in scores]
    total = sum(raised)
    return {label: value / total for label, value in zip(labels, raised, strict=True)}


def likeliest(probabilities: Mapping[str, float]) -> str:
    """Return the label of the highest probability, the first of equals."""
    return max(probabilities, key=lambda label: probabilities[label])


def calibration_items(task: Task, tune: Sequence[Item], shots: Sequence[Item]) -> tuple[Item, ...]:
    """Choose items to measure priors on: alike many of each label, none of the examples."""
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
    many = min(each, *(len(found) for found in by_label.values())) if len(by_label) > 1 else each
    return tuple(balanced([by_label[label] for label in sorted(by_label)], many * len(by_label)))


def mean_probabilities(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean probability of each label, over the items that have it."""
    labels = {label: None for one in found for label in one}
    return {
        label: math.fsum(one[label] for one in found if label in one) / sum(label in one for one in found)
        for label in labels
    }


def calibrate(probabilities: Mapping[str, float], priors: Mapping[str, float]) -> dict[str, float]:
    """Divide probabilities by the priors of their labels, so that they add up to one again.

    A label without a prior (more options than any item of *tune* has) keeps the mean prior.
    """
    middle = math.fsum(priors.values()) / len(priors)
    divided = {label: value / max(priors.get(label, middle), 1e-12) for label, value in probabilities.items()}
    total = math.fsum(divided.values())
    return {label: value / total for label, value in divided.items()} if total else dict(probabilities)
