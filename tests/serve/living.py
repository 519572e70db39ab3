"""Looking at processes from outside, and waiting for what must come about."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


def until(asked: Callable[[], Found], seconds: float = 30.0) -> Found:
    """Ask again and again until the answer holds; return it."""
    limit = time.monotonic() + seconds
    while True:
        found = asked()
        if found:
            return found
        if time.monotonic() > limit:
            raise AssertionError(f"not within {seconds} s: {found!r}")
        time.sleep(0.03)


def lives(pid: int) -> bool:
    """Say whether a process runs: one that ended and was not yet taken note of does not."""
    return _fields(pid)[:1] not in ([], ["Z"])


def group_of(leader: int) -> list[int]:
    """Return the processes that run in the session of a leader."""
    rows = {int(name): _fields(int(name)) for name in os.listdir("/proc") if name.isdigit()}
    return [pid for pid, row in rows.items() if row and row[0] != "Z" and row[3] == str(leader)]


def children_of(pid: int) -> list[int]:
    """Return the processes that one started and that run."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in text.split() if lives(int(word))]


def words_of(pid: int) -> str:
    """Return the command line of a process; nothing where there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _fields(pid: int) -> list[str]:
    """Return state, parent, group, session and so on of a process; nothing where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
