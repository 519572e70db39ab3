"""Scores of sets of ICD-10-CM codes: the full code, its category, its chapter.

Which codes exist is not checked: no table of codes is part of the package. What is checked is their form and
that a chapter has them.
"""

import re

from posology.evaluate.icd10cm import ICD_10_CM, category_of, chapter_of
from posology.evaluate.items import Outcome
from posology.evaluate.scorers.counts import f1_of, hits_of, precision_of, recall_of
from posology.evaluate.scorers.measures import Measure, rate_of
from posology.evaluate.task import Task

__all__ = ["code_measures"]

_ONE_CODE = re.compile(ICD_10_CM)


def code_measures(task: Task) -> tuple[Measure, ...]:  # noqa: ARG001  (as all makers of measures)
    """Return the measures of a task whose answers are codes, micro-F1 of the full code first."""
    return (
        Measure("micro-F1", _full, f1_of, about="Over all full codes of all documents."),
        Measure("precision", _full, precision_of, about="Full codes answered that are right."),
        Measure("recall", _full, recall_of, about="Full codes of the gold that were answered."),
        Measure("category micro-F1", _category, f1_of, about="Over the first three characters of codes."),
        Measure(
            "chapter micro-F1", _chapter, f1_of, about="Over the chapters of ICD-10-CM that codes are of."
        ),
        Measure(
            "document F1", _document, rate_of, about="Mean over documents of the F1 of their full codes."
        ),
        Measure("all codes right", _whole, rate_of, about="Documents with exactly the gold's codes."),
        Measure(
            "malformed codes",
            _malformed,
            rate_of,
            better=-1,
            about="Codes answered that have not the form of ICD-10-CM or are in none of its chapters.",
        ),
    )


def _codes(answer: object) -> set[str]:
    return {one for one in answer if isinstance(one, str)} if isinstance(answer, tuple) else set()


def _full(outcome: Outcome) -> tuple[float, float, float]:
    return hits_of(_codes(outcome.item.gold), _codes(outcome.response.answer))


def _category(outcome: Outcome) -> tuple[float, float, float]:
    gold, answered = _codes(outcome.item.gold), _codes(outcome.response.answer)
    return hits_of({category_of(one) for one in gold}, {category_of(one) for one in answered})


def _chapter(outcome: Outcome) -> tuple[float, float, float]:
    gold, answered = _codes(outcome.item.gold), _codes(outcome.response.answer)
    return hits_of({chapter_of(one) for one in gold}, {chapter_of(one) for one in answered})


def _document(outcome: Outcome) -> tuple[float, float] | None:
    hits, alarms, misses = _full(outcome)
    if not hits + alarms + misses:
        return None
    return 2 * hits / (2 * hits + alarms + misses), 1.0


def _whole(outcome: Outcome) -> tuple[float, float]:
    answered = outcome.response.answer
    right = answered is not None and _codes(answered) == _codes(outcome.item.gold)
    return float(right), 1.0


def _malformed(outcome: Outcome) -> tuple[float, float] | None:
    if outcome.response.answer is None:
        return None
    answered = _codes(outcome.response.answer)
    wrong = [one for one in answered if not _ONE_CODE.fullmatch(one) or not chapter_of(one)]
    return float(len(wrong)), float(len(answered))
