"""Scores of each kind of task, from counts that can be resampled."""

from posology.errors import InternalError
from posology.evaluate.scorers.answering import answering_measures
from posology.evaluate.scorers.calibration import calibration_measures
from posology.evaluate.scorers.codes import code_measures
from posology.evaluate.scorers.entities import entity_measures
from posology.evaluate.scorers.item_scores import ItemScore, score_item
from posology.evaluate.scorers.labels import label_measures
from posology.evaluate.scorers.measures import AnyMeasure, Measure, RankMeasure
from posology.evaluate.scorers.relations import end_to_end_measures, relation_measures
from posology.evaluate.scorers.triage import triage_measures
from posology.evaluate.task import Family, Kind, Task

__all__ = ["AnyMeasure", "ItemScore", "Measure", "RankMeasure", "measures_of", "score_item"]


def measures_of(task: Task) -> tuple[AnyMeasure, ...]:
    """Return the measures of a task, its primary one first, then what was not answered and why."""
    named: dict[str, AnyMeasure] = {}
    for measure in (*_own_measures(task), *answering_measures()):
        named.setdefault(measure.name, measure)
    primary = named.pop(task.metric, None)
    if primary is None:
        raise InternalError(f"task {task.name}: no measure is named {task.metric}, its metric")
    return (primary, *named.values())


def _own_measures(task: Task) -> tuple[AnyMeasure, ...]:
    match task.form.kind:
        case Kind.ENTITIES:
            return entity_measures(task)
        case Kind.CODES:
            if task.family is Family.RELATIONS:
                return end_to_end_measures(task)
            return code_measures(task)
        case Kind.TEXT:
            from posology.evaluate.scorers.text import text_measures

            return text_measures(task)
        case Kind.CHOICE:
            return _choice_measures(task)


def _choice_measures(task: Task) -> tuple[AnyMeasure, ...]:

    common = (*label_measures(task), *calibration_measures(task))
    if task.family is Family.RELATIONS:
        return (*relation_measures(task), *common)
    if task.ordered:
        return (*triage_measures(task), *common)
    return common
