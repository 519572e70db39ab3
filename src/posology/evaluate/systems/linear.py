"""TF-IDF with logistic regression: the baseline that every table must hold.

Reads the words of the question as a model is asked it, without the lines that close every question. Settings
are chosen by the task's primary measure on *select*; the models are fitted on *tune* alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product, takewhile
from typing import Any

from posology.evaluate.arm import Learning
from posology.evaluate.items import Item, Response
from posology.evaluate.systems.codes_linear import learn_codes
from posology.evaluate.systems.function_arm import Respond
from posology.evaluate.systems.golds import learnable
from posology.evaluate.systems.learners import (
    answered,
    fitted,
    logistic,
    require_sklearn,
    stacked,
    vectorizer,
)
from posology.evaluate.systems.options_linear import learn_options
from posology.evaluate.systems.selecting import best_of, covering
from posology.evaluate.systems.trivial import learn_majority
from posology.evaluate.task import Kind, Task

__all__ = ["learn_labels", "learn_linear", "learn_nearest"]


def learn_linear(task: Task, learning: Learning) -> Respond:
    """Learn a task by TF-IDF.

    Labels: logistic regression. Lettered options: logistic regression over how alike question and option
    are. Codes: one regression a code. Texts: the answer of the nearest item.
    """
    require_sklearn("TF-IDF with logistic regression")
    if task.form.kind is Kind.CODES:
        return learn_codes(task, learning)
    if task.form.kind is Kind.TEXT:
        return learn_nearest(task, learning)
    return learn_labels(task, learning) if task.labels else learn_options(task, learning)


@dataclass(frozen=True, slots=True)
class _Setting:
    """How a label model is made."""

    characters: bool  # n-grams of characters beside those of words
    strength: float
    balanced: bool


_SETTINGS = {
    characters: [_Setting(characters, *rest) for rest in product((10.0, 1.0, 100.0), (True, False))]
    for characters in (False, True)
}


def learn_labels(task: Task, learning: Learning) -> Respond:
    """Learn a choice among the same labels for every item."""
    tune = learnable(task, learning.tune)
    if len({item.gold for item in tune}) < 2:
        return learn_majority(task, learning)
    select = covering(tune, learning.select)
    if not select:
        (only,) = _fit(task, tune, _SETTINGS[False][:1]).values()
        return only
    models = _fit(task, tune, _SETTINGS[False]) | _fit(task, tune, _SETTINGS[True])
    return models[best_of(task, select, list(models), lambda setting: models[setting](select))]


def _fit(task: Task, tune: Sequence[Item], settings: Sequence[_Setting]) -> dict[_Setting, Respond]:
    """Fit a model for each setting; all of them read the same vectors."""
    asked, golds = [task.ask(item) for item in tune], [str(item.gold) for item in tune]
    closing = _common_closing(asked)
    texts = [text.removesuffix(closing) for text in asked]
    space = _Space.of(texts, settings[0].characters)
    rows = space.rows(texts)
    models = {one: fitted(logistic(one.strength, one.balanced), rows, golds) for one in settings}

    def respond(model: Any, items: Sequence[Item]) -> list[Response]:
        if not items:
            return []
        return answered(task, model, space.rows([task.ask(item).removesuffix(closing) for item in items]))

    return {one: partial(respond, model) for one, model in models.items()}


def _common_closing(texts: Sequence[str]) -> str:
    """Return the lines that end every text: they ask, and tell nothing of the item."""
    reversed_lines = zip(*(text.split("\n")[:0:-1] for text in texts), strict=False)
    common = [lines[0] for lines in takewhile(lambda lines: len(set(lines)) == 1, reversed_lines)]
    return "".join(f"\n{line}" for line in common[::-1])


@dataclass(frozen=True, slots=True)
class _Space:
    """TF-IDF vectors of texts."""

    parts: tuple[Any, ...]

    @classmethod
    def of(cls, texts: Sequence[str], characters: bool) -> "_Space":
        """Learn the vocabulary: words and pairs of words, and pieces of 3 to 5 characters."""
        least = 2 if len(texts) >= 50 else 1
        parts = [vectorizer("word", (1, 2), least)]
        if characters:
            parts.append(vectorizer("char_wb", (3, 5), least))
        return cls(tuple(part.fit(texts) for part in parts))

    def rows(self, texts: Sequence[str]) -> Any:
        """Return a row for each text."""
        made = [part.transform(texts) for part in self.parts]
        return made[0] if len(made) == 1 else stacked(made[0], made[1])


def learn_nearest(task: Task, learning: Learning) -> Respond:
    """Answer a text by the answer of the most similar item of *tune*, by the cosine of TF-IDF."""
    tune = learnable(task, learning.tune)
    words = vectorizer("word", (1, 2), 1).fit([item.text for item in tune])
    rows = words.transform([item.text for item in tune])

    def respond(items: Sequence[Item]) -> list[Response]:
        alike = (words.transform([item.text for item in items]) @ rows.T).toarray()
        golds = [str(tune[int(place)].gold) for place in alike.argmax(axis=1)]
        return [Response(gold, text=gold) for gold in golds]

    return respond
