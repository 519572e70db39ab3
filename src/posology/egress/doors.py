"""Doors: Unix sockets of other services on this machine, through which something could be passed on."""

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from posology.egress.syscalls import MS_BIND, mount

__all__ = ["close_doors", "find_doors", "is_resolver"]

PLACES = ("/run", "/var/run", "/tmp", "/dev")
DEEPEST, MOST = (
    4,
    20_000,
)  # folders below a place, entries looked at: the walk ends, the kernel's table does not
RESOLVERS = ("nscd", "systemd/resolve", "avahi-daemon", "sssd", "sss/pipes")


def find_doors(keep: Collection[Path] = ()) -> tuple[Path, ...]:
    """Return the Unix sockets with a path that this user may connect to, but for those to keep.

    The kernel's table knows those of this network namespace, a walk finds those of other namespaces.
    """
    known = {path.resolve() for path in keep}
    own = {os.path.realpath(path) for path in (*_bound(), *_found())}
    return tuple(path for path in sorted(Path(name) for name in own) if path not in known and _is_open(path))


def close_doors(doors: Collection[Path]) -> tuple[Path, ...]:
    """Cover each socket with /dev/null in this mount namespace; return those that could not be covered."""
    left = []
    for door in doors:
        try:
            mount("/dev/null", str(door), "", MS_BIND)
        except OSError:
            left.append(door)
    return tuple(left)


def is_resolver(door: Path) -> bool:
    """Say whether a service that looks up names listens there."""
    return any(f"/{name}/" in f"{door}/" for name in RESOLVERS)


def _bound() -> Iterator[str]:
    try:
        with open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as stream:
            rows = stream.read().splitlines()
    except OSError:
        return
    for row in rows:
        _, found, path = row.partition(" /")
        if found:
            yield f"/{path}"


def _found() -> Iterator[str]:
    seen = 0
    for place in PLACES:
        for folder, below, names in os.walk(place):
            seen += len(names)
            if folder.count("/") - place.count("/") >= DEEPEST or seen > MOST:
                below.clear()
            yield from (path for name in names if _is_socket(path := f"{folder}/{name}"))


def _is_socket(path: str | Path) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path, follow_symlinks=False).st_mode)
    except OSError:
        return False


def _is_open(door: Path) -> bool:
    """Say whether this user may connect; nobody is called, as that would start services on demand."""
    return _is_socket(door) and os.access(door, os.W_OK, effective_ids=True)
