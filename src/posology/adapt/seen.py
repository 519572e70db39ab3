"""What a model learned from, as hashes of lines, so that text which it has seen is known again.

Lines of 8 words or more count, without punctuation and case; of a text that has none, the whole text. They
stand in ``seen.json`` of the model's folder, in the form of an encoder's.
"""

from collections.abc import Iterable

from posology.adapt.encoders.saving import Seen
from posology.corpus.held import LEAST
from posology.corpus.shingles import digest_of, normal_words

__all__ = ["has_seen", "seen_of"]

_SHARE = 0.5  # of a text's words: lines that many texts share make none of them known


def seen_of(tune: Iterable[str], select: Iterable[str]) -> Seen:
    """Return the hashes of texts that a model learned from, and of those that it was chosen by."""
    return Seen(_hashes(tune), _hashes(select))


def has_seen(seen: Seen, text: str) -> bool:
    """Say whether half of a text's words, or more, stand in lines that were seen.

    >>> seen = seen_of(["A question:\\nHow many drugs does she take, and which?"], [])
    >>> has_seen(seen, "how many drugs does she take and which"), has_seen(seen, "A question:")
    (True, False)
    """
    found = {True: 0, False: 0}
    for words in _lines(text):
        digest = digest_of(words).hex()
        found[digest in seen.tune or digest in seen.select] += len(words)
    return found[True] > 0 and found[True] >= _SHARE * sum(found.values())


def _hashes(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(digest_of(words).hex() for text in texts for words in _lines(text))


def _lines(text: str) -> list[list[str]]:
    """Return the words of each line that tells a text apart; of the whole text where no line does."""
    lines = [words for words in map(normal_words, text.splitlines()) if len(words) >= LEAST]
    if lines:
        return lines
    whole = normal_words(text)
    return [whole] if len(whole) >= LEAST else []
