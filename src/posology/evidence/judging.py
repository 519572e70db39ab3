"""One sentence under one question: yes, no or not stated, how sure, and why."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from posology.evidence.amounts import Required, find_amounts
from posology.evidence.asked import Concept, Question
from posology.evidence.deeds import read_deed, ticked_answer
from posology.evidence.denials import denied, hedged_or_other, named_whole
from posology.evidence.kinds import find_grades, judge_cause
from posology.evidence.mentions import NEGATED, Mention, Reading, clause_around, find_mentions, refusal
from posology.evidence.outcomes import Outcome, OutcomeCue, find_outcomes
from posology.evidence.treatments import is_new_treatment, of_no_treatment, told_of_another
from posology.spans import Span

__all__ = ["NOT_A_FACT", "Answer", "all_concepts", "judge_sentence"]

Answer = Literal["yes", "no", "not_stated"]
Judged = tuple[Answer, float, str]

# sentences that speak of rules, of what is planned or taught, never of what is
NOT_A_FACT = re.compile(
    r"\?\s*$|\b(?:polic(?:y|ies)|payer|insur(?:er|ance)|coverage|prior auth\w*|criteri(?:on|a) (?:for|of"
    r"|require)|medical(?:ly)? necess\w+|template|placeholder|sample (?:note|text)|"
    r"ignore (?:all|the|any|previous)|instructions?|approve|guidelines?|must (?:have|be)|members? (?:must"
    r"|with))\b",
    re.IGNORECASE,
)
_OF_COURSE = re.compile(
    r"[\s-]*(?:(?:of|course|trial|program|consecutive|supervised|formal|structured|outpatient|history|a|an"
    r"|the|long|"
    r"documented|daily|weekly|continuous|directed|physician-directed|non-?operative|conservative|with|in"
    r"|on|guided)[\s-]+)*(?:of\s+(?:\w+\s+){0,2})?",
    re.IGNORECASE,
)
_NO_SYMPTOMS = re.compile(
    r"\basymptomatic\b(?=\s*(?:[.,;]|$|at|from|and|today|currently|since|throughout))|\bsymptom[- ]free\b"
    r"|\b(?:no|without|denies|free of)\s+(?:(?:any|current|new|such"
    r"|concerning)\s+)*symptoms?\b(?!\s+(?:of|other))",
    re.IGNORECASE,
)
_SITES = re.compile(
    r"\b(?:knees?|shoulders?|neck|hips?|ankles?|wrists?|elbows?|headaches?|migraines?|cervical|thoracic"
    r"|foot|feet|hands?"
    r"|chest|abdominal|jaw|rash)\b",
    re.IGNORECASE,
)
_STARTED = re.compile(
    r"\b(?:began|begun|start(?:ed)?|onset|since|first|develop\w*|noted|appeared)\b", re.IGNORECASE
)
_CANCELLED = re.compile(
    r"\b(?:no longer|no|not|nothing(?: has| had)?|never|without|denies|neither|nor)\s+"
    r"(?:(?:any|been|further|significant|really|ever|an?)\s+)*$",
    re.IGNORECASE,
)
_ON_CONDITION = re.compile(r"\s+(?:[\w-]+\s+){0,2}?(?:if|when|unless|in case|should)\b", re.IGNORECASE)
_WITH = re.compile(
    r"\s+(?:with|on|from|by)\s+(?!(?:it|this|that|them|treatment|therapy|time)\b)", re.IGNORECASE
)
_NOTHING: Judged = ("not_stated", 0.0, "")


def all_concepts(question: Question) -> tuple[Concept, ...]:
    """Return all that a question is about: its alternatives and what they are examples of."""
    head = (question.head,) if question.head and not question.head.empty else ()
    return question.concepts + head


def judge_sentence(reading: Reading) -> Judged:
    """Judge the sentence of a reading under its question."""
    if NOT_A_FACT.search(reading.words):
        return _NOTHING
    if reading.question.alternatives:
        return _judge_alternatives(reading)
    ticked = ticked_answer(reading.words)
    if ticked == "open":
        return _NOTHING
    question = reading.question
    named = [m for c in all_concepts(question) for m in find_mentions(reading, c)]
    if ticked == "no":
        return _unticked(reading, named)
    if question.effect and not question.outcomes:
        return judge_cause(reading, named)
    if question.graded:
        return _judge_grade(reading, named)
    if question.limited:
        return _judge_limit(reading, named)
    return _judge_named(reading, named)


def _judge_alternatives(reading: Reading) -> Judged:
    """Any whole question answered yes answers their alternative; a no needs them all, in the sentence."""
    judged = [judge_sentence(replace(reading, question=part)) for part in reading.question.alternatives]
    yes = max((j for j in judged if j[0] == "yes"), key=lambda j: j[1], default=None)
    if yes:
        return yes
    return judged[0] if all(j[0] == "no" for j in judged) else _NOTHING


def _unticked(reading: Reading, named: Sequence[Mention]) -> Judged:
    """A row whose "No" is ticked denies what it names in full."""
    question = reading.question
    whole = [m.concept for m in named if m.general and m.complete]
    if question.required or question.outcomes or hedged_or_other(reading, named):
        return _NOTHING
    if (question.head and question.head in whole) or all(c in whole for c in question.concepts):
        return "no", 0.8, "the box for no is ticked"
    return _NOTHING


def _judge_named(reading: Reading, named: Sequence[Mention]) -> Judged:
    question = reading.question
    if _free_of_symptoms(reading) and all(refusal(reading, m) for m in named):
        return "no", 0.6, "the sentence denies any symptom"
    if not _in_context(reading):
        return _NOTHING
    if denied(reading, named) and not question.outcomes:
        return "no", 0.8, "the sentence denies it"
    if not named:
        return _NOTHING
    if question.outcomes:
        return _judge_outcome(reading, named)
    affirmed = [m for m in named if (m.complete and m.concept in question.concepts) or _is_head(question, m)]
    affirmed = [m for m in affirmed if not refusal(reading, m)]
    if question.deed:
        return _judge_deed(reading, named, affirmed)
    if affirmed:
        return _judge_amount(reading, affirmed)
    return _too_little(reading, named)


def _too_little(reading: Reading, named: Sequence[Mention]) -> Judged:
    """Too little of the bare thing is too little of all that it is narrowed to."""
    bare = [m for m in named if m.general and m.concept.bare and not m.complete and not refusal(reading, m)]
    judged = _judge_amount(reading, bare) if bare and reading.question.required else _NOTHING
    return judged if judged[0] == "no" else _NOTHING


def _free_of_symptoms(reading: Reading) -> bool:
    """A question for symptoms is denied by having none at all."""
    asked = re.search(r"\bsymptoms?\b", reading.question.text, re.IGNORECASE)
    found = _NO_SYMPTOMS.search(reading.words) if asked else None
    if not found:
        return False
    said = reading.assertion(reading.shifted(Span(*found.span())))
    return not (said.uncertain or said.family or said.other or said.hypothetical)


def _is_head(question: Question, mention: Mention) -> bool:
    """The thing that the examples are examples of counts when it is named in full, as in the question."""
    return mention.concept is question.head and mention.complete and bool(mention.concept.names)


def _in_context(reading: Reading) -> bool:
    """Examples in brackets are general words (diet, medication): what they treat must stand nearby."""
    context = reading.question.context
    return not context or any(name.pattern.search(reading.text) for name in context)


def _judge_deed(reading: Reading, named: Sequence[Mention], affirmed: Sequence[Mention]) -> Judged:
    """A deed counts when the sentence says that it was done; when it says that it was not, that is a no."""
    question = reading.question
    deed = "done" if ticked_answer(reading.words) == "yes" else read_deed(reading.words)
    timed = any(r.is_time for r in question.required)
    if deed == "undone" and not (timed and find_amounts(reading.words)):
        whole = [m for m in named if m.general and named_whole(reading, m) and m.concept in question.concepts]
        if len({id(m.concept) for m in whole}) == len(question.concepts) and not hedged_or_other(
            reading, whole
        ):
            return "no", 0.6, "the sentence says that it was not done"
    if not affirmed and timed:
        return _too_little(reading, named)
    if not affirmed or deed == "undone" or (deed == "open" and not question.required):
        return _NOTHING
    return _judge_amount(reading, affirmed) if deed == "done" or timed else _NOTHING


def _judge_grade(reading: Reading, named: Sequence[Mention]) -> Judged:
    """Moderate or severe: the degree told beside the disease or its activity."""
    if reading.question.required or reading.question.outcomes:
        return _NOTHING
    doubted = [m for m in named if refusal(reading, m)]
    grades = find_grades(reading, reading.question.concepts)
    if not grades or doubted:
        return _NOTHING
    if all(grade >= 2 for grade in grades):
        return "yes", 0.8, "the sentence tells the degree"
    return ("no", 0.6, "the sentence tells a lower degree") if all(g < 2 for g in grades) else _NOTHING


def _judge_limit(reading: Reading, named: Sequence[Mention]) -> Judged:
    """A value beyond the limit is a yes, one on its other side a no; a word without a value says nothing."""
    doubts = {refusal(reading, m) for m in named}
    verdicts = {m.beyond for m in named}
    if len(verdicts) != 1 or None in verdicts or doubts - {"", NEGATED}:
        return _NOTHING
    if True in verdicts:
        return _NOTHING if NEGATED in doubts else ("yes", 0.9, "the value is beyond the limit")
    return "no", 0.8, "the value is not beyond the limit"


def _judge_outcome(reading: Reading, named: Sequence[Mention]) -> Judged:
    """A treatment's outcome counts where it is told in the same clause as the treatment."""
    question = reading.question
    whole = [m for m in named if named_whole(reading, m) and not refusal(reading, m)]
    if not whole or not _of_effect(reading):
        return _never_tried(reading, named)
    usable = [m for m in whole if m.complete]
    told: set[Outcome] = set()
    for mention in whole:
        own = [m.span for m in named]
        told |= {c.outcome for c in _outcomes_of(reading, mention, own) if _stands(reading, c)}
    asked = told & question.outcomes
    opposite = _OPPOSITE[Outcome.HELPED if Outcome.HELPED in question.outcomes else _chief(question)]
    if asked and usable and not told & opposite:
        judged = _judge_amount(reading, usable)
        return judged if judged[0] == "yes" else _NOTHING
    if told and told <= opposite and not question.required:
        return "no", 0.6, "the sentence tells the opposite outcome"
    return _NOTHING


_BORNE = frozenset((Outcome.HELPED, Outcome.BORNE, Outcome.PERMITTED))
_OPPOSITE = {
    Outcome.HELPED: frozenset((Outcome.FAILED,)),
    Outcome.FAILED: frozenset((Outcome.HELPED,)),
    Outcome.NOT_TOLERATED: _BORNE,
    Outcome.CONTRAINDICATED: _BORNE,
}


def _chief(question: Question) -> Outcome:
    return Outcome.FAILED if Outcome.FAILED in question.outcomes else next(iter(question.outcomes))


def _of_effect(reading: Reading) -> bool:
    """What improved must be what is asked about: pain of another site answers nothing."""
    effect = reading.question.effect
    return effect is None or not _SITES.search(reading.words) or bool(find_mentions(reading, effect))


def _never_tried(reading: Reading, named: Sequence[Mention]) -> Judged:
    if reading.question.outcomes & {Outcome.CONTRAINDICATED, Outcome.NOT_TOLERATED}:
        return _NOTHING
    if denied(reading, named) and not find_outcomes(reading.words):
        return "no", 0.6, "the sentence says that it was not tried"
    return _NOTHING


def _outcomes_of(reading: Reading, mention: Mention, own: Sequence[Span]) -> list[OutcomeCue]:
    clause = clause_around(reading, mention.span)
    return [
        OutcomeCue(cue.outcome, reading.shifted(cue.span))
        for cue in find_outcomes(reading.words)
        if clause.overlaps(reading.shifted(cue.span))
        and not _of_another(reading, cue, mention)
        and not of_no_treatment(reading.text, mention.span, reading.shifted(cue.span))
        and not told_of_another(reading.text, clause, mention.span, reading.shifted(cue.span), own)
        and not is_new_treatment(reading.text, reading.sentence, mention.span, reading.shifted(cue.span))
    ]


def _of_another(reading: Reading, cue: OutcomeCue, mention: Mention) -> bool:
    """Improving with something else is not improving with what stands before."""
    place = reading.shifted(cue.span)
    if cue.outcome is not Outcome.HELPED or mention.span.start >= place.end:
        return False
    return bool(_WITH.match(reading.text, place.end, reading.sentence.end))


def _stands(reading: Reading, cue: OutcomeCue) -> bool:
    """An outcome counts unless it is itself negated from outside, hedged or hypothetical."""
    said = reading.assertion(cue.span)
    outside = [c for c in said.cues if not c.overlaps(cue.span)]
    if _ON_CONDITION.match(reading.text, cue.span.end, reading.sentence.end):
        return False
    if _CANCELLED.search(reading.text[reading.sentence.start : cue.span.start]):
        return False
    return not (said.uncertain or said.hypothetical or said.other) and not (said.negated and outside)


def _judge_amount(reading: Reading, mentions: Sequence[Mention]) -> Judged:
    """Every length and number that is required must be told of what is named."""
    required = reading.question.required
    score = max(1.0 if m.general else 0.9 for m in mentions)
    if not required:
        return "yes", score, "the sentence states it"
    verdicts = [_all_enough(reading, mention, required) for mention in mentions]
    listed = _listed(reading, mentions, required)
    if listed or any(v is True for v in verdicts):
        return "yes", score, "the sentence states it with the length or number required"
    short = any(v is False for v in verdicts) and None not in verdicts
    open_deed = reading.question.deed and read_deed(reading.words) == "open"
    if short and not reading.question.outcomes and not open_deed:
        return "no", 0.5, "the sentence states less than is required"
    return _NOTHING


def _all_enough(reading: Reading, mention: Mention, required: Sequence[Required]) -> bool | None:
    told = [_enough(reading, mention, one) for one in required]
    if False in told:
        return False
    return None if None in told else True


def _listed(reading: Reading, mentions: Sequence[Mention], required: Sequence[Required]) -> bool:
    """Different drugs named one after another are so many treatments."""
    if len(required) != 1 or required[0].noun not in ("treatment", "trial", "medication", "drug", "agent"):
        return False
    kinds = {m.span.of(reading.text).lower() for m in mentions if not m.general}
    return len(kinds) >= required[0].least


def _enough(reading: Reading, mention: Mention, required: Required) -> bool | None:
    """Tell whether the amount that belongs to a mention suffices; ``None`` where none belongs to it."""
    clause = clause_around(reading, mention.span)
    words = clause.of(reading.text)
    if not required.is_time:
        return required.sufficing(words)
    own: list[bool | None] = []
    lasting = reading.question.lasting
    for amount in find_amounts(words):
        if amount.ago and not (lasting and _STARTED.search(words)):
            continue
        span = Span(amount.span.start + clause.start, amount.span.end + clause.start)
        if _belongs(reading.text, span, mention.span):
            enough = amount.reaches(required.least)
            own.append(None if enough and amount.bound == "only" else enough)
    return None if not own or None in own else all(own)


def _belongs(text: str, amount: Span, mention: Span) -> bool:
    """Six weeks of therapy, therapy for six weeks: the length stands beside what it measures."""
    if amount.end <= mention.start:
        between = text[amount.end : mention.start]
        return len(between) < 60 and bool(_OF_COURSE.fullmatch(between) or re.match(r"[\s-]+of\s", between))
    between = text[mention.end : amount.start]
    return len(between.split()) <= 8 and not re.search(r"[,;:(]|\b(?:and|with)\b", between)
