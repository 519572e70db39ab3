"""How likely each option is after its prompt: one pass over the prompt, one over the options behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from posology.chat.generator import OptionScore
from posology.chat.torch_network import PAD, KeyValues, Network

__all__ = ["score_options"]

COLUMNS_AT_ONCE = 256  # options' tokens whose logits are held at once


@dataclass(frozen=True, slots=True)
class _Tail:
    """An option of more than one token."""

    row: int  # of its prompt
    option: int
    tokens: tuple[int, ...]


def score_options(
    torch: Any,
    network: Network,
    memory: KeyValues,
    logits: Any,
    contexts: Sequence[int],
    options: Sequence[Sequence[tuple[int, ...]]],
) -> list[list[OptionScore]]:
    """Score the options of each row of a batch whose prompts, ``contexts`` tokens each, are in ``memory``.

    The first token of every option is scored by the prompt's own pass; where none has a second one, there
    is nothing more to compute.
    """
    first = torch.log_softmax(logits, dim=-1)
    sums = [[float(first[row, tail[0]]) for tail in tails] for row, tails in enumerate(options)]
    longer = [
        _Tail(row, place, tail)
        for row, tails in enumerate(options)
        for place, tail in enumerate(tails)
        if len(tail) > 1
    ]
    longer.sort(key=lambda tail: len(tail.tokens))
    while longer:
        rows = max(1, COLUMNS_AT_ONCE // len(longer[0].tokens))
        batch, longer = longer[:rows], longer[rows:]
        for tail, value in zip(batch, _follow(torch, network, memory, contexts, batch), strict=True):
            sums[tail.row][tail.option] += value
    return [
        [OptionScore(value, len(tail)) for value, tail in zip(values, tails, strict=True)]
        for values, tails in zip(sums, options, strict=True)
    ]


def _follow(
    torch: Any, network: Network, memory: KeyValues, contexts: Sequence[int], batch: Sequence[_Tail]
) -> list[float]:
    """Return the log-probability of each option's tokens after its first."""
    width = max(len(tail.tokens) for tail in batch) - 1
    tokens = torch.zeros((len(batch), width), dtype=torch.long)
    positions = torch.full((len(batch), width), PAD, dtype=torch.long)
    for row, tail in enumerate(batch):
        count = len(tail.tokens) - 1
        tokens[row, :count] = torch.tensor(tail.tokens[:-1])
        positions[row, :count] = torch.arange(contexts[tail.row], contexts[tail.row] + count)
    copy = memory.select([tail.row for tail in batch], memory.length + width)
    scores = torch.log_softmax(network.step(copy, tokens, positions, width).float(), dim=-1)
    return [
        float(sum(scores[row, place, token] for place, token in enumerate(tail.tokens[1:])))
        for row, tail in enumerate(batch)
    ]
