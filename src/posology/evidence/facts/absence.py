"""Absence: a decisive fact that the letter leaves out is a fault of the letter."""

from collections.abc import Sequence

from posology.evidence.facts.codes import check_codes
from posology.evidence.facts.dates import check_dates
from posology.evidence.facts.numbers import check_numbers
from posology.evidence.facts.reading import Case, Reading
from posology.evidence.facts.values import ChartFacts, CheckResult, Source
from posology.quotes import Evidence

__all__ = ["check_absence"]


def check_absence(letter_sentences: Sequence[str], required: Sequence[Evidence]) -> tuple[CheckResult, ...]:
    """Return one finding for each required piece of evidence whose facts no sentence states.

    A fact is stated where one sentence has all its numbers, drugs and codes, in any form that the other
    checks take for the same; evidence with none of them is stated where a sentence has most of its words.
    """
    readings = tuple(Reading(sentence) for sentence in letter_sentences)
    return tuple(
        CheckResult(
            "absence",
            False,
            f"absence: {_name(item)} is decisive and stands in no sentence",
            None,
            item.source,
        )
        for item in required
        if not any(_states(reading, item) for reading in readings)
    )


def _name(item: Evidence) -> str:
    return item.label or "a quoted fact"


def _states(sentence: Reading, item: Evidence) -> bool:
    """Tell whether the sentence, taken as a source, would bear out the evidence."""
    fact = Reading(item.quote)
    turned = Case(fact, (Source(sentence.text),), ChartFacts())
    checks = (check_numbers, check_dates, check_codes)
    if any(check(turned) for check in checks):
        return False
    drugs = {mention.name for mention in fact.mentions}
    if not drugs <= {mention.name for mention in sentence.mentions}:
        return False
    return bool(drugs or fact.quantities or fact.codes) or _shares_words(fact, sentence)


def _shares_words(fact: Reading, sentence: Reading) -> bool:
    """Tell whether most concepts of the evidence stand in the sentence, denied where it denies them."""
    mine, theirs = fact.statement, sentence.statement
    words = mine.plain["negated"] | mine.under["negated"]
    shared = (mine.plain["negated"] & theirs.plain["negated"]) | (
        mine.under["negated"] & theirs.under["negated"]
    )
    return bool(words) and 2 * len(shared) >= len(words)
