"""The words of a model's sentence: each must come from its sources or from a small stock of its entry's type.

The fact checks know numbers, dates, drugs, codes, sides, names and negation. What they cannot know is a word
that changes the meaning: "prescribed" of a procedure, "diagnosed with" of a test, "has" of what is resolved,
or a name cut short. A template sentence needs no such check: its words are fixed.
"""

import re
from collections.abc import Iterable, Mapping

__all__ = ["cut_short", "foreign_words", "stock_of"]

_WORD = re.compile(r"[a-z][a-z'’-]*[a-z]|[a-z]", re.IGNORECASE)

# words that state nothing clinical by themselves
_NEUTRAL = frozenset(
    """
    a according also an and as at by chart documented for from he her him his in is it its of on
    patient patient's patient’s record recorded records she that the their they this to was were
    which with
    """.split()  # noqa: SIM905 - a table of words
)
# what may be said of an entry, by its type
_SAYINGS: Mapping[str, str] = {
    "Condition": "diagnosed diagnosis",
    "DeviceRequest": "ordered order",
    "Encounter": "had seen",
    "Immunization": "received given",
    "MedicationAdministration": "received given",
    "MedicationRequest": "prescribed prescription",
    "MedicationStatement": "medication medications",
    "Observation": "measured measurement result",
    "Procedure": "had underwent undergone",
    "ServiceRequest": "ordered order",
}
_PRESENT = ("active", "recurrence", "relapse")
_PAST = ("inactive", "remission", "resolved")
_SUFFIXES = ("'s", "’s", "ies", "es", "s", "ed", "ing", "ly")


def stock_of(kind: str, states: Iterable[str]) -> frozenset[str]:
    """Return the words that a sentence on an entry may add: neutral ones, and those of its type and state.

    What is over is not had now, and what is active is not spoken of as over.

    >>> "has" in stock_of("Condition", ["resolved"]), "has" in stock_of("Condition", ["active"])
    (False, True)
    """
    words = set(_SAYINGS.get(kind, "").split())
    given = {state.lower() for state in states}
    if kind == "Condition" and given & set(_PRESENT):
        words |= {"has"}
    elif kind == "Condition" and given & set(_PAST):
        words |= {"had"}
    return _NEUTRAL | words


def foreign_words(sentence: str, sources: Iterable[str], stock: frozenset[str] = _NEUTRAL) -> list[str]:
    """Return the words of a sentence that stand neither in its sources nor in the stock.

    >>> foreign_words("The patient has active treatment.", ["active", "Malignant neoplasm of breast"])
    ['has', 'treatment']
    """
    known = {_stem(word) for source in sources for word in _words(source)}
    return [word for word in _words(sentence) if word not in stock and _stem(word) not in known]


_TAIL = re.compile(r"\s*(?:\[|/|\s(?:in|by|from|-)\s).*$", re.DOTALL)
_SHORT = re.compile(r"\(([A-Z][A-Za-z0-9-]{1,8})\)")


def cut_short(sentence: str, name: str, kind: str) -> bool:
    """Tell whether a sentence leaves out part of an entry's name.

    Of a measurement its property, specimen and method may go, and its own abbreviation stands for it; any
    other name must stand whole.

    >>> cut_short("The renal clearance was 40 mL/min.", "Creatinine renal clearance in Urine", "Observation")
    True
    """
    said = " ".join(sentence.split()).casefold()
    if kind == "Observation":
        short = _SHORT.search(name)
        if short and re.search(rf"\b{re.escape(short[1].casefold())}\b", said):
            return False
        name = _TAIL.sub("", _SHORT.sub("", name))
    return " ".join(name.split()).casefold() not in said


def _words(text: str) -> list[str]:
    return [match[0].lower() for match in _WORD.finditer(text)]


def _stem(word: str) -> str:
    """Cut one ending off: enough to let "patients" and "patient" meet."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word
