"""Test texts that must not be learned: kept as hashed runs of words, found in whatever is to be learned."""

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posology.corpus.shingles import Hashes, Shingler, normal_words, runs_of
from posology.errors import OutputError, UserError

__all__ = [
    "LONGEST",
    "Protected",
    "ProtectedText",
    "build_protected",
    "join_protected",
    "load_protected",
    "save_protected",
]

LONGEST = 13  # words of a run that no learned text may share with a test text
SHORTEST = 5  # a test text of fewer words is too common to look for within a longer one
_FORMAT = "protected/1"


@dataclass(frozen=True, slots=True)
class ProtectedText:
    """A text that is tested with: the words of an item, with its options; its repr hides them."""

    owner: str  # the task and the part, such as "healthver, report"
    text: str

    def __repr__(self) -> str:
        """Show the owner and the length only."""
        return f"ProtectedText({self.owner}, {len(self.text)} characters)"


@dataclass(frozen=True)
class Protected:
    """Hashed runs of every protected text, by their length in words.

    A text of 13 words or more is found by any 13 of them in a row; a shorter one, of 5 or more, by all its
    words in a row; one of fewer words only where it is the whole text.
    """

    owners: tuple[str, ...]
    runs: Mapping[int, tuple[Hashes, NDArray[np.uint16]]]  # length -> sorted numbers, owner of each
    whole: Mapping[int, int]  # number of a text under five words -> owner
    texts: int = 0

    def find(self, words: Hashes) -> str:
        """Return whose test text stands in a text of these words (Shingler.words), or nothing."""
        for length, (numbers, owners) in self.runs.items():
            if len(words) < length:
                continue
            found = runs_of(words, length)
            places = np.minimum(np.searchsorted(numbers, found), len(numbers) - 1)
            hits = numbers[places] == found
            if hits.any():
                return self.owners[int(owners[places[int(hits.argmax())]])]
        if 0 < len(words) < SHORTEST:
            owner = self.whole.get(int(runs_of(words, SHORTEST)[0]))
            return "" if owner is None else self.owners[owner]
        return ""

    def find_in(self, text: str) -> str:
        """Return whose test text stands in a text, or nothing."""
        return self.find(Shingler().words(normal_words(text)))

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Protected({self.texts} texts of {len(self.owners)} owners)"


def build_protected(texts: Iterable[ProtectedText]) -> Protected:
    """Hash the texts that are tested with; they cannot be read back from what is kept."""
    shingler, owners = Shingler(), dict[str, int]()
    runs: dict[int, list[tuple[Hashes, int]]] = {}
    whole: dict[int, int] = {}
    count = 0
    for count, one in enumerate(texts, 1):  # noqa: B007 - the last number is the count
        owner = owners.setdefault(one.owner, len(owners))
        words = shingler.words(normal_words(one.text))
        length = min(len(words), LONGEST)
        if length >= SHORTEST:
            runs.setdefault(length, []).append((runs_of(words, length), owner))
        elif length:
            whole.setdefault(int(runs_of(words, SHORTEST)[0]), owner)
    return Protected(tuple(owners), {n: _sorted(found) for n, found in sorted(runs.items())}, whole, count)


def _sorted(found: Sequence[tuple[Hashes, int]]) -> tuple[Hashes, NDArray[np.uint16]]:
    numbers = np.concatenate([run for run, _ in found])
    owners = np.concatenate([np.full(len(run), owner, dtype=np.uint16) for run, owner in found])
    kept, first = np.unique(numbers, return_index=True)
    return kept, owners[first]


def save_protected(protected: Protected, path: Path) -> None:
    """Write protected texts as numbers (numpy's .npz); no text can be read from them."""
    arrays: dict[str, NDArray[np.generic]] = {
        "head": np.frombuffer(_head(protected).encode(), dtype=np.uint8),
        "whole": np.array(list(protected.whole), dtype=np.uint64),
        "whole_owners": np.array(list(protected.whole.values()), dtype=np.uint16),
    }
    for length, (numbers, owners) in protected.runs.items():
        arrays |= {f"runs_{length}": numbers, f"owners_{length}": owners}
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)
        temporary.replace(path)
    except OSError as cause:
        raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause
    finally:
        temporary.unlink(missing_ok=True)


def load_protected(paths: Sequence[Path]) -> Protected:
    """Read files of protected texts and join them."""
    return join_protected([_load(path) for path in paths])


def join_protected(files: Sequence[Protected]) -> Protected:
    """Join protected texts of several makers."""
    if len(files) == 1:
        return files[0]
    names = list(dict.fromkeys(name for one in files for name in one.owners))
    runs: dict[int, list[tuple[Hashes, NDArray[np.uint16]]]] = {}
    whole: dict[int, int] = {}
    for one in files:
        place = np.array([names.index(name) for name in one.owners], dtype=np.uint16)
        for length, (numbers, owners) in one.runs.items():
            runs.setdefault(length, []).append((numbers, place[owners]))
        whole |= {number: int(place[owner]) for number, owner in one.whole.items()}
    joined = {length: _joined(found) for length, found in sorted(runs.items())}
    return Protected(tuple(names), joined, whole, sum(one.texts for one in files))


def _joined(found: Sequence[tuple[Hashes, NDArray[np.uint16]]]) -> tuple[Hashes, NDArray[np.uint16]]:
    kept, first = np.unique(np.concatenate([numbers for numbers, _ in found]), return_index=True)
    return kept, np.concatenate([owners for _, owners in found])[first]


def _head(protected: Protected) -> str:
    return json.dumps(
        {"posology": _FORMAT, "owners": list(protected.owners), "texts": protected.texts, "run": LONGEST}
    )


def _load(path: Path) -> Protected:
    try:
        with np.load(path, allow_pickle=False) as file:
            head = json.loads(bytes(file["head"]))
            if head["posology"] != _FORMAT or head["run"] != LONGEST:
                raise UserError(
                    f"{path}: of another version; make it again with posology curate --save-tests"
                )
            lengths = sorted(int(name[5:]) for name in file.files if name.startswith("runs_"))
            runs = {n: (file[f"runs_{n}"], file[f"owners_{n}"]) for n in lengths}
            whole = dict(zip(file["whole"].tolist(), file["whole_owners"].tolist(), strict=True))
            return Protected(tuple(head["owners"]), runs, whole, int(head["texts"]))
    except FileNotFoundError as cause:
        raise UserError(
            f"{path}: there is no such file; make it with posology curate --save-tests"
        ) from cause
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as cause:
        raise UserError(
            f"{path}: no file of protected texts; make it with posology curate --save-tests"
        ) from cause
