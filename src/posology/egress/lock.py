"""The lock: from here on the kernel lets this process, its threads and its children reach nothing outside."""

import errno
import os
import socket
import stat
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from posology.addresses import Address
from posology.egress.doors import close_doors, find_doors
from posology.egress.filter import build_filter
from posology.egress.syscalls import (
    drop_powers,
    filter_syscalls,
    forbid_connect,
    give_up_privileges,
    keep_mounts_private,
    leave_namespaces,
    machine,
)
from posology.errors import SealError

__all__ = ["LAYERS", "Layer", "Seal", "require_one_thread", "seal"]


class Layer(StrEnum):
    """A means of the kernel to keep a process in."""

    NAMESPACE = "network namespace"
    SECCOMP = "seccomp"
    LANDLOCK = "landlock"


LAYERS = tuple(Layer)
THREAD_TRIES, THREAD_PAUSE_S = 20, 0.02
_LOCKS = (Layer.NAMESPACE, Layer.SECCOMP)  # Landlock alone leaves UDP and raw sockets open
_WITHOUT = {
    Layer.NAMESPACE: "Unix sockets of other services on this machine stay in reach, and all else rests on "
    "seccomp alone",
    Layer.SECCOMP: "kinds of socket that belong to no network namespace, such as vsock, stay open, and so do "
    "io_uring, ptrace and the keys of the kernel",
    Layer.LANDLOCK: "a listening socket that is kept could be turned into an outgoing one, and abstract Unix "
    "sockets rest on the network namespace alone",
}
HELP = (
    "run Posology in a container without network (such as --network none) or on a host whose firewall "
    "(nftables) lets out nothing but the profile's addresses, or allow user namespaces or seccomp to this "
    "service; without --sealed it runs unlocked"
)


@dataclass(frozen=True, slots=True)
class Seal:
    """What holds the process in, what does not, and what stays open on purpose."""

    layers: tuple[Layer, ...]
    missing: tuple[str, ...]  # each layer that does not hold, why, and what that leaves open
    user_namespace: bool
    allowed: tuple[Address, ...]
    doors: tuple[Path, ...]  # Unix sockets of other services that stay in reach
    doors_closed: int

    def as_json(self) -> dict[str, Any]:
        """Return the seal as a manifest records it."""
        return {
            "layers": [str(layer) for layer in self.layers],
            "missing": list(self.missing),
            "user_namespace": self.user_namespace,
            "allowed": [{"url": a.url, "address": a.ip, "port": a.port} for a in self.allowed],
            "local_services": {"closed": self.doors_closed, "open": [str(door) for door in self.doors]},
        }


def seal(
    allowed: Sequence[Address],
    *,
    keep: Sequence[socket.socket] = (),
    paths: Sequence[Path] = (),
    layers: Sequence[Layer] = LAYERS,
) -> Seal:
    """Seal this process for life; call it before threads start and after listening sockets are open.

    ``allowed`` are the addresses that a relay started before reaches for this process; they are recorded.
    ``keep`` are open sockets that go on: listening ones. ``paths`` are Unix sockets that stay in reach: the
    relay's, a database's. ``layers`` are those to take. Raises SealError, and then nothing is to be run.
    """
    require_one_thread()
    _require_closed(keep)
    named = _bound_paths(keep)
    doors = find_doors([*paths, *named])
    held: list[Layer] = []
    failed: dict[Layer, str] = {}
    state = _State(doors=doors)
    for layer, take in _STEPS.items():
        if layer not in layers:
            failed[layer] = "not asked for"
            continue
        try:
            take(state)
        except OSError as cause:
            failed[layer] = _reason(cause)
        else:
            held.append(layer)
    if not any(layer in held for layer in _LOCKS):
        tried = "; ".join(f"{layer}: {failed[layer]}" for layer in _LOCKS)
        raise SealError(f"this process cannot be sealed ({tried}): {HELP}")
    _weaken(state)
    missing = tuple(f"{layer}: {reason}; so {_WITHOUT[layer]}" for layer, reason in failed.items())
    closed = len(doors) - len(state.left)
    return Seal(tuple(held), missing, state.user_namespace, tuple(allowed), state.left, closed)


class _State:
    """What the steps leave behind."""

    def __init__(self, doors: tuple[Path, ...]) -> None:
        self.user_namespace = False
        self.doors = doors
        self.left = doors


def _enter_namespace(state: _State) -> None:
    state.user_namespace = leave_namespaces()
    try:
        keep_mounts_private()
    except OSError:  # a container may forbid mounts: the doors stay open, and the seal lists them
        return
    state.left = close_doors(state.doors)


def _take_landlock(_: _State) -> None:
    give_up_privileges()
    forbid_connect()


def _take_seccomp(_: _State) -> None:
    facts = machine()
    if facts is None:
        raise OSError(errno.ENOSYS, "the system calls of this processor are not known here")
    give_up_privileges()
    filter_syscalls(facts, build_filter(facts))


def _weaken(state: _State) -> None:
    """Give up what would lead out again: new rights, and power over namespaces and other processes."""
    facts = machine()
    try:
        give_up_privileges()
        if facts is not None:
            drop_powers(facts, every=state.user_namespace)
    except OSError as cause:
        raise SealError(f"this process cannot give up its capabilities ({_reason(cause)}): {HELP}") from cause


# In this order: a mount namespace is entered while the process may still mount, seccomp comes last.
_STEPS: dict[Layer, Callable[[_State], None]] = {
    Layer.NAMESPACE: _enter_namespace,
    Layer.LANDLOCK: _take_landlock,
    Layer.SECCOMP: _take_seccomp,
}


def _reason(cause: OSError) -> str:
    name = errno.errorcode.get(cause.errno or 0, "error")
    return f"refused by the kernel with {name}" if cause.errno != errno.EOPNOTSUPP else str(cause.strerror)


def require_one_thread() -> None:
    """Raise SealError where this process has several threads, or is not on Linux."""
    threads = _count_threads()
    for _ in range(THREAD_TRIES):  # a thread that was joined may take a moment to be gone
        if threads == 1:
            return
        time.sleep(THREAD_PAUSE_S)
        threads = _count_threads()
    if threads > 1:
        raise SealError(
            f"{threads} threads run already and only one may be sealed: seal the process before it starts "
            "threads or imports libraries that do"
        )


def _count_threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError as cause:
        raise SealError(f"sealing needs Linux with /proc: {HELP}") from cause


def _require_closed(keep: Sequence[socket.socket]) -> None:
    """Refuse open sockets of any network that are not to be kept, and kept ones that do not listen."""
    for kept in keep:
        if kept.family != socket.AF_UNIX and not _listens(kept):
            raise SealError("a socket to keep does not listen for TCP: open connections are closed, not kept")
    known = {kept.fileno() for kept in keep}
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        if number not in known and _leads_out(number):
            raise SealError(
                f"the open socket {number} leads out of this process and is not to be kept: close it before "
                "sealing"
            )


def _listens(kept: socket.socket) -> bool:
    inet = kept.family in (socket.AF_INET, socket.AF_INET6)
    return (
        inet
        and kept.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL) == socket.IPPROTO_TCP
        and bool(kept.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    )


def _leads_out(descriptor: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return False
        copy = socket.socket(fileno=os.dup(descriptor))
    except OSError:  # closed meanwhile: the listing's own descriptor
        return False
    with copy:
        return copy.family != socket.AF_UNIX


def _bound_paths(keep: Sequence[socket.socket]) -> list[Path]:
    names = [kept.getsockname() for kept in keep if kept.family == socket.AF_UNIX]
    return [Path(name) for name in names if isinstance(name, str) and name.startswith("/")]
