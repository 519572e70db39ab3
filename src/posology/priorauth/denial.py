"""Whether a sentence that names a thing and denies something denies the thing itself."""

import re

__all__ = ["denies"]

_NO = re.compile(
    r"\b(?:no|not|never|denie[sd]|denying|without|negative for|absence of|free of|nor|ruled out|excluded?)\b"
    r"|n[’']t\b",
    re.IGNORECASE,
)
_BETWEEN = frozenset(
    """
    a active an any been clinical confirm confirmed current currently diagnosed diagnosis documented ever
    evidence for had has have having history is known meet of on or previous prior sign signs support take
    taken takes taking the to took use used uses using was with
    """.split()  # noqa: SIM905 - a table of words
)
_AFTER = re.compile(
    r"^\W*(?:(?:is|was|were|are|has been|have been|could be)\W+)?"
    r"(?:not|never|denied|absent|negative|excluded|ruled out|refuted|unconfirmed)\b",
    re.IGNORECASE,
)


def denies(sentence: str, name: str) -> bool:
    """Tell whether a denial in a sentence that names a thing is of that thing itself.

    Where the sentence has the thing under another name, nothing is told apart: it counts as a denial.

    >>> denies("No history of gout.", "Gout"), denies("Gout without any complication.", "Gout")
    (True, False)
    >>> denies("Denies any trouble with methotrexate.", "methotrexate")
    False
    """
    places = list(re.finditer(r"\b" + re.escape(name) + r"\b", sentence, re.IGNORECASE))
    return not places or any(_denied_at(sentence, place.start(), place.end()) for place in places)


def _denied_at(sentence: str, start: int, end: int) -> bool:
    if _AFTER.match(sentence[end:]):
        return True
    cues = list(_NO.finditer(sentence[:start]))
    between = sentence[cues[-1].end() : start] if cues else ""
    return bool(cues) and set(re.findall(r"[a-z]+", between.lower())) <= _BETWEEN
