"""ROUGE-1, ROUGE-2 and ROUGE-L: how many words, pairs of words and words in order two texts share.

As the package rouge-score computes them without stemming: words are runs of a-z and 0-9 in lower case, so
that letters with accents part words. A score is the harmonic mean of precision and recall.
"""

import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["longest_common", "rouge_l", "rouge_n", "rouge_words"]

_WORD = re.compile(r"[a-z0-9]+")


def rouge_words(text: str) -> list[str]:
    """Return the words that ROUGE counts.

    >>> rouge_words("No acute disease; 2-view X-ray.")
    ['no', 'acute', 'disease', '2', 'view', 'x', 'ray']
    """
    return _WORD.findall(text.lower())


def rouge_n(reference: str, answer: str, n: int) -> float:
    """Return the F1 of runs of ``n`` words, each counted as often as it stands in both texts."""
    wanted, given = _runs(rouge_words(reference), n), _runs(rouge_words(answer), n)
    return _f1((wanted & given).total(), wanted.total(), given.total())


def rouge_l(reference: str, answer: str) -> float:
    """Return the F1 of the longest common sequence of words, with gaps."""
    wanted, given = rouge_words(reference), rouge_words(answer)
    return _f1(longest_common(wanted, given), len(wanted), len(given))


def longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    A column of the usual table is kept as the bits of one number (Hyyrö 2004), so that two notes of a
    thousand words take milliseconds.
    """
    places: dict[str, int] = {}
    for place, word in enumerate(first):
        places[word] = places.get(word, 0) | (1 << place)
    every = (1 << len(first)) - 1
    column = every
    for word in second:
        here = column & places.get(word, 0)
        column = ((column + here) | (column - here)) & every
    return len(first) - column.bit_count()


def _runs(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[place : place + n]) for place in range(len(words) - n + 1))


def _f1(shared: int, wanted: int, given: int) -> float:
    return 2 * shared / (wanted + given) if shared else 0.0
