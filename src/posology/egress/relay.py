"""The relay: the only way out of a sealed process, to the profile's addresses and nowhere else.

It is a process of its own, started before the lock. Each address has a Unix socket in a private folder; what
is written there goes to that IP address and port. TLS runs through it from end to end.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType

from posology.addresses import Address
from posology.errors import SealError

__all__ = ["Relay", "start_relay"]

PATH_LIMIT = 107  # bytes of a Unix socket's path
# What a Python process needs to start; keys and passwords of this process are not among them.
ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "LD_LIBRARY_PATH")


class Relay:
    """A running relay; it ends with this process, or at close."""

    def __init__(
        self, process: "subprocess.Popen[bytes] | None", folder: Path | None, sockets: Mapping[Address, Path]
    ) -> None:
        """Hold a relay that was started; use start_relay."""
        self._process = process
        self._folder = folder
        self.sockets = MappingProxyType(dict(sockets))

    def through(self, address: Address) -> Address:
        """Return the same address, to be reached through its socket."""
        return replace(address, socket=str(self.socket_of(address)))

    def socket_of(self, address: Address) -> Path:
        """Return the socket of an address; its folder is what libpq takes as the host."""
        try:
            return self.sockets[address]
        except KeyError:
            raise SealError(f"{address.url}: no address of this relay") from None

    def close(self) -> None:
        """End the relay and remove its folder."""
        if self._process is not None:
            _end(self._process)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "Relay":
        """Return the relay."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the relay."""
        self.close()


def start_relay(addresses: Sequence[Address], *, folder: Path | None = None) -> Relay:
    """Start the relay of these addresses, before the lock; without any there is no process.

    ``folder`` is where its private folder is made; the folder for temporary files by default.
    """
    if not addresses:
        return Relay(None, None, {})
    private = Path(tempfile.mkdtemp(prefix="posology-", dir=folder))  # readable by its owner only
    sockets = {
        address: private / str(place) / f".s.PGSQL.{address.port}"
        for place, address in enumerate(dict.fromkeys(addresses))
    }
    longest = max(len(os.fsencode(path)) for path in sockets.values())
    if longest > PATH_LIMIT:
        shutil.rmtree(private)
        raise SealError(f"{private}: too long a path for a socket; set TMPDIR to a folder with a short path")
    for path in sockets.values():
        path.parent.mkdir(mode=0o700)
    process = _start(
        [{"ip": a.ip, "port": a.port, "path": str(path)} for a, path in sockets.items()], private
    )
    return Relay(process, private, sockets)


def _start(routes: Sequence[Mapping[str, str | int]], folder: Path) -> "subprocess.Popen[bytes]":
    """Start the process and wait until its sockets are open; its end of input is its end."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "posology.egress.pump"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        cwd="/",
        start_new_session=True,  # an interrupt at the terminal ends the parent, and that the relay
    )
    order = json.dumps({"folder": str(folder), "routes": list(routes)}).encode() + b"\n"
    answer = b""
    if process.stdin is not None and process.stdout is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(order)
            process.stdin.flush()
        answer = process.stdout.readline()
        process.stdout.close()
    if answer != b"ready\n":
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)
        raise SealError("the relay to the profile's addresses did not start; see what it says above")
    return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.close()
    try:
        process.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
