"""Reading values out of a parsed policy file, each error naming the file and the path of the key."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar, cast

from posology.errors import PolicyError
from posology.policies.policy import Duration, Unit

__all__ = ["Place", "nearest"]

T = TypeVar("T")
_DURATION = re.compile(r"(\d{1,4})\s+(day|week|month|year)s?")
_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def nearest(word: str, offered: Sequence[str]) -> str | None:
    """Return the offered word that looks most like ``word``, or ``None`` where none is close."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    best = process.extractOne(
        word, offered, scorer=OSA.normalized_similarity, score_cutoff=0.5, processor=str.casefold
    )
    return best[0] if best else None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a policy file: its value, the file's name and the path of the key."""

    value: Any
    file: str
    path: str = ""

    def fail(self, message: str) -> NoReturn:
        """Raise the error that names this place."""
        where = f"{self.file}: {self.path}" if self.path else self.file
        raise PolicyError(f"{where}: {message}")

    def _at(self, value: Any, path: str) -> "Place":
        return Place(value, self.file, path)

    def mapping(self, allowed: Sequence[str], required: Sequence[str] = ()) -> dict[str, "Place"]:
        """Return the places under each key; an unknown or a missing key is an error."""
        if not isinstance(self.value, Mapping):
            self.fail(f"expected keys ({', '.join(allowed)}), found {_kind(self.value)}")
        found = {
            key: self._at(value, f"{self.path}.{key}" if self.path else str(key))
            for key, value in self.value.items()
        }
        for key, place in found.items():
            if key not in allowed:
                near = nearest(key, allowed)
                hint = f"did you mean {near!r}?" if near else f"known here: {', '.join(allowed)}"
                place.fail(f"unknown key {key!r}; {hint}")
        for key in required:
            if key not in found:
                self.fail(f"the key {key!r} is missing")
        return found

    def named(self) -> dict[str, "Place"]:
        """Return the places under keys that the writer chose."""
        if not isinstance(self.value, Mapping):
            self.fail(f"expected named entries, found {_kind(self.value)}")
        return {str(k): self._at(v, f"{self.path}.{k}") for k, v in self.value.items()}

    def items(self) -> tuple["Place", ...]:
        """Return the places of a list's entries."""
        if not isinstance(self.value, list):
            self.fail(f"expected a list, found {_kind(self.value)}")
        return tuple(self._at(value, f"{self.path}[{n}]") for n, value in enumerate(self.value))

    def text(self) -> str:
        """Return text that is not empty."""
        if not isinstance(self.value, str):
            self.fail(f"expected text, found {_kind(self.value)}")
        if not self.value.strip():
            self.fail("expected text, found nothing")
        return self.value

    def choice(self, allowed: Sequence[T]) -> T:
        """Return one of a closed list of words."""
        if self.value in allowed:
            return cast(T, self.value)
        words = [str(word) for word in allowed]
        near = nearest(self.value, words) if isinstance(self.value, str) else None
        hint = f"did you mean {near!r}?" if near else f"expected one of {', '.join(words)}"
        shown = repr(self.value) if isinstance(self.value, str) else _kind(self.value)
        return self.fail(f"{shown} is not known here; {hint}")

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.fail(f"expected true or false, found {_kind(self.value)}")
        return self.value

    def number(self) -> Decimal:
        """Return a decimal number such as 35 or 5.5."""
        try:
            if isinstance(self.value, str) and _NUMBER.fullmatch(self.value.strip()):
                return Decimal(self.value.strip())
        except InvalidOperation:  # pragma: no cover - the pattern admits only decimals
            pass
        return self.fail(f"expected a number such as 35 or 5.5, found {_kind(self.value)}")

    def whole(self, least: int = 0) -> int:
        """Return a whole number of at least ``least``."""
        if isinstance(self.value, str) and re.fullmatch(r"\d{1,6}", self.value.strip()):
            number = int(self.value)
            if number >= least:
                return number
        return self.fail(f"expected a whole number of {least} or more, found {_kind(self.value)}")

    def day(self) -> date:
        """Return a calendar day written YYYY-MM-DD."""
        if isinstance(self.value, str) and _DAY.fullmatch(self.value.strip()):
            try:
                return date.fromisoformat(self.value.strip())
            except ValueError:
                self.fail("no such day on the calendar")
        return self.fail(f"expected a day such as 2013-09-24, found {_kind(self.value)}")

    def duration(self) -> Duration:
        """Return a length of time such as 12 months, 6 weeks, 90 days or 1 year."""
        match = _DURATION.fullmatch(self.value.strip()) if isinstance(self.value, str) else None
        if match is None or int(match[1]) == 0:
            return self.fail(f"expected a length such as 12 months or 90 days, found {_kind(self.value)}")
        return Duration(int(match[1]), cast(Unit, match[2]))


def optional(places: Mapping[str, Place], key: str, read: Callable[[Place], T], default: T) -> T:
    """Return what ``read`` makes of the key's value, or the default where it is missing or null."""
    place = places.get(key)
    return default if place is None or place.value is None else read(place)


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    return "a list" if isinstance(value, list) else "keys"
