"""Sentences tagged word by word (IOB2): reading them, joining their words to a text, finding the mentions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from posology.evaluate.items import Mention
from posology.evaluate.reading import Line, read_lines

__all__ = ["TaggedSentence", "find_spans", "join_words", "mentions_at", "place_words", "read_iob"]

Place = tuple[int, int]
"""Characters of a text, half-open."""

_CLOSING = frozenset([",", ";", ":", ".", ")", "]", "}", "?", "!", "%", "®", "™", "°", "”", "»", "…"])
_OPENING = frozenset(["(", "[", "{", "“", "«"])
_TIGHT = frozenset(["-", "/", "’", "'", "–", "+/-", "^"])  # without space between words
_ELISION = re.compile(r"[^\W\d_]+['’]")  # l', d', dell', jusqu'


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """The words of a sentence and the tag of each; ``line`` is that of the first word."""

    line: Line
    words: tuple[str, ...]
    tags: tuple[str, ...]

    def __repr__(self) -> str:
        """Show the length, never the words."""
        return f"TaggedSentence({len(self.words)} words)"


def read_iob(path: Path, labels: Sequence[str], *, delimiter: str) -> Iterator[TaggedSentence]:
    """Yield the sentences of a file of lines "word, delimiter, tag" with a blank line between sentences.

    Raises UserError at a line of another form, a tag of another label, an I- that continues nothing.
    """
    allowed = {"O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")}
    lines: list[Line] = []
    words: list[str] = []
    tags: list[str] = []
    for line, text in read_lines(path):
        if not text:
            if words:
                yield TaggedSentence(lines[0], tuple(words), tuple(tags))
            lines, words, tags = [], [], []
            continue
        word, found, tag = text.rpartition(delimiter)
        if not found or not word.strip() or tag not in allowed:
            raise line.fault(f"not a word and one of the tags {', '.join(sorted(allowed))}")
        if tag.startswith("I-") and (not tags or tags[-1] not in (tag, f"B-{tag[2:]}")):
            raise line.fault(f"{tag} continues nothing")
        lines.append(line)
        words.append(word)
        tags.append(tag)
    if words:
        yield TaggedSentence(lines[0], tuple(words), tuple(tags))


def find_spans(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Find the (first word, word after the last, label) of strict IOB2 tags; an I- alone begins nothing.

    >>> find_spans(["B-Drug", "I-Drug", "O", "I-Drug", "B-Drug"])
    [(0, 2, 'Drug'), (4, 5, 'Drug')]
    """
    found = []
    for first, tag in enumerate(tags):
        if not tag.startswith("B-"):
            continue
        end = first + 1
        while end < len(tags) and tags[end] == f"I-{tag[2:]}":
            end += 1
        found.append((first, end, tag[2:]))
    return found


def join_words(words: Sequence[str]) -> tuple[str, list[Place]]:
    """Join words to a text as it would be printed, and tell the place of each word in it.

    >>> join_words(["22", "-", "oxacalcitriol", "(", "OCT", ")", "."])[0]
    '22-oxacalcitriol (OCT).'
    """
    text = ""
    places: list[Place] = []
    quoted = False
    for number, word in enumerate(words):
        if number and _spaced(words, number, quoted):
            text += " "
        if word == '"':
            quoted = not quoted
        places.append((len(text), len(text) + len(word)))
        text += word
    return text, places


def _spaced(words: Sequence[str], number: int, quoted: bool) -> bool:
    """Say whether a space stands before a word."""
    before, word = words[number - 1], words[number]
    if before in _OPENING or _ELISION.fullmatch(before):
        return False
    if word == "%" and not before[-1:].isdigit():
        return True  # Basque: "% 85"
    if word in _CLOSING:
        return False
    if tuple(words[max(0, number - 3) : number]) == ("+", "/", "-"):
        return True
    if word == '"' or before == '"':
        return not quoted
    if _is_tight(words, number) or _is_tight(words, number - 1):
        return False
    decimal = before == "." and number >= 2 and words[number - 2].isdigit() and word.isdigit()
    return not decimal and not (before == "°" and word[:1] in "CF")


def _is_tight(words: Sequence[str], number: int) -> bool:
    """Say whether a word is a hyphen, slash or apostrophe between two words."""
    inside = 0 < number < len(words) - 1
    return inside and words[number] in _TIGHT


def place_words(words: Sequence[str], text: str, start: int) -> list[Place] | None:
    """Find words one after the other in a text from ``start`` on, nothing but white space between them."""
    places = []
    position = start
    for word in words:
        while position < len(text) and text[position].isspace():
            position += 1
        if not text.startswith(word, position):
            return None
        places.append((position, position + len(word)))
        position += len(word)
    return places


def mentions_at(text: str, places: Sequence[Place], tags: Sequence[str]) -> tuple[Mention, ...]:
    """Return the mentions that the tags of the words at these places make."""
    found = []
    for first, after, label in find_spans(tags):
        start, end = places[first][0], places[after - 1][1]
        found.append(Mention(start, end, label, text[start:end]))
    return tuple(sorted(found))
