"""The word lists of the checks, read once from the package's data files."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Drug", "Measure", "alternation", "drugs", "drug_names", "measures", "measure_names", "synonyms"]


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


def alternation(words: list[str] | tuple[str, ...] | dict[str, str]) -> re.Pattern[str]:
    """Compile a pattern that finds any of the words as a whole word, the longest first."""
    ordered = sorted(words, key=len, reverse=True)
    body = "|".join(re.escape(word).replace(r"\ ", r"[\s-]+") for word in ordered)
    return re.compile(rf"(?<![\w])(?:{body})(?![\w])", re.IGNORECASE)
