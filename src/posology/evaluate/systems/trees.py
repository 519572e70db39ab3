"""Gradient-boosted trees on structured fields, such as vital signs, with or without the words beside them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.errors import UserError
from posology.evaluate.arm import Learning
from posology.evaluate.items import Item, Response
from posology.evaluate.systems.function_arm import Respond
from posology.evaluate.systems.golds import learnable
from posology.evaluate.systems.learners import (
    answered,
    boosting,
    components,
    fitted,
    require_sklearn,
    vectorizer,
)
from posology.evaluate.systems.selecting import best_of, covering
from posology.evaluate.systems.trivial import learn_majority
from posology.evaluate.task import Task

__all__ = ["Columns", "learn_trees", "read_columns"]

_COMPONENTS = 24  # of the words
_MOST_VALUES = 254  # of a categorical field; rarer ones count as not recorded


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields that are read, in order: each with the codes of its values, None where it is a number."""

    codes: Mapping[str, Mapping[str, int] | None]

    def rows(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """Return a row for each item, (items, fields); nan for what is not recorded or was never seen."""
        made = [[self._value(item, name) for name in self.codes] for item in items]
        return np.array(made, dtype=np.float64).reshape(len(items), len(self.codes))

    def _value(self, item: Item, name: str) -> float:
        value, codes = item.fields.get(name), self.codes[name]
        if value is None:
            return np.nan
        if codes is not None:
            return float(codes[str(value)]) if str(value) in codes else np.nan
        return float(value) if isinstance(value, int | float) else np.nan


def read_columns(items: Sequence[Item]) -> Columns:
    """Find the fields of items: numbers where every recorded value is one, else categories."""
    found: dict[str, list[float | str]] = {}
    for item in items:
        for name, value in item.fields.items():
            if value is not None:
                found.setdefault(name, []).append(value)
    return Columns({name: _codes(values) for name, values in sorted(found.items())})


def _codes(values: Sequence[float | str]) -> Mapping[str, int] | None:
    if all(isinstance(value, int | float) for value in values):
        return None
    counts = Counter(map(str, values))
    first = sorted(counts, key=lambda value: (-counts[value], value))[:_MOST_VALUES]
    return {value: code for code, value in enumerate(sorted(first))}


@dataclass(frozen=True, slots=True)
class _Setting:
    """How a model is made."""

    words: bool
    leaves: int
    balanced: bool


_SETTINGS = tuple(_Setting(*one) for one in product((False, True), (7, 15), (True, False)))


def learn_trees(task: Task, learning: Learning) -> Respond:
    """Learn a choice from the items' fields; settings by the primary measure on *select*."""
    require_sklearn("gradient boosting")
    tune = learnable(task, learning.tune)
    columns = read_columns(tune)
    if not columns.codes:
        raise UserError(f"{task.name}: boosting needs structured fields; the items of this task have none")
    golds = [str(item.gold) for item in tune]
    if len(set(golds)) < 2:
        return learn_majority(task, learning)
    select = covering(tune, learning.select)
    words = {False: None, True: _Words.of([item.text for item in tune])}
    models = {
        one: fitted(
            boosting(one.leaves, one.balanced, _categorical(columns, words[one.words])),
            _table(columns, words[one.words], tune),
            golds,
        )
        for one in (_SETTINGS if select else _SETTINGS[:1])
    }

    def respond(one: _Setting, items: Sequence[Item]) -> list[Response]:
        if not items:
            return []
        return answered(task, models[one], _table(columns, words[one.words], items))

    best = best_of(task, select, list(models), lambda one: respond(one, select))
    return lambda items: respond(best, items)


@dataclass(frozen=True, slots=True)
class _Words:
    """The main components of the words of texts."""

    space: Any
    reduction: Any
    count: int

    @classmethod
    def of(cls, texts: Sequence[str]) -> "_Words | None":
        """Learn them; None where there are too few words, or the same in all."""
        space = vectorizer("word", (1, 1), 1)
        rows = space.fit_transform(texts)
        count = min(_COMPONENTS, rows.shape[1] - 1, rows.shape[0] - 1)
        alike = (rows.max(axis=0) - rows.min(axis=0)).nnz == 0
        return cls(space, components(count).fit(rows), count) if count > 0 and not alike else None

    def rows(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """Return a row for each item."""
        return np.asarray(self.reduction.transform(self.space.transform([item.text for item in items])))


def _table(columns: Columns, words: _Words | None, items: Sequence[Item]) -> NDArray[np.float64]:
    rows = columns.rows(items)
    return rows if words is None else np.concatenate([rows, words.rows(items)], axis=1)


def _categorical(columns: Columns, words: _Words | None) -> list[bool]:
    """Say of each column of a table whether it holds codes of categories."""
    more = 0 if words is None else words.count
    return [codes is not None for codes in columns.codes.values()] + [False] * more
