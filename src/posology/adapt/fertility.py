"""How many tokens a tokenizer needs for clinical text: by section, by code system, and what that costs."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from posology.corpus import Record
from posology.evidence.facts.coding import find_codes
from posology.evidence.terms import TERMS
from posology.records.sections import find_sections

__all__ = ["Fertility", "Speed", "Tally", "measure_fertility"]

Encode = Callable[[str], Sequence[int]]


@dataclass(slots=True)
class Tally:
    """Words (or codes, or terms) and the tokens they became."""

    words: int = 0
    tokens: int = 0

    @property
    def each(self) -> float | None:
        """Return tokens a word, None where there was none."""
        return self.tokens / self.words if self.words else None

    def add(self, words: int, tokens: int) -> None:
        """Count more."""
        self.words += words
        self.tokens += tokens

    def record(self) -> dict[str, Any]:
        """Return the tally as JSON-ready values."""
        each = self.each
        return {"words": self.words, "tokens": self.tokens, "tokens_a_word": each and round(each, 4)}


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a model reads and writes: tokens a second, as measured on the machine that counts."""

    prefill: float
    decode: float


@dataclass
class Fertility:
    """Tokens a word of a text as a whole, of its sections, of codes and of clinical terms."""

    whole: Tally = field(default_factory=Tally)
    sections: dict[str, Tally] = field(default_factory=dict)
    codes: dict[str, Tally] = field(default_factory=dict)
    terms: Tally = field(default_factory=Tally)  # the words of clinical terms that the program knows
    rest: Tally = field(default_factory=Tally)  # every other word

    def seconds(self, speed: Speed, words: int = 1000) -> dict[str, float | None]:
        """Return how long so many words take to read and to write."""
        each = self.whole.each
        tokens = None if each is None else each * words
        return {
            "read": None if tokens is None else tokens / speed.prefill,
            "write": None if tokens is None else tokens / speed.decode,
        }

    def record(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return {
            "whole": self.whole.record(),
            "sections": {name: self.sections[name].record() for name in sorted(self.sections)},
            "codes": {name: self.codes[name].record() for name in sorted(self.codes)},
            "clinical_terms": self.terms.record(),
            "other_words": self.rest.record(),
        }


def measure_fertility(encode: Encode, records: Iterable[Record]) -> Fertility:
    """Count words and tokens of records. ``encode`` gives the tokens of a text without those that open one.

    Words are what white space parts. A section is encoded by itself; so are a code and a word, after a space.
    """
    found = Fertility()
    known = Counter[str]()
    for record in records:
        found.whole.add(len(record.text.split()), len(encode(record.text)))
        for name, text in _sections(record.text):
            found.sections.setdefault(name, Tally()).add(len(text.split()), len(encode(text)))
        for code in find_codes(record.text):
            found.codes.setdefault(code.system, Tally()).add(1, len(encode(f" {code.written}")))
        known.update(record.text.split())
    for word, times in known.items():
        plain = word.strip(".,;:()[]\"'").lower()
        if plain.isalpha():
            tally = found.terms if plain in _term_words() else found.rest
            tally.add(times, times * len(encode(f" {plain}")))
    return found


def _sections(text: str) -> Iterable[tuple[str, str]]:
    """Yield each section's kind and body; what stands before the first heading is of none."""
    sections = find_sections(text)
    start = sections[0].heading.start if sections else len(text)
    if text[:start].strip():
        yield "none", text[:start]
    for section in sections:
        body = section.body.of(text)
        if body.strip():
            yield str(section.kind), body


_COMMON = frozenset(("with", "test", "back", "pain", "study", "sleep", "high", "blood", "weight", "loss"))


@cache
def _term_words() -> frozenset[str]:
    """Return the words of clinical terms that are no words of every day."""
    names = (name for term in TERMS for name in (term.name, *term.same, *term.kinds))
    words = (word for name in names for word in name.lower().split())
    return frozenset(word for word in words if word.isalpha() and len(word) > 3 and word not in _COMMON)
