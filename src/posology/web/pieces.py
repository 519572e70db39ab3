"""A text cut where marks begin and end, to be shown piece by piece."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

__all__ = ["Marked", "pieces"]


class Marked(Protocol):
    """Characters of a text that are marked, half-open, and as what."""

    @property
    def start(self) -> int:
        """The first character."""

    @property
    def end(self) -> int:
        """The character after the last."""

    @property
    def kind(self) -> str:
        """A word for the kind of mark."""


def pieces(text: str, marks: Sequence[Marked]) -> list[tuple[str, str]]:
    """Return the pieces of a text, each with the kinds of the marks that cover it."""
    edges = sorted({0, len(text), *(m.start for m in marks), *(m.end for m in marks)})
    cut = []
    for start, end in pairwise(edges):
        kinds = sorted({m.kind for m in marks if m.start <= start and end <= m.end})
        cut.append((text[start:end], " ".join(kinds)))
    return cut
