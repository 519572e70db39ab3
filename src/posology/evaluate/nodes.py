"""A value of a JSON source with its place: a key that is missing or of another type is said, never quoted."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.errors import UserError
from posology.evaluate.reading import Line, read_json, read_jsonl

__all__ = ["Node", "read_node", "read_nodes"]

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")  # a key of the source's own that is no text


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands: ``at`` are the keys down to it, ``error`` makes its error."""

    value: Any
    error: Callable[[str], UserError]
    at: str = ""

    def __repr__(self) -> str:
        """Show the place, never the value."""
        return f"Node({self.at or 'the whole'})"

    def fault(self, what: str) -> UserError:
        """Return the error of this value."""
        return self.error(f"{self.at} {what}" if self.at else f"the record {what}")

    def key(self, name: str) -> "Node":
        """Return the value of a key, which must be there."""
        found = self.find(name)
        if found is None:
            raise self._under(name).fault("is missing")
        return found

    def find(self, name: str) -> "Node | None":
        """Return the value of a key; None where it is not there, or null."""
        value = self._object().get(name)
        return None if value is None else self._under(name, value)

    def keys(self) -> list[str]:
        """Return the keys of an object."""
        return list(self._object())

    def values(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the keys of an object, which are the source's own, with their values."""
        for number, (name, value) in enumerate(self._object().items(), 1):
            yield name, self._under(name if _NAME.fullmatch(name) else f"value {number}", value)

    def items(self) -> list["Node"]:
        """Return the values of a list."""
        if not isinstance(self.value, list):
            raise self.fault("is no list")
        return [self._under(str(number), value) for number, value in enumerate(self.value, 1)]

    def words(self) -> str:
        """Return a text as it is written, which may be empty."""
        if not isinstance(self.value, str):
            raise self.fault("is no text")
        return self.value

    def text(self) -> str:
        """Return a text as it is written; raise UserError where it is empty."""
        if not (words := self.words()).strip():
            raise self.fault("is empty")
        return words

    def number(self) -> int | float:
        """Return a number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.fault("is no number")
        if not math.isfinite(self.value):
            raise self.fault("is no number that can be counted with")
        return self.value

    def one_of(self, labels: Sequence[str]) -> str:
        """Return a text that is one of some labels."""
        if (words := self.words()) not in labels:
            raise self.fault(f"is none of {', '.join(labels)}")
        return words

    def _object(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            raise self.fault("is no object")
        return self.value

    def _under(self, name: str, value: Any = None) -> "Node":
        return Node(value, self.error, f"{self.at}.{name}" if self.at else name)


def read_nodes(path: Path, keys: Sequence[str]) -> Iterator[tuple[Line, Node]]:
    """Yield the objects of a JSON-lines file; each must have the keys named."""
    for line, row in read_jsonl(path, keys):
        yield line, Node(row, line.fault)


def read_node(path: Path) -> Node:
    """Read a JSON file whole."""
    return Node(read_json(path), lambda what: UserError(f"{path}: {what}"))
