"""Texts that are nearly the same: a copy with a word changed must not stand in another part."""

import zlib
from collections import defaultdict
from collections.abc import Sequence

from posology.evaluate.grouping import group_of, linked_groups, same_words

__all__ = ["similar_groups"]

_SHINGLE = 3  # words
_SKETCH = 32  # shingles kept of a text, those of the lowest hashes: a sample that is the same in copies
_MARKS = 12  # of them by which copies are looked for: one in common is enough to compare two texts
_COMMON = 20  # of the texts that share a turn of phrase, the last so many are compared
_SHORT = 20  # words; shorter texts share turns of phrase without being copies, so they must be the same
_SAME = 0.5  # share of shingles in common from which on two texts are copies


def similar_groups(texts: Sequence[str]) -> list[str]:
    """Return a group for each text: copies, also with some words changed, share one."""
    plain = [same_words(text) for text in texts]
    sketches = [_sketch(text.split()) for text in plain]
    keys: list[list[str]] = []
    holders: dict[int, list[int]] = defaultdict(list)
    for place, (text, sketch) in enumerate(zip(plain, sketches, strict=True)):
        marks = sorted(sketch)[:_MARKS]
        near = {other for mark in marks for other in holders[mark][-_COMMON:]}
        copies = sorted(other for other in near if _likeness(sketch, sketches[other]) >= _SAME)
        keys.append([f"words {text}", *(f"place {one}" for one in (place, *copies))])
        for mark in marks:
            holders[mark].append(place)
    return [group_of(group) for group in linked_groups(keys)]


def _sketch(words: Sequence[str]) -> frozenset[int]:
    if len(words) < _SHORT:
        return frozenset()
    shingles = {
        zlib.crc32(" ".join(words[start : start + _SHINGLE]).encode())
        for start in range(len(words) - _SHINGLE + 1)
    }
    return frozenset(sorted(shingles)[:_SKETCH])


def _likeness(first: frozenset[int], second: frozenset[int]) -> float:
    """Estimate the share of shingles that two texts have in common, from the lowest hashes of both."""
    lowest = set(sorted(first | second)[:_SKETCH])
    return len(lowest & first & second) / len(lowest)
