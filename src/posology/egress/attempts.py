"""The ways out that the probe tries, each towards a listener of the site."""

import errno
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from posology.egress.doors import answers
from posology.egress.listener import Listener
from posology.egress.syscalls import io_uring, machine

__all__ = ["ATTEMPTS", "Attempt", "Outcome", "try_listening_socket", "try_name"]

Outcome = Literal["refused", "reached", "sent", "opened", "unreachable", "not tried"]
PATIENCE_S = 1.0
# "refused" is the word for these only: the machine itself let nothing out. Others tell of a network.
REFUSALS = frozenset(
    {errno.EPERM, errno.EACCES, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
    | {errno.ENOSYS, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.ENODEV, errno.ENETDOWN}
)
ANSWERS = frozenset({errno.ECONNREFUSED, errno.ECONNRESET})  # an answer, though not a friendly one
RESERVED_NAME = "posology-probe.invalid"  # RFC 6761: a name of nobody


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way out that was tried, and how it ended."""

    name: str
    outcome: Outcome
    error: str = ""  # the errno's name

    def as_json(self) -> dict[str, str]:
        """Return the attempt as JSON-ready values."""
        return {"name": self.name, "outcome": self.outcome} | ({"error": self.error} if self.error else {})


def _judged(name: str, act: Callable[[], Outcome]) -> Attempt:
    try:
        return Attempt(name, act())
    except TimeoutError:
        return Attempt(name, "unreachable", "ETIMEDOUT")
    except OSError as cause:
        known = errno.errorcode.get(cause.errno or 0, "unknown")
        if cause.errno in REFUSALS:
            return Attempt(name, "refused", known)
        return Attempt(name, "reached" if cause.errno in ANSWERS else "unreachable", known)


def _tcp(family: int, ip: str, port: int) -> Outcome:
    if not port:
        return "not tried"
    with socket.socket(family, socket.SOCK_STREAM) as caller:
        caller.settimeout(PATIENCE_S)
        caller.connect((ip, port))
    return "reached"


def _udp(family: int, ip: str, port: int, data: bytes) -> Outcome:
    """Send a datagram; "sent" where the machine let it go and no answer came."""
    if not port:
        return "not tried"
    with socket.socket(family, socket.SOCK_DGRAM) as caller:
        caller.settimeout(PATIENCE_S)
        caller.connect((ip, port))
        caller.send(data)
        try:
            caller.recv(512)
        except TimeoutError:
            return "sent"
    return "reached"


def _thread(listener: Listener) -> Attempt:
    """Try TCP from a thread, by whichever family the listener has."""
    found: list[Attempt] = []
    act = _try_tcp if listener.tcp else _try_tcp6
    worker = threading.Thread(target=lambda: found.append(act(listener)))
    worker.start()
    worker.join()
    return Attempt("thread", found[0].outcome, found[0].error)


def _try_tcp(listener: Listener) -> Attempt:
    return _judged("tcp", lambda: _tcp(socket.AF_INET, listener.ip, listener.tcp))


def _try_tcp6(listener: Listener) -> Attempt:
    return _judged("tcp over ipv6", lambda: _tcp(socket.AF_INET6, listener.ip6, listener.tcp6))


def _dns(listener: Listener) -> Attempt:
    """Send a DNS query to the listener itself; no resolver is asked."""
    four = bool(listener.udp)
    family = socket.AF_INET if four else socket.AF_INET6
    ip, port = (listener.ip, listener.udp) if four else (listener.ip6, listener.udp6)
    return _judged("dns query", lambda: _udp(family, ip, port, _question(RESERVED_NAME)))


_CHILD = """
import errno, socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.0).close()
except TimeoutError:
    print("ETIMEDOUT")
except OSError as cause:
    print(errno.errorcode.get(cause.errno, "unknown"))
else:
    print("reached")
"""


def _child(listener: Listener) -> Attempt:
    """Try TCP from a program that this process starts."""
    target = (listener.ip, listener.tcp) if listener.tcp else (listener.ip6, listener.tcp6)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _CHILD, *map(str, target)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    said = done.stdout.decode().strip()
    if said == "reached" or done.returncode:
        return Attempt("child process", "reached" if said == "reached" else "not tried", "")
    return Attempt("child process", _outcome_of(said), said)


def _outcome_of(name: str) -> Outcome:
    number = getattr(errno, name, 0)
    if number in REFUSALS:
        return "refused"
    return "reached" if number in ANSWERS else "unreachable"


def _raw(listener: Listener) -> Outcome:
    if not listener.tcp:
        return "not tried"
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as caller:
        caller.sendto(b"\x08\x00\xf7\xfd\x00\x01\x00\x01", (listener.ip, 0))  # an echo request
    return "sent"


def _packet() -> Outcome:
    """Open a packet socket; nothing is sent, and one that sees no interface but loopback leads nowhere."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0):
        outside = [name for _, name in socket.if_nameindex() if name != "lo"]
    return "reached" if outside else "opened"


def _netlink() -> Outcome:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE):
        return "opened"


def _vsock() -> Outcome:
    """Open a socket towards a hypervisor; it calls nobody."""
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM):
        return "opened"


def _io_uring() -> Outcome:
    facts = machine()
    if facts is None:
        return "not tried"
    os.close(io_uring(facts))
    return "opened"


def _question(name: str) -> bytes:
    """Return a DNS query for the address of a name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\x50\x50\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00\x00\x01\x00\x01"


def try_name(resolvers: Collection[Path]) -> Attempt:
    """Ask for a reserved name, and knock at the sockets of resolvers; to be called after the lock only."""
    if any(answers(door) for door in resolvers):
        return Attempt("name lookup", "reached")
    try:
        socket.getaddrinfo(RESERVED_NAME, None)
    except socket.gaierror as cause:
        codes = {getattr(socket, code): code for code in dir(socket) if code.startswith("EAI_")}
        return Attempt("name lookup", "refused", codes.get(cause.errno or 0, "unknown"))
    return Attempt("name lookup", "reached")


def try_listening_socket(spare: socket.socket, listener: Listener) -> Attempt:
    """Try to turn a listening socket from before the lock into an outgoing one; it listens no more after."""

    def turn() -> Outcome:
        spare.shutdown(socket.SHUT_RDWR)  # a TCP socket that listened may connect from here on
        spare.settimeout(PATIENCE_S)
        spare.connect((listener.ip, listener.tcp))
        return "reached"

    return _judged("listening socket turned", turn)


ATTEMPTS: Mapping[str, Callable[[Listener], Attempt]] = {
    "dns query": _dns,
    "tcp": _try_tcp,
    "udp": lambda at: _judged("udp", lambda: _udp(socket.AF_INET, at.ip, at.udp, b"posology probe")),
    "tcp over ipv6": _try_tcp6,
    "udp over ipv6": lambda at: _judged(
        "udp over ipv6", lambda: _udp(socket.AF_INET6, at.ip6, at.udp6, b"posology probe")
    ),
    "thread": _thread,
    "child process": _child,
    "raw socket": lambda at: _judged("raw socket", lambda: _raw(at)),
    "packet socket": lambda _: _judged("packet socket", _packet),
    "netlink socket": lambda _: _judged("netlink socket", _netlink),
    "vsock": lambda _: _judged("vsock", _vsock),
    "io_uring": lambda _: _judged("io_uring", _io_uring),
}
