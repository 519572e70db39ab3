"""What must never be learned: the questions and sentences of policies that scores are measured on."""

from collections.abc import Iterable, Iterator

from posology.corpus import Example
from posology.corpus.contamination import Protected
from posology.errors import UserError

__all__ = ["require_free"]


def require_free(examples: Iterable[Example], held: Protected) -> None:
    """Raise UserError where an example's question, sentence or answer holds a text that is measured with."""
    found = [(one.id, owner) for one in examples if (owner := _owner(one, held))]
    if found:
        first, owner = found[0]
        raise UserError(
            f"example {first} and {len(found) - 1} more hold texts of {owner}: scores are measured on it, "
            "nothing may be learned from it; name other policies"
        )


def _owner(one: Example, held: Protected) -> str:
    return next((owner for text in _texts(one) if (owner := held.find_in(text))), "")


def _texts(one: Example) -> Iterator[str]:
    """Yield what is asked, line by line with and without its label, and what is answered."""
    for line in one.messages[-1].content.splitlines():
        yield line
        yield line.partition(": ")[2]
    yield one.answer
