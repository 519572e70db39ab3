"""A person's verdicts and corrections, written into ``reviews.jsonl`` line by line.

The file stays what people may edit by hand: one line changes, the others stay byte for byte, and a file
that another program has changed since it was read is never written over.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from posology.adapt.teacher.grammar import Told
from posology.adapt.teacher.lines import parse_line, parse_lines, place_of
from posology.adapt.teacher.review import Finding, ReviewLine, Verdict, check_accepted
from posology.errors import Conflict, NotFound, OutputError, RequestError
from posology.files import read_utf8, write_atomic

__all__ = ["Answer", "Decision", "OpenReviews", "Placed", "decide", "plain_lines", "read_open", "reopen"]

_CHANGED = "the file was changed by another program after this page was read; nothing was kept"


@dataclass(frozen=True, slots=True)
class Placed:
    """A line with its number in the file and the hash of its text."""

    number: int
    line: ReviewLine
    sha256: str


@dataclass(frozen=True, slots=True)
class OpenReviews:
    """A file as it was read: its lines in their order, and the hash of the whole."""

    sha256: str
    rows: tuple[Placed, ...]

    def find(self, name: str) -> Placed:
        """Return the line of an id; raise NotFound where there is none."""
        found = next((row for row in self.rows if row.line.id == name), None)
        if found is None:
            raise NotFound("this candidate does not stand in the file any more")
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person leaves of one question; its repr hides the words."""

    told: Told
    quote: str
    section: str

    def __repr__(self) -> str:
        """Show the answer only."""
        return f"Answer({self.told})"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decides of one candidate, with its text and answers as they stand then."""

    verdict: Verdict
    by: str
    document: str
    answers: Sequence[Answer]

    def __repr__(self) -> str:
        """Show the verdict only."""
        return f"Decision({self.verdict or 'open'})"


def read_open(path: Path) -> OpenReviews:
    """Read a file of candidates; raise UserError with the line where one has another form."""
    return _parse(path, read_utf8(path))


def decide(
    path: Path, seen: str, name: str, decision: Decision, policies: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Write a decision into the line of an id; return why not, with nothing written, where it is unsound.

    ``seen`` is the hash of the file that the person saw: another file raises Conflict. An accepted line is
    checked as `posology adapt accept` checks it. An undecided line keeps its corrections and has no ``by``.
    """
    if decision.verdict and not decision.by.strip():
        return (Finding(0, "by", "say who you are before the first verdict"),)

    def change(row: dict[str, Any], line: ReviewLine) -> None:
        if len(decision.answers) != len(line.points):
            raise RequestError(f"{line.id}: it has {len(line.points)} questions, not {len(decision.answers)}")
        row.update(verdict=decision.verdict, by=decision.by.strip() if decision.verdict else "")
        row["document"] = _kept(decision.document, line.document)
        for point, old, new in zip(row["points"], line.points, decision.answers, strict=True):
            point["told"] = new.told
            point["quote"] = _kept(new.quote, old.quote, strip=True)
            point["section"] = _kept(new.section, old.section, strip=True)

    return _rewrite(path, seen, name, change, policies)


def reopen(path: Path, seen: str, name: str) -> None:
    """Take the verdict on an id back; corrections stay."""

    def change(row: dict[str, Any], _: ReviewLine) -> None:
        row.update(verdict="", by="")

    _rewrite(path, seen, name, change, {})


def _rewrite(
    path: Path,
    seen: str,
    name: str,
    change: Callable[[dict[str, Any], ReviewLine], None],
    policies: Mapping[str, str],
) -> tuple[Finding, ...]:
    with _held(path.parent):
        text = read_utf8(path)
        found = _parse(path, text)
        if found.sha256 != seen:
            raise Conflict(_CHANGED)
        placed = found.find(name)
        lines = text.split("\n")
        row = json.loads(lines[placed.number - 1])
        change(row, placed.line)
        changed = json.dumps(row, ensure_ascii=False, allow_nan=False)
        line = parse_line(changed, place_of(path.name, placed.number), ReviewLine)
        findings = tuple(check_accepted(line, policies)) if line.verdict == "accept" else ()
        if not findings:
            end = "\r" if lines[placed.number - 1].endswith("\r") else ""
            lines[placed.number - 1] = changed + end
            write_atomic(path, "\n".join(lines).encode())
        return findings


def _parse(path: Path, text: str) -> OpenReviews:
    lines = text.split("\n")
    rows = [
        Placed(number, line, _hash(lines[number - 1]))
        for number, line in parse_lines(text, path.name, ReviewLine)
    ]
    return OpenReviews(_hash(text), tuple(rows))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _kept(entered: str, old: str, *, strip: bool = False) -> str:
    """Return what was entered in the line ends of a file; the old text where only those differ."""
    plain, before = plain_lines(entered), plain_lines(old)
    return old if plain == before else plain.strip() if strip else plain


def plain_lines(text: str) -> str:
    """Return a text with the line ends of a file; forms send CRLF for each, and cannot hold a NUL."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder against other pages that write to its files; no file is left behind."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as cause:
        raise OutputError(f"{folder}: cannot be opened ({cause.strerror})") from cause
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
