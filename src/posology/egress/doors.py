"""Doors: Unix sockets of other services on this machine, through which something could be passed on."""

import os
import socket
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from posology.egress.syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, mount

__all__ = ["answers", "close_doors", "find_doors", "is_resolver"]

PLACES = ("/run", "/tmp", "/dev", "/var/lib/sss")
DEEPEST = 4  # folders below a place
MOST = 20_000  # entries looked at before the walk goes no deeper; the kernel's table is read whole
RESOLVERS = tuple(
    Path(place) for place in ("/run/nscd", "/run/systemd/resolve", "/run/avahi-daemon", "/var/lib/sss/pipes")
)


def find_doors(keep: Collection[Path] = ()) -> tuple[Path, ...]:
    """Return the Unix sockets with a path that this user may connect to, but for those to keep.

    The kernel's table knows those of this network namespace, a walk finds those of other namespaces.
    """
    known = {path.resolve() for path in keep}
    own = {os.path.realpath(path) for path in (*_bound(), *_found())}
    return tuple(path for path in sorted(Path(name) for name in own) if path not in known and _is_open(path))


def close_doors(doors: Collection[Path]) -> tuple[Path, ...]:
    """Cover each socket with /dev/null in this mount namespace; return those that could not be covered.

    Of a resolver the whole folder is covered: one that starts again makes its socket anew.
    """
    for door in doors:
        with suppress(OSError):
            if not is_resolver(door):
                mount("/dev/null", str(door), "", MS_BIND)
            elif _is_socket(door):
                mount("tmpfs", str(door.parent), "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    return tuple(door for door in doors if _is_socket(door))


def answers(door: Path) -> bool:
    """Say whether someone listens behind a socket; it is connected to and nothing is sent."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        with socket.socket(socket.AF_UNIX, kind) as caller:
            caller.setblocking(False)
            try:
                caller.connect(str(door))
            except BlockingIOError:  # its queue is full: someone listens
                return True
            except OSError:
                continue
            return True
    return False


def is_resolver(door: Path) -> bool:
    """Say whether a service that looks up names listens there."""
    return any(place in door.parents for place in RESOLVERS)


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
