"""Which charts are of one patient: told by numbers, names and birth dates, as the charts have them.

What two charts share may be little, such as a birth date and one word of a name: they are then taken for one
patient's, for what is kept apart by patient must stay apart. Charts that share nothing of this are of two.

A number counts with the system that gave it, for two hospitals may give the same one. Where a chart names no
system, as pasted notes and letters do, the number alone may be any hospital's: it is then taken for another
chart's that names one only where the birth date or the whole name is the same too.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.records.chart import Chart
from posology.records.patient import birth_date

__all__ = ["Signs", "first_charts", "patient_names", "signs_of"]

_LEAST_DIGITS = 4  # "patient-1" counts the entries of a file
_FULL_DATE = len("1970-01-31")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "md", "jr", "sr"})

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Signs:
    """What a patient is told by: numbers, names as sets of words, and the birth date where it is whole."""

    numbers: frozenset[Key]
    names: frozenset[frozenset[str]]
    born: str

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Signs({len(self.numbers)} numbers, {len(self.names)} names)"


def signs_of(chart: Chart) -> Signs:
    """Return what the chart tells its patient by."""
    body = chart.patient.body
    numbers = {
        (str(one.get("system") or ""), str(one["value"]).strip())
        for one in _objects(body.get("identifier"))
        if _is_number(one.get("value"))
    }
    if _is_number(body.get("id")):
        numbers.add(("id", body["id"]))
    names = {frozenset(_words(name)) for name in _objects(body.get("name"))} - {frozenset[str]()}
    born = birth_date(chart)
    whole = born is not None and len(born.quote) == _FULL_DATE
    return Signs(frozenset(numbers), frozenset(names), born.quote if born is not None and whole else "")


def first_charts(charts: Sequence[Signs]) -> list[int]:
    """Return for each chart the place of the first one of the same patient.

    Charts are of one patient who share a number, or the birth date and any word of a name, or the whole
    name where one of them lacks a whole birth date, or a number to which one of them names no system and the
    birth date or the whole name; and so are those that a third chart joins.
    """
    undated = frozenset(name for one in charts if not one.born for name in one.names)
    bare = frozenset(key for one in charts for system, key in _alone(one) if not system)
    first = list(range(len(charts)))

    def find(place: int) -> int:
        while first[place] != place:
            first[place] = first[first[place]]
            place = first[place]
        return place

    seen: dict[Key, int] = {}
    for place, one in enumerate(charts):
        alone = (key for _, key in _alone(one) if key in bare)
        for key in (*_keys(one, undated), *alone):
            low, high = sorted((find(seen.setdefault(key, place)), find(place)))
            first[high] = low
    return [find(place) for place in range(len(charts))]


def patient_names(charts: Sequence[Signs]) -> list[str]:
    """Return for each chart what its patient is told by, the same for all charts of one; it identifies them.

    A number with its system goes before one without, then the server's id, then the name with the birth date.
    Nothing is returned where a chart tells neither number nor name.
    """
    first = first_charts(charts)
    best: dict[int, Key] = {}
    for place, one in zip(first, charts, strict=True):
        for key in _told(one):
            best[place] = min(key, best.get(place, key))
    return ["|".join(best[place][1:]) if place in best else "" for place in first]


def _told(one: Signs) -> Iterator[Key]:
    """Yield what tells a patient, the rank first, the steadiest one the lowest."""
    for system, value in one.numbers:
        yield ("1" if system == "" else "2" if system == "id" else "0", system, value)
    for name in one.names:
        yield ("3", *sorted(name), one.born)


def _keys(one: Signs, undated: frozenset[frozenset[str]]) -> Iterator[Key]:
    for number in one.numbers:
        yield "number", *number
    for name in one.names:
        if one.born:
            yield from (("born", one.born, word) for word in name)
        if name in undated:
            yield "name", *sorted(name)


def _alone(one: Signs) -> Iterator[tuple[str, Key]]:
    """Yield each number without its system, beside the birth date and beside each whole name."""
    for system, value in one.numbers:
        if one.born:
            yield system, ("alone", value, one.born)
        for name in one.names:
            yield system, ("alone", value, *sorted(name))


def _words(name: Mapping[str, Any]) -> Iterator[str]:
    """Yield the words of a name without accents, initials and titles."""
    given = name.get("given")
    parts = [name.get("text"), name.get("family"), *(given if isinstance(given, list) else ())]
    for part in parts:
        plain = unicodedata.normalize("NFKD", part) if isinstance(part, str) else ""
        letters = "".join(one for one in plain if not unicodedata.combining(one)).casefold()
        for word in "".join(one if one.isalpha() else " " for one in letters).split():
            if word not in _TITLES and (len(word) > 1 or not word.isascii()):
                yield word


def _is_number(value: object) -> bool:
    """Say whether a text is a number that tells persons apart, not a count or a filler such as 0000."""
    digits = [one for one in value if one.isdigit()] if isinstance(value, str) else []
    return len(digits) >= _LEAST_DIGITS and len(set(digits)) > 1


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
