"""Which facts of an answer its source bears out: numbers, dates, drugs and codes, by the fact checks."""

from collections.abc import Sequence
from dataclasses import dataclass

from posology.evidence.facts import ChartFacts, Source, check_sentences
from posology.evidence.facts.reading import Reading
from posology.records.sentences import sentence_spans
from posology.spans import Span

__all__ = ["KINDS", "Support", "find_support"]

KINDS = ("numbers", "dates", "drugs", "codes")  # the checks that are asked


@dataclass(frozen=True, slots=True)
class Support:
    """Facts of an answer, by their characters, half-open: without a word of the source, and with one."""

    unsupported: tuple[Span, ...]
    grounded: tuple[Span, ...]


def find_support(answer: str, source: str) -> Support:
    """Read the facts of an answer, a sentence at a time, and check each against the source text.

    >>> text = "BMI 41.2, on metformin 500 mg."
    >>> found = find_support(text, "Body mass index 41.2 kg/m2 in March.")
    >>> [span.of(text) for span in found.unsupported], [span.of(text) for span in found.grounded]
    (['metformin', '500 mg'], ['41.2'])
    """
    spans = sentence_spans(answer)
    sentences = [span.of(answer) for span in spans]
    findings = check_sentences(sentences, [Source(source)], facts=ChartFacts(), checks=KINDS)
    failed: list[Span] = []
    named: list[Span] = []
    for place, sentence, results in zip(spans, sentences, findings, strict=True):
        bad = [found.span for found in results if not found.ok and found.span is not None]
        good = [span for span in _facts_of(sentence) if not any(span.overlaps(one) for one in bad)]
        failed += [_moved(span, place.start) for span in bad]
        named += [_moved(span, place.start) for span in good]
    return Support(_ordered(failed), _ordered(named))


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)


def _facts_of(answer: str) -> list[Span]:
    read = Reading(answer)
    kinds = (read.codes, read.dates, read.quantities, read.ages, read.frequencies, read.grades, read.mentions)
    return [fact.span for kind in kinds for fact in kind]


def _ordered(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans in their order, without those that lie within another."""
    found: list[Span] = []
    for span in sorted(set(spans), key=lambda one: (one.start, -one.end)):
        if not found or span.end > found[-1].end:
            found.append(span)
    return tuple(found)
