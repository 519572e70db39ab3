"""Reading bytes: one file, a folder of them, or standard input, each with its hash and within a limit."""

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from posology.errors import ChartError
from posology.records.bundles import Entry, unpack
from posology.records.chart import Unread
from posology.records.parsing import parse_json, parse_ndjson, require_json_start

__all__ = ["MAX_BYTES", "Gathered", "NoteFile", "gather", "gather_files"]

MAX_BYTES = 512 * 1024 * 1024
NOTE_TYPES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".rtf": "application/rtf",
    ".pdf": "application/pdf",
}
_LINES = (".ndjson", ".jsonl")


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A note in a chart's folder: its path inside the folder, its bytes and their content type."""

    name: str
    data: bytes
    content_type: str

    def __repr__(self) -> str:
        """Show the name only: the bytes are patient data."""
        return f"NoteFile({self.name}, {len(self.data)} bytes)"


@dataclass
class Gathered:
    """What was found at a path, before it is put together."""

    entries: list[Entry] = field(default_factory=list)
    notes: list[NoteFile] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    size: int = 0

    def add_file(self, data: bytes, name: str) -> None:
        """Add a file by the kind that its name tells: a note, or JSON."""
        self.add_hash(data, name)
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in NOTE_TYPES:
            self.notes.append(NoteFile(name, data, NOTE_TYPES[suffix]))
        else:
            self.add_json(data, name)

    def add_json(self, data: bytes, name: str) -> None:
        """Add the resources of one JSON or NDJSON file."""
        found = 0
        for item in _parse(data, name):
            if isinstance(item, Entry):
                self.entries.append(item)
                found += 1
            else:
                self.unread.append(item)

    def add_hash(self, data: bytes, name: str) -> None:
        """Note the SHA-256 of an input."""
        self.inputs[name] = hashlib.sha256(data).hexdigest()
        self.size += len(data)


def gather(path: Path | str, stdin: BinaryIO | None, *, max_bytes: int) -> Gathered:
    """Read the chart at ``path``: a JSON or NDJSON file, a folder, or ``-`` for standard input."""
    gathered = Gathered()
    if str(path) == "-":
        data = _read_stream(stdin or sys.stdin.buffer, "standard input", max_bytes)
        gathered.add_hash(data, "-")
        gathered.add_json(data, "standard input")
        return gathered
    path = Path(path)
    try:
        if path.is_dir():
            _gather_folder(path, gathered, max_bytes)
            return gathered
        if not path.exists():
            raise ChartError(f"{path}: no such file or folder")
    except (OSError, ValueError) as cause:
        raise ChartError(f"{path}: cannot be read ({getattr(cause, 'strerror', None) or cause})") from cause
    data = _read_file(path, str(path), max_bytes, sniff=True)
    gathered.add_hash(data, path.name)
    gathered.add_json(data, path.name)
    return gathered


def _gather_folder(folder: Path, gathered: Gathered, max_bytes: int) -> None:
    names = list(_walk(folder, gathered))
    for name in names:
        path = folder / name
        suffix = path.suffix.lower()
        if suffix not in (".json", *_LINES, *NOTE_TYPES):
            gathered.unread.append(Unread(name, "a kind of file that is not read"))
            continue
        data = _read_file(path, name, max_bytes - gathered.size, sniff=suffix == ".json")
        gathered.add_file(data, name)
    if not names:
        raise ChartError(f"{folder}: the folder is empty")


def gather_files(files: Sequence[tuple[str, bytes]], *, max_bytes: int) -> Gathered:
    """Gather files that are in memory: one that is no note counts as JSON, several as a folder."""
    gathered = Gathered()
    for name, data in files:
        suffix = PurePosixPath(name).suffix.lower()
        if len(data) > max_bytes - gathered.size:
            raise _too_large(name, max_bytes - gathered.size)
        if any(part.startswith(".") for part in name.split("/")):
            gathered.unread.append(Unread(name, "a hidden file"))
        elif suffix not in (".json", *_LINES, *NOTE_TYPES) and len(files) > 1:
            gathered.unread.append(Unread(name, "a kind of file that is not read"))
        else:
            if suffix not in (*_LINES, *NOTE_TYPES):
                require_json_start(data[:4096], name)
            gathered.add_file(data, name)
    return gathered


def _walk(folder: Path, gathered: Gathered) -> Iterator[str]:
    root = folder.resolve()
    found: list[Path] = []
    for parent, folders, files in os.walk(folder, onerror=_raise_unreadable):
        for name in [name for name in folders if name.startswith(".") or (Path(parent) / name).is_symlink()]:
            folders.remove(name)
            what = "a hidden folder" if name.startswith(".") else "a link to a folder"
            gathered.unread.append(Unread((Path(parent) / name).relative_to(folder).as_posix(), what))
        found.extend(Path(parent) / name for name in files)
    for path in sorted(found, key=lambda p: p.relative_to(folder).parts):
        name = path.relative_to(folder).as_posix()
        if path.name.startswith("."):
            gathered.unread.append(Unread(name, "a hidden file"))
        elif not path.resolve().is_relative_to(root):
            gathered.unread.append(Unread(name, "a link that leads out of the folder"))
        elif not path.is_file():
            gathered.unread.append(Unread(name, "no regular file"))
        else:
            yield name


def _raise_unreadable(cause: OSError) -> None:
    raise ChartError(f"{cause.filename}: cannot be read ({cause.strerror})") from cause


def _read_file(path: Path, name: str, max_bytes: int, *, sniff: bool) -> bytes:
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > max_bytes:
                raise _too_large(name, max_bytes)
            if sniff and path.suffix.lower() not in _LINES:
                require_json_start(stream.read(4096), name)
                stream.seek(0)
            return _read_stream(stream, name, max_bytes)
    except OSError as cause:
        raise ChartError(f"{name}: cannot be read ({cause.strerror})") from cause


def _read_stream(stream: BinaryIO, name: str, max_bytes: int) -> bytes:
    head = stream.read(65536)
    if name == "standard input":
        require_json_start(head, name)
    data = head + stream.read(max_bytes + 1 - len(head)) if len(head) <= max_bytes else head
    if len(data) > max_bytes:
        raise _too_large(name, max_bytes)
    return data


def _too_large(name: str, max_bytes: int) -> ChartError:
    return ChartError(
        f"{name}: larger than a chart may be ({max(0, max_bytes) // 2**20} MiB are left to read)"
    )


def _parse(data: bytes, name: str) -> Iterator[Entry | Unread]:
    if name.lower().endswith(_LINES):
        for value in parse_ndjson(data, name):
            yield from unpack(value, name)
        return
    try:
        value = parse_json(data, name)
    except ChartError:
        if not _is_ndjson(data):
            raise
        for line in parse_ndjson(data, name):
            yield from unpack(line, name)
        return
    yield from unpack(value, name)


def _is_ndjson(data: bytes) -> bool:
    first, _, rest = data.lstrip().partition(b"\n")
    if not rest.strip() or not first.startswith(b"{") or not rest.lstrip().startswith(b"{"):
        return False
    try:
        parse_json(first, "")
    except ChartError:
        return False
    return True
