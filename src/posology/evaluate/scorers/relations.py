"""Relation scores: F1 over the relations where the two entities are given, and end to end where they are not.

Given entities follow the convention of the DDI extraction challenge: a pair that has a relation and is
answered with another one is a miss of the one and a false alarm of the other; pairs rightly called "none"
earn nothing. End to end a relation is right with its label and both names, so the two are never compared:
published end-to-end scores are about half of the others.
"""

from posology.evaluate.items import Outcome
from posology.evaluate.relations import parse_relation
from posology.evaluate.scorers.counts import f1_of, hits_of, macro_f1_of, precision_of, recall_of
from posology.evaluate.scorers.measures import Measure, rate_of
from posology.evaluate.task import Task

__all__ = ["NO_RELATION", "end_to_end_measures", "relation_measures"]

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


def end_to_end_measures(task: Task) -> tuple[Measure, ...]:  # noqa: ARG001  (as all makers of measures)
    """Return the measures of a task whose answers are relations with the entities found by the system."""
    return (
        Measure(
            "end-to-end micro-F1", _whole, f1_of, about="A relation is right with its label and both names."
        ),
        Measure("end-to-end precision", _whole, precision_of, about="Relations answered that are right."),
        Measure("end-to-end recall", _whole, recall_of, about="Relations of the gold that were answered."),
        Measure("pair F1", _pairs, f1_of, about="Both names right, whatever the label."),
        Measure("entity F1", _entities, f1_of, about="Names that are in some relation, whichever it is."),
        Measure(
            "inventions",
            _invented,
            rate_of,
            better=-1,
            about="Relations answered of which a name does not stand in the text.",
            reads_text=True,
        ),
    )


def _relations(answer: object) -> set[tuple[str, str, str]]:
    told = answer if isinstance(answer, tuple) else ()
    return {parse_relation(one) for one in told if isinstance(one, str)}


def _whole(outcome: Outcome) -> tuple[float, float, float]:
    return hits_of(_relations(outcome.item.gold), _relations(outcome.response.answer))


def _pairs(outcome: Outcome) -> tuple[float, float, float]:
    gold, answered = _relations(outcome.item.gold), _relations(outcome.response.answer)
    return hits_of({one[1:] for one in gold}, {one[1:] for one in answered})


def _entities(outcome: Outcome) -> tuple[float, float, float]:
    gold, answered = _relations(outcome.item.gold), _relations(outcome.response.answer)
    return hits_of({name for one in gold for name in one[1:]}, {name for one in answered for name in one[1:]})


def _invented(outcome: Outcome) -> tuple[float, float] | None:
    if outcome.response.answer is None:
        return None
    text = " ".join(outcome.item.text.casefold().split())
    answered = _relations(outcome.response.answer)
    return float(sum(any(name not in text for name in one[1:]) for one in answered)), float(len(answered))
