"""Judging a yes/no question against text by rules alone: an invented yes is far worse than a missed one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from posology.evidence.amounts import Required, find_amounts
from posology.evidence.asked import Concept, Question, parse_question
from posology.evidence.mentions import (
    NEGATED,
    Mention,
    Reading,
    answered_no,
    clause_around,
    find_mentions,
    refusal,
)
from posology.evidence.outcomes import Outcome, OutcomeCue, find_outcomes
from posology.evidence.passages import Passage
from posology.evidence.search import Hit
from posology.evidence.tokens import alike, search_tokens
from posology.records.sections import Section, SectionKind, find_sections
from posology.spans import Span

__all__ = ["NEGATED", "UNNAMED", "TextVerdict", "accept_judgement", "judge_by_rules"]

UNNAMED = "the sentence names nothing that the question asks about"

Answer = Literal["yes", "no", "not_stated"]

# sentences that speak of rules, of what is planned or taught, never of what is
_NOT_A_FACT = re.compile(
    r"\?\s*$|\b(?:polic(?:y|ies)|payer|insur(?:er|ance)|coverage|prior auth\w*|criteri(?:on|a) (?:for|of"
    r"|require)|"
    r"ignore (?:all|the|any|previous)|instructions?|approve|guidelines?|must (?:have|be))\b",
    re.IGNORECASE,
)
_SHARPENING = frozenset(
    ("active", "serious", "new", "severe", "acute", "progress", "recur", "untreated", "known")
)
_OF_COURSE = re.compile(
    r"[\s-]*(?:(?:of|course|trial|program|consecutive|supervised|formal|structured|outpatient|history|a|an"
    r"|the|long|"
    r"documented|daily|weekly|continuous|directed|physician-directed|non-?operative|conservative|with|in"
    r"|on)[\s-]+)*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TextVerdict:
    """An answer, the sentence that gives it, how sure the rules are (0 to 1), and why.

    ``span`` counts characters of the document ``source``, half-open; ``None`` where nothing is stated.
    """

    answer: Answer
    source: str = ""
    span: Span | None = None
    score: float = 0.0
    why: str = ""

    @property
    def start(self) -> int | None:
        """The first character of the sentence in its document."""
        return self.span.start if self.span else None

    @property
    def end(self) -> int | None:
        """The character after the sentence in its document."""
        return self.span.end if self.span else None


def judge_by_rules(question: str, hits: Sequence[Hit]) -> TextVerdict:
    """Answer a question from passages: yes or no with the sentence that says so, or not stated.

    A yes needs a sentence that names what is asked of the patient, unhedged, with the outcome, length of
    time or number that the question requires in the same clause. A no needs the thing itself denied. The
    sentence with the highest score decides; where the best yes and the best no are in different sentences of
    equal score, nothing is answered.
    """
    asked = _parse(question)
    if not asked.clear:
        return TextVerdict("not_stated", why="the rules do not read this wording")
    verdicts = [v for hit in hits for v in _judge_passage(asked, hit.passage)]
    yes = max((v for v in verdicts if v.answer == "yes"), key=lambda v: v.score, default=None)
    no = max((v for v in verdicts if v.answer == "no"), key=lambda v: v.score, default=None)
    if yes and no:
        return TextVerdict("not_stated", why="the passages say both yes and no")
    return yes or no or TextVerdict("not_stated", why="no sentence asserts or denies it")


def accept_judgement(question: str, text: str, sentence: Span, *, section: str = "") -> tuple[bool, str]:
    """Tell whether a model's yes may rest on a sentence of ``text``, and why not.

    The sentence must name something that the question asks about, of the patient, and not negated, hedged,
    planned or about somebody else. ``section`` is the section that the text was cut from, as in Passage.
    """
    asked = _parse(question)
    reading = Reading(asked, text, sentence, _sections(section, text), section)
    if _NOT_A_FACT.search(reading.words):
        return False, "the sentence speaks of rules or asks, it states no fact"
    mentions = [m for c in _all_concepts(asked) for m in find_mentions(reading, c)]
    if not mentions:
        return False, UNNAMED
    reasons = [refusal(reading, mention) for mention in mentions]
    if all(reasons):
        return False, str(reasons[0])
    return True, "the sentence names it, unhedged"


@lru_cache(maxsize=256)
def _parse(question: str) -> Question:
    return parse_question(question)


def _all_concepts(question: Question) -> tuple[Concept, ...]:
    head = (question.head,) if question.head and not question.head.empty else ()
    return question.concepts + head


def _judge_passage(question: Question, passage: Passage) -> Iterator[TextVerdict]:
    sections = _sections(passage.section, passage.text)
    for where in passage.sentences:
        sentence = Span(where.start - passage.start, where.end - passage.start)
        reading = Reading(question, passage.text, sentence, sections, passage.section)
        answer, score, why = _judge_sentence(reading)
        if answer != "not_stated":
            yield TextVerdict(answer, passage.source, where, score, why)


def _sections(section: str, text: str) -> tuple[Section, ...]:
    """Return the section that a whole passage lies in; a text without one may hold headings of its own."""
    if not section:
        return tuple(find_sections(text))
    return (Section(SectionKind(section), Span(0, 0), Span(0, len(text) + 1)),)


def _judge_sentence(reading: Reading) -> tuple[Answer, float, str]:
    question = reading.question
    if _NOT_A_FACT.search(reading.words):
        return "not_stated", 0.0, ""
    named = [m for c in _all_concepts(question) for m in find_mentions(reading, c)]
    if not named or not _in_context(reading):
        return "not_stated", 0.0, ""
    if question.outcomes:
        return _judge_outcome(reading, named)
    if _denied(reading, named):
        return "no", 0.8, "the sentence denies it"
    affirmed = [m for m in named if (m.complete and m.concept in question.concepts) or _is_head(question, m)]
    affirmed = [m for m in affirmed if not refusal(reading, m)]
    if not affirmed:
        return "not_stated", 0.0, ""
    return _judge_amount(reading, affirmed)


def _is_head(question: Question, mention: Mention) -> bool:
    """The thing that the examples are examples of counts when it is named in full, as in the question."""
    return mention.concept is question.head and mention.complete and bool(mention.concept.names)


def _in_context(reading: Reading) -> bool:
    """Examples in brackets are general words (diet, medication): what they treat must stand nearby."""
    context = reading.question.context
    return not context or any(name.pattern.search(reading.text) for name in context)


def _denied(reading: Reading, named: Sequence[Mention]) -> bool:
    """Tell whether the thing asked is denied: by its general name, or every alternative in the sentence."""
    question = reading.question
    if question.required or _hedged_or_other(reading, named):
        return False
    denied = [m for m in named if m.general and _plainly_denied(reading, m)]
    if any(m.concept is question.head and m.complete for m in denied):
        return True
    return all(any(m.concept is c for m in denied) for c in question.concepts)


def _plainly_denied(reading: Reading, mention: Mention) -> bool:
    """A denial counts where it denies the whole thing and stands close, in words or in a list that it opens.

    Words that only sharpen it may be missing: no infection is no active serious infection.
    """
    if not mention.complete and not _only_sharpened(reading, mention.concept):
        return False
    if answered_no(reading, mention.span):
        return True
    said = reading.assertion(mention.span)
    opened = max((cue.end for cue in said.cues if cue.end <= mention.span.start), default=mention.span.start)
    return said.negated and len(Span(opened, mention.span.start).of(reading.text).split()) <= 12


def _only_sharpened(reading: Reading, concept: Concept) -> bool:
    tokens = set(alike(search_tokens(reading.words)))
    return all(word in _SHARPENING or word in tokens for word in concept.words)


def _hedged_or_other(reading: Reading, named: Sequence[Mention]) -> bool:
    for mention in named:
        said = reading.assertion(mention.span)
        if said.uncertain or said.hypothetical or said.other or (said.family and not reading.question.family):
            return True
    return False


def _judge_outcome(reading: Reading, named: Sequence[Mention]) -> tuple[Answer, float, str]:
    """A treatment's outcome counts where it is told in the same clause as the treatment."""
    question = reading.question
    usable = [m for m in named if m.complete and not refusal(reading, m)]
    if not usable:
        return _never_tried(reading, named)
    told: set[Outcome] = set()
    for mention in usable:
        told |= {c.outcome for c in _outcomes_of(reading, mention) if _stands(reading, c)}
    asked = told & question.outcomes
    opposite = (Outcome.HELPED,) if Outcome.HELPED not in question.outcomes else (Outcome.FAILED,)
    if asked and not told.intersection(opposite):
        answer, score, why = _judge_amount(reading, usable)
        return (answer, score, why) if answer == "yes" else ("not_stated", 0.0, "")
    if told == set(opposite) and not question.required:
        return "no", 0.6, "the sentence tells the opposite outcome"
    return "not_stated", 0.0, ""


def _never_tried(reading: Reading, named: Sequence[Mention]) -> tuple[Answer, float, str]:
    if (
        Outcome.CONTRAINDICATED in reading.question.outcomes
        or Outcome.NOT_TOLERATED in reading.question.outcomes
    ):
        return "not_stated", 0.0, ""
    if _denied(reading, named) and not find_outcomes(reading.words):
        return "no", 0.6, "the sentence says that it was not tried"
    return "not_stated", 0.0, ""


def _outcomes_of(reading: Reading, mention: Mention) -> list[OutcomeCue]:
    clause = clause_around(reading, mention.span)
    return [
        OutcomeCue(cue.outcome, reading.shifted(cue.span))
        for cue in find_outcomes(reading.words)
        if clause.overlaps(reading.shifted(cue.span))
    ]


def _stands(reading: Reading, cue: OutcomeCue) -> bool:
    """An outcome counts unless it is itself negated from outside, hedged or hypothetical."""
    said = reading.assertion(cue.span)
    outside = [c for c in said.cues if not c.overlaps(cue.span)]
    return not (said.uncertain or said.hypothetical or said.other) and not (said.negated and outside)


def _judge_amount(reading: Reading, mentions: Sequence[Mention]) -> tuple[Answer, float, str]:
    required = reading.question.required
    score = max(1.0 if m.general else 0.9 for m in mentions)
    if not required:
        return "yes", score, "the sentence states it"
    verdicts = [_enough(reading, mention, required[0]) for mention in mentions]
    if any(v is True for v in verdicts):
        return "yes", score, "the sentence states it with the length or number required"
    if (
        any(v is False for v in verdicts)
        and not any(v is None for v in verdicts)
        and not reading.question.outcomes
    ):
        return "no", 0.5, "the sentence states less than is required"
    return "not_stated", 0.0, ""


def _enough(reading: Reading, mention: Mention, required: Required) -> bool | None:
    """Tell whether the amount that belongs to a mention suffices; ``None`` where none belongs to it."""
    clause = clause_around(reading, mention.span)
    words = clause.of(reading.text)
    if not required.is_time:
        counts = [value for value, _ in required.counted_in(words)]
        return None if not counts else all(value >= required.least for value in counts)
    own = []
    for amount in find_amounts(words):
        span = Span(amount.span.start + clause.start, amount.span.end + clause.start)
        if _belongs(reading.text, span, mention.span):
            own.append(amount.days >= required.least)
    return None if not own else all(own)


def _belongs(text: str, amount: Span, mention: Span) -> bool:
    """Six weeks of therapy, therapy for six weeks: the length stands beside what it measures."""
    if amount.end <= mention.start:
        between = text[amount.end : mention.start]
        return len(between) < 60 and bool(_OF_COURSE.fullmatch(between) or re.match(r"[\s-]+of\s", between))
    between = text[mention.end : amount.start]
    return len(between.split()) <= 8 and not re.search(r"[,;:(]|\b(?:and|with)\b", between)
