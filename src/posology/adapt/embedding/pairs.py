"""Question and passage that answer each other: what a retrieval model learns from and is measured on.

The file ``pairs.jsonl`` holds one a line, ``{"posology": "pair/1", ...}``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from posology.adapt.teacher.lines import Line, Source, read_lines, write_lines
from posology.corpus import Provenance

__all__ = ["Pair", "plain_words", "read_pairs", "write_pairs"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A query with the passage that answers it, and passages that look alike and do not (``negatives``).

    Pairs of one provenance group may answer each other's queries: no batch holds two of them.
    """

    id: str
    query: str
    passage: str
    provenance: Provenance
    negatives: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show the id only: a passage may come from a record."""
        return f"Pair({self.id})"


def plain_words(text: str) -> str:
    """Return a text as two are compared: without regard to case and white space.

    Whoever deals pairs, knows their answers or counts their questions takes the same texts for one.
    """
    return " ".join(text.lower().split())


class _Pair(Line):
    posology: Literal["pair/1"]
    id: str = Field(min_length=1)
    query: str = Field(min_length=1)
    passage: str = Field(min_length=1)
    negatives: list[str] = Field(default_factory=list)
    provenance: Source


def read_pairs(path: Path) -> Iterator[Pair]:
    """Yield the pairs of a file; raise UserError with the line where one is not a pair."""
    for _, line in read_lines(path, _Pair):
        yield Pair(line.id, line.query, line.passage, line.provenance.made(), tuple(line.negatives))


def write_pairs(path: Path, pairs: Iterable[Pair]) -> int:
    """Write pairs to a file that appears whole or not at all; return how many they were."""
    return write_lines(path, ({"posology": "pair/1", **asdict(pair)} for pair in pairs))
