"""Judging a yes/no question against text by rules alone: an invented yes is far worse than a missed one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from posology.evidence.asked import Question, parse_question
from posology.evidence.judging import NOT_A_FACT, Answer, all_concepts, judge_sentence
from posology.evidence.mentions import NEGATED, Reading, find_mentions, refusal
from posology.evidence.passages import Passage
from posology.evidence.search import Hit
from posology.records.sections import Section, SectionKind, find_sections
from posology.spans import Span

__all__ = ["Ground", "TextVerdict", "accept_judgement", "ground_of", "judge_by_rules", "touches"]


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


Ground = Literal["named", "unnamed", "negated", "refused"]
"""What a sentence offers a model's answer: it names what is asked; it names nothing of it; it denies it; it
states no fact of the patient."""


def accept_judgement(question: str, text: str, sentence: Span, *, section: str = "") -> tuple[bool, str]:
    """Tell whether a model's yes may rest on a sentence of ``text``, and why not.

    The sentence must name something that the question asks about, of the patient, and not negated, hedged,
    planned or about somebody else; where a limit is asked for, with a value that is read as beyond it.
    ``section`` is the section that the text was cut from, as in Passage.
    """
    ground, why = ground_of(question, text, sentence, section=section)
    return ground == "named", why


def ground_of(question: str, text: str, sentence: Span, *, section: str = "") -> tuple[Ground, str]:
    """Tell what a sentence of ``text`` offers to an answer, and why; arguments as in accept_judgement."""
    asked = _parse(question)
    reading = Reading(asked, text, sentence, _sections(section, text), section)
    if NOT_A_FACT.search(reading.words):
        return "refused", "the sentence speaks of rules or asks, it states no fact"
    mentions = [m for c in all_concepts(asked) for m in find_mentions(reading, c)]
    if not mentions:
        return "unnamed", "the sentence names nothing that the question asks about"
    reasons = [refusal(reading, mention) for mention in mentions]
    if all(reasons):
        return ("negated" if set(reasons) == {NEGATED} else "refused"), str(reasons[0])
    told = [mention for mention, why in zip(mentions, reasons, strict=True) if not why]
    if asked.unread_limit or (all(m.concept.limit for m in told) and not all(m.beyond for m in told)):
        return "refused", "no value is read that is beyond the limit"
    return "named", "the sentence names it, unhedged"


def touches(question: str, passage: Passage) -> bool:
    """Tell whether a sentence names in full what a question asks about, in whatever way it speaks of it.

    Where one does, nothing may be called absent, though no rule reads the sentence. Obesity alone does not
    touch on an endocrine cause of obesity.
    """
    asked = _parse(question)
    sections = _sections(passage.section, passage.text)
    for where in passage.sentences:
        sentence = Span(where.start - passage.start, where.end - passage.start)
        reading = Reading(asked, passage.text, sentence, sections, passage.section)
        if NOT_A_FACT.search(reading.words):
            continue
        if any(m.complete for c in all_concepts(asked) for m in find_mentions(reading, c)):
            return True
    return False


@lru_cache(maxsize=256)
def _parse(question: str) -> Question:
    return parse_question(question)


def _judge_passage(question: Question, passage: Passage) -> Iterator[TextVerdict]:
    sections = _sections(passage.section, passage.text)
    for where in passage.sentences:
        sentence = Span(where.start - passage.start, where.end - passage.start)
        reading = Reading(question, passage.text, sentence, sections, passage.section)
        answer, score, why = judge_sentence(reading)
        if answer != "not_stated":
            yield TextVerdict(answer, passage.source, where, score, why)


def _sections(section: str, text: str) -> tuple[Section, ...]:
    """Return the section that a whole passage lies in; a text without one may hold headings of its own."""
    if not section:
        return tuple(find_sections(text))
    return (Section(SectionKind(section), Span(0, 0), Span(0, len(text) + 1)),)
