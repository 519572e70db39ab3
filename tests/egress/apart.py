"""Running code in a process of its own, as a seal is for life; and hosts that refuse what a seal needs."""

import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = 65534

# Loads a filter that refuses system calls by number, as a strict container does.
STRICT_HOST = """
import ctypes, struct
def refuse(*numbers):
    lines = [struct.pack("<HBBI", 0x20, 0, 0, 0)]
    for number in numbers:
        lines += [struct.pack("<HBBI", 0x15, 0, 1, number), struct.pack("<HBBI", 6, 0, 0, 0x50001)]
    lines.append(struct.pack("<HBBI", 6, 0, 0, 0x7FFF0000))
    program = ctypes.create_string_buffer(b"".join(lines))
    class Program(ctypes.Structure):
        _fields_ = [("n", ctypes.c_ushort), ("p", ctypes.c_void_p)]
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(Program(len(lines), ctypes.addressof(program))), 0, 0) == 0
"""
NUMBERS = {
    "x86_64": {"unshare": 272, "seccomp": 317, "landlock_create_ruleset": 444},
    "aarch64": {"unshare": 97, "seccomp": 277, "landlock_create_ruleset": 444},
}.get(platform.machine(), {})


def _why_not() -> str:
    """Say why this machine cannot take every layer, by means that are not the product's; "" where it can."""
    if platform.system() != "Linux" or not NUMBERS:
        return "a seal needs Linux on x86-64 or aarch64"
    unshare = shutil.which("unshare")
    if (
        unshare is None
        or subprocess.run([unshare, "-rnm", "true"], check=False, capture_output=True).returncode
    ):
        return "user and network namespaces are not allowed here"
    version = ctypes.CDLL(None).syscall(NUMBERS["landlock_create_ruleset"], None, ctypes.c_size_t(0), 1)
    return "" if version >= 6 else "Landlock of version 6 (Linux 6.12) is not here"


WHY_NOT = _why_not()
needs_linux = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "every layer is here")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a second namespace")


def run(code: str, *arguments: object, uid: int | None = None) -> "subprocess.CompletedProcess[str]":
    """Run Python code with arguments to its end, as another user where one is named."""
    command = [python_for(uid), "-c", code, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment(), **as_user(uid)
    )
    assert "ResourceWarning" not in done.stderr
    return done


def told(code: str, *arguments: object, uid: int | None = None) -> Any:
    """Run code that must end well; return the JSON that it prints last."""
    done = run(code, *arguments, uid=uid)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def environment() -> dict[str, str]:
    """Return an environment in which another interpreter finds the package and what it needs."""
    folders = [str(ROOT / "src"), *(path for path in sys.path if path.endswith("site-packages"))]
    return {"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(folders)}


def as_user(uid: int | None) -> dict[str, Any]:
    return {} if uid is None else {"user": uid, "group": uid, "extra_groups": [], "cwd": "/"}


@cache
def python_for(uid: int | None) -> str:
    """Return an interpreter of this version that the user may start; skip where there is none."""
    if uid is None:
        return sys.executable
    asked = "import pydantic_core, sys; print(sys.version_info[:2])"
    for candidate in (sys.executable, "/usr/bin/python3"):
        try:
            done = subprocess.run(
                [candidate, "-c", asked],
                capture_output=True,
                text=True,
                check=False,
                env=environment(),
                **as_user(uid),
            )
        except OSError:
            continue
        if done.stdout.strip() == str(sys.version_info[:2]):
            return candidate
    pytest.skip(f"no Python {sys.version_info[:2]} that user {uid} may start")


def strict_host(*refused: str) -> str:
    """Return code that makes the host refuse these system calls from there on."""
    return STRICT_HOST + f"refuse(*{[NUMBERS[name] for name in refused]})\n"
