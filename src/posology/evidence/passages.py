"""Cutting documents into passages of whole sentences, with exact offsets into the document's text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from posology.records.chart import Document
from posology.records.dates import PartialDate
from posology.records.sections import find_sections
from posology.records.sentences import sentence_spans
from posology.spans import Span

__all__ = ["Passage", "split_passages"]

_ENOUGH_WORDS = 60  # a window is closed when it has so many words
_MOST_WORDS = 120  # and takes no further sentence that would carry it past so many
_OVERLAP_WORDS = 40  # a longer sentence is not repeated in the next window


@dataclass(frozen=True, slots=True)
class Passage:
    """Some neighbouring sentences of one section of one document.

    ``start`` and ``end`` are characters of the document's text, half-open, and ``text`` is exactly what
    stands there; ``sentences`` are the sentences' spans in the same document. ``section`` is the kind of
    the section, such as ``family_history``, or empty; ``restricted`` as in Document.
    """

    source: str
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...]
    section: str = ""
    date: PartialDate | None = None
    restricted: str = ""

    def sentence_text(self, sentence: Span) -> str:
        """Return the characters of one of the passage's sentences."""
        return self.text[sentence.start - self.start : sentence.end - self.start]

    def __repr__(self) -> str:
        """Show where the passage stands, never what it says: it is patient text."""
        return f"Passage({self.source}, {self.start}:{self.end})"


def split_passages(documents: Iterable[Document]) -> tuple[Passage, ...]:
    """Cut documents into passages of about 60 to 120 words that overlap by one sentence.

    Every sentence of a document stands whole in some passage. A passage never crosses a section's border.
    A sentence longer than a passage makes one by itself.
    """
    return tuple(passage for document in documents for passage in _of_document(document))


def _of_document(document: Document) -> Iterator[Passage]:
    sentences = sentence_spans(document.text)
    for section, group in _by_section(document.text, sentences):
        for window in _windows(document.text, group):
            start, end = window[0].start, window[-1].end
            yield Passage(
                source=document.source,
                start=start,
                end=end,
                text=document.text[start:end],
                sentences=window,
                section=section,
                date=document.date,
                restricted=document.restricted,
            )


def _by_section(text: str, sentences: Sequence[Span]) -> Iterator[tuple[str, list[Span]]]:
    """Group sentences by the section that they begin in; the heading belongs to its section."""
    borders = [(section.heading.start, str(section.kind)) for section in find_sections(text)]
    name, group, position = "", list[Span](), 0
    for sentence in sentences:
        while position < len(borders) and borders[position][0] <= sentence.start:
            if group:
                yield name, group
                group = []
            name = borders[position][1]
            position += 1
        group.append(sentence)
    if group:
        yield name, group


def _windows(text: str, sentences: Sequence[Span]) -> Iterator[tuple[Span, ...]]:
    window: list[Span] = []
    words = fresh = 0  # words in the window; sentences in it that stood in no window before
    for sentence in sentences:
        size = len(sentence.of(text).split())
        if fresh and (words >= _ENOUGH_WORDS or words + size > _MOST_WORDS):
            yield tuple(window)
            last = window[-1]
            kept = len(last.of(text).split())
            repeat = kept <= _OVERLAP_WORDS and kept + size <= _MOST_WORDS
            window, words, fresh = ([last], kept, 0) if repeat else ([], 0, 0)
        window.append(sentence)
        words, fresh = words + size, fresh + 1
    if fresh:
        yield tuple(window)
