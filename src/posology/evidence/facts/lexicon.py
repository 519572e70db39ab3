"""The word lists of the checks, read once from the package's data files."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

__all__ = [
    "Drug",
    "Found",
    "Measure",
    "Phrases",
    "drug_names",
    "drugs",
    "measure_names",
    "measures",
    "synonyms",
    "word_set",
]


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug by its nonproprietary name, with brand names and class words."""

    name: str
    brands: tuple[str, ...]
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured; ``units`` are those a bare number of it may be given."""

    name: str
    aliases: tuple[str, ...]
    units: tuple[str, ...]


def _rows(file: str) -> list[list[str]]:
    text = files("posology.evidence.data").joinpath(file).read_text(encoding="utf-8")
    return [line.split("|") for line in text.splitlines() if line and not line.startswith("#")]


def _list(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(",") if part.strip())


@cache
def word_set(file: str) -> frozenset[str]:
    """Return the words of a data file in lower case."""
    return frozenset(word for row in _rows(file) for cell in row for word in cell.lower().split())


@cache
def drugs() -> dict[str, Drug]:
    """Return the drugs by nonproprietary name."""
    return {name: Drug(name, _list(brands), _list(classes)) for name, brands, classes in _rows("drugs.txt")}


@cache
def drug_names() -> dict[str, str]:
    """Return every name of a drug, brand or not, with its nonproprietary name."""
    table = {brand: drug.name for drug in drugs().values() for brand in drug.brands}
    return table | {name: name for name in drugs()}


@cache
def measures() -> dict[str, Measure]:
    """Return the measures by name."""
    return {name: Measure(name, _list(also), _list(units)) for name, also, units in _rows("measures.txt")}


@cache
def measure_names() -> dict[str, str]:
    """Return every name of a measure with the one it is filed under."""
    table = {alias: measure.name for measure in measures().values() for alias in measure.aliases}
    return table | {name: name for name in measures()}


@cache
def synonyms() -> dict[str, str]:
    """Return words and phrases with the concept that they stand for."""
    table = {alias: concept for concept, others in _rows("synonyms.txt") for alias in _list(others)}
    return table | {concept: concept for concept, _ in _rows("synonyms.txt")}


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase found in a text: what it stands for and where it stands."""

    value: str
    start: int
    end: int


class Phrases:
    """Finds the phrases of a table as whole words, the longest first, in time that does not grow with it."""

    def __init__(self, table: dict[str, str]) -> None:
        """Index the phrases by their first word."""
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for phrase, value in table.items():
            words = tuple(_WORD.findall(phrase.lower()))
            self._by_first.setdefault(words[0], []).append((words, value))
        for candidates in self._by_first.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))

    def find(self, text: str) -> list[Found]:
        """Return the phrases of a text in order; blanks, hyphens and slashes between words are alike."""
        matches = list(_WORD.finditer(text))
        words = [match.group().lower() for match in matches]
        found: list[Found] = []
        index = 0
        while index < len(words):
            length = 1
            for phrase, value in self._by_first.get(words[index], ()):
                last = index + len(phrase) - 1
                if tuple(words[index : last + 1]) == phrase and _joined(text, matches[index : last + 1]):
                    found.append(Found(value, matches[index].start(), matches[last].end()))
                    length = len(phrase)
                    break
            index += length
        return found


_WORD = re.compile(r"\w+")


def _joined(text: str, matches: list[re.Match[str]]) -> bool:
    gaps = (text[a.end() : b.start()] for a, b in pairwise(matches))
    return all(gap.strip() in ("", "-", "/") and len(gap) <= 3 for gap in gaps)
