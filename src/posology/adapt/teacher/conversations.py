"""Judgements joined into conversations: the instruction stands once, and every answer is learned.

What a judge is asked is short beside the instruction and the shots that go before it. In a conversation each
judgement is a turn, with those before it in the place of the shots, as a draft asks.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from posology.chat import Message
from posology.corpus import Example, Provenance
from posology.corpus.example import JOINED

__all__ = ["join_judgements"]

_TASK = "judge"


def join_judgements(examples: Sequence[Example], turns: int, *, seed: int = 0) -> list[Example]:
    """Return the examples with their judgements in conversations of ``turns`` (the last may hold fewer).

    Which stand together is drawn by the seed. A conversation's provenance names all sources, licences and
    groups of its judgements. Examples of other tasks stay as they are.
    """
    judged = [one for one in examples if one.task == _TASK]
    random.Random(f"conversations:{seed}").shuffle(judged)
    joined = [_joined(judged[at : at + turns]) for at in range(0, len(judged), turns)]
    return [*joined, *(one for one in examples if one.task != _TASK)]


def _joined(parts: Sequence[Example]) -> Example:
    first, last = parts[0], parts[-1]
    messages = [first.messages[0]]
    for one in parts:
        messages += [one.messages[-1], Message("assistant", one.answer)]
    return replace(
        last,
        id=f"{first.id}+{len(parts) - 1}",
        messages=tuple(messages[:-1]),
        provenance=Provenance(
            _named(one.provenance.source for one in parts),
            _named(one.provenance.licence for one in parts),
            _named(one.provenance.consent for one in parts),
            _named(one.provenance.group for one in parts),
        ),
    )


def _named(values: Iterable[str]) -> str:
    return JOINED.join(sorted({one for one in values if one}))
