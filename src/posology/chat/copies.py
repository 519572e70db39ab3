"""Answers copied from a text: which lines are such, and the grammar that allows nothing else.

White space counts as one space: a span of two lines of a chart is one line of an answer.
"""

import re
from collections.abc import Iterator

from posology.chat.generator import Copy
from posology.chat.literals import literal
from posology.errors import EngineError

__all__ = ["copy_rule", "find_copy_fault", "flat_words"]

MAX_SPANS = 2_000  # alternatives of a grammar that names each span
_EDGE = ".,;:!?()[]{}\"'`*"


def flat_words(text: str) -> str:
    """Return the text with single spaces for white space of any kind."""
    return " ".join(text.split())


def find_copy_fault(answer: str, copy: Copy) -> str:
    """Return why an answer is no copy of the text's words, in one phrase, or ""."""
    if answer == copy.nothing:
        return ""
    text, lines = flat_words(copy.text), answer.split("\n")
    if len(lines) > copy.max_items:
        return f"the answer has {len(lines)} lines, {copy.max_items} are allowed"
    for number, line in enumerate(lines, start=1):
        label, colon, words = line.partition(": ") if copy.labels else ("", "", line)
        if copy.labels and (not colon or label not in copy.labels):
            return f"line {number} begins with none of the labels"
        if not words or words != flat_words(words):
            return f"line {number} holds no words, or spaces that stand alone"
        if len(words.split(" ")) > copy.max_words:
            return f"line {number} has more than {copy.max_words} words"
        if not _stands_in(words, text):
            return f"line {number} is not copied from the text"
    return ""


def _stands_in(words: str, text: str) -> bool:
    """Say whether whole words of the text read so."""
    before = r"(?<!\w)" if words[0].isalnum() or words[0] == "_" else ""
    after = r"(?!\w)" if words[-1].isalnum() or words[-1] == "_" else ""
    return re.search(before + re.escape(words) + after, text) is not None


def copy_rule(copy: Copy) -> str:
    """Return the body of an EBNF rule that names every span; raise EngineError where these are too many."""
    spans = list(dict.fromkeys(_spans(copy)))
    if len(spans) > MAX_SPANS:
        raise EngineError(
            f"an answer copied from a text of {len(copy.text.split())} words has {len(spans)} possible "
            f"spans; this engine can be held to {MAX_SPANS} at most: use the engine transformers, a shorter "
            "text or fewer words a span"
        )
    nothing = literal(copy.nothing)
    if not spans:
        return nothing
    label = f'({" | ".join(map(literal, copy.labels))}) ": " ' if copy.labels else ""
    more = f' ("\\n" line){{0,{copy.max_items - 1}}}' if copy.max_items > 1 else ""
    return f"{nothing} | line{more}\nline ::= {label}span\nspan ::= {' | '.join(map(literal, spans))}"


def _spans(copy: Copy) -> Iterator[str]:
    """Yield the runs of words without the punctuation around them."""
    words = copy.text.split()
    for begin in range(len(words)):
        for end in range(begin + 1, min(begin + copy.max_words, len(words)) + 1):
            span = " ".join(words[begin:end]).strip(_EDGE)
            if span and len(span.split(" ")) == end - begin:
                yield span
