"""Questions as policies ask them, with sentences that answer them in words of their own, or do not.

They stand in ``questions.yaml``. Where the grammar names what is asked, these often do not: "Cannot take two
steps with a rollator" answers whether a walker is enough. A sentence under another question answers nothing.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from posology.adapt.teacher.grammar import ANSWERS, Judged, Told
from posology.errors import UserError
from posology.files import parse_yaml

__all__ = ["Asked", "load_asked", "make_asked"]

_ELSEWHERE = 0.25  # of what answers nothing: so much speaks of quite another matter


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and sentences by what they say to it."""

    id: str
    area: str  # sentences of one area may answer each other's questions
    question: str
    yes: tuple[str, ...]
    no: tuple[str, ...]
    silent: Mapping[str, tuple[str, ...]]  # trap: sentences

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return every sentence that was written for the question."""
        return (*self.yes, *self.no, *(one for rows in self.silent.values() for one in rows))


@cache
def load_asked() -> tuple[Asked, ...]:
    """Return the questions that ship with the package."""
    name = "questions.yaml"
    text = resources.files("posology.adapt.teacher").joinpath(name).read_text(encoding="utf-8")
    return tuple(
        Asked(
            key,
            str(entry["area"]),
            str(entry["question"]),
            tuple(entry["yes"]),
            tuple(entry["no"]),
            {trap: tuple(rows) for trap, rows in entry["silent"].items()},
        )
        for key, entry in parse_yaml(text, name, UserError).items()
    )


def make_asked(seed: int) -> Iterator[Judged]:
    """Yield judgements until one of the three answers is used up: a third each, none twice.

    The same seed gives the same judgements in the same order.
    """
    rng = random.Random(f"asked:{seed}")
    bank = load_asked()
    pools = {answer: _dealt(bank, answer, rng) for answer in ANSWERS}
    for rows in zip(*pools.values(), strict=False):
        yield from rows


def _dealt(bank: tuple[Asked, ...], answer: Told, rng: random.Random) -> list[Judged]:
    """Return all judgements with an answer in an order that takes the questions in turn."""
    of_each = [_of(one, bank, answer, rng) for one in bank]
    longest = max(len(rows) for rows in of_each)
    dealt: list[Judged] = []
    for place in range(longest):
        turn = [rows[place] for rows in of_each if place < len(rows)]
        rng.shuffle(turn)
        dealt += turn
    return dealt


def _of(one: Asked, bank: tuple[Asked, ...], answer: Told, rng: random.Random) -> list[Judged]:
    def judged(sentence: str, trap: str = "") -> Judged:
        return Judged(one.question, sentence, answer, "question", one.id, trap)

    if answer != "not stated":
        rows = [judged(sentence) for sentence in (one.yes if answer == "yes" else one.no)]
    else:
        rows = [judged(sentence, trap) for trap, texts in one.silent.items() for sentence in texts]
        others = [other for other in bank if other.area != one.area]
        away = rng.sample(others, max(1, round(_ELSEWHERE * len(rows))))
        rows += [judged(rng.choice(other.yes + other.no), "elsewhere") for other in away]
    rng.shuffle(rows)
    return rows
