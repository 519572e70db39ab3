"""Hybrid search over passages: BM25 and vectors, fused by reciprocal rank, both legs asserted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posology.errors import InternalError
from posology.evidence.embed import Embedder
from posology.evidence.passages import Passage
from posology.evidence.tokens import expand_query, search_tokens

__all__ = ["DENSE", "Hit", "PassageIndex"]

_RRF = 10  # reciprocal rank fusion: a rank r counts weight / (10 + r)
_OTHER_NAMES = 0.2  # weight of words of other names beside the query's own
_DEPTH = 50  # each leg hands at least so many passages to the fusion
DENSE = 0.5
"""Weight of the dense leg beside the 1 of BM25; chosen on questions that are not reported on."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, its fused score, and its rank (from 1) in each leg, ``None`` if absent.

    ``copies`` are other passages with the same words, as in notes that were copied forward; ``passage``
    is the latest of them.
    """

    passage: Passage
    score: float
    bm25_rank: int | None
    dense_rank: int | None
    copies: tuple[Passage, ...] = ()


class PassageIndex:
    """An index of passages that is built once and searched often.

    Passages with the same words count as one. A search returns ``min(k, passages)`` hits, each from one or
    both legs, and raises InternalError where a leg returns nothing though it must: a hybrid search that
    became half of itself in silence would be worse than none.
    """

    def __init__(self, passages: Iterable[Passage], embedder: Embedder, dense: float = DENSE) -> None:
        """Index the passages with the embedder; ``dense`` is the weight of its leg in a search."""
        self._dense = dense
        self._groups = _group_copies(passages)
        self._embedder = embedder
        texts = [group[0].text for group in self._groups]
        self._vectors = embedder.embed(texts) if texts else np.zeros((0, 0), dtype=np.float32)
        if len(self._vectors) != len(texts):
            raise InternalError(f"the embedder gave {len(self._vectors)} vectors for {len(texts)} passages")
        self._bm25, self._vocabulary = _index_words([search_tokens(text) for text in texts])

    def __len__(self) -> int:
        """Return the number of distinct passages."""
        return len(self._groups)

    def copies(self, number: int) -> tuple[Passage, ...]:
        """Return the passages that share the words numbered ``number``, the latest first."""
        return self._groups[number]

    def search(self, query: str, k: int = 8) -> list[Hit]:
        """Return the best ``k`` passages for a query, best first; fewer only where there are fewer.

        Abbreviations and other names of clinical terms in the query are searched for as well. A query
        without any word finds nothing.
        """
        tokens, more, text = expand_query(query)
        depth = min(len(self), max(k, _DEPTH))
        if depth == 0 or k < 1:
            return []
        words = self.search_words(tokens, depth, more)
        meaning = self.search_meaning(text, depth)
        hits = [
            self._hit(at, score, words, meaning)
            for at, score in _fuse((words, 1.0), (meaning, self._dense))[:k]
        ]
        if meaning and len(hits) < min(k, len(self)):
            raise InternalError(f"search returned {len(hits)} of {min(k, len(self))} passages")
        return hits

    def nearness(self, sentences: Sequence[str], questions: Sequence[str]) -> NDArray[np.float32]:
        """Return the cosine of each sentence with each question: (sentences, questions)."""
        rows, columns = self._embedder.embed(sentences), self._embedder.embed(questions)
        found: NDArray[np.float32] = rows @ columns.T
        return found

    def search_words(self, tokens: Sequence[str], depth: int, more: Sequence[str] = ()) -> list[int]:
        """Return the numbers of the passages that share words with the query, by BM25, best first.

        ``more`` are words of other names for what is asked: they count less than the query's own.
        """
        own, other = self._known(tokens), self._known(more)
        if self._bm25 is None or not (own or other):
            return []
        scores: NDArray[np.float32] = np.zeros(len(self), dtype=np.float32)
        for known, weight in ((own, 1.0), (other, _OTHER_NAMES)):
            if known:
                scores = scores + weight * self._bm25.get_scores(known)
        found = [int(n) for n in np.argsort(-scores, kind="stable")[:depth] if scores[n] > 0]
        if not found:
            raise InternalError("the BM25 leg found nothing for words that stand in the passages")
        return found

    def _known(self, tokens: Sequence[str]) -> list[str]:
        return [token for token in tokens if token in self._vocabulary]

    def search_meaning(self, text: str, depth: int) -> list[int]:
        """Return the numbers of the passages nearest to the query's vector, best first."""
        query = self._embedder.embed([text])[0]
        if not query.any() or not len(self):
            return []
        scores: NDArray[np.float32] = self._vectors @ query
        found = [int(n) for n in np.argsort(-scores, kind="stable")[:depth]]
        if len(found) != min(depth, len(self)):
            raise InternalError(f"the dense leg returned {len(found)} of {min(depth, len(self))} passages")
        return found

    def _hit(self, at: int, score: float, words: list[int], meaning: list[int]) -> Hit:
        first, *rest = self._groups[at]
        return Hit(first, score, _rank(words, at), _rank(meaning, at), tuple(rest))


def _group_copies(passages: Iterable[Passage]) -> list[tuple[Passage, ...]]:
    """Group passages by their words; the latest of a group comes first, the undated last."""
    groups: dict[tuple[str, str], list[Passage]] = {}
    for passage in passages:
        groups.setdefault((passage.section, " ".join(passage.text.split())), []).append(passage)
    return [tuple(sorted(group, key=_day, reverse=True)) for group in groups.values()]


def _day(passage: Passage) -> int:
    return passage.date.latest.toordinal() if passage.date else 0


def _index_words(tokens: list[list[str]]) -> tuple[Any, frozenset[str]]:
    """Index token lists; without any token there is no index, for bm25s refuses an empty one."""
    import bm25s

    vocabulary = frozenset(token for row in tokens for token in row)
    if not vocabulary:
        return None, vocabulary
    index = bm25s.BM25()
    index.index(tokens, show_progress=False)
    return index, vocabulary


def _fuse(*rankings: tuple[list[int], float]) -> list[tuple[int, float]]:
    scores: dict[int, float] = {}
    for ranking, weight in rankings:
        for rank, number in enumerate(ranking, start=1):
            scores[number] = scores.get(number, 0.0) + weight / (_RRF + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _rank(ranking: list[int], number: int) -> int | None:
    return ranking.index(number) + 1 if number in ranking else None
