"""How a task is asked under a strategy: which examples, which passages, which messages, which constraint."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from posology.chat import Constraint, Message, Prompt, Sampling
from posology.evaluate.arm import Learning
from posology.evaluate.items import Item
from posology.evaluate.strategy import Strategy, name_of
from posology.evaluate.systems.digests import digest_of, items_digest
from posology.evaluate.systems.golds import learnable
from posology.evaluate.systems.priors import calibration_items
from posology.evaluate.systems.prompts import example_turns, messages_for, question_of, wording_of
from posology.evaluate.systems.retrieval import Neighbours
from posology.evaluate.systems.shots import choose_shots
from posology.evaluate.task import Task

__all__ = ["REASON_TOKENS", "TEMPERATURE", "Asking", "plan_asking"]

REASON_TOKENS = 256  # for the reasoning; the answer's budget comes on top
TEMPERATURE = 0.7  # of the samples that vote
_SAMPLES = 8  # items by whose words the digest knows how the task asks


@dataclass(frozen=True, slots=True)
class Asking:
    """A task with all that a strategy adds to its questions."""

    task: Task
    strategy: Strategy
    shots: tuple[Item, ...]  # fixed examples
    calibration: tuple[Item, ...]
    neighbours: Neighbours | None
    digest: str

    def messages(self, item: Item) -> tuple[Message, ...]:
        """Return the messages that ask an item."""
        strategy = self.strategy
        shots, passages = self.shots, tuple[Item, ...]()
        if self.neighbours is not None:
            found = self.neighbours.nearest(item, max(strategy.passages, self._nearest_shots()))
            passages = found[: strategy.passages]
            if self._nearest_shots():
                shots = found[: strategy.shots][::-1]  # the nearest stands next to the question
        return messages_for(self.task, item, shots, passages=passages, reason=strategy.reason)

    def constraint(self, item: Item) -> Constraint | None:
        """Return what an answer is held to, where the strategy holds it."""
        return self.task.form.constraint(item) if self.strategy.constrained else None

    def sampling(self, number: int) -> Sampling | None:
        """Return how the sample of this number is drawn; None where there is one answer, the likeliest."""
        return Sampling(TEMPERATURE, number) if self.strategy.votes > 1 else None

    def free(self, messages: tuple[Message, ...], sampling: Sampling | None) -> Prompt:
        """Return the prompt for reasoning, which nothing constrains."""
        answer = 0 if self.strategy.constrained else self.task.form.max_tokens
        return Prompt(messages, None, REASON_TOKENS + answer, sampling)

    def _nearest_shots(self) -> int:
        return self.strategy.shots if self.strategy.choose == "nearest" else 0


def plan_asking(task: Task, strategy: Strategy, learning: Learning) -> Asking:
    """Choose examples and items to calibrate on, and index what is searched; all of *tune* alone."""
    nearest = strategy.shots and strategy.choose == "nearest"
    shots = () if nearest else choose_shots(task, learning.tune, strategy.shots)
    searched = learnable(task, learning.tune) if nearest or strategy.passages else []
    calibration = calibration_items(task, learning.tune, shots) if strategy.calibrated else ()
    words = asdict(wording_of(task)) if strategy.reason or strategy.passages else {}
    digest = digest_of(
        name_of(strategy),
        _task_record(task, [*learning.tune[:_SAMPLES], *learning.select[:_SAMPLES]]),
        words,
        [(item.id, *_texts(task, item)) for item in shots],
        [(item.id, *_texts(task, item)) for item in calibration],
        items_digest(searched),
        [REASON_TOKENS, TEMPERATURE],
    )
    neighbours = Neighbours(searched) if searched else None
    return Asking(task, strategy, shots, calibration, neighbours, digest)


def _texts(task: Task, item: Item) -> list[str]:
    return [turn.content for turn in example_turns(task, [item])]


def _task_record(task: Task, samples: Sequence[Item]) -> list[Any]:
    """Return what tells one wording of a task from another: its words, on items that it is asked with."""
    form = task.form
    return [
        task.name,
        task.language,
        task.system,
        task.labels,
        type(form).__name__,
        repr(form) if is_dataclass(form) else "",
        form.max_tokens,
        [(item.id, question_of(task, item), repr(form.constraint(item))) for item in samples],
    ]
