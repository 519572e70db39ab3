"""Relation scores where the two entities are given: F1 over the relations, "none" being no relation.

The convention of the DDI extraction challenge: a pair that has a relation and is answered with another one
is a miss of the one and a false alarm of the other; pairs rightly called "none" earn nothing.
"""

from posology.evaluate.items import Outcome
from posology.evaluate.scorers.counts import f1_of, macro_f1_of, precision_of, recall_of
from posology.evaluate.scorers.measures import Measure
from posology.evaluate.task import Task

__all__ = ["NO_RELATION", "relation_measures"]

NO_RELATION = "none"
"""The label of a pair without a relation."""


def relation_measures(task: Task) -> tuple[Measure, ...]:
    """Return the measures of a task whose labels are relations and "none", micro-F1 first."""
    labels = tuple(label for label in task.labels if label != NO_RELATION)

    def by_label(outcome: Outcome) -> list[float]:
        return [count for label in labels for count in _of_label(outcome, label)]

    return (
        Measure("micro-F1", _of_any, f1_of, about=f"Over all relations; {NO_RELATION} is none of them."),
        Measure("relation precision", _of_any, precision_of, about="Relations answered that are right."),
        Measure("relation recall", _of_any, recall_of, about="Relations of the gold that were answered."),
        Measure("relation macro-F1", by_label, macro_f1_of, about="Mean F1 of the relations, without none."),
        Measure("detection F1", _detected, f1_of, about="Whether there is a relation, whichever it is."),
    )


def _relation(answer: object) -> str:
    """Return the relation answered; "" for none and for no answer."""
    return answer if isinstance(answer, str) and answer != NO_RELATION else ""


def _of_any(outcome: Outcome) -> tuple[float, float, float]:
    gold, answered = _relation(outcome.item.gold), _relation(outcome.response.answer)
    hit = bool(gold) and gold == answered
    return float(hit), float(bool(answered) and not hit), float(bool(gold) and not hit)


def _of_label(outcome: Outcome, label: str) -> tuple[float, float, float]:
    gold, answered = outcome.item.gold == label, outcome.response.answer == label
    return float(gold and answered), float(answered and not gold), float(gold and not answered)


def _detected(outcome: Outcome) -> tuple[float, float, float]:
    gold, answered = bool(_relation(outcome.item.gold)), bool(_relation(outcome.response.answer))
    return float(gold and answered), float(answered and not gold), float(gold and not answered)
