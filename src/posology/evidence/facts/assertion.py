"""Assertion: what a source denies, doubts, plans or says of a relative is not affirmed of the patient."""

from collections.abc import Iterator, Sequence

from posology.evidence.facts.polarity import Mood, Statement, Unit
from posology.evidence.facts.reading import Case, failure
from posology.evidence.facts.values import CheckResult

__all__ = ["check_assertion"]

_SAID = {
    "negated": "is denied",
    "uncertain": "is uncertain",
    "family": "is said of a relative",
    "hypothetical": "is only planned or possible",
}


def check_assertion(case: Case) -> list[CheckResult]:
    """Return the concepts that the sentence and its sources assert in different ways."""
    mine = case.sentence.statement
    quoted = [source.core_statement for source in case.sources]
    around = [source.statement for source in case.sources]
    return [*_only_here(mine, quoted, around), *_only_there(mine, quoted)][:3]


def _only_here(
    mine: Statement, quoted: Sequence[Statement], around: Sequence[Statement]
) -> Iterator[CheckResult]:
    """Yield what the sentence denies (doubts, ...) and every source affirms."""
    for unit in mine.units:
        mood = unit.mood
        theirs = quoted if any(unit.head in (s.plain[mood] | s.under[mood]) for s in quoted) else around
        if any(_explains(unit, other) for other in theirs):
            continue
        if any(_covers(unit, other.plain[unit.mood]) for other in theirs):
            yield failure("assertion", f"what {_SAID[unit.mood]} here is not so in its source", unit.span)


def _only_there(mine: Statement, theirs: Sequence[Statement]) -> Iterator[CheckResult]:
    """Yield what a source denies (doubts, ...) and the sentence affirms."""
    for other in theirs:
        for unit in other.units:
            affirmed = _affirmed_elsewhere(unit.mood, theirs)
            if _explains(unit, mine) or unit.words & mine.plain[unit.mood] <= affirmed:
                continue
            if _covers(unit, mine.plain[unit.mood]):
                yield failure(
                    "assertion", f"what {_SAID[unit.mood]} in its source is affirmed here", None, unit.head
                )


def _explains(unit: Unit, other: Statement) -> bool:
    """Tell whether the other text has the same denial (doubt, ...): a word of it, and not all affirmed."""
    under, plain = other.under[unit.mood], other.plain[unit.mood]
    return bool(unit.words & under) and not (unit.words <= plain and not unit.words <= under)


def _affirmed_elsewhere(mood: Mood, theirs: Sequence[Statement]) -> frozenset[str]:
    return frozenset(word for other in theirs for word in other.plain[mood])


def _covers(unit: Unit, words: frozenset[str]) -> bool:
    return unit.head in words and 2 * len(unit.words & words) >= len(unit.words)
