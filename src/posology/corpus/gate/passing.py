"""Passing a text: what is known and what is recognised is replaced, what is left is searched again."""

import hashlib
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from posology.corpus.gate.spanish import find_spanish
from posology.corpus.gate.surrogates import Surrogates
from posology.errors import UserError
from posology.records.deidentify import (
    Kind,
    KnownIdentifiers,
    Matcher,
    Replacement,
    build_matcher,
    deidentify_with,
)
from posology.records.deidentify.ambiguity import is_name_here
from posology.records.deidentify.words import COMMON, EPONYMS, MONTHS, NOT_NAMES

__all__ = ["LANGUAGES", "Gate", "Passed", "PatientGate"]

Style = Literal["surrogates", "labels"]


def _english(text: str, matcher: Matcher) -> tuple[Replacement, ...]:
    return deidentify_with(text, matcher).replaced


def _spanish(text: str, matcher: Matcher) -> tuple[Replacement, ...]:
    return merged(matcher.find(text), find_spanish(text))


LANGUAGES: Mapping[str, Callable[[str, Matcher], tuple[Replacement, ...]]] = {
    "en": _english,
    "es": _spanish,
}

_WORD = re.compile(r"[^\W\d_]{3,}(?:['’-][^\W\d_]+)*")
_ORDINARY = COMMON | MONTHS | EPONYMS
_DAY_FIRST = frozenset({"es"})  # languages in which 3/4/2019 is the third of April
_LEAST_KEY = 32  # bytes


@dataclass(frozen=True, slots=True)
class Passed:
    """A text that passed, and how many identifiers of each kind were replaced in it."""

    text: str
    replaced: Mapping[Kind, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Passed({len(self.text)} characters, {sum(self.replaced.values())} replaced)"


class Gate:
    """The gate of one run. Its key is secret: who has it could undo the shift of dates.

    One identifier of one patient becomes the same surrogate in every text of the run, and another one for
    another patient; without ``key`` the run makes a key and forgets it.
    """

    def __init__(self, style: Style = "surrogates", key: bytes | None = None) -> None:
        """Open the gate; raise UserError where the key is too short to be one."""
        if key is not None and len(key) < _LEAST_KEY:
            raise UserError(f"the key of the gate has {len(key)} bytes; {_LEAST_KEY} random ones are needed")
        self._key = key or secrets.token_bytes(_LEAST_KEY)
        self._style: Style = style
        self._last: tuple[str, KnownIdentifiers | None, PatientGate] | None = None

    def patient(self, group: str, known: KnownIdentifiers | None = None) -> "PatientGate":
        """Return the gate for the texts of one patient, with what their chart says of them."""
        if self._last is None or self._last[0] != group or self._last[1] is not known:
            surrogates = Surrogates(self._digest(f"patient:{group}"), known or KnownIdentifiers())
            gate = PatientGate(build_matcher(known or KnownIdentifiers()), surrogates, self._style)
            self._last = (group, known, gate)
        return self._last[2]

    def pseudonym(self, group: str) -> str:
        """Return a name for a patient that only the key connects with them."""
        return self._digest(f"group:{group}").hex()[:16]

    def _digest(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()

    def __repr__(self) -> str:
        """Show the style only."""
        return f"Gate({self._style})"


class PatientGate:
    """Passes the texts of one patient."""

    def __init__(self, matcher: Matcher, surrogates: Surrogates, style: Style) -> None:
        """Keep what is known of the patient, compiled."""
        self._matcher, self._surrogates, self._style = matcher, surrogates, style

    def find(
        self, text: str, language: str = "en", told: frozenset[str] = frozenset()
    ) -> tuple[Replacement, ...]:
        """Find what identifies a person: by the chart, by rules, and by names that texts tell.

        A name that a title or a label gives away once ("Mrs. Abernethy") is found wherever it stands;
        ``told`` are such names of texts that belong to this one.
        """
        first = LANGUAGES[language](text, self._matcher)
        names = told | names_in(text, first)
        return merged(first, find_told(text, names)) if names else first

    def passed(self, text: str, language: str = "en") -> Passed | str:
        """Return the text without identifiers, or why it may not pass."""
        if language not in LANGUAGES:
            return f"the gate has no rules for the language {language}"
        return self._replaced(text, self.find(text, language), language)

    def passed_all(self, texts: Sequence[str], language: str = "en") -> list[str] | str:
        """Return texts that belong together without identifiers, or why one of them may not pass."""
        if language not in LANGUAGES:
            return f"the gate has no rules for the language {language}"
        told = frozenset[str]().union(*(names_in(one, self.find(one, language)) for one in texts))
        passed = [self._replaced(one, self.find(one, language, told), language) for one in texts]
        refused = next((one for one in passed if isinstance(one, str)), None)
        return refused or [one.text for one in passed if isinstance(one, Passed)]

    def _replaced(self, text: str, replaced: Sequence[Replacement], language: str) -> Passed | str:
        labelled = _applied(text, replaced, [one.label for one in replaced])
        if self._matcher.find(labelled):
            return "an identifier of the chart is left after replacement"
        counts = Counter(one.kind for one in replaced)
        if self._style == "labels":
            return Passed(labelled, counts)
        day_first = language in _DAY_FIRST
        stand_ins = [
            self._surrogates.of(text[one.start : one.end], one, day_first=day_first) for one in replaced
        ]
        return Passed(_applied(text, replaced, stand_ins), counts)


def merged(first: Iterable[Replacement], more: Iterable[Replacement]) -> tuple[Replacement, ...]:
    """Join two findings so that no character of either is left; the longest of a piece names its kind."""
    certain = set(first)
    ordered = sorted({*certain, *more}, key=lambda one: (one.start, -one.end, one not in certain))
    result: list[Replacement] = []
    for one in ordered:
        if not result or one.start >= result[-1].end:
            result.append(one)
            continue
        last = result[-1]
        best = max((last, one), key=lambda found: found.end - found.start)
        result[-1] = Replacement(last.start, max(last.end, one.end), best.kind, best.label)
    return tuple(one for one in result if one.end > one.start)


def _applied(text: str, replaced: Iterable[Replacement], stand_ins: Iterable[str]) -> str:
    pieces, place = [], 0
    for one, words in zip(replaced, stand_ins, strict=True):
        pieces += [text[place : one.start], words]
        place = one.end
    return "".join([*pieces, text[place:]])


def names_in(text: str, found: Iterable[Replacement]) -> frozenset[str]:
    """Return the words of the names that were found in a text."""
    names = (text[one.start : one.end] for one in found if one.kind is Kind.NAME)
    words = (word for name in names for word in _WORD.findall(name))
    return frozenset(word for word in words if word[0].isupper() and word.lower() not in NOT_NAMES)


def find_told(text: str, names: frozenset[str]) -> Iterator[Replacement]:
    """Find the words of names that a text tells, wherever they are capitalised; clinical words stay."""
    forms = sorted({form for word in names for form in (word, word.upper(), word.title())})
    for match in re.finditer(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, forms))})(?![^\W_])", text):
        if match[0].lower() not in _ORDINARY or is_name_here(text, match.start(), match.end()):
            yield Replacement(match.start(), match.end(), Kind.NAME, "[NAME]")
