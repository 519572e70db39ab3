"""Splitting clinical text into sentences with exact offsets."""

import re
from collections.abc import Iterator

from posology.spans import Span

__all__ = ["sentence_spans"]

_ABBREVIATION_WORDS = (
    "dr mr mrs ms prof st vs pt pts approx appt dept est fig no nos vol ed inc ltd jr sr e.g i.e etc cf al "
    "mg mcg ml kg g l cc tab tabs cap caps inj sol susp oint amp q.d b.i.d t.i.d q.i.d q.h.s h.s p.r.n p.o "
    "q.o.d a.c p.c i.v i.m s.c s.q sub.q q.4h q.6h q.8h q.12h q a.m p.m u.s m.d d.o r.n ph.d n.p p.a "
    "wt ht temp resp hr bp yr yrs y.o mo mos wk wks hosp lab labs dx hx rx sx tx fx jan feb mar apr jun jul "
    "aug sep sept oct nov dec mon tue wed thu fri sat sun bilat rt lt"
)
_ABBREVIATIONS = frozenset(_ABBREVIATION_WORDS.split())
# titles and small words after which a sentence never ends; after a unit it may, before a capital
_NEVER_END_WORDS = "dr mr mrs ms prof st vs no nos fig e.g i.e cf approx appt dept vol"
_NEVER_END = frozenset(_NEVER_END_WORDS.split())
_STOP = re.compile(r"[.!?]+[)\"'\u201d\u2019\]]*(?=\s|$)")
_BREAK = re.compile(r"\f|\r?\n[ \t]*(?:\r?\n[ \t]*)+")
_LINE = re.compile(r"\r?\n")
_ITEM = re.compile(
    r"[ \t]*(?:[-*\u2022\u00b7\u25aa\u25cf+>]|\(?\d{1,2}[.)]|\(?[a-z][.)]|\[[ xX]?\])\s+(?=\S)"
)
_LABEL = re.compile(r"[ \t]*[A-Za-z][A-Za-z0-9 /&()'-]{0,48}:(?:\s|$)")
_HEADING = re.compile(r"[ \t]*(?:#{1,6}[ \t].*|[A-Z][A-Z0-9 /&()'-]{2,60}:?)[ \t]*$")
_CAPITALS = re.compile(r"(?:(?<=[.,;])|(?<=[.,;]\s)|(?<=\s\s))(?=[A-Z][A-Z/&'-]+(?: [A-Z/&'-]+){0,6}[ \t]*:)")
_GLANCE = 160  # characters that are looked at before and after a place
_WORD_BEFORE = re.compile(r"[A-Za-z][A-Za-z.]*$")


def sentence_spans(text: str) -> list[Span]:
    """Return the sentences of a text, in order, without the white space around them.

    Blank lines, list items, headings and lines that begin with a label ("BP: ...") end a sentence; a
    line that was merely wrapped does not, nor does the full stop of "Dr.", "q.d." or "1.5".

    >>> note = "Seen by Dr. Lee. BMI 41.2 today."
    >>> [span.of(note) for span in sentence_spans(note)]
    ['Seen by Dr. Lee.', 'BMI 41.2 today.']
    """
    found: list[Span] = []
    for block in _blocks(text):
        for stretch in _stretches(text, block):
            found.extend(_sentences_of(text, stretch))
    return found


def _blocks(text: str) -> Iterator[Span]:
    start = 0
    for paragraph_end, next_start in _paragraphs(text):
        yield from _lines(text, start, paragraph_end)
        start = next_start


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    for match in _BREAK.finditer(text):
        yield match.start(), match.end()
    yield len(text), len(text)


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    """Join wrapped lines of a paragraph; an item, label or heading begins a block of its own."""
    begin = position = start
    while position < end:
        match = _LINE.search(text, position, end)
        line_end, following = (match.start(), match.end()) if match else (end, end)
        line, after = text[position:line_end], text[following : min(end, following + _GLANCE)]
        after = after.partition("\n")[0].rstrip("\r")
        if following >= end or _breaks_line(line, after):
            yield Span(begin, line_end)
            begin = following
        position = following


def _breaks_line(line: str, after: str) -> bool:
    if _ITEM.match(after) or _LABEL.match(after) or _HEADING.match(after) or _HEADING.match(line):
        return True
    short = len(line.rstrip()) < 45
    return short and bool(line.strip()) and line.rstrip()[-1:] not in ",;-(/" and after.lstrip()[:1].isupper()


def _stretches(text: str, block: Span) -> Iterator[Span]:
    """Cut a line before headings in capitals inside it, as where line breaks were lost."""
    start = block.start
    for match in _CAPITALS.finditer(text, block.start, block.end):
        if match.start() > start:
            yield Span(start, match.end())
            start = match.end()
    yield Span(start, block.end)


def _sentences_of(text: str, block: Span) -> Iterator[Span]:
    start = block.start
    for match in _STOP.finditer(text, block.start, block.end):
        if _ends_sentence(text, match, start, block.end):
            yield from _trimmed(text, start, match.end())
            start = match.end()
    yield from _trimmed(text, start, block.end)


def _ends_sentence(text: str, stop: re.Match[str], start: int, end: int) -> bool:
    before = text[max(start, stop.start() - _GLANCE) : stop.start()]
    if not before.strip():
        return False
    if not stop[0].startswith(".") or stop[0].startswith(".."):
        return True
    following = text[stop.end() : min(end, stop.end() + _GLANCE)].lstrip()
    if not following or _is_bullet(before):
        return not _is_bullet(before)
    word = _WORD_BEFORE.search(before)
    name = word[0].lower() if word else ""
    if name in _NEVER_END or (word and len(name) == 1 and name != "i" and word[0].isupper()):
        return False
    if name in _ABBREVIATIONS:
        return following[0].isupper() and not following[:2].isupper()
    return not following[0].islower() or len(name) > 3


def _is_bullet(before: str) -> bool:
    return bool(re.fullmatch(r"\s*\(?(?:\d{1,2}|[A-Za-z])", before))


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield Span(start, end)
