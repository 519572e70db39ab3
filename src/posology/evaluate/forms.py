"""The forms of answers: one label, mentions copied from the text, codes, a written text.

A form is strict: what it cannot read without guessing is a parse failure, counted apart from wrong answers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from posology.chat import Choice, Constraint, Copy, Pattern
from posology.evaluate.items import Answer, Item, Mention
from posology.evaluate.task import Kind

__all__ = [
    "LETTERS",
    "ChoiceForm",
    "CodesForm",
    "MentionsForm",
    "TextForm",
    "ask_with_options",
    "locate_mentions",
    "without_marker",
]

LETTERS = "ABCDEFGHIJ"  # of the options of an item, in their order

_TRIMMED = " \t\r\n\"'`*.,;:()[]"
_MARKER = re.compile(r"^\s*(?:[-*•]\s+|\d{1,2}[.)]\s+)?")  # of a list; "5-FU" and "1,25-D" have none


_LEAD = re.compile(
    r"^(?:so|therefore|thus)?,?\s*(?:the |my )?(?:correct |right |best |final )?(?:answer|option|choice)"
    r"\s*(?:is|:)[\s\"'`*(\[:]*(?:option |answer )?",
    re.IGNORECASE,
)
_LINK = r"(?:\s*(?:,|/|\||&|\+)\s*|\s+)(?:(?:and|or|und|et|ou|e|o|y)\s+)?"  # between answers of a list
_CLAUSE = re.compile(r"\s*[,.;:()–—-]*\s*(?:because|since|as|the|this|that|there|it|its|based|given)\b")


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
        return self.labels or tuple(LETTERS[: len(item.options)])

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
        """Read the label: alone, after "the answer is", or as the first words; two labels are none."""
        choices = {choice.casefold(): choice for choice in self.choices(item)}
        plain = _LEAD.sub("", text.strip(_TRIMMED)).strip(_TRIMMED).casefold()
        if plain in choices:
            return choices[plain]
        if named := _option_named(plain, item):
            return named
        leading = [folded for folded in choices if re.match(rf"{re.escape(folded)}(?!\w)", plain)]
        first = max(leading, key=len, default="")
        if not first:
            raise ValueError("the answer begins with none of the labels")
        others = "|".join(re.escape(one) for one in choices if one != first)
        check = _check_label if self.labels else _check_letter
        check(plain[len(first) :].partition("\n\n")[0], others)
        return choices[first]


def _option_named(plain: str, item: Item) -> str:
    """Return the letter of the option that an answer is, word for word, with its letter or without."""
    found = {
        letter
        for letter, option in zip(LETTERS, item.options, strict=False)
        if plain in _spellings(letter.casefold(), option.strip(_TRIMMED).casefold())
    }
    return found.pop() if len(found) == 1 else ""


def _spellings(letter: str, option: str) -> tuple[str, ...]:
    return option, *(f"{letter}{between}{option}" for between in (" ", ". ", ") ", ": ", " - "))


def _check_label(rest: str, others: str) -> None:
    """Raise ValueError where another label follows the first, unless it stands in the reasons given."""
    line = rest.partition("\n")[0]
    if re.search(rf"(?<!\w)(?:{others})(?!\w)", line) and not _CLAUSE.match(line):
        raise ValueError("the answer names more than one label")


def _check_letter(rest: str, others: str) -> None:
    """Raise ValueError where a letter is only the first word of a sentence, or the first of several."""
    if re.match(rf"{_LINK}(?:{others})(?!\w)", rest) or re.search(
        rf"(?:^|[\s(])(?:{others})[).:](?!\w)", rest
    ):
        raise ValueError("the answer names more than one letter")
    if not re.match(r"\s*(?:[).:,;\n–—-]|$)|\s+(?:is|because|since)\b", rest):
        raise ValueError("the answer begins with a letter that is a word of its sentence")


def ask_with_options(item: Item) -> str:
    """Word a question with its options by letter, one a line."""
    options = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, item.options, strict=False))
    return f"{item.text}\n\n{options}"


@dataclass(frozen=True, slots=True)
class MentionsForm:
    """Mentions copied word for word from the text, one a line: ``label: words``, or the words alone.

    ``names``: the labels with the words by which a prompt calls them, such as {"Disease": "disease"}.
    """

    names: Mapping[str, str]
    lead: str = "Copy each mention exactly as it stands in the text, one per line"
    nothing: str = "none"
    absent: str = "If there is none, answer"
    max_items: int = 40
    max_words: int = 12
    max_tokens: int = 256

    @property
    def kind(self) -> Kind:
        """Say what an answer is."""
        return Kind.ENTITIES

    def instruction(self, item: Item) -> str:  # noqa: ARG002  (the protocol's)
        """Say how to answer."""
        names = list(self.names.values())
        if len(names) == 1:
            asked = self.lead
        elif len(names) <= 3:
            asked = f"{self.lead}, as {' or '.join(f'`{name}: words`' for name in names)}"
        else:
            asked = f"{self.lead}, as `type: words`. The types are: {', '.join(names)}"
        return f"{asked}. {self.absent} `{self.nothing}`."

    def write(self, item: Item, answer: Answer) -> str:  # noqa: ARG002
        """Write the mentions in the order of the text, each on one line."""
        mentions = [one for one in answer if isinstance(one, Mention)]
        if not mentions:
            return self.nothing
        lines = [(self.names[one.label], " ".join(one.text.split())) for one in mentions]
        return "\n".join(words if len(self.names) == 1 else f"{name}: {words}" for name, words in lines)

    def constraint(self, item: Item) -> Constraint:
        """Hold the answer to words of the text."""
        labels = () if len(self.names) == 1 else tuple(self.names.values())
        return Copy(item.text, labels, self.nothing, self.max_items, self.max_words)

    def read(self, text: str, item: Item) -> tuple[Mention, ...]:
        """Read the lines and find their words in the text; an answer that is the word for none is none."""
        if text.strip(_TRIMMED).casefold() == self.nothing.casefold():
            return ()
        said = [line for line in text.splitlines() if re.search(r"\w", line)]
        lines = [without_marker(line, item.text) for line in said]
        if not lines:
            raise ValueError("an empty answer; nothing found is said by the word for it")
        if lines[0].strip(_TRIMMED).casefold() == self.nothing.casefold():
            raise ValueError("the answer says that there is none, and goes on")
        return locate_mentions(item.text, [self._pair(line) for line in lines])

    def _pair(self, line: str) -> tuple[str, str]:
        if len(self.names) == 1:
            return next(iter(self.names)), line
        name, colon, words = line.partition(":")
        labels = {shown.casefold(): label for label, shown in self.names.items()}
        label = labels.get(name.strip(_TRIMMED).casefold())
        if not colon or label is None or not words.strip():
            raise ValueError("a line that does not begin with one of the labels and a colon")
        return label, words.strip()


def without_marker(line: str, text: str = "") -> str:
    """Return a line without the marker of a list; "4. rib fracture" stays where the text says it so.

    >>> without_marker("- gout"), without_marker("2) gout"), without_marker("5-FU toxicity")
    ('gout', 'gout', '5-FU toxicity')
    """
    stripped = line.strip()
    return stripped if stripped in text else _MARKER.sub("", line).strip()


def locate_mentions(text: str, named: Sequence[tuple[str, str]]) -> tuple[Mention, ...]:
    """Find named words in a text: (label, words) in any order -> mentions in the order of the text.

    The n-th time words are named is their n-th place. The longest are placed first, and no place lies in
    another's where a free one is left: after "breast cancer", "cancer" is the next one. Words are looked for
    as written, then without regard to case, then without the punctuation around them, then as parts of
    words; what stands nowhere gets the place -1, once; what is named more often than it stands is let go.
    """
    taken: list[tuple[int, int, str]] = []
    found: dict[Mention, None] = {}
    for label, words in sorted(named, key=lambda pair: -len(pair[1])):
        places = _places(text, words)
        free = [place for place in places if (*place, label) not in taken]
        clear = [
            place for place in free if not any(place[0] < end and start < place[1] for start, end, _ in taken)
        ]
        place = next(iter(clear or free), None)
        if place:
            taken.append((*place, label))
            found[Mention(*place, label, text[slice(*place)])] = None
        elif not places:
            found[Mention(-1, -1, label, " ".join(words.split()))] = None
    return tuple(sorted(found))


def _places(text: str, words: str) -> list[tuple[int, int]]:
    """Return the places of words in a text, those written alike first."""
    for said in dict.fromkeys((words.strip(), words.strip(_TRIMMED))):
        pattern = r"\s+".join(re.escape(word) for word in said.split())
        if not pattern:
            continue
        whole = re.finditer(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE)
        places = [match.span() for match in whole] or [match.span() for match in re.finditer(pattern, text)]
        if places:
            alike = " ".join(said.split())
            return sorted(places, key=lambda place: " ".join(text[slice(*place)].split()) != alike)
    return []


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
        """Read the codes; words around them are let pass, an answer without any code is not.

        Beside codes, a line of one word with a digit is a code that is malformed: an answer, and a wrong one.
        """
        found: list[str] = []
        malformed: list[str] = []
        for line in (text.upper() if self.upper else text).splitlines():
            codes = re.findall(rf"(?<![\w.])(?:{self.pattern})(?!\.?\w)", line)
            word = without_marker(line).strip(_TRIMMED)
            if not codes and re.fullmatch(r"(?=\S*\d)\S+", word):
                malformed.append(word)
            found += codes
        if not found:
            raise ValueError("the answer holds no code")
        return tuple(sorted({*found, *malformed}))


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
