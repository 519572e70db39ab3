"""Relations as answers: a label and two names, written one a line as ``label: name + name``."""

import re
from dataclasses import dataclass

from posology.chat import Pattern
from posology.evaluate.forms import without_marker
from posology.evaluate.items import Answer, Item
from posology.evaluate.task import Kind

__all__ = ["RelationsForm", "parse_relation", "write_relation"]

_AROUND = " .`*\"'"
_NAME = r"[^\n]{1,100}"


def write_relation(label: str, one: str, other: str) -> str:
    """Write a relation without direction: names in small letters and in their order.

    >>> write_relation("effect", "Warfarin", "aspirin")
    'effect: aspirin + warfarin'
    """
    first, second = sorted(" ".join(name.casefold().split()).strip(_AROUND) for name in (one, other))
    return f"{label}: {first} + {second}"


def parse_relation(written: str) -> tuple[str, str, str]:
    """Return the label and the two names of a written relation; raise ValueError where it is none.

    >>> parse_relation("effect: aspirin + warfarin")
    ('effect', 'aspirin', 'warfarin')
    """
    label, colon, names = written.partition(": ")
    first, plus, second = names.partition(" + ")
    if not (colon and plus and label and first.strip() and second.strip()):
        raise ValueError("not label: name + name")
    return label, first, second


@dataclass(frozen=True, slots=True)
class RelationsForm:
    """Relations between names of the text, a set: the order and the direction do not count."""

    labels: tuple[str, ...]
    lead: str = "Answer with one relation per line"
    nothing: str = "none"
    max_items: int = 20
    max_tokens: int = 300

    @property
    def kind(self) -> Kind:
        """Say what an answer is: relations are a set of texts, as codes are."""
        return Kind.CODES

    def instruction(self, item: Item) -> str:  # noqa: ARG002  (the protocol's)
        """Say how to answer."""
        return (
            f"{self.lead}, as `type: drug + drug`, the type one of {', '.join(self.labels)}, the drugs as "
            f"they stand in the sentence. If there is none, answer `{self.nothing}`."
        )

    def write(self, item: Item, answer: Answer) -> str:  # noqa: ARG002
        """Write the relations in their order."""
        return "\n".join(str(one) for one in answer) or self.nothing

    def constraint(self, item: Item) -> Pattern:  # noqa: ARG002
        """Hold the answer to lines of a label and two names; that the names are the text's is not held."""
        line = f"(?:{'|'.join(self.labels)}): {_NAME} \\+ {_NAME}"
        return Pattern(f"(?:{self.nothing}|{line}(?:\\n{line}){{0,{self.max_items - 1}}})")

    def read(self, text: str, item: Item) -> tuple[str, ...]:  # noqa: ARG002
        """Read the lines; one that is no relation makes the answer one that cannot be read."""
        lines = [without_marker(line) for line in text.splitlines() if re.search(r"\w", line)]
        if not lines:
            raise ValueError("an empty answer; nothing found is said by the word for it")
        if [line.strip(_AROUND).casefold() for line in lines] == [self.nothing]:
            return ()
        return tuple(sorted({self._relation(line) for line in lines}))

    def _relation(self, line: str) -> str:
        label, _, rest = line.partition(":")
        label = label.strip(_AROUND).casefold()
        first, plus, second = rest.partition(" + ")
        if label not in self.labels or not plus or not first.strip(_AROUND) or not second.strip(_AROUND):
            raise ValueError("a line that is not label: name + name")
        return write_relation(label, first, second)
