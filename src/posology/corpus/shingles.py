"""Runs of words as 64-bit numbers: what copies and test texts are found by."""

import hashlib
import re
import unicodedata

import numpy as np
from numpy.typing import NDArray

__all__ = ["RUN", "Hashes", "Shingler", "digest_of", "normal_words", "runs_of"]

Hashes = NDArray[np.uint64]
RUN = 5  # words of a run that near duplicates are compared by

_WORD = re.compile(r"[^\W_]+")
_KEPT = 500_000  # words whose number is kept; numbers and names would fill the memory without end
_STEP = np.uint64(0x9E3779B97F4A7C15)  # odd: multiplying by it loses nothing
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT = np.uint64(33)


def normal_words(text: str) -> list[str]:
    """Return a text's words in lower case, without punctuation, whatever form its characters have.

    >>> normal_words("Pain: 7/10, since MAY.")
    ['pain', '7', '10', 'since', 'may']
    """
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _WORD.findall(plain.casefold())


def digest_of(words: list[str]) -> bytes:
    """Return 16 bytes that are equal for texts of the same words."""
    return hashlib.blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Shingler:
    """Turns words into numbers, the same on every machine and in every run."""

    def __init__(self) -> None:
        """Start with no word known."""
        self._numbers: dict[str, int] = {}

    def words(self, words: list[str]) -> Hashes:
        """Return the number of each word, in order."""
        known = self._numbers
        if len(known) > _KEPT:
            known.clear()
        numbers = [known.get(word) or self._learn(word) for word in words]
        return np.array(numbers, dtype=np.uint64)

    def _learn(self, word: str) -> int:
        digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = self._numbers[word] = int.from_bytes(digest, "little") or 1
        return number


def runs_of(words: Hashes, length: int) -> Hashes:
    """Return the number of every run of so many words, in order; of a shorter text that of the whole.

    A run's number depends on the order of its words: (words - length + 1 numbers).
    """
    size = min(length, len(words))
    if size == 0:
        return words
    count = len(words) - size + 1
    total = np.zeros(count, dtype=np.uint64)
    for place in range(size):
        total = total * _STEP + words[place : place + count]
    total ^= total >> _SHIFT
    total *= _MIX
    total ^= total >> _SHIFT
    return total
