"""Lettered options by surface alone: how alike question and option are, and how the option looks.

Four features of each option, standardised within its item: the cosine of its words with the question's, the
cosine of its pieces of characters, its length, and its likeness to the right option of *tune*'s nearest
question. A logistic regression over options of *tune* says how likely each is the right one; an item's
probabilities are the softmax of its log-odds. It knows no medicine: what it scores above chance is a leak.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.evaluate.arm import Learning
from posology.evaluate.items import Item, Response
from posology.evaluate.systems.function_arm import Respond
from posology.evaluate.systems.golds import choices_of, learnable, likeliest
from posology.evaluate.systems.learners import fitted, logistic, vectorizer
from posology.evaluate.systems.selecting import best_of
from posology.evaluate.systems.trivial import learn_majority
from posology.evaluate.task import Task

__all__ = ["learn_options"]

_STRENGTHS = (1.0, 0.1, 10.0)


def learn_options(task: Task, learning: Learning) -> Respond:
    """Learn to choose among an item's own options by their surface."""
    tune = [item for item in learnable(task, learning.tune) if item.options]
    if not tune:
        return learn_majority(task, learning)
    surface = _Surface.of(task, tune)
    rows = np.concatenate([surface.features(item) for item in tune])
    right = [letter == item.gold for item in tune for letter in choices_of(task, item)]
    strengths = _STRENGTHS if learning.select else _STRENGTHS[:1]
    models = {strength: fitted(logistic(strength, balanced=False), rows, right) for strength in strengths}

    def respond(strength: float, items: Sequence[Item]) -> list[Response]:
        return [_chosen(task, models[strength], surface.features(item), item) for item in items]

    best = best_of(task, learning.select, list(models), lambda one: respond(one, learning.select))
    return lambda items: respond(best, items)


@dataclass(frozen=True, slots=True)
class _Surface:
    """What options look like beside their question."""

    words: Any
    pieces: Any
    questions: Any  # rows of *tune*'s questions
    rights: Any  # rows of their right options, in words
    ids: tuple[str, ...]

    @classmethod
    def of(cls, task: Task, tune: Sequence[Item]) -> "_Surface":
        """Learn the vocabularies and keep the answered questions."""
        texts = [text for item in tune for text in (item.text, *item.options)]
        words = vectorizer("word", (1, 1), 1).fit(texts)
        pieces = vectorizer("char_wb", (3, 4), 1).fit(texts)
        rights = [item.options[choices_of(task, item).index(str(item.gold))] for item in tune]
        questions = words.transform([item.text for item in tune])
        return cls(words, pieces, questions, words.transform(rights), tuple(item.id for item in tune))

    def features(self, item: Item) -> NDArray[np.float64]:
        """Return the features of an item's options, (options, 4)."""
        question = self.words.transform([item.text])
        options = self.words.transform(item.options)
        near = (question @ self.questions.T).toarray()[0]
        near = np.where(np.array([one == item.id for one in self.ids]), -1.0, near)  # not the item itself
        nearest = self.rights[int(near.argmax())]
        shapes = self.pieces.transform([item.text, *item.options])
        columns = [
            (options @ question.T).toarray()[:, 0],
            (shapes[1:] @ shapes[0].T).toarray()[:, 0],
            np.array([float(len(option)) for option in item.options]),
            (options @ nearest.T).toarray()[:, 0],
        ]
        rows = np.stack(columns, axis=1)
        spread = rows.std(axis=0)
        return np.asarray((rows - rows.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _chosen(task: Task, model: Any, features: NDArray[np.float64], item: Item) -> Response:
    odds = model.decision_function(features)
    shares = np.exp(odds - odds.max())
    shares /= shares.sum()
    scores = dict(zip(choices_of(task, item), map(float, shares), strict=True))
    return Response(likeliest(scores), scores=scores)
