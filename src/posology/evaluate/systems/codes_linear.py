"""Codes by TF-IDF: a logistic regression for each code that *tune* holds twice or more."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.evaluate.arm import Learning
from posology.evaluate.items import Item, Response
from posology.evaluate.systems.function_arm import Respond
from posology.evaluate.systems.golds import learnable
from posology.evaluate.systems.learners import fitted, one_vs_rest, predicted, vectorizer
from posology.evaluate.systems.selecting import best_of
from posology.evaluate.systems.trivial import learn_majority
from posology.evaluate.task import Task

__all__ = ["learn_codes"]

_LEAST = 2  # items of a code that can be learnt
_STRENGTH = 10.0
_THRESHOLDS = (0.5, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.6, 0.7, 0.8, 0.9)


def learn_codes(task: Task, learning: Learning) -> Respond:
    """Answer the codes above a threshold, always the likeliest one; threshold and weights by *select*."""
    tune = learnable(task, learning.tune)
    counts = Counter(code for item in tune for code in map(str, item.gold))
    codes = sorted(code for code, count in counts.items() if _LEAST <= count < len(tune))
    if len(codes) < 2:
        return learn_majority(task, learning)
    texts = [item.text for item in tune]
    words = vectorizer("word", (1, 2), 2 if len(tune) >= 50 else 1).fit(texts)
    rows = words.transform(texts)
    marks = np.array([[code in item.gold for code in codes] for item in tune], dtype=np.int64)
    models = {
        balanced: fitted(one_vs_rest(_STRENGTH, balanced), rows, marks)
        for balanced in ((True, False) if learning.select else (True,))
    }

    def shares(balanced: bool, items: Sequence[Item]) -> NDArray[np.float64]:
        return _shares(models[balanced], words, items)

    on_select = {balanced: shares(balanced, learning.select) for balanced in models}
    settings = [(balanced, threshold) for threshold in _THRESHOLDS for balanced in models]
    best, threshold = best_of(
        task, learning.select, settings, lambda setting: _coded(codes, on_select[setting[0]], setting[1])
    )
    return lambda items: _coded(codes, shares(best, items), threshold)


def _shares(model: Any, words: Any, items: Sequence[Item]) -> NDArray[np.float64]:
    if not items:
        return np.zeros((0, 0))
    return np.asarray(predicted(model, words.transform([item.text for item in items])))


def _coded(codes: Sequence[str], shares: NDArray[np.float64], threshold: float) -> list[Response]:
    responses = []
    for row in shares:
        over = {codes[int(place)] for place in np.flatnonzero(row >= threshold)}
        over.add(codes[int(row.argmax())])
        responses.append(Response(tuple(sorted(over))))
    return responses
