"""One fault in a true claim: a fact changed, or one of the source's own facts put in its place."""

import random
import re
from collections.abc import Callable, Mapping

from posology.adapt.preference.corruption import corrupt_sentence

__all__ = ["KINDS", "add_fault"]

_NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:\.\d+)?(?![\w/-]|[.,]\d)")
_DAY = re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b")
_NAME = re.compile(r"“([^”]{3,80})”")
_STATES = {
    "active": "completed", "completed": "active", "resolved": "active", "current": "former",
    "recurrent": "first", "chronic": "acute", "mild": "severe", "severe": "mild", "moderate": "mild",
    "increased": "decreased", "decreased": "increased", "higher": "lower", "lower": "higher",
    "more": "less", "improved": "worsened", "worsened": "improved", "before": "after", "after": "before",
    "most": "few", "effective": "ineffective", "significant": "negligible", "positive": "negative",
    "negative": "positive", "reduced": "raised", "greater": "smaller", "smaller": "greater",
    "common": "rare", "rare": "common", "safe": "unsafe", "high": "low", "low": "high",
    "all": "none", "women": "men", "men": "women", "children": "adults", "adults": "children",
}  # fmt: skip
_STATE = re.compile(rf"\b(?:{'|'.join(_STATES)})\b")


def _exchanged(pattern: re.Pattern[str], text: str, source: str, rng: random.Random) -> str | None:
    """Put another thing of the source in the place of one of the claim: every word stands in the source."""
    spots = list(pattern.finditer(text))
    known = {match[pattern.groups] for match in spots}
    others = sorted({match[pattern.groups] for match in pattern.finditer(source)} - known)
    others = [one for one in others if one not in text]
    if not spots or not others:
        return None
    start, end = rng.choice(spots).span(pattern.groups)
    return text[:start] + rng.choice(others) + text[end:]


def _state(text: str, source: str, rng: random.Random) -> str | None:  # noqa: ARG001  (the table's)
    spots = list(_STATE.finditer(text))
    if not spots:
        return None
    spot = rng.choice(spots)
    return text[: spot.start()] + _STATES[spot[0]] + text[spot.end() :]


def _single(kind: str) -> Callable[[str, str, random.Random], str | None]:
    return lambda text, source, rng: corrupt_sentence(kind, text, source, rng)


KINDS: Mapping[str, Callable[[str, str, random.Random], str | None]] = {
    "exchanged number": lambda text, source, rng: _exchanged(_NUMBER, text, source, rng),
    "exchanged day": lambda text, source, rng: _exchanged(_DAY, text, source, rng),
    "exchanged name": lambda text, source, rng: _exchanged(_NAME, text, source, rng),
    "state": _state,
    **{
        kind: _single(kind)
        for kind in ("number", "unit", "date", "drug", "negation", "laterality", "finding")
    },
}
"""By name, from claim, source and chance to the claim with one fault; None: the kind has no place in it."""
_RARE = ("unit", "laterality")  # few sentences have a place for them; by turns they would hardly be seen


def add_fault(text: str, source: str, rng: random.Random) -> tuple[str, str] | None:
    """Return a claim with one fault, and of which kind; None where no kind has a place in it."""
    turns = rng.sample(sorted(KINDS), len(KINDS))
    for kind in (*_RARE, *turns) if rng.random() < 0.5 else turns:
        found = KINDS[kind](text, source, rng)
        if found is not None and found != text:
            return found, kind
    return None
