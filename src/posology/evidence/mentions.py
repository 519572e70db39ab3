"""Where a sentence names what a question asks about, and whether it says so of the patient."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from posology.evidence.asked import Concept, Question
from posology.evidence.cautions import DENIED, Surroundings, caution, is_part_of_a_name
from posology.evidence.nearness import said_together
from posology.evidence.outcomes import find_outcomes
from posology.evidence.tokens import alike, search_tokens
from posology.records.context import Assertion, assertion_of
from posology.records.sections import Section
from posology.spans import Span

__all__ = [
    "NEGATED",
    "Mention",
    "Reading",
    "answered_no",
    "clause_around",
    "ended",
    "find_mentions",
    "no_other",
    "refusal",
    "without_results",
]

NEGATED = "it is negated"  # why a sentence that denies what is asked is refused

_NOT_YET = re.compile(
    r"\b(?:will|would|plan(?:s|ned)? (?:to|for)|plan:|recommend\w*|refer(?:red|ral)?|schedul\w+|advis\w+"
    r"|consider\w*|"
    r"discuss\w*|counsel\w* (?:on|about|regarding)|order(?:ed|s)?|should|could(?! not)|may|might|if"
    r"|start(?:ing)?|begin|"
    r"candidate for|request\w*|pending|offered|encourag\w+|try|to complete|needs? to|declin\w+|refus\w+"
    r"|interested in|"
    r"risks? (?:of|for|factors?)|at risk|screen\w* (?:for|of)|rule out|r/o|concern\w* (?:for|about)"
    r"|evaluat\w+ for|work-?up "
    r"for|monitor\w* for|watch for|fears? of|afraid of|worr(?:ies|ied) about|hop(?:es?|ing)|wish(?:es)?"
    r"|prevent\w*|educat\w+ (?:on|about|regarding)|return precautions?"
    r"|precautions|versus|vs)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r";|\.\s|\b(?:but|while|whereas|however|although|then|now|currently|since then|followed by|switched to"
    r"|changed to|"
    r"continues?|remains on)\b|\band (?:is|was|has|had|continues?|remains?|takes?|started|reports?|denies)\b",
    re.IGNORECASE,
)
_CONDITIONAL = re.compile(
    r"\b(?:if|consider\w*|candidate|discuss\w*|would|could|might|may|should|unless|undecided|option"
    r"|versus|vs)\b",
    re.IGNORECASE,
)
_PLANS = re.compile(
    r"\b(?:plan\w*|schedul\w+|booked|elect(?:ed|s)|opted|will|request\w*|proceed\w*|chosen|chose|intend\w*"
    r"|propos\w+|procedure|operation)\b",
    re.IGNORECASE,
)
_NO_OTHER = re.compile(
    r"\bno\s+(?:other|second|additional|further|different)\s+(?:\w+\s+){0,2}$", re.IGNORECASE
)
_ENDED_BEFORE = re.compile(
    r"\b(?:stopped|discontinued|quit|ceased|off|former|ex-?|resolution of|weaned (?:off|from)|d/?c['’]?d"
    r"|no longer(?: (?:on|has|have|takes?|taking|us(?:es?|ing)|having))?)\s+(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_ENDED_AFTER = re.compile(
    r"(?:\s*\([^()]*\))?(?:(?:\s+[\w-]+){0,3},)?\s+(?:(?:that|which)\s+)?(?:(?:was|were|is|are|has|have"
    r"|had|been|now|since|fully"
    r"|completely)\s+)*"
    r"(?:stopped|discontinued|resolved|cleared|ceased|no longer\b|naive|withdrawn|d/?c['’]?d|ended|subsided"
    r"|gone|abated|inactive|cessation (?:achieved|in|since))\b",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"(?:pseudo-?|(?:pre|non|anti|quasi|near)-)[a-z]\w*|\w+-(?:free|like|negative)$", re.IGNORECASE
)
_NON = re.compile(r"non-?[a-z]\w+", re.IGNORECASE)
_TAUGHT = ("educat", "counsel", "discuss", "evaluat")  # what a question for a deed asks for itself
_DENIES = re.compile(
    r"\b(?:no|not|never|none|nor|neither|without|w/o|den\w+|declin\w+|refus\w+|free|absen\w+"
    r"|lack\w*|cannot|naive)\b|n['’]t\b|:",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"(?:was |were |is |read as )?(?:negative|neg|normal|unremarkable)(?: for)?", re.IGNORECASE
)
_DENIED_AFTER = re.compile(
    r"[^;.]{0,60}?\b(?:negative(?!\s+for)|absent|denied|excluded|ruled out|not (?:found|present|seen"
    r"|identified|detected)"
    r"|never (?:found|present|diagnosed|seen|documented)|none(?: found)?$)",
    re.IGNORECASE,
)
_NORMAL_AFTER = re.compile(
    r"\s*(?:(?:,|and)\s+\w+\s+)?(?:(?:is|are|was|were|remains?)\s+)?(?:normal|intact|good|unremarkable"
    r"|WNL)\b",
    re.IGNORECASE,
)
_SPARED_BEFORE = re.compile(
    r"\basymptomatic\s+(?:with\s+(?:respect|regard)\s+to|for|regarding|as to|from)\b[^;.]*$", re.IGNORECASE
)
_BACK_THEN = re.compile(
    r"\b(?:used to|formerly|back then|at that time|in th(?:at|ose) (?:days?|weeks?|months?|years?|period)"
    r"|until (?:last|(?:19|20)\d\d))\b",
    re.IGNORECASE,
)
_BUT = re.compile(r"\b(?:but|although|confirmed|positive|present)\b", re.IGNORECASE)
_UNABLE_BEFORE = re.compile(
    r"\b(?:unable|failed|fails|failing|inability|struggl\w+|unwilling|attempt\w*|tri(?:es|ed))\s+(?:to"
    r"|at)\s+(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_UNABLE_AFTER = re.compile(r"\s+(?:\w+\s+)?attempts?\b", re.IGNORECASE)
_ONLY_ONE = re.compile(r"\bthe only\b|\bno other\b", re.IGNORECASE)
_ANSWER_NO = re.compile(
    r"^[^.;]{0,80}?(?::|\s[-–]|\?)[\s\"']*(?:all\s+)?(?:none|negative|denied|absent|nil|not present"
    r"|(?:no|denies)(?=\s*(?:[.,;)\]]|$|(?:any|at|to|in|for|known|reported|today|currently|both|all)\b)))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept named in a sentence; spans count characters of the passage's text.

    ``others`` are where its further words stand: what is denied of one of them is not said of the whole.
    """

    concept: Concept
    span: Span
    others: tuple[Span, ...]
    general: bool  # named by the term itself, not by a narrower kind
    complete: bool  # every further word of the question's concept stands in the sentence too
    beyond: bool | None = None  # the value told beside it lies beyond the question's limit


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence of a passage under one question."""

    question: Question
    text: str  # of the passage
    sentence: Span  # in the passage
    sections: tuple[Section, ...]
    section: str

    @property
    def words(self) -> str:
        """The characters of the sentence."""
        return self.sentence.of(self.text)

    def assertion(self, span: Span) -> Assertion:
        """Return what the text says of the thing named at a span of the passage."""
        said = assertion_of(self.text, span, sections=self.sections)
        return said if not said.negated else self._without_names(said)

    def _without_names(self, said: Assertion) -> Assertion:
        """Drop a "non-" that the question has in the same word: non-Hodgkin lymphoma denies nothing."""
        asked = self.question.text.lower()
        left = tuple(
            cue
            for cue in said.cues
            if not (joined := _NON.match(self.text, cue.start)) or joined[0].lower() not in asked
        )
        return said if len(left) == len(said.cues) else replace(said, negated=bool(left), cues=left)

    def shifted(self, span: Span) -> Span:
        """Turn a span of the sentence into one of the passage."""
        return Span(span.start + self.sentence.start, span.end + self.sentence.start)


def find_mentions(reading: Reading, concept: Concept) -> list[Mention]:
    """Return every place of the sentence that names the concept."""
    words = reading.words
    tokens = set(alike(search_tokens(words)))
    present = [w for w in concept.words if w in tokens]
    complete = len(present) == len(concept.words) or (
        len(concept.words) > 4 and len(present) >= len(concept.words) - 1
    )
    places = _places(reading, concept)
    if not concept.names:
        return _word_mentions(reading, concept, places, complete)
    found = []
    others = tuple(reading.shifted(place) for place in places)
    for general, names in ((True, concept.names), (False, concept.kinds)):
        for name in names:
            for match in name.pattern.finditer(words):
                whole = complete and said_together(words, Span(*match.span()), places)
                found.append(Mention(concept, reading.shifted(Span(*match.span())), others, general, whole))
    return [_measured(reading, mention) for mention in found if not _named_within(reading, mention)]


def _measured(reading: Reading, mention: Mention) -> Mention:
    """Where a limit is set, only a value beyond it makes the mention complete."""
    limit = mention.concept.limit
    if limit is None or not mention.complete:
        return mention
    beyond = limit.met(reading.words, mention.span.end - reading.sentence.start)
    if beyond is None and not reading.question.limited:  # what is limited is a sign of the thing
        beyond = limit.exceeded(reading.words) or None
    return replace(mention, complete=beyond is True, beyond=beyond)


def _places(reading: Reading, concept: Concept) -> list[Span]:
    """Return where the concept's further words stand in the sentence."""
    wanted = set(concept.words)
    words = re.finditer(r"[\w'’-]+(?:\.\d+)?", reading.words) if wanted else ()
    return [Span(*word.span()) for word in words if wanted.intersection(alike(search_tokens(word[0])))]


def _word_mentions(
    reading: Reading, concept: Concept, places: Sequence[Span], complete: bool
) -> list[Mention]:
    """A concept of plain words is named where all its words stand near each other."""
    if not complete or not places or places[-1].end - places[0].start > 60 + 15 * len(concept.words):
        return []
    shifted = [reading.shifted(place) for place in places]
    mention = Mention(concept, shifted[-1], tuple(shifted[:-1]), True, True)
    return [] if _named_within(reading, mention) else [_measured(reading, mention)]


def refusal(reading: Reading, mention: Mention) -> str:
    """Return why a mention shows nothing about the patient, or an empty text."""
    if no_other(reading, mention.span):
        return NEGATED
    if reading.question.planned:
        return _unplanned(reading, mention)
    for span in (mention.span, *mention.others):
        why = _doubt(reading, span)
        if why:
            return why
    if answered_no(reading, mention.span) or _denied_after(reading, mention.span):
        return NEGATED
    if not reading.question.outcomes and _unable(reading, mention.span):
        return "it was tried in vain"
    if reading.question.present and not reading.question.outcomes and ended(reading, mention.span):
        return "it is over"
    if reading.question.present and _BACK_THEN.search(reading.words):
        return "it speaks of the past"
    if _not_yet(reading, mention):
        return "it is planned, taught or looked for"
    if _prefixed(reading, mention):
        return NEGATED
    for around in _surroundings(reading, mention):
        why = caution(around)
        if why:
            return NEGATED if why == DENIED else why
    return ""


def _prefixed(reading: Reading, mention: Mention) -> bool:
    """Tell whether a word of it is only part of another: pseudo-cirrhosis, pre-cirrhosis."""
    match = None if mention.concept.names else _PREFIX.match(mention.span.of(reading.text))
    return match is not None and match[0].lower() not in reading.question.text.lower()


def _named_within(reading: Reading, mention: Mention) -> bool:
    """Tell whether it is part of another thing's name, and so named by nobody."""
    places = (mention.span,) if mention.concept.names else (mention.span, *mention.others)
    begin, asked = reading.sentence.start, reading.question.text.lower()
    return any(is_part_of_a_name(reading.words, p.start - begin, p.end - begin, asked) for p in places)


def _surroundings(reading: Reading, mention: Mention) -> list[Surroundings]:
    """Return what stands around a mention; around its last word too, where it is named by several."""
    others = () if mention.concept.names else sorted(mention.others)
    nearest = {other.of(reading.text).lower(): other.start for other in others}
    nearest[mention.span.of(reading.text).lower()] = mention.span.start
    start = min(nearest.values())
    question = reading.question
    return [
        Surroundings(
            reading.text[reading.sentence.start : place],
            reading.text[mention.span.end : reading.sentence.end],
            question.text.lower(),
            outcome=bool(question.outcomes),
            deed=question.deed,
            timed=any(r.is_time for r in question.required) and not question.lasting,
            family=question.family,
        )
        for place in sorted({start, mention.span.start})
    ]


def _unplanned(reading: Reading, mention: Mention) -> str:
    """A question about a plan is answered by a plan, not by a thought of it or by what is past."""
    said = reading.assertion(mention.span)
    if said.negated:
        return NEGATED
    if said.family or said.other or said.uncertain or _CONDITIONAL.search(reading.words):
        return "it is uncertain, a condition or about somebody else"
    return "" if _PLANS.search(reading.words) and not said.historical else "no plan is told"


def no_other(reading: Reading, span: Span) -> bool:
    """Tell whether words right before deny a further one: "no other monitor"."""
    return bool(_NO_OTHER.search(reading.text[reading.sentence.start : span.start]))


def _doubt(reading: Reading, span: Span) -> str:
    said = _without_outcomes(reading, reading.assertion(span))
    if said.negated:
        return NEGATED
    if said.family and not reading.question.family:
        return "it speaks of a relative"
    if said.other or said.uncertain or said.hypothetical:
        return "it is uncertain, planned or about somebody else"
    if said.historical and reading.question.current:
        return "it speaks of the past"
    return ""


def _denied_after(reading: Reading, span: Span) -> bool:
    """Tell whether words behind it deny it, unless the question is for a deed or an outcome."""
    question = reading.question
    if question.deed or question.outcomes:
        return False
    if re.search(r"\banother\b", question.text) and _ONLY_ONE.search(reading.words):
        return True
    if _NORMAL_AFTER.match(reading.text, span.end, reading.sentence.end):
        return True
    if _SPARED_BEFORE.search(reading.text[reading.sentence.start : span.start]):
        return True
    found = _DENIED_AFTER.match(reading.text, span.end, reading.sentence.end)
    return bool(found) and not _BUT.search(found[0] if found else "")


def _unable(reading: Reading, span: Span) -> bool:
    before = reading.text[reading.sentence.start : span.start]
    after = reading.text[span.end : reading.sentence.end]
    return bool(_UNABLE_BEFORE.search(before) or _UNABLE_AFTER.match(after))


def ended(reading: Reading, span: Span) -> bool:
    """Tell whether words beside it say that it is over: off insulin, the nausea has resolved."""
    before = reading.text[reading.sentence.start : span.start]
    return bool(_ENDED_BEFORE.search(before)) or bool(
        _ENDED_AFTER.match(reading.text, span.end, reading.sentence.end)
    )


def answered_no(reading: Reading, span: Span) -> bool:
    """Tell whether the sentence names the thing and then answers for it: "red flags: none"."""
    after = reading.text[span.end : reading.sentence.end]
    return bool(_ANSWER_NO.search(after))


def _without_outcomes(reading: Reading, said: Assertion) -> Assertion:
    """Words such as "no relief" deny the relief, not the treatment before them."""
    if said.negated and reading.question.deed:
        return without_results(reading, said)
    if not said.negated or not reading.question.outcomes:
        return said
    cues = [reading.shifted(cue.span) for cue in find_outcomes(reading.words)]
    left = [cue for cue in said.cues if not any(cue.overlaps(other) for other in cues)]
    return Assertion(
        bool(left), said.uncertain, said.family, said.historical, said.hypothetical, said.other, tuple(left)
    )


def without_results(reading: Reading, said: Assertion) -> Assertion:
    """A test that was negative was done: the result does not deny the deed."""
    if not said.negated:
        return said
    left = tuple(cue for cue in said.cues if not _RESULT.fullmatch(cue.of(reading.text).strip()))
    return replace(said, negated=any(_DENIES.search(cue.of(reading.text)) for cue in left), cues=left)


def _not_yet(reading: Reading, mention: Mention) -> bool:
    """Tell whether words of planning or teaching stand before the mention, unless the question has them."""
    if reading.section == "plan":
        return True
    asked = reading.question.text.lower()
    deed = reading.question.deed
    before = reading.text[reading.sentence.start : mention.span.start]
    cues = (match[0].lower() for match in _NOT_YET.finditer(before))
    return any(cue not in asked and not (deed and cue.startswith(_TAUGHT)) for cue in cues)


def clause_around(reading: Reading, span: Span) -> Span:
    """Return the clause of the sentence that holds a span."""
    start, end = reading.sentence.start, reading.sentence.end
    for match in _CLAUSE.finditer(reading.text, reading.sentence.start, reading.sentence.end):
        if match.end() <= span.start:
            start = match.end()
        elif match.start() >= span.end:
            end = min(end, match.start())
    return Span(start, end)
