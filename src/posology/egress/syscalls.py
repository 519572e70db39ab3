"""The calls to the Linux kernel that seal a process, made without any dependency."""

import ctypes
import errno
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "MACHINES",
    "Machine",
    "drop_powers",
    "filter_syscalls",
    "forbid_connect",
    "give_up_privileges",
    "io_uring",
    "keep_mounts_private",
    "landlock_version",
    "leave_namespaces",
    "machine",
    "mount",
    "stop_with_parent",
]

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x0002_0000, 0x1000_0000, 0x4000_0000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_BIND, MS_REC, MS_SLAVE = 0x1000, 0x4000, 0x80000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF, LANDLOCK_VERSION = 444, 446, 1
LANDLOCK_BIND_TCP, LANDLOCK_CONNECT_TCP, LANDLOCK_SCOPE_ABSTRACT_UNIX = 1, 2, 1
CAPABILITY_VERSION_3 = 0x2008_0522
# What would let a process out of its namespaces or into another process: CAP_NET_ADMIN, NET_RAW, SYS_MODULE,
# SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, MKNOD, MAC_ADMIN, SYSLOG, PERFMON, BPF, CHECKPOINT_RESTORE.
POWERS = (12, 13, 16, 17, 19, 21, 27, 33, 34, 38, 39, 40)


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor's name for the kernel's audit, its compat bit, and its numbers of system calls."""

    audit: int
    compat_from: int  # numbers from here on belong to another ABI; 0: there is none
    numbers: Mapping[str, int]


MACHINES: Mapping[str, Machine] = MappingProxyType(
    {
        "x86_64": Machine(
            0xC000_003E,
            0x4000_0000,
            MappingProxyType(
                {"socket": 41, "socketpair": 53, "sendto": 44, "sendmsg": 46, "sendmmsg": 307, "ptrace": 101}
                | {"process_vm_readv": 310, "process_vm_writev": 311, "pidfd_getfd": 438, "setns": 308}
                | {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "bpf": 321}
                | {"add_key": 248, "request_key": 249, "keyctl": 250, "seccomp": 317, "capset": 126}
            ),
        ),
        "aarch64": Machine(
            0xC000_00B7,
            0,
            MappingProxyType(
                {"socket": 198, "socketpair": 199, "sendto": 206, "sendmsg": 211, "sendmmsg": 269}
                | {"ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "pidfd_getfd": 438}
                | {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "bpf": 280}
                | {"add_key": 217, "request_key": 218, "keyctl": 219, "setns": 268}
                | {"seccomp": 277, "capset": 91}
            ),
        ),
    }
)


def machine() -> Machine | None:
    """Return this processor's facts; None for one whose system calls are not known here, or not on Linux."""
    return MACHINES.get(platform.machine()) if platform.system() == "Linux" else None


def leave_namespaces() -> bool:
    """Enter an empty network namespace and a mount namespace; say whether that took a user namespace."""
    try:
        _libc("unshare", CLONE_NEWNET | CLONE_NEWNS)
    except PermissionError:
        user, group = os.geteuid(), os.getegid()
        _libc("unshare", CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            _write_own(name, text)
        within = True
    else:
        within = False
    return within


def keep_mounts_private() -> None:
    """Let no mount made from here on be seen by others; theirs are still seen here."""
    mount("none", "/", "", MS_REC | MS_SLAVE)


def _write_own(name: str, text: str) -> None:
    descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def mount(source: str, target: str, kind: str, flags: int) -> None:
    """Mount a source over a target."""
    _libc("mount", source.encode(), target.encode(), kind.encode() or None, flags, None)


def give_up_privileges() -> None:
    """Set no_new_privs: no program started from here gains a right by being started."""
    _libc("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def stop_with_parent(signal: int) -> None:
    """Ask for a signal at the parent's death, close this process's memory to others, and drop its rights."""
    _libc("prctl", PR_SET_PDEATHSIG, signal, 0, 0, 0)
    give_up_privileges()
    facts = machine()
    if facts is not None:
        drop_powers(facts, every=True)
    _libc("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


def drop_powers(facts: Machine, *, every: bool) -> None:
    """Drop for good the capabilities that lead out of a namespace, or every one, where there are any."""
    _, permitted, _ = _capabilities()
    if not permitted:
        return
    for power in POWERS:
        try:
            _libc("prctl", PR_CAPBSET_DROP, power, 0, 0, 0)
        except OSError as cause:
            # EINVAL: the kernel does not know this capability; EPERM: the bounding set is not ours to change
            if cause.errno not in (errno.EINVAL, errno.EPERM):
                raise
    _libc("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    left = 0 if every else permitted & ~sum(1 << power for power in POWERS)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    low, high = left & 0xFFFF_FFFF, left >> 32
    _syscall(facts.numbers["capset"], header, (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0))


def _capabilities() -> tuple[int, int, int]:
    """Return the effective, permitted and bounding capabilities of this process."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as stream:
        rows = dict(line.rstrip().split(":\t", 1) for line in stream if line.startswith("Cap"))
    return int(rows["CapEff"], 16), int(rows["CapPrm"], 16), int(rows["CapBnd"], 16)


def landlock_version() -> int:
    """Return the kernel's version of Landlock; 0 where it has none or refuses it."""
    try:
        return _syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    except OSError:
        return 0


def forbid_connect() -> int:
    """Refuse TCP connect and bind on every socket, old ones too, by Landlock; return its version.

    From version 6 on, abstract Unix sockets of others are refused as well. Needs no_new_privs and version 4.
    """
    version = landlock_version()
    if version < 4:
        raise OSError(errno.EOPNOTSUPP, "Landlock of version 4 or later (Linux 6.7) is not there")
    scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX if version >= 6 else 0
    rules = (ctypes.c_uint64 * 3)(0, LANDLOCK_BIND_TCP | LANDLOCK_CONNECT_TCP, scoped)
    descriptor = _syscall(LANDLOCK_CREATE_RULESET, rules, ctypes.c_size_t(24 if version >= 6 else 16), 0)
    try:
        _syscall(LANDLOCK_RESTRICT_SELF, descriptor, 0)
    finally:
        os.close(descriptor)
    return version


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def filter_syscalls(facts: Machine, program: bytes) -> None:
    """Load a filter of system calls for every thread of this process; needs no_new_privs."""
    buffer = ctypes.create_string_buffer(program, len(program))
    loaded = _Program(len(program) // 8, ctypes.addressof(buffer))
    number = facts.numbers["seccomp"]
    odd = _syscall(number, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(loaded))
    if odd:  # TSYNC names the thread that could not be brought under the filter
        raise OSError(errno.EBUSY, f"thread {odd} could not be brought under the filter")


def io_uring(facts: Machine) -> int:
    """Set up an io_uring; return its descriptor or raise OSError."""
    return _syscall(facts.numbers["io_uring_setup"], 4, ctypes.create_string_buffer(120))


def _libc(name: str, *arguments: int | bytes | None) -> int:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    return _require(function(*(_wide(value) for value in arguments)), name)


def _syscall(number: int, *arguments: object) -> int:
    function = ctypes.CDLL(None, use_errno=True).syscall
    function.restype = ctypes.c_long
    return _require(function(ctypes.c_long(number), *(_wide(value) for value in arguments)), f"call {number}")


def _wide(value: object) -> object:
    return ctypes.c_ulong(value & 0xFFFF_FFFF_FFFF_FFFF) if isinstance(value, int) else value


def _require(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
