"""The sentence around a thing, and its parts that speak of the thing."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Surroundings", "any_of", "first_clause", "last_clause"]

_CLAUSE_END = re.compile(r";|\b(?:but|however|although|though|whereas)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The sentence before and behind a thing, and what is asked, in lower case.

    ``outcome`` says that what came of a treatment is asked, ``deed`` whether something was done, ``timed``
    for how long, ``family`` that relatives count.
    """

    before: str
    after: str
    asked: str
    outcome: bool = False
    deed: bool = False
    timed: bool = False
    family: bool = False

    def new(self, matches: Iterable[re.Match[str]]) -> bool:
        """Tell whether any words found are not the question's own; a group ``gap`` is not looked at."""
        return any(self.is_new(match) for match in matches)

    def is_new(self, match: re.Match[str]) -> bool:
        """Tell whether words found are not the question's own."""
        gap = match.groupdict().get("gap") or ""
        return match[0][len(gap) :].strip().lower() not in self.asked


def any_of(*alternatives: str) -> re.Pattern[str]:
    """Compile alternatives that begin and end between words."""
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b", re.IGNORECASE)


def first_clause(text: str) -> str:
    """Return the beginning of a text up to "but" or a semicolon.

    >>> first_clause(" was ordered but never done")
    ' was ordered '
    """
    return _CLAUSE_END.split(text, maxsplit=1)[0]


def last_clause(text: str) -> str:
    """Return the end of a text from "but" or a semicolon on."""
    return _CLAUSE_END.split(text)[-1]
