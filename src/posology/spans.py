"""Half-open spans of characters, and finding a quote in a text with white space folded."""

import re
from dataclasses import dataclass

__all__ = ["Span", "find_quote"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of a text: characters ``start`` to ``end``, half-open."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse a span that runs backwards or starts before the text."""
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start} to {self.end}")

    def of(self, text: str) -> str:
        """Return the characters of ``text`` that the span covers."""
        return text[self.start : self.end]

    def overlaps(self, other: "Span") -> bool:
        """Tell whether the two spans share a character."""
        return self.start < other.end and other.start < self.end


def find_quote(text: str, quote: str, *, ignore_case: bool = False) -> Span | None:
    """Find ``quote`` in ``text``, any run of white space equal to any other; ``None`` if absent.

    >>> find_quote("body-mass\\n  index", "body-mass index")
    Span(start=0, end=17)
    """
    words = quote.split()
    if not words:
        return None
    pattern = r"\s+".join(re.escape(word) for word in words)
    match = re.search(pattern, text, re.IGNORECASE if ignore_case else 0)
    return Span(match.start(), match.end()) if match else None
