"""Texts that scores are measured on, hashed: found where a record to be learned from holds one.

A record holds a test text where half of the text's runs of 13 words stand in it; a text of 8 to 12 words
where all its words stand there in a row; one of 5 to 7 where it is a whole line of it, a shorter one where it
is the whole record ("Fever and cough." tells nobody's item apart in a longer text). One shared run is not
enough here, as it is for a corpus of prose: forms such as a nurse's triage note repeat it between patients.
A run of more than 200 test texts tells none of them apart and is not counted; a text of which fewer than half
of the runs are left, a form filled in, is held where all its words stand in a row.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posology.corpus.contamination import LONGEST, SHORTEST, ProtectedText
from posology.corpus.shingles import Hashes, Shingler, digest_of, normal_words, runs_of

__all__ = ["LEAST", "Held", "build_held"]

SHARE = 0.5  # of a test text's runs, from which on a record holds it
LEAST = 8  # words of a text that is looked for within a line
COMMON = 200  # a run of more test texts tells none of them apart

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Held:
    """Test texts as numbers, from which no word can be read; ``find`` says whose text a record holds."""

    owners: tuple[str, ...]  # the task and the part, such as "healthver, report"
    texts: int
    runs: Hashes  # sorted; a run of several texts stands several times
    places: Places  # of each run: the number of its text
    sizes: Places  # of each text: how many runs it has
    of: Places  # of each text: its owner's number
    rows: Mapping[int, Mapping[int, int]]  # words of a short text -> its number -> its owner
    lines: Mapping[bytes, int]  # digest of a text of fewer words -> its owner
    forms: Mapping[int, Mapping[int, Mapping[bytes, int]]]  # first run -> words -> digest -> owner

    def find(self, text: str, shingler: Shingler | None = None) -> str:
        """Return whose test text stands in a text, or nothing.

        >>> held = build_held([ProtectedText("knees, report", "Is it the left knee that hurts at night?")])
        >>> held.find("Note: is it the left knee that hurts at night or in the morning?")
        'knees, report'
        >>> held.find("It is the left knee that hurts at night.")
        ''
        """
        words = normal_words(text)
        numbers = (shingler or Shingler()).words(words)
        owner = self._long(numbers)
        if owner is None:
            owner = self._form(numbers)
        if owner is None:
            owner = self._short(numbers)
        if owner is None:
            owner = self._line(text, words)
        return "" if owner is None else self.owners[owner]

    def _long(self, numbers: Hashes) -> int | None:
        if len(numbers) < LONGEST or not len(self.runs):
            return None
        found = np.unique(runs_of(numbers, LONGEST))
        first = np.searchsorted(self.runs, found, "left")
        many = np.searchsorted(self.runs, found, "right") - first
        told = (many > 0) & (many <= COMMON)
        if not told.any():
            return None
        chosen = np.concatenate(
            [self.places[at : at + n] for at, n in zip(first[told], many[told], strict=True)]
        )
        texts, counts = np.unique(chosen, return_counts=True)
        shares = counts / self.sizes[texts]
        best = int(shares.argmax())
        return int(self.of[texts[best]]) if shares[best] >= SHARE else None

    def _form(self, numbers: Hashes) -> int | None:
        if len(numbers) < LONGEST or not self.forms:
            return None
        runs = runs_of(numbers, LONGEST)
        begins = np.isin(runs, np.fromiter(self.forms, dtype=np.uint64))
        for place in np.flatnonzero(begins).tolist():
            for length, known in self.forms[int(runs[place])].items():
                owner = known.get(_digest(numbers[place : place + length]))
                if owner is not None:
                    return owner
        return None

    def _short(self, numbers: Hashes) -> int | None:
        for length, known in self.rows.items():
            if len(numbers) >= length:
                for number in runs_of(numbers, length).tolist():
                    if number in known:
                        return known[number]
        return None

    def _line(self, text: str, words: list[str]) -> int | None:
        if not self.lines:
            return None
        lines = [line for line in map(normal_words, text.splitlines()) if SHORTEST <= len(line) < LEAST]
        parts = [*lines, words] if 0 < len(words) < LEAST else lines
        return next((self.lines[one] for one in map(digest_of, parts) if one in self.lines), None)

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Held({self.texts} texts of {len(self.owners)} owners)"


def build_held(texts: Iterable[ProtectedText]) -> Held:
    """Hash the texts that scores are measured on; each is taken once."""
    shingler, owners, seen = Shingler(), dict[str, int](), set[bytes]()
    runs: list[Hashes] = []
    wholes: list[tuple[int, int, bytes]] = []  # of each long text: its first run, its words, their digest
    of: list[int] = []
    rows: dict[int, dict[int, int]] = defaultdict(dict)
    lines: dict[bytes, int] = {}
    for one in texts:
        words = normal_words(one.text)
        digest = digest_of(words)
        if not words or digest in seen:
            continue
        seen.add(digest)
        owner = owners.setdefault(one.owner, len(owners))
        if len(words) >= LONGEST:
            word_numbers = shingler.words(words)
            found = runs_of(word_numbers, LONGEST)
            runs.append(np.unique(found))
            wholes.append((int(found[0]), len(words), _digest(word_numbers)))
            of.append(owner)
        elif len(words) >= LEAST:
            rows[len(words)].setdefault(int(runs_of(shingler.words(words), len(words))[0]), owner)
        else:
            lines.setdefault(digest, owner)
    sizes = np.array([len(one) for one in runs], dtype=np.int64)
    numbers = np.concatenate(runs) if runs else np.array([], dtype=np.uint64)
    places = np.repeat(np.arange(len(runs), dtype=np.int64), sizes)
    order = np.argsort(numbers, kind="stable")
    numbers, places = numbers[order], places[order]
    forms: dict[int, dict[int, dict[bytes, int]]] = {}
    for text in _untold(numbers, places, sizes).tolist():
        first, length, whole = wholes[text]
        forms.setdefault(first, {}).setdefault(length, {}).setdefault(whole, of[text])
    kept = np.array(of, dtype=np.int64)
    return Held(tuple(owners), len(seen), numbers, places, sizes, kept, rows, lines, forms)


def _untold(runs: Hashes, places: Places, sizes: Places) -> Places:
    """Return the numbers of the texts that too few of their runs tell apart to be found by half of them."""
    _, each, times = np.unique(runs, return_inverse=True, return_counts=True)
    told = np.bincount(places, weights=times[each] <= COMMON, minlength=len(sizes))
    return np.flatnonzero(told < SHARE * sizes)


def _digest(numbers: Hashes) -> bytes:
    return hashlib.blake2b(numbers.tobytes(), digest_size=16).digest()
