"""A person's verdicts and corrections, written into ``reviews.jsonl`` line by line.

The file stays what people may edit by hand: one line changes, the others stay byte for byte. A file that
another program has changed since it was read is not written over; that is looked at once more right before
it is replaced. Pages wait for one another; an editor does not, and its save in that last moment is lost.
"""

import codecs
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
from posology.errors import Conflict, NotFound, OutputError, RequestError, UserError
from posology.files import parse_utf8, write_atomic

__all__ = [
    "Answer",
    "Decision",
    "Judged",
    "OpenReviews",
    "Placed",
    "decide",
    "plain_lines",
    "read_open",
    "reopen",
]

_CHANGED = "the file was changed by another program after this page was read; nothing was kept"


@dataclass(frozen=True, slots=True)
class Placed:
    """A line with its number in the file and the hash of its text."""

    number: int
    line: ReviewLine
    sha256: str


@dataclass(frozen=True, slots=True)
class OpenReviews:
    """A file as it was read: its lines in their order, and the hash of all its bytes."""

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


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a decision: why nothing was written, and the file in which that was found.

    Without findings it was written, and ``found`` is the file as it was written.
    """

    findings: tuple[Finding, ...]
    found: OpenReviews


def read_open(path: Path) -> OpenReviews:
    """Read a file of candidates; raise UserError with the line where one has another form."""
    return _parse(path, _read(path)[0])


def decide(path: Path, seen: str, name: str, decision: Decision, policies: Mapping[str, str]) -> Judged:
    """Write a decision into the line of an id; return why not, with nothing written, where it is unsound.

    ``seen`` is the hash of the file that the person saw: another file raises Conflict, whatever is decided.
    An accepted line is checked as `posology adapt accept` checks it. An undecided line keeps its corrections
    and has no ``by``.
    """

    def change(row: dict[str, Any], line: ReviewLine) -> tuple[Finding, ...]:
        if len(decision.answers) != len(line.points):
            raise RequestError(f"{line.id}: it has {len(line.points)} questions, not {len(decision.answers)}")
        if decision.verdict and not decision.by.strip():
            return (Finding(0, "by", "say who you are before the first verdict"),)
        row.update(verdict=decision.verdict, by=decision.by.strip() if decision.verdict else "")
        row["document"] = _kept(decision.document, line.document)
        for point, old, new in zip(row["points"], line.points, decision.answers, strict=True):
            point["told"] = new.told
            point["quote"] = _kept(new.quote, old.quote, strip=True)
            point["section"] = _kept(new.section, old.section, strip=True)
        return ()

    return _rewrite(path, seen, name, change, policies)


def reopen(path: Path, seen: str, name: str) -> OpenReviews:
    """Take the verdict on an id back and return the file as it was written; corrections stay."""

    def change(row: dict[str, Any], _: ReviewLine) -> tuple[Finding, ...]:
        row.update(verdict="", by="")
        return ()

    return _rewrite(path, seen, name, change, {}).found


def _rewrite(
    path: Path,
    seen: str,
    name: str,
    change: Callable[[dict[str, Any], ReviewLine], tuple[Finding, ...]],
    policies: Mapping[str, str],
) -> Judged:
    def require_unchanged() -> None:
        if _stamp_of(path) != stamp:
            raise Conflict(_CHANGED)

    with _held(path.parent):
        data, stamp = _read(path)
        found = _parse(path, data)
        if found.sha256 != seen:
            raise Conflict(_CHANGED)
        placed = found.find(name)
        lines = parse_utf8(data, path).split("\n")
        row = json.loads(lines[placed.number - 1])
        findings = change(row, placed.line)
        if findings:
            return Judged(findings, found)
        changed = json.dumps(row, ensure_ascii=False, allow_nan=False)
        line = parse_line(changed, place_of(path.name, placed.number), ReviewLine)
        findings = tuple(check_accepted(line, policies)) if line.verdict == "accept" else ()
        if findings:
            return Judged(findings, found)
        end = "\r" if lines[placed.number - 1].endswith("\r") else ""
        lines[placed.number - 1] = changed + end
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        written = mark + "\n".join(lines).encode()
        write_atomic(path, written, before=require_unchanged)
        return Judged((), _parse(path, written))


_Stamp = tuple[int, int, int, int]  # device, inode, size in bytes, time of the last write in nanoseconds


def _read(path: Path) -> tuple[bytes, _Stamp]:
    try:
        with path.open("rb") as stream:
            stamp = _stamp(os.fstat(stream.fileno()))  # first: what is written while we read differs from it
            return stream.read(), stamp
    except OSError as cause:
        raise UserError(f"{path}: cannot be read ({cause.strerror})") from cause


def _stamp_of(path: Path) -> _Stamp | None:
    try:
        return _stamp(path.stat())
    except FileNotFoundError:
        return None


def _stamp(of: os.stat_result) -> _Stamp:
    return of.st_dev, of.st_ino, of.st_size, of.st_mtime_ns


def _parse(path: Path, data: bytes) -> OpenReviews:
    text = parse_utf8(data, path)
    lines = text.split("\n")
    rows = [
        Placed(number, line, sha256(lines[number - 1].encode()).hexdigest())
        for number, line in parse_lines(text, path.name, ReviewLine)
    ]
    return OpenReviews(sha256(data).hexdigest(), tuple(rows))


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
