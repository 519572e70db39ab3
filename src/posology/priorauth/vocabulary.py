"""The words of a model's sentence: each must come from its sources or from a small neutral stock.

The fact checks know numbers, dates, drugs, codes, sides, names and negation. What they cannot know is a word
that changes the meaning ("personal history of" left out is theirs; "treatment" added is this check's). A
template sentence needs no such check: its words are fixed.
"""

import re
from collections.abc import Iterable

__all__ = ["foreign_words"]

_WORD = re.compile(r"[a-z][a-z'’-]*[a-z]|[a-z]", re.IGNORECASE)

# words that state nothing clinical by themselves
_NEUTRAL = frozenset(
    """
    a about according also an and are as at be been by chart dated diagnosed diagnosis documented
    for from given had has have having he her him his in is it its latest measured medication most
    of on or patient patient's patient’s prescribed record recorded records returned she showed
    shows since that the their they this to undergone underwent was were when which while who whose
    with taking takes took received receives
    """.split()  # noqa: SIM905 - a table of words
)
_SUFFIXES = ("'s", "’s", "ies", "es", "s", "ed", "ing", "ly")


def foreign_words(sentence: str, sources: Iterable[str]) -> list[str]:
    """Return the words of a sentence that stand neither in its sources nor in the neutral stock.

    >>> foreign_words("The patient has active treatment.", ["active", "Malignant neoplasm of breast"])
    ['treatment']
    """
    known = {_stem(word) for source in sources for word in _words(source)}
    return [word for word in _words(sentence) if word not in _NEUTRAL and _stem(word) not in known]


def _words(text: str) -> list[str]:
    return [match[0].lower() for match in _WORD.finditer(text)]


def _stem(word: str) -> str:
    """Cut one ending off: enough to let "patients" and "patient" meet."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word
