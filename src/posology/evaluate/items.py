"""What is asked and what is answered: items with their gold answers, and the responses of a system."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Answer", "Item", "Mention", "Outcome", "Response"]


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """A stretch of an item's text and what it is; offsets are characters, half-open.

    ``start`` and ``end`` are -1 where a system named words that do not stand in the text: an invention.
    """

    start: int
    end: int
    label: str
    text: str

    def __repr__(self) -> str:
        """Show where and what, never the words: they may be a patient's."""
        return f"Mention({self.start}, {self.end}, {self.label})"


Answer = str | tuple[str, ...] | tuple[Mention, ...]
"""A label or a text; codes (sorted, without repetition); mentions (in the order of the text)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a task. ``group`` is the patient, document or source text that it came from.

    ``options``: the answers to choose from in their order, where they differ from item to item.
    ``fields``: structured values, such as vital signs, for systems that read tables; None: not recorded.
    ``slices``: what a report may break its scores down by, such as {"sex": "female", "age": "65 and over"}.
    """

    id: str
    group: str
    text: str
    gold: Answer
    options: tuple[str, ...] = ()
    fields: Mapping[str, float | str | None] = field(default_factory=dict)
    slices: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the id and the length, never the text."""
        return f"Item({self.id}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class Response:
    """What a system made of one item. ``answer`` is None exactly where ``failure`` or ``abstained`` says why.

    ``failure`` begins with its kind: "parse: …" (an answer of another form), "length: …" (the item does not
    fit the window), "engine: …". ``scores``: probability by label, where the system tells.
    ``seconds``: of this item, or its share of the batch that it was answered in.
    """

    answer: Answer | None
    failure: str = ""
    abstained: bool = False
    text: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    prompt_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0

    def __repr__(self) -> str:
        """Show how it ended, never the text."""
        return f"Response({self.failure or ('abstained' if self.abstained else 'answered')})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An item and what a system answered."""

    item: Item
    response: Response
