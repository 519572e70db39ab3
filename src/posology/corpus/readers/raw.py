"""What a reader yields, and the files that a source consists of."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from posology.corpus.spec import SourceSpec
from posology.errors import UserError
from posology.records import Unread
from posology.records.deidentify import KnownIdentifiers

__all__ = ["Raw", "Unreadable", "files_of", "root_of", "text_of", "unread_of"]


@dataclass(frozen=True, slots=True)
class Raw:
    """A text as it stands in its source, before the gate; its repr hides everything.

    ``place`` counts the files, rows or documents of the source in their order: "17" or "17.2". ``own_id``
    and ``group`` may name a patient: they leave this module only hashed where the source passes the gate.
    """

    place: str
    text: str
    own_id: str = ""
    group: str = ""
    language: str = ""  # "" is the source's
    licence: str = ""  # "" is the source's
    meta: Mapping[str, str] = field(default_factory=dict)
    known: KnownIdentifiers | None = None  # None: no chart of the patient is known

    def __repr__(self) -> str:
        """Show the place and the length only."""
        return f"Raw({self.place}, {len(self.text)} characters)"


_TYPE = r"\1"
_REFERENCE = re.compile(r"\b([A-Z][A-Za-z]+)/[^\s,;)]+")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something in a source that was not read, and why; ``why`` quotes no text and no name."""

    place: str
    why: str


def unread_of(place: str, unread: Iterable[Unread]) -> Iterator[Unreadable]:
    """Yield what a chart holds unread; of a reference only its type is told, for an id may identify."""
    for number, one in enumerate(unread, 1):
        yield Unreadable(f"{place}.unread.{number}", f"unread: {_REFERENCE.sub(_TYPE, one.why)}")


def root_of(source: SourceSpec, beside: Path) -> Path:
    """Return the path of a source, which is relative to the folder of the specification."""
    path = beside / source.path
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder (source {source.name})")
    return path


def files_of(root: Path, ends: tuple[str, ...]) -> Iterator[Path]:
    """Yield the file itself, or the files of a folder with these endings, in the order of their names."""
    if root.is_file():
        yield root
        return
    found = (path for path in root.rglob("*") if path.suffix.lower() in ends and path.is_file())
    yield from sorted(path for path in found if not path.is_symlink())


def text_of(path: Path) -> str | None:
    """Return the text of a file; None where it is not UTF-8 or cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except (UnicodeDecodeError, OSError):
        return None
