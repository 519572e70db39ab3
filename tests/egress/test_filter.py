"""The filter's decisions on every processor, read by an interpreter of BPF that did not make it."""

import errno
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posology.egress.filter import REFUSED, build_filter
from posology.egress.syscalls import MACHINES

ALLOWED, REFUSED_WITH_EPERM = 0x7FFF0000, 0x00050000 | errno.EPERM
FAST_OPEN = 0x20000000
machines = pytest.mark.parametrize("name", list(MACHINES))


def decide(program: bytes, number: int, audit: int, arguments: tuple[int, ...] = ()) -> int:
    """Run a classic BPF program over the kernel's record of a system call."""
    padded = (*arguments, *([0] * (6 - len(arguments))))
    record = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, audit, 0, *padded)
    lines = list(struct.iter_unpack("<HBBI", program))
    place = value = 0
    while True:
        operation, yes, no, constant = lines[place]
        place += 1
        if operation == 0x20:
            (value,) = struct.unpack_from("<I", record, constant)
        elif operation == 0x06:
            return constant
        else:
            holds = {0x15: value == constant, 0x35: value >= constant, 0x45: bool(value & constant)}
            place += yes if holds[operation] else no


def verdict(name: str, call: str, *arguments: int) -> int:
    facts = MACHINES[name]
    return decide(build_filter(facts), facts.numbers[call], facts.audit, arguments)


@machines
@pytest.mark.parametrize("call", ["socket", "socketpair"])
def test_unix_sockets_alone_are_allowed(name: str, call: str) -> None:
    assert verdict(name, call, 1, 1, 0) == ALLOWED
    for family in (0, 2, 3, 10, 16, 17, 38, 40, 0x7FFFFFFF, 0xFFFFFFFF):
        assert verdict(name, call, family, 1, 0) == REFUSED_WITH_EPERM, family


@machines
def test_the_upper_half_of_a_family_deceives_nobody(name: str) -> None:
    """The kernel takes the family as an int: what stands above is cut off, there and here."""
    assert verdict(name, "socket", (1 << 32) | 2, 1, 0) == REFUSED_WITH_EPERM


@machines
@pytest.mark.parametrize("call", REFUSED)
def test_ways_around_the_filter_are_refused(name: str, call: str) -> None:
    assert verdict(name, call, 1, 1, 1) == REFUSED_WITH_EPERM


@machines
@pytest.mark.parametrize(("call", "place"), [("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)])
def test_sending_is_allowed_but_not_where_it_connects(name: str, call: str, place: int) -> None:
    assert verdict(name, call, 5, 0, 0x4000, 0x4000) == ALLOWED
    arguments = [5, 0, 0, 0]
    arguments[place] = FAST_OPEN | 0x4000
    assert verdict(name, call, *arguments) == REFUSED_WITH_EPERM


@machines
@given(number=st.integers(0, 0x3FFFFFFF), audit=st.integers(0, 0xFFFFFFFF))
def test_another_abi_is_refused_whatever_it_calls(name: str, number: int, audit: int) -> None:
    facts = MACHINES[name]
    if audit != facts.audit:
        assert decide(build_filter(facts), number, audit) == REFUSED_WITH_EPERM


@given(number=st.integers(0x40000000, 0xFFFFFFFF))
def test_x32_is_refused_whatever_it_calls(number: int) -> None:
    facts = MACHINES["x86_64"]
    assert decide(build_filter(facts), number, facts.audit) == REFUSED_WITH_EPERM


@machines
@given(number=st.integers(0, 460))
def test_every_other_system_call_is_allowed(name: str, number: int) -> None:
    facts = MACHINES[name]
    named = {facts.numbers[call] for call in (*REFUSED, "socket", "socketpair")}
    if number not in named:
        assert decide(build_filter(facts), number, facts.audit) == ALLOWED


HEADERS = {  # the generic table is that of aarch64
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}


@machines
def test_the_numbers_are_those_of_the_kernels_headers(name: str) -> None:
    found = [Path(path) for path in HEADERS[name] if Path(path).is_file()]
    if not found:
        pytest.skip("the kernel's headers are not installed")
    table = dict(re.findall(r"#define __NR_(\w+) (\d+)", found[0].read_text(encoding="utf-8")))
    for call, number in MACHINES[name].numbers.items():
        if call in table:  # headers may be older than the call
            assert int(table[call]) == number, call
    assert set(table) >= {"socket", "ptrace", "setns", "seccomp", "capset"}
