"""The forms of answers: one label, mentions copied from the text, codes, a written text.

A form is strict: what it cannot read without guessing is a parse failure, counted apart from wrong answers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from posology.chat import Choice, Constraint, Copy, Pattern
from posology.evaluate.items import Answer, Item, Mention
from posology.evaluate.task import Kind

__all__ = ["ChoiceForm", "CodesForm", "MentionsForm", "TextForm", "locate_mentions"]

_TRIMMED = " \t\r\n\"'`*.,;:()[]"
_LINE = re.compile(r"^[-*•\d.)\s]*")


@dataclass(frozen=True, slots=True)
class ChoiceForm:
    """One of the task's labels, or of the item's options by letter.

    ``lead``: the sentence before the labels, in the language of the task.
    """

    labels: tuple[str, ...] = ()  # empty: the item's options, answered by letter
    lead: str = "Answer with exactly one of:"
    max_tokens: int = 16

    @property
    def kind(self) -> Kind:
        """Say what an answer is."""
        return Kind.CHOICE

    def choices(self, item: Item) -> tuple[str, ...]:
        """Return the labels of an item."""
        return self.labels or tuple("ABCDEFGHIJ"[: len(item.options)])

    def instruction(self, item: Item) -> str:
        """Say how to answer."""
        return f"{self.lead} {', '.join(self.choices(item))}."

    def write(self, item: Item, answer: Answer) -> str:
        """Write the label."""
        if answer not in self.choices(item):
            raise ValueError(f"not a label of this item: {answer!r}")
        return str(answer)

    def constraint(self, item: Item) -> Constraint:
        """Hold the answer to the labels."""
        return Choice(self.choices(item))

    def read(self, text: str, item: Item) -> str:
        """Read the label: alone, or as the first words of the answer; two labels are none."""
        choices = {choice.casefold(): choice for choice in self.choices(item)}
        plain = text.strip(_TRIMMED).casefold()
        if plain in choices:
            return choices[plain]
        leading = [folded for folded in choices if re.match(rf"{re.escape(folded)}(?!\w)", plain)]
        first = max(leading, key=len, default="")
        if not first:
            raise ValueError("the answer begins with none of the labels")
        rest = plain[len(first) :].partition("\n")[0]
        if self.labels and any(
            re.search(rf"(?<!\w){re.escape(one)}(?!\w)", rest) for one in choices if one != first
        ):
            raise ValueError("the answer names more than one label")
        return choices[first]


@dataclass(frozen=True, slots=True)
class MentionsForm:
    """Mentions copied word for word from the text, one a line: ``label: words``, or the words alone.

    ``names``: the labels with the words by which a prompt calls them, such as {"Disease": "disease"}.
    """

    names: Mapping[str, str]
    lead: str = "Copy each mention exactly as it stands in the text, one per line"
    nothing: str = "none"
    max_items: int = 40
    max_words: int = 12
    max_tokens: int = 256

    @property
    def kind(self) -> Kind:
        """Say what an answer is."""
        return Kind.ENTITIES

    def instruction(self, item: Item) -> str:  # noqa: ARG002  (the protocol's)
        """Say how to answer."""
        shown = " or ".join(f"`{name}: words`" for name in self.names.values())
        asked = self.lead if len(self.names) == 1 else f"{self.lead}, as {shown}"
        return f"{asked}. If there is none, answer `{self.nothing}`."

    def write(self, item: Item, answer: Answer) -> str:  # noqa: ARG002
        """Write the mentions in the order of the text."""
        mentions = [one for one in answer if isinstance(one, Mention)]
        if not mentions:
            return self.nothing
        if len(self.names) == 1:
            return "\n".join(one.text for one in mentions)
        return "\n".join(f"{self.names[one.label]}: {one.text}" for one in mentions)

    def constraint(self, item: Item) -> Constraint:
        """Hold the answer to words of the text."""
        labels = () if len(self.names) == 1 else tuple(self.names.values())
        return Copy(item.text, labels, self.nothing, self.max_items, self.max_words)

    def read(self, text: str, item: Item) -> tuple[Mention, ...]:
        """Read the lines; the n-th time a mention is named is its n-th place in the text."""
        if text.strip(_TRIMMED).casefold() == self.nothing.casefold():
            return ()
        lines = [stripped for line in text.splitlines() if (stripped := _LINE.sub("", line).strip())]
        if not lines:
            raise ValueError("an empty answer; nothing found is said by the word for it")
        return locate_mentions(item.text, [self._pair(line) for line in lines])

    def _pair(self, line: str) -> tuple[str, str]:
        if len(self.names) == 1:
            return next(iter(self.names)), line
        name, colon, words = line.partition(":")
        labels = {shown.casefold(): label for label, shown in self.names.items()}
        label = labels.get(name.strip(_TRIMMED).casefold())
        if not colon or label is None:
            raise ValueError("a line that does not begin with one of the labels and a colon")
        return label, words.strip()


def locate_mentions(text: str, named: Sequence[tuple[str, str]]) -> tuple[Mention, ...]:
    """Find named words in a text: (label, words) in the order they were named -> mentions.

    Words are looked for as whole words, first as written, then without regard to case; a word named again
    is its next place; what stands nowhere gets the place -1.
    """
    taken: set[tuple[int, int, str]] = set()
    found = []
    for number, (label, words) in enumerate(named):
        place = _next_place(text, words, label, taken)
        if place is None and (label, words) in named[:number]:
            continue  # named more often than it stands there
        start, end = place or (-1, -1)
        taken.add((start, end, label))
        found.append(Mention(start, end, label, text[start:end] if place else words))
    return tuple(sorted(found))


def _next_place(
    text: str, words: str, label: str, taken: set[tuple[int, int, str]]
) -> tuple[int, int] | None:
    stripped = words.strip()
    if not stripped:
        return None
    pattern = r"\s+".join(re.escape(word) for word in stripped.split())
    for flags in (0, re.IGNORECASE):
        for match in re.finditer(rf"(?<!\w){pattern}(?!\w)", text, flags):
            if (match.start(), match.end(), label) not in taken:
                return match.span()
    return None


@dataclass(frozen=True, slots=True)
class CodesForm:
    """A set of codes of one code system, one a line."""

    pattern: str  # of one code, a regular expression without groups
    lead: str = "Answer with the codes only, one per line."
    max_items: int = 30
    max_tokens: int = 160
    upper: bool = True

    @property
    def kind(self) -> Kind:
        """Say what an answer is."""
        return Kind.CODES

    def instruction(self, item: Item) -> str:  # noqa: ARG002
        """Say how to answer."""
        return self.lead

    def write(self, item: Item, answer: Answer) -> str:  # noqa: ARG002
        """Write the codes in their order."""
        return "\n".join(str(code) for code in answer)

    def constraint(self, item: Item) -> Constraint:  # noqa: ARG002
        """Hold the answer to lines that look like codes."""
        return Pattern(f"{self.pattern}(\\n{self.pattern}){{0,{self.max_items - 1}}}")

    def read(self, text: str, item: Item) -> tuple[str, ...]:  # noqa: ARG002
        """Read the codes; words around them are let pass, an answer without any code is not."""
        said = text.upper() if self.upper else text
        codes = re.findall(rf"(?<![\w.])(?:{self.pattern})(?!\w)", said)
        if not codes:
            raise ValueError("the answer holds no code")
        return tuple(sorted(set(codes)))


@dataclass(frozen=True, slots=True)
class TextForm:
    """A written text."""

    lead: str
    max_tokens: int = 200

    @property
    def kind(self) -> Kind:
        """Say what an answer is."""
        return Kind.TEXT

    def instruction(self, item: Item) -> str:  # noqa: ARG002
        """Say how to answer."""
        return self.lead

    def write(self, item: Item, answer: Answer) -> str:  # noqa: ARG002
        """Return the text."""
        return str(answer)

    def constraint(self, item: Item) -> None:
        """No constraint makes a text right."""

    def read(self, text: str, item: Item) -> str:  # noqa: ARG002
        """Return the text; an empty one is no answer."""
        if not text.strip():
            raise ValueError("an empty answer")
        return text.strip()
