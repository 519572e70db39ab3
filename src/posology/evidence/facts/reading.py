"""A text read once for all checks: each kind of fact is extracted when first asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from posology.evidence.facts.ages import Age, find_ages
from posology.evidence.facts.calendar import Day, find_dates
from posology.evidence.facts.coding import Code, find_codes
from posology.evidence.facts.frequencies import Frequency, find_frequencies
from posology.evidence.facts.grades import Grade, find_grades
from posology.evidence.facts.identifiers import Identifier, find_identifiers
from posology.evidence.facts.medication import Mention, find_mentions
from posology.evidence.facts.people import Person, find_people
from posology.evidence.facts.polarity import Mood, Statement, read_statement
from posology.evidence.facts.quantities import Quantity, blank_out, find_quantities
from posology.evidence.facts.sides import Level, Side, find_levels, find_sides
from posology.evidence.facts.values import ChartFacts, CheckResult, Source
from posology.records.context import assertion_of
from posology.spans import Span

_SHORT = 6  # words: a quote of so many is one thing, of which the text around says one thing

__all__ = ["Case", "Reading", "failure"]


@dataclass(frozen=True)
class Reading:
    """One text with the facts that stand in it; extracted on demand and kept."""

    text: str
    core: Span | None = None  # the characters that are quoted, where the text is a quote with its context

    def is_core(self, span: Span) -> bool:
        """Tell whether a piece of the text belongs to what is quoted."""
        return self.core is None or span.overlaps(self.core)

    @cached_property
    def codes(self) -> tuple[Code, ...]:
        """Codes of the code systems."""
        return find_codes(self.text)

    @cached_property
    def identifiers(self) -> tuple[Identifier, ...]:
        """Numbers and addresses that identify a person."""
        return find_identifiers(blank_out(self.text, [code.span for code in self.codes]))

    @cached_property
    def plain(self) -> str:
        """The text without its codes and identifiers, offsets kept."""
        spans = [*(code.span for code in self.codes), *(item.span for item in self.identifiers)]
        return blank_out(self.text, spans) if spans else self.text

    @cached_property
    def dates(self) -> tuple[Day, ...]:
        """Dates of any precision."""
        return find_dates(self.plain)

    @cached_property
    def ages(self) -> tuple[Age, ...]:
        """How old somebody is."""
        return find_ages(self.plain)

    @cached_property
    def frequencies(self) -> tuple[Frequency, ...]:
        """How often things are done."""
        return find_frequencies(self.plain)

    @cached_property
    def grades(self) -> tuple[Grade, ...]:
        """Types, stages and classes."""
        return find_grades(self.plain)

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """Levels of the spine."""
        return find_levels(self.plain)

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """Sides and directions with what they belong to."""
        return find_sides(self.plain)

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Numbers that count or measure."""
        kinds = (self.frequencies, self.grades, self.levels, self.ages)
        return find_quantities(self.plain, [item.span for kind in kinds for item in kind])

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Drugs with their doses."""
        return find_mentions(self.plain, self.quantities, self.frequencies)

    @cached_property
    def statement(self) -> Statement:
        """What is affirmed and what is denied, doubted, planned or said of relatives."""
        return read_statement(self.text)

    @cached_property
    def core_statement(self) -> Statement:
        """The same of what is quoted, cues in the context before it heeded."""
        if self.core is None or (self.core.start, self.core.end) == (0, len(self.text)):
            return self.statement
        quoted = read_statement(self.text, self.core)
        quote = self.core.of(self.text)
        if not 0 < len(quote.split()) <= _SHORT or any(sign.isdigit() or sign == "." for sign in quote):
            return quoted
        said = assertion_of(self.text, self.core)
        moods: tuple[tuple[Mood, bool], ...] = (
            ("negated", said.negated),
            ("uncertain", said.uncertain),
            ("family", said.family),
            ("hypothetical", said.hypothetical),
        )
        for mood, holds in moods:
            quoted = quoted.wholly(mood, self.core) if holds else quoted
        return quoted

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Names of people."""
        return find_people(self.text)

    def __repr__(self) -> str:
        """Show the length only."""
        return f"Reading({len(self.text)} characters)"


@dataclass(frozen=True)
class Case:
    """A sentence, what it cites, and who the patient is."""

    sentence: Reading
    cited: tuple[Source, ...]
    facts: ChartFacts

    @cached_property
    def sources(self) -> tuple[Reading, ...]:
        """Every text in which a fact of the sources may stand."""
        return tuple(Reading(text, core) for source in self.cited for text, core in source.readings)

    @classmethod
    def of(cls, sentence: str, sources: Sequence[Source], facts: ChartFacts) -> "Case":
        """Prepare a sentence and its sources."""
        return cls(Reading(sentence), tuple(sources), facts)

    def about(self, sentence: str) -> "Case":
        """Return the case of another sentence with the same sources, which are not read again."""
        other = Case(Reading(sentence), self.cited, self.facts)
        other.__dict__["sources"] = self.sources  # where cached_property keeps it
        return other


def failure(check: str, why: str, span: Span | None = None, found: str = "") -> CheckResult:
    """Return a failed result whose reason starts with the check's name."""
    return CheckResult(check, False, f"{check}: {why}", span, found)
