"""What the fact checks read and return: sources, the chart's facts, and one result per finding."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from posology.spans import Span

__all__ = ["ChartFacts", "CheckResult", "Sex", "Source"]

Sex = Literal["female", "male", "other", "unknown"]


@dataclass(frozen=True)
class Source:
    """One cited piece of evidence.

    ``text`` is the quote; ``context`` the enclosing sentences of the document, or empty; ``date`` the
    day of the fact (``2019-03-02``, ``2019-03``, ``2019``) or empty; ``kind`` an evidence kind;
    ``label`` names what the quote is a value of ("Body mass index").
    """

    text: str
    context: str = ""
    date: str = ""
    kind: str = ""
    label: str = ""

    @cached_property
    def readings(self) -> tuple[tuple[str, Span], ...]:
        """The texts in which a fact may stand, each with the characters that are the quote itself.

        The quote with its label comes first, then the context; they are one text where the context
        holds the quote and there is no label.
        """
        quote = f"{self.label}: {self.text}" if self.label else self.text
        if not self.context or self.context == self.text:
            return ((quote, Span(0, len(quote))),)
        place = self.context.find(self.text)
        if not self.label and place >= 0:
            return ((self.context, Span(place, place + len(self.text))),)
        return ((quote, Span(0, len(quote))), (self.context, Span(0, 0)))

    def __repr__(self) -> str:
        """Show kind, date and length only: the text is patient data."""
        return f"Source({self.kind or 'source'}, {self.date or 'no date'}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class ChartFacts:
    """Who the patient is, so that a sentence about somebody else is noticed.

    ``patient_names`` are full names as the chart has them ("Maria Elena Lopez"); ``provider_names``
    the people whom the packet may name; ``identifiers`` the numbers that may stand in the letter
    (member id, NPI, telephone of the practice); the dates are FHIR dates, empty where unknown.
    """

    patient_names: tuple[str, ...] = ()
    sex: Sex = "unknown"
    birth_date: str = ""
    service_date: str = ""
    provider_names: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show counts only: names and birth date are patient data."""
        return f"ChartFacts({len(self.patient_names)} names, {len(self.provider_names)} providers)"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check says of one sentence.

    ``why`` is empty where ``ok``; ``span`` covers the sentence's characters that are in question;
    ``found`` is what the sources have in their place, where something comparable was found.
    """

    check: str
    ok: bool
    why: str = ""
    span: Span | None = None
    found: str = ""

    def __repr__(self) -> str:
        """Show the verdict and the place, never the words."""
        return f"CheckResult({self.check}, {'ok' if self.ok else 'failed'}, {self.span})"
