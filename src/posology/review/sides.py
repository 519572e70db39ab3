"""The two letters of a comparison as plain paragraphs, made alike so that their form tells less.

What goes: headings, letterhead, salutation, closing, list marks, curly quotes and dashes, white space, and
from the draft its citation marks, header block, table of criteria and sources. What stays, and may tell
which letter is which: the words themselves, their order, their number, and names that only one letter has.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.priorauth.letter import build_view

__all__ = ["Plain", "draft_letter", "plain_letter"]

_SALUTATION = re.compile(r"(?:dear\b.{0,80}|to whom it may concern|ladies and gentlemen)[,:.]?", re.I)
_CLOSING = re.compile(
    r"(?:sincerely|respectfully|cordially|(?:kind|best|warm)(?:est)? regards|regards|yours)\b.{0,30}[,.]?",
    re.I,
)
_SUBJECT = re.compile(r"(?:re|subject|date|to|from|fax|phone|tel|attn)\s*:", re.I)
_MARKDOWN = re.compile(r"#{1,6}\s|\*\*[^*]+\*\*:?$|__[^_]+__:?$")
_ITEM = re.compile(r"(?:[-*•·▪]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_MARKS = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "..."})
_LONGEST_HEADING = 60  # characters
_TOP_LINES, _END_LINES = 20, 12  # where letterhead and signature block may stand


@dataclass(frozen=True, slots=True, repr=False)
class Plain:
    """A letter as paragraphs with an empty line between, and the lines that were left out of it."""

    text: str
    left_out: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show sizes only."""
        return f"Plain({len(self.text)} characters, {len(self.left_out)} lines left out)"


def draft_letter(record: Mapping[str, Any]) -> Plain:
    """Return what a packet's letter tells: the sentences of its narrative, without marks and titles."""
    sections = build_view(record).sections
    paragraphs = [part for section in sections for part in section.paragraphs]
    return plain_letter("\n\n".join(" ".join(one.text for one in part) for part in paragraphs))


def plain_letter(text: str) -> Plain:
    """Return a letter as plain paragraphs; the same rules hold for both letters.

    >>> plain_letter("Dear Dr. Lee:\\n\\nHISTORY\\nShe has  tried\\ndiet.\\n\\nSincerely,\\nAnn Ray, MD").text
    'She has tried diet.'
    """
    lines = [_visible(line) for line in re.split(r"\r\n|[\n\r\f\v\x85\u2028\u2029]", text)]
    body, left_out = _body(lines)
    paragraphs: list[str] = []
    for block in _blocks(body):
        paragraphs += _paragraphs(block, left_out)
    return Plain("\n\n".join(paragraphs), tuple(left_out))


def _visible(line: str) -> str:
    """Fold white space and marks; drop characters that cannot be seen."""
    seen = "".join(c if unicodedata.category(c)[0] != "C" or c.isspace() else "" for c in line)
    return " ".join(unicodedata.normalize("NFC", seen).translate(_MARKS).split())


def _body(lines: Sequence[str]) -> tuple[Sequence[str], list[str]]:
    """Return the lines between salutation and closing, and those around them."""
    start = next((n + 1 for n, line in enumerate(lines[:_TOP_LINES]) if _SALUTATION.fullmatch(line)), 0)
    last = len(lines)
    while last > start and not lines[last - 1]:
        last -= 1
    tail = range(max(start, last - _END_LINES), last)
    end = next((n for n in tail if _CLOSING.fullmatch(lines[n])), last)
    return lines[start:end], [line for line in (*lines[:start], *lines[end:]) if line]


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    block: list[str] = []
    for line in (*lines, ""):
        if line:
            block.append(line)
        elif block:
            yield block
            block = []


def _paragraphs(block: Sequence[str], left_out: list[str]) -> list[str]:
    found: list[list[str]] = [[]]
    for line in block:
        if _is_heading(line, alone=len(block) == 1):
            left_out.append(line)
            found.append([])
            continue
        item = _ITEM.match(line)
        if item:
            found.append([])
        found[-1].append(line[item.end() :] if item else line)
    return [" ".join(lines) for lines in found if lines]


def _is_heading(line: str, *, alone: bool) -> bool:
    """Say whether a line titles what follows; a line alone with no full stop and no figure does."""
    if _MARKDOWN.match(line) or _SUBJECT.match(line):
        return True
    if len(line) > _LONGEST_HEADING or _ITEM.match(line) or any(c.isdigit() for c in line):
        return False
    letters = [c for c in line if c.isalpha()]
    if len(letters) > 2 and all(c.isupper() for c in letters) and line[-1] not in ".!?":
        return True
    if line.endswith(":"):
        return len(line.split()) <= 4
    return alone and line[-1] not in ".!?;,\"'" and len(line.split()) <= 8
