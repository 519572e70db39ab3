"""Persons who are not the patient: behind the thing, before it, or as whose chart it is."""

import re

from posology.evidence.cautions.surroundings import Surroundings, any_of

__all__ = ["of_another"]

_PERSON = (
    r"(?:(?:(?:step|god|great-)?-?(?:grand)?(?:mother|father|son|daughter|child|children|parent)s?"
    r"|grand(?:ma|pa)s?|mom|dad|brothers?|sisters?|siblings?|twin(?!\s+(?:pregnan|gestation))|aunts?|uncles?"
    r"|cousins?|nephews?|nieces?|relatives?|kin|(?:ex-)?(?:husband|wife)|spouse|partner|fianc[eé]e?|in-laws?"
    r"|family members?|room-?mate|house-?mate|neighbou?r|co-?worker|friend|boyfriend|girlfriend|baby|infant"
    r"|donor)(?:-in-law)?)"
)
_WHOSE = (
    r"(?:(?:her|his|their|the|an?|one|two|both|of|patient['’]s|maternal|paternal|late|older|younger|elder"
    r"|eldest|youngest|identical|biological|birth|adoptive|foster|half|first-degree|adult|deceased)\s+){0,4}"
)
_BEHIND = re.compile(
    rf"^[^;.:]{{0,60}}?(?<!as )\b(?:in|of|affect(?:s|ed|ing)|killed|took|on the side of)\s+"
    rf"{_WHOSE}(?:[\w'-]+\s+)?{_PERSON}\b"
    rf"|^[^;.:]{{0,60}}?\bfor\s+(?:her|his|their)\s+(?:\w+\s+)?{_PERSON}\b"
    rf"|^\s+(?:the\s+)?(?:her|his|their)\s+(?:\w+\s+)?{_PERSON}\b"
    r"|^[^;.:]{0,40}?\bruns?\s+(?:in|on)\s+(?:\w+\s+){1,2}(?:family|side)\b|^\s+in\s+the\s+family\b"
    rf"|^\s*\({_WHOSE}{_PERSON}\b|^\s*,\s*{_WHOSE}{_PERSON}(?:['’]s)?\s*[.,;)]?\s*$",
    re.IGNORECASE,
)
# who only tells, helps or comes along is not whom the sentence is about
_TELLS = (
    r"(?:report|state|say|said|note|den(?:y|ie)|confirm|feel|present\b|accompan|translat|at\b|help|brought"
    r"|concern|worr|observe|describe|provide|g[ia]ve|witness|here\b|hospital)"
)
_BEFORE = re.compile(
    rf"^\W*{_WHOSE}{_PERSON}(?:['’]s)?(?:,(?=\s+who\b))?\s+"
    r"(?:(?:also|who|once|now|has|had|have|is|was|were|been)\s+)*+"
    rf"(?!{_TELLS})",
    re.IGNORECASE,
)
_OTHER_CHART = any_of(
    r"(?:another|different|other|wrong) (?:patient|person|chart|record)(?:['’]s)?",
    r"(?:someone|somebody) else",
)
_BACK_TO_PATIENT = re.compile(
    r"(?:,|;|\band\b)\s*(?:s?he|they|the patient|patient|pt)\b|\bof\s+(?:two|three|four|\d)\b", re.IGNORECASE
)
_CARER = any_of("caregiver", "carer", "parent", "guardian")


def of_another(around: Surroundings) -> bool:
    """Tell whether the thing is told of a relative, a friend, or somebody whose chart this is not."""
    if _OTHER_CHART.search(around.before) or _OTHER_CHART.search(around.after):
        return True
    if around.family or _CARER.search(around.asked):
        return False
    if _BEHIND.search(around.after):
        return True
    return bool(_BEFORE.match(around.before)) and not _BACK_TO_PATIENT.search(around.before)
