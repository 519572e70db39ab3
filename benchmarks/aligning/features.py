"""How a sentence lies on its sources: features from word pieces, words, numbers and negation."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from posology.evidence.tokens import lexical_overlap, search_tokens
from posology.records.sentences import sentence_spans

from .encoder import Encoded

__all__ = ["FEATURES", "source_units", "support_features"]

Floats = NDArray[np.float32]

FEATURES = (
    "alignment",  # weighted mean over the sentence's pieces of the best cosine in all sources
    "best_unit",  # the same against the one source sentence that covers it best
    "weakest",  # mean of the three pieces that are matched worst, weighted as content
    "cosine",  # of the mean vectors, with the nearest source sentence
    "words",  # share of the sentence's words that stand in the sources
    "bigrams",  # share of its word pairs that do
    "numbers_missing",  # share of its numbers that stand in no source
    "negation",  # 1 where the sentence denies and its nearest source sentence does not, or the reverse
)
_NEGATION = re.compile(
    r"\b(?:no|not|never|without|denies|denied|negative|neither|nor|none|absence|absent|lack\w*|fail\w*|cannot|unlikely)\b|n't\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_COMMON = 1990  # word pieces are numbered by frequency: below stand signs, letters and the commonest words
_WORST = 3


def source_units(sources: Sequence[str]) -> list[str]:
    """Return the sentences of all sources; a source that is one line is a unit by itself."""
    return [span.of(source) for source in sources for span in sentence_spans(source)]


def support_features(
    sentence: str, units: Sequence[str], encoded: Callable[[str], Encoded]
) -> NDArray[np.float64]:
    """Return the features of a sentence against its sources' sentences, in the order of FEATURES."""
    own = encoded(sentence)
    others = [encoded(unit) for unit in units]
    if not len(own.ids) or not any(len(other.ids) for other in others):
        return np.array([0, 0, 0, 0, 0, 0, 1, 0], dtype=np.float64)
    weights = _weights(own.ids)
    per_unit = np.stack([_best(own.vectors, other.vectors) for other in others])  # (units, pieces)
    overall = per_unit.max(axis=0)
    covered = per_unit @ weights  # (units,)
    cosines = np.array([float(own.mean @ other.mean) for other in others])
    nearest = units[int(np.argmax(covered))]
    return np.array(
        [
            overall @ weights,
            covered.max(),
            _worst(overall, weights),
            cosines.max(),
            lexical_overlap(sentence, units),
            _pairs_shared(sentence, units),
            _numbers_missing(sentence, units),
            float(_denies(sentence) != _denies(nearest)),
        ],
        dtype=np.float64,
    )


def _weights(ids: NDArray[np.int64]) -> Floats:
    """Weigh word pieces by their rank of frequency: rare pieces carry the content."""
    raw = np.log1p(np.maximum(ids - _COMMON, 0)).astype(np.float32) + 0.1
    weights: Floats = raw / raw.sum()
    return weights


def _best(own: Floats, other: Floats) -> Floats:
    if not len(other):
        return np.zeros(len(own), dtype=np.float32)
    best: Floats = (own @ other.T).max(axis=1)
    return best


def _worst(best: Floats, weights: Floats) -> float:
    content = best[weights >= np.median(weights)]
    return float(np.sort(content)[:_WORST].mean())


def _pairs_shared(sentence: str, units: Sequence[str]) -> float:
    def pairs(text: str) -> set[tuple[str, str]]:
        tokens = search_tokens(text)
        return set(pairwise(tokens))

    own = pairs(sentence)
    known = {pair for unit in units for pair in pairs(unit)}
    return len(own & known) / len(own) if own else 0.0


def _numbers_missing(sentence: str, units: Sequence[str]) -> float:
    own = {n.replace(",", "") for n in _NUMBER.findall(sentence)}
    known = {n.replace(",", "") for unit in units for n in _NUMBER.findall(unit)}
    return len(own - known) / len(own) if own else 0.0


def _denies(text: str) -> bool:
    return bool(_NEGATION.search(text))
