"""Spans of characters as BIO tags of word pieces, and back."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posology.evidence.heads.windows import Pieces

__all__ = ["Span", "Tagged", "decode_tags", "tag_pieces", "tags_of_labels"]

Floats = NDArray[np.float64]
_NEVER = -1e9


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a text and what it is; offsets are characters, half-open."""

    start: int
    end: int
    label: str
    score: float = 1.0  # mean probability of its tags


@dataclass(frozen=True, slots=True)
class Tagged:
    """The tags of a text's pieces, and how many spans they cannot say exactly.

    ``widened``: spans that begin or end within a word piece, tagged to its edges. ``left_out``: spans that
    share a piece with one that begins before (or is longer), and those without a piece.
    """

    tags: tuple[int, ...]
    widened: int = 0
    left_out: int = 0


def tags_of_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the tags of entity labels: O, then B and I of each.

    >>> tags_of_labels(["Disease"])
    ('O', 'B-Disease', 'I-Disease')
    """
    return ("O", *(f"{place}-{label}" for label in labels for place in "BI"))


def tag_pieces(pieces: Pieces, spans: Sequence[Span], labels: Sequence[str]) -> Tagged:
    """Return a text's tags: every piece that shares a character with a span is of it."""
    tags = [0] * len(pieces.ids)
    widened = left_out = 0
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        own = [n for n, (start, end) in enumerate(pieces.offsets) if start < span.end and end > span.start]
        if not own or any(tags[n] for n in own):
            left_out += 1
            continue
        begin = 1 + 2 * list(labels).index(span.label)
        for n in own:
            tags[n] = begin + 1
        tags[own[0]] = begin
        widened += (pieces.offsets[own[0]][0], pieces.offsets[own[-1]][1]) != (span.start, span.end)
    return Tagged(tuple(tags), widened, left_out)


def decode_tags(logs: Floats, pieces: Pieces, labels: Sequence[str], *, whole_words: bool) -> list[Span]:
    """Return the spans of the likeliest tags (pieces, tags; log-probabilities) that BIO allows.

    I follows only B or I of its label. ``whole_words``: no span begins or ends within a word.
    """
    if not len(logs):
        return []
    path = _best_path(logs, pieces.inside if whole_words else (False,) * len(logs))
    probabilities = np.exp(logs[np.arange(len(logs)), path])
    spans: list[Span] = []
    first = 0
    for n in range(len(path) + 1):
        goes_on = n < len(path) and path[n] != 0 and path[n] % 2 == 0
        if not goes_on:
            if n and path[first]:
                spans.append(_span(pieces, probabilities, (first, n), labels[(path[first] - 1) // 2]))
            first = n
    return spans


def _span(pieces: Pieces, probabilities: Floats, place: tuple[int, int], label: str) -> Span:
    first, end = place
    score = float(probabilities[first:end].mean())
    return Span(pieces.offsets[first][0], pieces.offsets[end - 1][1], label, score)


def _best_path(logs: Floats, inside: Sequence[bool]) -> list[int]:
    """Return the likeliest allowed path of tags (Viterbi)."""
    tags = logs.shape[1]
    steps = {False: _allowed(tags, within=False), True: _allowed(tags, within=True)}
    score = logs[0] + np.where(np.arange(tags) % 2 == 0, _NEVER, 0.0) * (np.arange(tags) > 0)
    back = np.zeros((len(logs), tags), dtype=np.int64)
    for n in range(1, len(logs)):
        reached = score[:, None] + steps[bool(inside[n])]
        back[n] = reached.argmax(axis=0)
        score = reached[back[n], np.arange(tags)] + logs[n]
    path = [int(score.argmax())]
    for n in range(len(logs) - 1, 0, -1):
        path.append(int(back[n][path[-1]]))
    return path[::-1]


def _allowed(tags: int, *, within: bool) -> Floats:
    """Return 0 where a tag (column) may follow another (row); ``within``: the piece goes on a word."""
    table = np.full((tags, tags), _NEVER)
    for before in range(tags):
        own = before + before % 2  # I of the label, 0 after O
        table[before, own] = 0.0
        if not within:
            table[before, 0] = 0.0
            table[before, 1::2] = 0.0
    return table
