"""Recall and nDCG of the search on held-out questions: by words, by meaning, and both together."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.adapt.embedding.pairs import Pair, plain_words
from posology.evidence import Embedder, Passage, PassageIndex
from posology.evidence.search import DENSE
from posology.evidence.tokens import expand_query
from posology.spans import Span
from posology.statistics import clustered_interval

__all__ = ["GAINS", "LEGS", "Ranks", "asked_once", "compare_ranks", "find_ranks", "score_ranks"]

LEGS = ("words", "meaning", "hybrid")
_DEPTH = 50
Ranks = Mapping[str, Sequence[int | None]]
"""By leg: the place of the answering passage for each question, from 1; None beyond the fiftieth."""


@dataclass(frozen=True, slots=True)
class _Pool:
    index: PassageIndex
    places: Mapping[str, int]  # from a passage's words to its number in the index
    answers: Mapping[str, Sequence[str]]  # from a question to the passages that answer it


def find_ranks(
    pairs: Sequence[Pair], embedder: Embedder, *, dense: float = DENSE
) -> dict[str, list[int | None]]:
    """Search each question's passage among its own negatives where it has some, else among all passages.

    Passages of the same words are one. A question that several passages of the pool answer is given the
    place of the first of them. ``words`` is BM25, ``meaning`` the embedder, ``hybrid`` both as the evidence
    search joins them, the embedder with the weight ``dense``; the question is widened by other names of its
    terms as it is there.
    """
    common = [pair for pair in pairs if not pair.negatives]
    shared = _pool(common, embedder, dense) if common else None
    ranks: dict[str, list[int | None]] = {leg: [] for leg in LEGS}
    for pair in pairs:
        pool = _pool([pair], embedder, dense) if pair.negatives else shared
        if pool is not None:
            for leg, rank in _ranks(pair, pool).items():
                ranks[leg].append(rank)
    return ranks


def asked_once(pairs: Sequence[Pair]) -> list[int]:
    """Return the places of the pairs but those whose question their source asked of the same passages before.

    Two sources may ask the same: each is scored by itself, so the question counts once in each.
    """
    seen: set[tuple[str, str, str]] = set()
    found = []
    for place, pair in enumerate(pairs):
        mark = (pair.provenance.source, pair.id if pair.negatives else "", plain_words(pair.query))
        if mark not in seen:
            found.append(place)
            seen.add(mark)
    return found


def _pool(pairs: Sequence[Pair], embedder: Embedder, dense: float) -> _Pool:
    texts = [text for pair in pairs for text in (pair.passage, *pair.negatives)]
    distinct = sorted({" ".join(text.split()) for text in texts}, key=_drawn)  # ties favour no answer
    passages = [
        Passage(f"passage-{number}", 0, len(text), text, (Span(0, len(text)),))
        for number, text in enumerate(distinct)
    ]
    answers: dict[str, list[str]] = {}
    for pair in pairs:
        answers.setdefault(plain_words(pair.query), []).append(" ".join(pair.passage.split()))
    places = {text: number for number, text in enumerate(distinct)}
    return _Pool(PassageIndex(passages, embedder, dense), places, answers)


def _drawn(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _ranks(pair: Pair, pool: _Pool) -> dict[str, int | None]:
    wanted = {pool.places[text] for text in pool.answers[plain_words(pair.query)]}
    depth = min(_DEPTH, len(pool.index))
    tokens, more, text = expand_query(pair.query)
    both = [int(hit.passage.source.removeprefix("passage-")) for hit in pool.index.search(pair.query, depth)]
    found = {
        "words": pool.index.search_words(tokens, depth, more),
        "meaning": pool.index.search_meaning(text, depth),
        "hybrid": both,
    }
    return {
        leg: next((place for place, number in enumerate(rows, start=1) if number in wanted), None)
        for leg, rows in found.items()
    }


def score_ranks(pairs: Sequence[Pair], ranks: Ranks, *, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Return recall at 1, 5 and 10 and nDCG at 10 of each leg, with 95 % intervals that draw whole groups.

    A question counts once, at its first answering passage: its nDCG is 1 / log2(rank + 1).
    """
    return {
        leg: {name: _estimate(pairs, [gain(rank) for rank in rows], seed) for name, gain in GAINS.items()}
        for leg, rows in ranks.items()
    }


def compare_ranks(
    pairs: Sequence[Pair], ours: Ranks, theirs: Ranks, *, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Return the paired differences, ours less theirs, of each leg and measure, with their intervals."""
    return {
        leg: {
            name: _estimate(
                pairs, [gain(a) - gain(b) for a, b in zip(ours[leg], theirs[leg], strict=True)], seed
            )
            for name, gain in GAINS.items()
        }
        for leg in ours
    }


def _recall(k: int) -> Any:
    return lambda rank: float(rank is not None and rank <= k)


def _ndcg(rank: int | None) -> float:
    return 1 / math.log2(rank + 1) if rank is not None and rank <= 10 else 0.0


GAINS: Mapping[str, Any] = {
    "recall@1": _recall(1),
    "recall@5": _recall(5),
    "recall@10": _recall(10),
    "ndcg@10": _ndcg,
}


def _estimate(pairs: Sequence[Pair], values: Sequence[float], seed: int) -> dict[str, Any]:
    groups: dict[str, list[float]] = {}
    for pair, value in zip(pairs, values, strict=True):
        groups.setdefault(pair.provenance.group or pair.id, []).append(value)
    found = clustered_interval(list(groups.values()), seed=seed, rounds=1000)
    return {"value": found.value, "low": found.low, "high": found.high, "n": len(values), "groups": found.n}
