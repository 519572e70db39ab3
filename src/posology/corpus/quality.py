"""Which texts are worth learning from: every filter that a text fails gives its reason."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from posology.corpus.spec import FilterRules

__all__ = ["FILTERS", "Measured", "find_fault"]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffd]")
_LONG_WORD = re.compile(r"\S{200}")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SMALL_WORDS = {
    "en": _set("the and of to with for was is were has had that from are be this by which her his"),
    "es": _set("el los las del que y una por se su al lo como fue con para una es sus más"),
    "it": _set("il gli della di che e una per si nel è sono alla delle con dei al non ha"),
    "fr": _set("le les des du et une est dans pour que qui sur au aux par avec pas ce été"),
    "de": _set("der die das und den von zu mit sich des auf für ist im dem nicht ein eine wurde"),
    "pt": _set("os das dos da que e uma por se foi com não ao como mais do na no pela"),
}
_PLENTY = 0.15  # share of a language's small words that leaves no doubt
_FEW = 30  # words: below them no language is told


@dataclass(frozen=True, slots=True)
class Measured:
    """A text with what the filters look at, measured once."""

    text: str
    language: str
    words: Sequence[str]
    repeated: float  # share of runs that occur before in the text


def find_fault(measured: Measured, rules: FilterRules) -> str:
    """Return why a text is not worth learning from, or nothing."""
    return next(filter(None, (check(measured, rules) for check in FILTERS.values())), "")


def _length(one: Measured, rules: FilterRules) -> str:
    if len(one.words) < rules.min_words:
        return f"shorter than {rules.min_words} words"
    return f"longer than {rules.max_words} words" if len(one.words) > rules.max_words else ""


def _damage(one: Measured, rules: FilterRules) -> str:
    damaged = len(_CONTROL.findall(one.text))
    if damaged > rules.max_damaged * len(one.text):
        return "characters lost in a conversion, or control characters"
    return ""


def _letters(one: Measured, rules: FilterRules) -> str:
    letters = sum(map(str.isalpha, one.text))
    shown = sum(map(len, one.text.split()))
    return "mostly figures and signs, few letters" if letters < rules.min_letters * max(1, shown) else ""


def _unbroken(one: Measured, _: FilterRules) -> str:
    return "holds a word of over 200 characters (encoded data?)" if _LONG_WORD.search(one.text) else ""


def _repetition(one: Measured, rules: FilterRules) -> str:
    return "repeats itself" if one.repeated > rules.max_repeated else ""


def _language(one: Measured, rules: FilterRules) -> str:
    own = _SMALL_WORDS.get(one.language)
    if not rules.check_language or own is None or len(one.words) < _FEW:
        return ""
    own_share = sum(map(own.__contains__, one.words)) / len(one.words)
    if own_share >= _PLENTY:
        return ""
    share = {
        name: sum(map(small.__contains__, one.words)) / len(one.words) for name, small in _SMALL_WORDS.items()
    }
    best = max(share, key=lambda name: (share[name], name == one.language))
    foreign = best != one.language and share[best] > 0.08 and share[best] > 2 * own_share
    return f"reads as {best}, not {one.language}" if foreign else ""


FILTERS: dict[str, Callable[[Measured, FilterRules], str]] = {
    "length": _length,
    "damage": _damage,
    "unbroken": _unbroken,
    "letters": _letters,
    "repetition": _repetition,
    "language": _language,
}
