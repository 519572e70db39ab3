"""The score of one item and why, for paired tests and for wins and losses to read."""

from collections.abc import Callable
from dataclasses import dataclass

from posology.evaluate.forms import ChoiceForm
from posology.evaluate.items import Outcome
from posology.evaluate.scorers.answering import why_unanswered
from posology.evaluate.scorers.entities import answered_mentions, gold_mentions, mention_keys
from posology.evaluate.scorers.rouge import rouge_l
from posology.evaluate.task import Kind, Task

__all__ = ["ItemScore", "score_item"]

_WORDS = {
    "parse failures": "no answer that could be read",
    "too long": "too long for the model",
    "engine failures": "the engine failed",
    "abstained": "declined to answer",
}


@dataclass(frozen=True, slots=True)
class ItemScore:
    """The value of an item between 0 and 1, None where there is nothing to score, and why in plain words."""

    id: str
    value: float | None
    reason: str  # labels and counts, never words of the item


def score_item(task: Task, outcome: Outcome) -> ItemScore:
    """Return what one item's answer is worth: right or not, the F1 of a set, ROUGE-L of a text.

    No answer is worth 0, and the reason says why there is none.
    """
    why = why_unanswered(outcome.response)
    value, reason = _JUDGES[task.form.kind](task, outcome)
    if why and value is not None:
        return ItemScore(outcome.item.id, 0.0, _WORDS[why])
    return ItemScore(outcome.item.id, value, reason)


def _judge_label(task: Task, outcome: Outcome) -> tuple[float | None, str]:
    gold, answer = outcome.item.gold, outcome.response.answer
    if not gold:
        return None, "no right answer is known"
    if answer == gold:
        return 1.0, f"answered {gold}, which is right"
    said = answer if answer in _choices(task, outcome) else "something else"
    return 0.0, f"answered {said}, right is {gold}"


def _choices(task: Task, outcome: Outcome) -> tuple[str, ...]:
    """Return the labels that may be told; an answer read from elsewhere could hold any words."""
    return task.form.choices(outcome.item) if isinstance(task.form, ChoiceForm) else task.labels


def _judge_codes(_: Task, outcome: Outcome) -> tuple[float | None, str]:
    return _judge_set(frozenset(outcome.item.gold), frozenset(outcome.response.answer or ()))


def _judge_mentions(_: Task, outcome: Outcome) -> tuple[float | None, str]:
    """Compare mentions as strict F1 does."""
    return _judge_set(mention_keys(gold_mentions(outcome)), mention_keys(answered_mentions(outcome)))


def _judge_set(gold: frozenset[object], answered: frozenset[object]) -> tuple[float | None, str]:
    """Return F1 of a set; rightly finding none is 1."""
    right = len(gold & answered)
    if not gold and not answered:
        return 1.0, "none to find, none found"
    value = 2 * right / (len(gold) + len(answered))
    return value, f"found {right} of {len(gold)}, {len(answered) - right} too many"


def _judge_text(_: Task, outcome: Outcome) -> tuple[float | None, str]:
    gold, answer = str(outcome.item.gold), outcome.response.answer
    if not gold.strip():
        return None, "no text to compare with"
    value = rouge_l(gold, answer) if isinstance(answer, str) else 0.0
    return value, f"ROUGE-L {value:.2f}"


_JUDGES: dict[Kind, Callable[[Task, Outcome], tuple[float | None, str]]] = {
    Kind.CHOICE: _judge_label,
    Kind.ENTITIES: _judge_mentions,
    Kind.CODES: _judge_codes,
    Kind.TEXT: _judge_text,
}
