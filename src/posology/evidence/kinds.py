"""Causes and degrees: what a complaint comes from, and how severe a disease is said to be."""

import re
from collections.abc import Sequence
from typing import Literal

from posology.evidence.asked import Concept
from posology.evidence.denials import denied, hedged_or_other
from posology.evidence.mentions import Mention, Reading, find_mentions, refusal
from posology.evidence.tokens import find_terms

__all__ = ["find_grades", "judge_cause"]

_UNRELATED = re.compile(
    r"\b(?:not|never|no|without(?:\s+any)?|nor)\s+(?:(?:felt|thought|believed|in any way|directly|any"
    r"|clear|to be|a)\s+)*"
    r"(?:relat(?:ed|ion)|associat\w+|connect\w+|due|caused|attribut\w+|linked|secondary|because|factor"
    r"|result|link)\w*"
    r"|\bunrelated\b|\b(?:excluded|ruled out)\s+as\b|\bnot\s+the\s+cause\b|\bindependent of\b",
    re.IGNORECASE,
)
_RELATED = re.compile(
    r"\b(?:due|secondary)\s+to\b|\bbecause of\b|\b2/2\b|\bcaus(?:ed by|es?|ing)\b|\b(?:arises?|arising"
    r"|stems?|stemming|results?"
    r"|resulting|comes?)\s+from\b|\b(?:related|attribut\w+|traced|linked|owing)\b|\bassociated with\b"
    r"|\bconsequence of\b"
    r"|\b(?:account|accounts|accounting) for\b|\bexplained by\b|\bpost-?(?=\w)|-related\b|\bcomplicat\w+\b"
    r"|\b(?:began|started|onset|persisted|persists|present|dates?|dating|ever)\s+(?:\w+\s+){0,2}?(?:with"
    r"|after|since|from"
    r"|following|during)\b|\bpain (?:from|of|in|since|after|with|follow\w+)\b|\bfrom\b",
    re.IGNORECASE,
)
_GENERIC = re.compile(r"\b(?:pain|symptoms?|complaints?|condition)\b", re.IGNORECASE)
_DEGREES = (
    (3, r"severe(?:ly)?|high(?:ly)?|marked(?:ly)?|very"),
    (2, r"moderate(?:ly)?|moderate[- ]to[- ](?:severe(?:ly)?|high)"),
    (1, r"low|mild(?:ly)?|minimal(?:ly)?|slight(?:ly)?"),
    (0, r"no|inactive|quiescent"),
)
_MEASURED = r"(?:disease\s+)?(?:activity|active|severity|synovitis|disease)"
_REMISSION = re.compile(
    r"\b(?:in\s+(?:\w+\s+){0,2}remission|quiescent|well controlled|inactive)\b", re.IGNORECASE
)


def judge_cause(
    reading: Reading, named: Sequence[Mention]
) -> tuple[Literal["yes", "no", "not_stated"], float, str]:
    """A cause counts where it is named with what it causes and a word that joins them; denied, it is none."""
    question = reading.question
    general = [m for m in named if m.general and m.complete]
    apart = _UNRELATED.search(reading.words)
    if apart and general and not hedged_or_other(reading, named) and _whole(reading, general):
        return "no", 0.7, "the sentence says that they are unrelated"
    if named and denied(reading, named):
        return "no", 0.8, "the sentence denies it"
    usable = [m for m in named if m.complete and not refusal(reading, m)]
    if apart or not usable or not _effect_named(reading) or question.required:
        return "not_stated", 0.0, ""
    if _RELATED.search(reading.words):
        return "yes", 0.8, "the sentence names the cause and what it causes"
    return "not_stated", 0.0, ""


def _whole(reading: Reading, general: Sequence[Mention]) -> bool:
    question = reading.question
    concepts = [m.concept for m in general]
    return question.head in concepts or all(c in concepts for c in question.concepts)


def _effect_named(reading: Reading) -> bool:
    effect = reading.question.effect
    return effect is not None and bool(find_mentions(reading, effect) or _GENERIC.search(reading.words))


def find_grades(reading: Reading, concepts: Sequence[Concept]) -> list[int]:
    """Return the degrees, 0 to 3, that the sentence tells of a disease or its activity; not of another "
    "one."""
    words = reading.words
    own = [name for c in concepts for name in (*c.names, *c.kinds)]
    named = any(name.pattern.search(words) for name in own)
    others = [term for term in find_terms(words) if "activity" not in term.name.lower()]
    if not named and (others or not re.search(r"\b(?:disease|synovitis)\b", words, re.IGNORECASE)):
        return []
    nouns = "|".join([_MEASURED, *(name.pattern.pattern for name in own[:12])])
    found = []
    for grade, adjectives in _DEGREES:
        for match in re.finditer(
            rf"\b(?:{adjectives})\b(?:\s+[\w-]+){{0,2}}?\s+(?:{nouns})", words, re.IGNORECASE
        ):
            found.append(grade if not _negated(words[: match.start()]) else -1)
    if _REMISSION.search(words):
        found.append(0)
    return [] if -1 in found else found


def _negated(before: str) -> bool:
    return bool(
        re.search(r"\b(?:no|not|without|denies|if|possible|history of)\s+(?:\w+\s+)?$", before, re.IGNORECASE)
    )
