"""Whether a known name that is a word as well is a name where it stands."""

import re

from posology.records.deidentify.words import CLINICAL_NOUNS, COMMON, DISEASES, EPONYMS, MONTHS

__all__ = ["is_name_here"]

_BEFORE = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Doctor|Nurse|Dear|named|name|patient|pt|by|attn|cc"
    r"|physician|provider|surgeon)"
    r"\.?(?:\s+(?:is|was))?[\s:,]+)$",
    re.IGNORECASE,
)
# What persons do in a note; "was" and "has" alone are done by months and diseases as well.
_AFTER = re.compile(
    r"\s+(?:also\s+|then\s+|now\s+|who\s+)?(?:reports?|reported|states?|stated|denies|denied"
    r"|says|said|complains|complained"
    r"|lives|lived|works|worked|agrees|agreed|told|tells|feels|felt|understands|understood"
    r"|requests|requested|asks|asked"
    r"|tolerates|takes|took|came|comes|presents|presented|attends|attended|missed|walks|weighs|describes|described|endorses|endorsed|verbalized|called|wants|wishes|tolerated|underwent"
    r"|arrived|returns|returned"
    r"|(?:was|is|has\s+been)\s+(?:seen|admitted|discharged|referred|evaluated|examined|counseled"
    r"|advised|informed|born"
    r"|an?\s+\d|an?\s+\w+\s+\d|accompanied|instructed))\b",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"['’]s\s+[a-z]+")
_QUALIFIED = re.compile(r"(?:['’]s?|s['’])?[\s-]+([A-Za-z]+)(?:\s+([A-Za-z]+))?")


def is_name_here(text: str, start: int, end: int) -> bool:
    """Say whether a doubtful single name, such as Parkinson, May, Young or Li, is a person's where it stands.

    It must be capitalised, and nothing clinical may follow. Then a title, a label or "patient" before it or
    a verb of persons after it make it a name. A name that is an eponym only together with another word
    (Bell) needs no more; a plain word must be capitalised within a sentence; a name that is a disease alone
    or a month is kept, but for a month's possessive: "May's knee".
    """
    word = text[start:end]
    if not word[0].isupper():
        return False
    if _BEFORE.search(text[max(0, start - 40) : start]):
        return not _is_qualified(text, word, end) or word.lower() not in EPONYMS
    if _is_qualified(text, word, end):
        return False
    if _AFTER.match(text, end):
        return True
    if word.lower() not in DISEASES and _POSSESSIVE.match(text, end):
        return True
    if word.lower() in DISEASES | MONTHS:
        return False
    if word.lower() in EPONYMS and word.lower() not in COMMON:
        return not (word.isupper() and len(word) < 4)
    return _is_capitalised_within(text, word, start, end)


def _is_qualified(text: str, word: str, end: int) -> bool:
    """Say whether a clinical noun follows an eponym within two words, or a hyphen and another."""
    match = _QUALIFIED.match(text, end)
    if match is None:
        return text[end : end + 1] == "-"
    following = [part.lower() for part in match.groups() if part]
    if word.lower() in EPONYMS and CLINICAL_NOUNS.intersection(following):
        return True
    return match[0].startswith("-") and following[0] in EPONYMS


def _is_capitalised_within(text: str, word: str, start: int, end: int) -> bool:
    """Say whether the word is capitalised though neither a sentence nor a heading asks for it."""
    before, after = text[:start].rstrip(" "), text[end : end + 30].lstrip(" ")
    in_sentence = bool(before) and (before[-1].islower() or before[-1] == ",")
    in_heading = word.isupper() or (after[:1].isupper() and not after.startswith("I "))
    return in_sentence and not in_heading
