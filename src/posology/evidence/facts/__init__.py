"""Eight deterministic checks of what a letter says against the sources it cites."""

from collections.abc import Callable, Collection, Sequence

from posology.evidence.facts.absence import check_absence
from posology.evidence.facts.assertion import check_assertion
from posology.evidence.facts.codes import check_codes
from posology.evidence.facts.dates import check_dates
from posology.evidence.facts.drugs import check_drugs
from posology.evidence.facts.identity import check_identity
from posology.evidence.facts.laterality import check_laterality
from posology.evidence.facts.numbers import check_numbers
from posology.evidence.facts.reading import Case
from posology.evidence.facts.values import ChartFacts, CheckResult, Sex, Source

__all__ = [
    "CHECKS",
    "LETTER_CHECKS",
    "ChartFacts",
    "CheckResult",
    "Sex",
    "Source",
    "check_absence",
    "check_facts",
    "check_sentences",
]

CHECKS: dict[str, Callable[[Case], list[CheckResult]]] = {  # of one sentence and its sources
    "numbers": check_numbers,
    "dates": check_dates,
    "drugs": check_drugs,
    "assertion": check_assertion,
    "laterality": check_laterality,
    "codes": check_codes,
    "identity": check_identity,
}
LETTER_CHECKS = {"absence": check_absence}  # of all sentences together


def check_facts(sentence: str, sources: Sequence[Source], *, facts: ChartFacts) -> tuple[CheckResult, ...]:
    """Check one sentence against the sources it cites: each check's findings, or its one good result.

    >>> cited = [Source("41.2 kg/m2", label="Body mass index", date="2019-03-02")]
    >>> [r.why for r in check_facts("Her BMI was 45 kg/m2.", cited, facts=ChartFacts()) if not r.ok]
    ['numbers: 45 kg/m2 stands in no cited source']
    """
    return check_sentences([sentence], sources, facts=facts)[0]


def check_sentences(
    sentences: Sequence[str],
    sources: Sequence[Source],
    *,
    facts: ChartFacts,
    checks: Collection[str] = tuple(CHECKS),
) -> list[tuple[CheckResult, ...]]:
    """Check each of several sentences against the same sources, which are read only once."""
    common = Case.of("", sources, facts)
    return [_check(common.about(sentence), checks) for sentence in sentences]


def _check(case: Case, checks: Collection[str]) -> tuple[CheckResult, ...]:
    results: list[CheckResult] = []
    for name in checks:
        results += CHECKS[name](case) or [CheckResult(name, True)]
    return tuple(results)
