"""Near duplicates: texts that share most of their five-word runs; of each such set the first stays.

Signatures are MinHash (rensa). Texts whose signatures agree in a whole band are candidates; whether a
candidate is a copy is decided by the exact Jaccard similarity of the runs. Bands are sorted, not hashed
into tables: 128 bytes a text, and every text is compared with the ones that stay before it only.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from posology.corpus.shingles import Hashes
from posology.errors import MissingExtra

__all__ = ["Copies", "Signatures", "find_copies", "jaccard"]

_PERMUTATIONS, _BANDS, _SEED = 128, 16, 20261121
_ROWS = _PERMUTATIONS // _BANDS
_BATCH = 512
_MOST_COMPARED = 64  # texts that one text is compared with


class Signatures:
    """Collects the signatures of texts in their order, as one number for each band."""

    def __init__(self) -> None:
        """Start without texts; raise MissingExtra where rensa is not installed."""
        try:
            from rensa import RMinHash
        except ImportError as cause:
            raise MissingExtra("rensa", "adapt", "finding near duplicates") from cause
        self._minhash = RMinHash
        self._waiting: list[Hashes] = []
        self._bands = array("Q")

    def add(self, runs: Hashes) -> None:
        """Add the runs of the next text, sorted and without repetition."""
        self._waiting.append(runs)
        if len(self._waiting) >= _BATCH:
            self._flush()

    def bands(self) -> Hashes:
        """Return the bands: (texts, 16)."""
        self._flush()
        return np.frombuffer(self._bands, dtype=np.uint64).reshape(-1, _BANDS)

    def _flush(self) -> None:
        if not self._waiting:
            return
        ends = np.cumsum([0, *map(len, self._waiting)]).astype(np.uint64)
        flat = np.concatenate(self._waiting)
        found = self._minhash.digest_matrix_from_flat_token_hashes(flat, ends, _PERMUTATIONS, _SEED)
        rows = np.array(found.to_rows(), dtype=np.uint64).reshape(len(self._waiting), _BANDS, _ROWS)
        total = np.zeros(rows.shape[:2], dtype=np.uint64)
        for place in range(_ROWS):
            total = total * np.uint64(0x9E3779B97F4A7C15) + rows[:, :, place] + np.uint64(1)
        total ^= total >> np.uint64(29)
        self._bands.frombytes(total.tobytes())
        self._waiting = []


@dataclass(slots=True)
class Copies:
    """What was found: for each text that is a copy the earlier one that it is a copy of."""

    of: dict[int, int] = field(default_factory=dict)
    compared: int = 0
    cut_short: int = 0  # texts with more candidates than are compared


def find_copies(bands: Hashes, runs: Callable[[int], Hashes], threshold: float) -> Copies:
    """Find the texts of which an earlier one, itself no copy, shares so many runs (Jaccard).

    ``runs`` returns the sorted runs of a text by its number; it is called for candidates only.
    """
    found = Copies()
    met: dict[int, list[int]] = {}  # bucket -> texts in it that stay, earliest first
    last: tuple[int, Hashes] | None = None
    for text, buckets in _shared_buckets(bands):
        before = list(dict.fromkeys(one for bucket in buckets for one in met.get(bucket, ())))
        found.cut_short += len(before) > _MOST_COMPARED
        for other in before[:_MOST_COMPARED]:
            if last is None or last[0] != text:
                last = (text, runs(text))
            found.compared += 1
            if jaccard(last[1], runs(other)) >= threshold:
                found.of[text] = other
                break
        else:
            for bucket in buckets:
                met.setdefault(bucket, []).append(text)
    return found


def jaccard(one: Hashes, other: Hashes) -> float:
    """Return the share of runs that two texts have in common; both are sorted without repetition."""
    if not len(one) and not len(other):
        return 1.0
    if min(len(one), len(other)) == 0:
        return 0.0
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)


def _shared_buckets(bands: Hashes) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield each text that shares a band with another, in order, with the numbers of the shared bands."""
    texts, buckets, first = [], [], 0
    for column in range(bands.shape[1] if len(bands) else 0):
        _, inverse, counts = np.unique(bands[:, column], return_inverse=True, return_counts=True)
        shared = np.nonzero(counts[inverse] > 1)[0]
        texts.append(shared)
        buckets.append(inverse[shared] + first)
        first += len(counts)
    if not any(map(len, texts)):
        return
    every, homes = np.concatenate(texts), np.concatenate(buckets)
    order = np.lexsort((homes, every))
    every, homes = every[order], homes[order]
    starts = np.nonzero(np.diff(every, prepend=-1))[0]
    for start, end in zip(starts, [*starts[1:], len(every)], strict=True):
        yield int(every[start]), homes[start:end].tolist()
