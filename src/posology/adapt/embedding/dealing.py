"""Batches of pairs in which no passage can be the answer to another's question."""

import random
from collections.abc import Sequence

from posology.adapt.embedding.pairs import Pair, plain_words

__all__ = ["deal_batches"]


def deal_batches(pairs: Sequence[Pair], batch: int, epochs: float, seed: int) -> list[list[int]]:
    """Return the batches of all epochs: no two pairs of a group, query or passage in one.

    A pair that finds no place in an open batch opens another, so the last batches of an epoch may be small;
    a batch of one teaches nothing without hard negatives and is dealt again in the next epoch only.
    """
    rows: list[list[int]] = []
    whole = int(epochs)
    for epoch in range(whole + (epochs > whole)):
        dealt = _deal(pairs, batch, random.Random(f"pairs:{seed}:{epoch}"))
        share = min(1.0, epochs - epoch)
        rows += dealt[: max(1, round(share * len(dealt)))]
    return rows


def _deal(pairs: Sequence[Pair], batch: int, chance: random.Random) -> list[list[int]]:
    order = list(range(len(pairs)))
    chance.shuffle(order)
    opened: list[tuple[list[int], set[tuple[str, str]]]] = []
    full: list[list[int]] = []
    for number in order:
        marks = _marks(pairs[number])
        for place, (rows, seen) in enumerate(opened):
            if not seen & marks:
                rows.append(number)
                seen |= marks
                if len(rows) == batch:
                    full.append(opened.pop(place)[0])
                break
        else:
            opened.append(([number], set(marks)))
    rest = [rows for rows, _ in opened if len(rows) > 1 or pairs[rows[0]].negatives]
    return full + rest


def _marks(pair: Pair) -> set[tuple[str, str]]:
    """Return what two pairs of a batch may not share."""
    marks = {("query", plain_words(pair.query)), ("passage", plain_words(pair.passage))}
    if pair.provenance.group:
        marks.add(("group", f"{pair.provenance.source}\t{pair.provenance.group}"))
    return marks
