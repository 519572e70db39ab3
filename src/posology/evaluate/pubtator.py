"""Abstracts in PubTator's form, and their sentences with the mentions that stand in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from posology.evaluate.items import Mention
from posology.evaluate.reading import Line, read_lines
from posology.records.sentences import sentence_spans
from posology.spans import Span

__all__ = ["Abstract", "Sentence", "cut_sentences", "read_pubtator"]

_TEXT = re.compile(r"(\d+)\|([ta])\|(.*)")
_NUMBER_CUT = re.compile(r"\d\.$")  # some abstracts print "P = 0. 001"
_WORDLESS = re.compile(r"(?!.*[^\W\d_]{3})")


@dataclass(frozen=True, slots=True)
class Abstract:
    """A title and an abstract; mentions count characters of ``text``, the two with a space between."""

    line: Line
    id: str
    title: str
    body: str
    mentions: tuple[Mention, ...]

    @property
    def text(self) -> str:
        """Return title and abstract as the mentions count them."""
        return f"{self.title} {self.body}"

    def __repr__(self) -> str:
        """Show the id, never the text."""
        return f"Abstract({self.id})"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an abstract, its mentions counted from its own start."""

    text: str
    mentions: tuple[Mention, ...]
    in_title: bool

    def __repr__(self) -> str:
        """Show the length, never the text."""
        return f"Sentence({len(self.text)} characters)"


def read_pubtator(path: Path) -> Iterator[Abstract]:
    """Yield the abstracts of a file; raise UserError at a line of another form or a mention out of place."""
    block: list[tuple[Line, str]] = []
    for line, text in read_lines(path):
        if text.strip():
            block.append((line, text))
        elif block:
            yield _parse(block)
            block = []
    if block:
        yield _parse(block)


def _parse(block: Sequence[tuple[Line, str]]) -> Abstract:
    line = block[0][0]
    parts = [_TEXT.fullmatch(text) for _, text in block[:2]]
    if len(parts) < 2 or not (parts[0] and parts[1]) or parts[0][2] + parts[1][2] != "ta":
        raise line.fault("no title and abstract (number|t|... and number|a|...)")
    if parts[0][1] != parts[1][1]:
        raise line.fault("title and abstract of different articles")
    title, body = parts[0][3], parts[1][3]
    mentions = [_mention(f"{title} {body}", *row) for row in block[2:]]
    return Abstract(line, parts[0][1], title, body, tuple(sorted(mentions)))


def _mention(text: str, line: Line, row: str) -> Mention:
    values = row.split("\t")
    if len(values) < 5 or not (values[1].isdecimal() and values[2].isdecimal()):
        raise line.fault("not number, start, end, words, type, concept with tabs between")
    start, end = int(values[1]), int(values[2])
    if text[start:end].split() != values[3].split():
        raise line.fault("the words do not stand at the place given")
    return Mention(start, end, values[4], text[start:end])


def cut_sentences(abstract: Abstract) -> list[Sentence]:
    """Cut an abstract into sentences; a boundary inside a mention or a decimal number is none."""
    offset = len(abstract.title) + 1
    spans = sentence_spans(abstract.title)
    spans += [Span(one.start + offset, one.end + offset) for one in sentence_spans(abstract.body)]
    found = [
        Sentence(span.of(abstract.text), _inside(abstract.mentions, span), span.start < offset)
        for span in _whole(abstract, spans)
    ]
    if sum(len(one.mentions) for one in found) != len(abstract.mentions):
        raise abstract.line.fault("a mention that begins or ends outside every sentence")
    return found


def _whole(abstract: Abstract, spans: Sequence[Span]) -> list[Span]:
    """Join sentences that a mention or a number reaches over, and what has no word to the one before."""
    joined: list[Span] = []
    for span in spans:
        before = joined[-1] if joined else None
        if before and span.start != len(abstract.title) + 1 and _belong(abstract, before, span):
            joined[-1] = Span(before.start, span.end)
        else:
            joined.append(span)
    return joined


def _belong(abstract: Abstract, before: Span, span: Span) -> bool:
    text = span.of(abstract.text)
    return (
        bool(_WORDLESS.match(text))
        or (text[:1].isdigit() and bool(_NUMBER_CUT.search(before.of(abstract.text))))
        or any(one.start < before.end and one.end > span.start for one in abstract.mentions)
    )


def _inside(mentions: Sequence[Mention], span: Span) -> tuple[Mention, ...]:
    return tuple(
        Mention(one.start - span.start, one.end - span.start, one.label, one.text)
        for one in mentions
        if span.start <= one.start and one.end <= span.end
    )
