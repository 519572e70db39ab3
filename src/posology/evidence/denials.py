"""Whether a sentence denies what a question asks about: by its name, a broader one, or every alternative."""

import re
from collections.abc import Sequence

from posology.evidence.amounts import find_amounts
from posology.evidence.asked import Concept
from posology.evidence.mentions import Mention, Reading, answered_no, ended, no_other, without_results
from posology.evidence.tokens import alike, search_tokens
from posology.spans import Span

__all__ = ["denied", "hedged_or_other", "named_whole"]

_SITE = re.compile(
    r"\b(eye|dental|oral|cataract|knee|hip|shoulder|neck|chest|abdominal|cardiac|heart|foot|hand|skin"
    r"|breast|prostate|nasal"
    r"|ear|throat|brain|renal|kidney|urinary|sinus|bowel|ankle|wrist|elbow)\s+$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d|\b(?:once|twice|one|two|three|four|five|six|several)\b", re.IGNORECASE)
_BARE_BEFORE = re.compile(
    r"\b(?:no|not|never|denies|without|neither|naive to)\s+(?:(?:any|prior|previous|known|formal"
    r"|evidence of|history of|had|on|an?"
    r"|used|using|taken|taking|received|undergone|tried|attended|completed|documented)\s+)*$",
    re.IGNORECASE,
)
_BARE_AFTER = re.compile(
    r"\s+(?:visit\s+|session\s+|training\s+)?(?:(?:was|were|is|are|has|have|had|been)\s+)*"
    r"(?:not|never)\s+(?:(?:yet|been|ever)\s+)*(?:done|performed|completed|given|held|tried|used"
    r"|attempted|provided|started"
    r"|received|undertaken|taken place|occurred|present)\b",
    re.IGNORECASE,
)
_PLAIN_LEAD = re.compile(r"^\W*(?:(?:the|patient|any|formal)\s+)*$", re.IGNORECASE)
# what only sharpens a thing: to deny the thing is to deny it sharpened
_SHARPENING = frozenset(
    alike(
        search_tokens(
            "active serious new severe acute progressive recurrent untreated known unexplained unintended "
            "significant documented formal comprehensive structured supervised wide marked current chronic "
            "physician medical medically "
            " persistent moderate frequent adequate physician-directed large another"
        )
    )
)


def denied(reading: Reading, named: Sequence[Mention]) -> bool:
    """Tell whether the thing asked is denied: by its general name, or every alternative in the sentence."""
    question = reading.question
    if _counted(reading) or hedged_or_other(reading, named):
        return False
    refused = [m for m in named if m.general and _plainly_denied(reading, m)]
    if any(m.concept is question.head for m in refused):
        return True
    return all(any(m.concept is c for m in refused) or _broader_denied(reading, c) for c in question.concepts)


def _counted(reading: Reading) -> bool:
    """Where a length or number is required, a sentence that tells one is judged by it."""
    required = reading.question.required
    if not required:
        return False
    if any(r.noun == "pack-year" for r in required):
        return True
    return bool(find_amounts(reading.words)) or bool(_NUMBER.search(reading.words))


def hedged_or_other(reading: Reading, named: Sequence[Mention]) -> bool:
    """Tell whether anything named is doubted, planned, or of somebody else."""
    for mention in named:
        said = reading.assertion(mention.span)
        if said.uncertain or said.hypothetical or said.other or (said.family and not reading.question.family):
            return True
    return False


def _plainly_denied(reading: Reading, mention: Mention) -> bool:
    """A denial counts where it denies the whole thing and stands close, in words or in a list that it opens.

    Words that only sharpen it may be missing: no infection is no active serious infection.
    """
    if not named_whole(reading, mention):
        return _barely_denied(reading, mention)
    if reading.question.present and ended(reading, mention.span):
        return True
    if answered_no(reading, mention.span) or no_other(reading, mention.span):
        return True
    return _close(reading, mention.span) or (
        mention.complete and any(_beside(reading, mention, o) for o in mention.others)
    )


def _barely_denied(reading: Reading, mention: Mention) -> bool:
    """The bare thing denied denies all that it is narrowed to: no surgery, but not no eye surgery."""
    if not mention.concept.bare:
        return False
    before = reading.text[reading.sentence.start : mention.span.start]
    after = reading.text[mention.span.end : reading.sentence.end]
    if re.match(
        r"\s*(?:for|of|in|with|at|on|since|this|today|due|because|other|than|except)\b|\s*[-/]\w",
        after,
        re.IGNORECASE,
    ):
        return False
    return bool(_BARE_BEFORE.search(before)) or bool(_BARE_AFTER.match(after) and _PLAIN_LEAD.search(before))


def named_whole(reading: Reading, mention: Mention) -> bool:
    """Tell whether all of the thing is named but what only sharpens it."""
    return mention.complete or _only_sharpened(reading, mention.concept)


def _beside(reading: Reading, mention: Mention, other: Span) -> bool:
    """A quality that is denied beside its thing is denied of it: the deficit is not progressive."""
    start, end = min(mention.span.end, other.end), max(mention.span.start, other.start)
    near = start >= end or len(reading.text[start:end].split()) <= 4
    return near and _close(reading, other)


def _broader_denied(reading: Reading, concept: Concept) -> bool:
    """To deny the broader thing by name is to deny its kinds."""
    places = (
        reading.shifted(Span(*match.span()))
        for name in concept.broader
        for match in name.pattern.finditer(reading.words)
    )
    return any(
        _close(reading, place) and not hedged_or_other(reading, [Mention(concept, place, (), True, True)])
        for place in places
    )


def _close(reading: Reading, span: Span) -> bool:
    site = _SITE.search(reading.text[reading.sentence.start : span.start])
    if site and site[1].lower() not in reading.question.text.lower():
        return False
    said = reading.assertion(span)
    said = without_results(reading, said) if reading.question.deed else said
    opened = max((cue.end for cue in said.cues if cue.end <= span.start), default=span.start)
    return said.negated and len(Span(opened, span.start).of(reading.text).split()) <= 12


def _only_sharpened(reading: Reading, concept: Concept) -> bool:
    tokens = set(alike(search_tokens(reading.words)))
    return all(word in _SHARPENING or word in tokens or word[0].isdigit() for word in concept.words)
