"""Systems that read nothing: what a score is worth that a task gives away for free."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from posology.errors import UserError
from posology.evaluate.arm import Learning
from posology.evaluate.items import Answer, Item, Response
from posology.evaluate.systems.digests import draw
from posology.evaluate.systems.function_arm import Respond
from posology.evaluate.systems.golds import choices_of, learnable, likeliest
from posology.evaluate.task import Kind, Task

__all__ = ["lead_of", "learn_majority", "learn_prior", "sentences_of"]

_SENTENCE = re.compile(r"[^\s].*?(?:[.!?]+(?=\s)|\n|\Z)", re.DOTALL)


def learn_majority(task: Task, learning: Learning) -> Respond:
    """Answer what is most frequent in *tune*, whatever the item.

    A choice: the most frequent label. Entities: none. Codes: the most frequent ones, as many as an item has
    in the median. A text: its first sentences ("lead"), as many as come nearest the median answer's length.
    """
    tune = learnable(task, learning.tune)
    make = {
        Kind.CHOICE: _most_frequent_label,
        Kind.ENTITIES: _no_mentions,
        Kind.CODES: _most_frequent_codes,
        Kind.TEXT: _lead,
    }[task.form.kind]
    return _each(make(task, tune))


def learn_prior(task: Task, learning: Learning) -> Respond:
    """Answer as a random item of *tune* does, drawn by the id of the item that is asked."""
    if task.form.kind is Kind.ENTITIES:
        raise UserError(f"{task.name}: prior draws answers of other texts; mentions are of one text only")
    tune = learnable(task, learning.tune)
    if task.form.kind is Kind.CHOICE:
        return _each(lambda item: _drawn_label(task, tune, item))
    golds = [item.gold for item in tune]
    return _each(lambda item: Response(golds[int(draw(f"prior:{task.name}:{item.id}") * len(golds))]))


def _each(respond: Callable[[Item], Response]) -> Respond:
    return lambda items: [respond(item) for item in items]


def _shares(task: Task, tune: Sequence[Item], item: Item) -> Mapping[str, float]:
    """Return how often each label of an item is the answer in *tune*; alike where none is."""
    choices = choices_of(task, item)
    counts = Counter(str(one.gold) for one in tune)
    total = sum(counts[choice] for choice in choices)
    return {choice: counts[choice] / total if total else 1 / len(choices) for choice in choices}


def _most_frequent_label(task: Task, tune: Sequence[Item]) -> Callable[[Item], Response]:
    def respond(item: Item) -> Response:
        shares = _shares(task, tune, item)
        return Response(likeliest(shares), scores=shares)

    return respond


def _drawn_label(task: Task, tune: Sequence[Item], item: Item) -> Response:
    shares = _shares(task, tune, item)
    left = draw(f"prior:{task.name}:{item.id}")
    for label, share in shares.items():
        left -= share
        if left < 0:
            return Response(label, scores=shares)
    return Response(likeliest(shares), scores=shares)


def _no_mentions(_: Task, __: Sequence[Item]) -> Callable[[Item], Response]:
    return lambda _: Response(())


def _most_frequent_codes(_: Task, tune: Sequence[Item]) -> Callable[[Item], Response]:
    counts = Counter(code for item in tune for code in map(str, item.gold))
    many = int(median(len(item.gold) for item in tune))
    first = sorted(counts, key=lambda code: (-counts[code], code))[:many]
    answer = tuple(sorted(first))
    return lambda _: Response(answer)


def _lead(task: Task, tune: Sequence[Item]) -> Callable[[Item], Response]:
    length = median(len(str(item.gold).split()) for item in tune)

    def miss(count: int) -> float:
        return abs(median(len(lead_of(item.text, count).split()) for item in tune) - length)

    count = min(range(1, 11), key=miss)

    def respond(item: Item) -> Response:
        text = lead_of(item.text, count)
        try:
            answer: Answer = task.form.read(text, item)
        except ValueError as cause:
            return Response(None, failure=f"parse: {cause}", text=text)
        return Response(answer, text=text)

    return respond


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text; a line ends one too."""
    return [found[0].strip() for found in _SENTENCE.finditer(text)]


def lead_of(text: str, count: int) -> str:
    """Return the first sentences of a text."""
    return " ".join(sentences_of(text)[:count])
