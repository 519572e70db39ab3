"""Deterministic checks of what a teacher wrote: what refuses a candidate, and what a person must look at."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from posology.adapt.teacher.candidates import Candidate, Reading
from posology.adapt.teacher.scenario import Point
from posology.evidence import Hit, Passage, judge_by_rules
from posology.records.deidentify import KnownIdentifiers, deidentify
from posology.records.deidentify.kinds import Kind
from posology.records.sentences import sentence_spans
from posology.spans import Span

__all__ = ["Checked", "check_candidate", "check_candidates", "find_quote", "stands_in"]

_FEWEST, _MOST = 40, 500  # words of a document
_ECHO = 8  # so many words in a row of a question or of the policy are an echo
_ALIKE = 0.7  # Jaccard similarity of word triples at which two documents are one
_TALK = re.compile(
    r"\bas an ai\b|\blanguage model\b|\bhere(?:'s| is) (?:the|a|your) note\b|\[[A-Z][^\]\n]{0,40}\]"
    r"|_{4,}|\blorem\b"
    r"|\bI (?:cannot|can't) (?:write|help)\b|\bfictional\b|\bmust stay unanswered\b",
    re.IGNORECASE,
)
_IDENTIFYING = frozenset(Kind) - {Kind.DATE, Kind.AGE, Kind.PLACE, Kind.ORGANIZATION}
_OPPOSITE = {"yes": "no", "no": "yes"}


@dataclass(frozen=True, slots=True)
class Checked:
    """A candidate with what refuses it (``faults``) and what a person must look at (``doubts``)."""

    candidate: Candidate
    faults: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Tell whether it may go to a person at all."""
        return not self.faults


def check_candidates(candidates: Sequence[Candidate]) -> list[Checked]:
    """Check every candidate; a document much like an earlier one is refused too."""
    seen: list[frozenset[tuple[str, ...]]] = []
    checked = []
    for one in candidates:
        result = check_candidate(one)
        grams = frozenset(_grams(_words(one.document), 3))
        if any(_jaccard(grams, other) >= _ALIKE for other in seen):
            result = Checked(one, (*result.faults, "much like an earlier document"), result.doubts)
        else:
            seen.append(grams)
        checked.append(result)
    return checked


def check_candidate(candidate: Candidate) -> Checked:
    """Check one document: its form, its quotes, and whether both models read the truth in it.

    Faults are certain. A second model or a rule that reads otherwise is a doubt: it may itself be wrong.
    """
    if not candidate.document:
        return Checked(candidate, ("no whole document was written",), ())
    faults = list(_form(candidate))
    doubts: list[str] = []
    for place, point in enumerate(candidate.scenario.points):
        faults += _misread(candidate, point, candidate.first[place])
        second = candidate.second[place] if candidate.second else None
        doubts += _doubts(candidate, point, candidate.first[place], second)
    return Checked(candidate, tuple(faults), tuple(doubts))


def _form(candidate: Candidate) -> Iterable[str]:
    words = _words(candidate.document)
    if not _FEWEST <= len(words) <= _MOST:
        yield f"{len(words)} words; {_FEWEST} to {_MOST} are wanted"
    if _TALK.search(candidate.document):
        yield "speaks of itself or holds a place to be filled in"
    grams = frozenset(_grams(words, _ECHO))
    for point in candidate.scenario.points:
        if any(
            grams.intersection(_grams(_words(text), _ECHO)) for text in (point.question, point.policy_text)
        ):
            yield f"{point.leaf}: repeats the words of the question or of the policy"
    kinds = {r.kind for r in deidentify(candidate.document, KnownIdentifiers()).replaced}
    for kind in sorted(kinds & _IDENTIFYING):
        yield f"holds what looks like an identifier ({kind.value})"


def _misread(candidate: Candidate, point: Point, first: Reading) -> Iterable[str]:
    """Say where the teacher's own reading is not the truth, or its quote not in the document."""
    if not first.told:
        yield f"{point.leaf}: the teacher gave no usable judgement"
    elif first.told != point.told:
        yield f"{point.leaf}: the teacher read {first.told} where {point.told} was to be said"
    elif first.quote and not stands_in(first.quote, candidate.document):
        yield f"{point.leaf}: the quote does not stand in the document"


def _doubts(candidate: Candidate, point: Point, first: Reading, second: Reading | None) -> Iterable[str]:
    if second is not None and second.told != point.told:
        yield f"{point.leaf}: the second model read {second.told or 'nothing of use'}"
    if first.quote and _by_rules(point.question, [first.quote]) == _OPPOSITE.get(point.told):
        yield f"{point.leaf}: by the rules the quote says the opposite"
    if point.told == "not stated":
        said = _by_rules(point.question, _sentences(candidate.document))
        if said in _OPPOSITE:
            yield f"{point.leaf}: by the rules a sentence answers {said}"


def stands_in(quote: str, document: str) -> bool:
    """Tell whether a quote stands in a document word for word, however the lines are broken.

    >>> stands_in("Tried PT for weeks.", "HPI: Tried PT\\nfor weeks. Exam normal.")
    True
    """
    return find_quote(quote, document) is not None


def find_quote(quote: str, document: str) -> Span | None:
    """Return where a quote first stands in a document, however the lines are broken; None where nowhere.

    >>> find_quote("Tried PT for weeks.", "HPI: Tried PT\\nfor weeks. Exam normal.")
    Span(start=5, end=24)
    """
    words = [re.escape(word) for word in quote.split()]
    found = re.search(r"\s+".join(words), document) if words else None
    return Span(*found.span()) if found else None


def _sentences(document: str) -> list[str]:
    return [span.of(document) for span in sentence_spans(document)]


def _by_rules(question: str, sentences: Sequence[str]) -> str:
    """Return what the rules read in any of the sentences: yes, no or not stated."""
    hits = [
        Hit(Passage("document", 0, len(text), text, (Span(0, len(text)),)), 1.0, 1, None)
        for text in sentences
        if text.strip()
    ]
    return judge_by_rules(question, hits).answer if hits else "not stated"


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _grams(words: Sequence[str], size: int) -> Iterable[tuple[str, ...]]:
    return (tuple(words[at : at + size]) for at in range(len(words) - size + 1))


def _jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    either = len(one | other)
    return len(one & other) / either if either else 1.0
