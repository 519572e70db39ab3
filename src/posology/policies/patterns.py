"""Regular expressions of a policy, bounded beforehand: none can run for long on a patient's text.

Python's matcher backs up and tries again. How often it can is bounded by the product of the choices that each
repetition and alternative offers, so a pattern whose choices multiply is refused, and a text that is too long
for a pattern's bound is a failure.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

__all__ = ["INVOCATIONS", "PatternFailure", "require_safe", "search"]

MOST_STEPS = 20_000_000
MOST_REPEATS = 4  # repetitions of open length
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_REFUSED = ("GROUPREF", "GROUPREF_EXISTS", "ASSERT", "ASSERT_NOT")


class PatternFailure(ValueError):
    """A pattern that cannot be run, or a text that is too long for it; it never shows the text."""


@lru_cache(maxsize=512)
def require_safe(pattern: str) -> tuple[tuple[int, ...], int]:
    """Return the widths of a pattern's repetitions and the number of its alternatives; refuse a runaway."""
    from re import _parser  # type: ignore[attr-defined]

    try:
        re.compile(pattern)
        tree = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as cause:
        raise PatternFailure(f"the pattern is no regular expression ({type(cause).__name__})") from cause
    widths: list[int] = []
    choices = _measure(tree, widths, inside=False)
    if len(widths) > MOST_REPEATS or choices > 1000:
        raise PatternFailure(f"the pattern may run without end: at most {MOST_REPEATS} repetitions")
    return tuple(widths), choices


def _measure(tree: Iterable[Any], widths: list[int], *, inside: bool) -> int:
    """Note the width of each repetition, and return the number of alternatives."""
    choices = 1
    for step, argument in tree:
        name = str(step)
        if name in _REFUSED:
            raise PatternFailure("the pattern looks back or ahead, which may run without end")
        if name in _REPEATS:
            low, high, body = argument
            if inside and high != low:
                raise PatternFailure("the pattern may run without end: a repetition inside a repetition")
            if high != low:
                widths.append(int(high) - int(low) + 1)
            choices *= _measure(body, widths, inside=inside or int(high) > 1)
        elif name == "BRANCH":
            if inside:
                raise PatternFailure("the pattern may run without end: alternatives inside a repetition")
            choices *= sum(_measure(body, widths, inside=inside) for body in argument[1])
        elif name in ("SUBPATTERN", "ATOMIC_GROUP"):
            body = argument[-1] if name == "SUBPATTERN" else argument
            choices *= _measure(body, widths, inside=inside)
    return choices


def search(pattern: str, text: str) -> re.Match[str] | None:
    """Search a text, unless it is too long for the pattern."""
    widths, choices = require_safe(pattern)
    steps = (len(text) + 1) * choices
    for width in widths:
        steps *= min(width, len(text) + 1)
    if steps > MOST_STEPS:
        raise PatternFailure(f"a text of {len(text)} characters is too long for the pattern")
    return re.search(pattern, text, re.DOTALL)


def _matches(texts: list[Any], pattern: Any) -> Any:
    text = _one_text(texts)
    return [] if text is None or not isinstance(pattern, str) else search(pattern, text) is not None


def _replace_matches(texts: list[Any], pattern: Any, instead: Any) -> Any:
    text = _one_text(texts)
    if text is None or not isinstance(pattern, str) or not isinstance(instead, str):
        return []
    search(pattern, text)
    return re.sub(pattern, lambda _: instead, text, flags=re.DOTALL)


def _one_text(texts: list[Any]) -> str | None:
    if not texts:
        return None
    if len(texts) > 1 or not isinstance(texts[0], str):
        raise PatternFailure("a pattern is matched against one text")
    return texts[0]


# what takes the place of the library's own functions
INVOCATIONS: Mapping[str, Mapping[str, Any]] = {
    "matches": {"fn": _matches, "arity": {1: ["String"]}, "nullable_input": True},
    "replaceMatches": {"fn": _replace_matches, "arity": {2: ["String", "String"]}, "nullable_input": True},
}
