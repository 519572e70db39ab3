"""Writing a result folder: one run at a time, batch by batch, so that a kill loses and repeats no item."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from posology.errors import OutputError
from posology.evaluate.items import Outcome
from posology.evaluate.results import ITEMS, MANIFEST, SUMMARY, read_manifest, row_of
from posology.files import write_atomic
from posology.manifest import render_manifest

__all__ = ["ResultFolder", "hold_folder", "holds_more", "open_folder"]

_LOCK = ".lock"


class ResultFolder:
    """A folder that this process alone writes in; ``done`` are the ids that are answered already."""

    def __init__(self, path: Path, done: list[str]) -> None:
        """Take the folder and what stands in it."""
        self.path = path
        self.done = done
        self._stream: IO[bytes] | None = None

    def append(self, outcomes: Sequence[Outcome]) -> None:
        """Write the lines of some outcomes and see them onto the disk."""
        lines = "".join(json.dumps(row_of(one), ensure_ascii=False) + "\n" for one in outcomes)
        try:
            if self._stream is None:
                self._stream = os.fdopen(_owned(self.path / ITEMS, os.O_APPEND), "ab")
            self._stream.write(lines.encode("utf-8", "surrogatepass"))
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as cause:
            raise OutputError(f"{self.path / ITEMS}: cannot be written ({cause.strerror})") from cause
        self.done += [one.item.id for one in outcomes]

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Write manifest.json, whole or not at all."""
        write_atomic(self.path / MANIFEST, render_manifest(manifest))

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write summary.json, whole or not at all."""
        write_atomic(self.path / SUMMARY, render_manifest(summary))

    def close(self) -> None:
        """Close the file of items."""
        if self._stream is not None:
            self._stream.close()


@contextmanager
def open_folder(
    path: Path, identity: Mapping[str, Any], *, overwrite: bool = False
) -> Iterator[ResultFolder]:
    """Yield a folder to write the results of one arm in, locked until the block ends.

    ``identity``: the settings that make two runs the same. A folder of another arm is refused unless
    ``overwrite``, which empties a result folder; one that is no result folder is never emptied.
    """
    with hold_folder(path, "name another"):
        _require_ours(path)
        if overwrite:
            for name in (ITEMS, SUMMARY, MANIFEST):
                (path / name).unlink(missing_ok=True)
        if (path / MANIFEST).exists():
            _require_same(path, identity)
        folder = ResultFolder(path, _mend(path / ITEMS))
        try:
            yield folder
        finally:
            folder.close()


@contextmanager
def hold_folder(path: Path, other: str) -> Iterator[None]:
    """Make a folder that is not there and keep it for this process until the block ends.

    ``other``: what to do where another run has it and waiting is too long, such as "name another".
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = _owned(path / _LOCK)
    except OSError as cause:
        raise OutputError(f"{path}: cannot be written ({cause.strerror})") from cause
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise OutputError(
                f"{path}: another run is writing in this folder; wait until it has ended, or {other}"
            ) from cause
        yield
    finally:
        os.close(handle)  # which lets go of the lock, as the end of a killed process does


def _owned(path: Path, flags: int = 0) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o600)


def holds_more(path: Path) -> bool:
    """Say whether a folder holds anything but the file that marks it as held."""
    try:
        return any(entry.name != _LOCK for entry in path.iterdir())
    except OSError as cause:
        raise OutputError(f"{path}: cannot be read ({cause.strerror})") from cause


def _require_ours(path: Path) -> None:
    if holds_more(path) and not (path / MANIFEST).exists():
        raise OutputError(f"{path}: the folder holds other files and no {MANIFEST}; name another folder")


def _require_same(path: Path, identity: Mapping[str, Any]) -> None:
    settings = read_manifest(path)["settings"]
    other = [key for key, value in identity.items() if settings.get(key) != value]
    if other:
        raise OutputError(
            f"{path}: holds results of another run (its {', '.join(other)} "
            f"{'differs' if len(other) == 1 else 'differ'}); name another folder or pass --overwrite"
        )


def _mend(path: Path) -> list[str]:
    """Cut off a line that a kill left torn, and return the ids of the whole ones."""
    done: list[str] = []
    if not path.exists():
        return done
    kept = 0
    with path.open("r+b") as stream:
        for number, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break
            try:
                done.append(json.loads(line)["id"])
            except (ValueError, TypeError, KeyError) as cause:
                raise OutputError(
                    f"{path}, line {number}: not a line of results; the file was changed or the disk is "
                    "damaged; pass --overwrite to begin anew"
                ) from cause
            kept += len(line)
        stream.truncate(kept)
    return done
