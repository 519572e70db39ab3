"""The filter of system calls: Unix sockets only, and none of the ways around that."""

import errno
import struct
from collections.abc import Mapping, Sequence

from posology.egress.syscalls import Machine

__all__ = ["REFUSED", "build_filter"]

AF_UNIX = 1
MSG_FASTOPEN = 0x2000_0000
# Refused outright: what reads or changes another process or takes its sockets, what runs system calls past
# this filter, what enters another namespace, and keys that a helper of the kernel looks up (one kind by DNS).
REFUSED = (
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "setns",
    "bpf",
    "add_key",
    "request_key",
    "keyctl",
)
_UNIX_ONLY = ("socket", "socketpair")  # by their first argument, the family
_FLAGS_AT: Mapping[str, int] = {"sendto": 3, "sendmsg": 2, "sendmmsg": 3}  # where the flags stand

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF_0000, 0x0005_0000 | errno.EPERM
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_Test = tuple[int, int, int]  # operation, value, offset of what is tested


def build_filter(facts: Machine) -> bytes:
    """Return the BPF program for one processor; system calls of any other ABI are refused with EPERM."""
    numbers = facts.numbers
    lines = _unless((_EQUAL, facts.audit, _ARCHITECTURE))
    if facts.compat_from:
        lines += _refuse_if((_AT_LEAST, facts.compat_from, _NUMBER))
    for name in REFUSED:
        lines += _refuse_if((_EQUAL, numbers[name], _NUMBER))
    for name in _UNIX_ONLY:
        lines += _within(numbers[name], _unless((_EQUAL, AF_UNIX, _argument(0))))
    for name, place in _FLAGS_AT.items():  # TCP fast open connects by sending
        lines += _within(numbers[name], _refuse_if((_ANY_BIT, MSG_FASTOPEN, _argument(place))))
    lines.append(_line(_RETURN, _ALLOW))
    return b"".join(lines)


def _argument(place: int) -> int:
    return _ARGUMENTS + 8 * place  # the low half; both processors are little-endian


def _line(operation: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("<HBBI", operation, when_true, when_false, value)


def _refuse_if(test: _Test) -> list[bytes]:
    operation, value, offset = test
    return [_line(_LOAD, offset), _line(operation, value, 0, 1), _line(_RETURN, _REFUSE)]


def _unless(test: _Test) -> list[bytes]:
    operation, value, offset = test
    return [_line(_LOAD, offset), _line(operation, value, 1, 0), _line(_RETURN, _REFUSE)]


def _within(number: int, body: Sequence[bytes]) -> list[bytes]:
    """Run the body for one system call only."""
    return [_line(_LOAD, _NUMBER), _line(_EQUAL, number, 0, len(body)), *body]
