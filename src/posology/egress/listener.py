"""The listener that a probe calls: the site's own, or one on loopback opened for the purpose."""

import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType

from posology.addresses import resolve_name
from posology.errors import SealError

__all__ = ["Listener", "OwnListener", "parse_listener"]


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the probe's attempts go; port 0 where there is nothing of that kind."""

    host: str  # as the site wrote it
    ip: str
    tcp: int
    udp: int
    ip6: str  # an IPv4 listener is called through IPv6 sockets by its mapped address
    tcp6: int
    udp6: int
    own: bool  # opened for the probe, not the site's


def parse_listener(text: str) -> Listener:
    """Return the site's listener from ``HOST:PORT`` or ``[IPV6]:PORT``; the name is resolved here, once."""
    host, _, number = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (number.isascii() and number.isdigit() and 0 < int(number) < 65536):
        raise SealError(f"the probe's listener {text!r}: write it as HOST:PORT, such as 10.0.0.5:9999")
    found = resolve_name(host, int(number))
    if not found:
        raise SealError(f"the probe's listener {text!r}: {host} does not resolve; give its IP address")
    port = int(number)
    four = next((ip for ip in found if ":" not in ip), "")
    six = next((ip for ip in found if ":" in ip), f"::ffff:{four}")
    return Listener(host, four, port if four else 0, port if four else 0, six, port, port, own=False)


class OwnListener:
    """A control listener on loopback in a process of its own, which counts what it hears."""

    def __init__(self) -> None:
        """Start it; to be called before the lock."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "posology.egress.echo"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        ports = [int(word) for word in self._line().split()]
        if len(ports) != 4:
            self.close()
            raise SealError("the control listener of the probe did not start; see what it says above")
        tcp, udp, tcp6, udp6 = ports
        self.listener = Listener("loopback", "127.0.0.1", tcp, udp, "::1", tcp6, udp6, own=True)

    def heard(self) -> int:
        """Return how many connections and datagrams have arrived so far."""
        if self._process.stdin is None:
            raise SealError("the control listener of the probe was closed")
        self._process.stdin.write(b"?\n")
        self._process.stdin.flush()
        return int(self._line() or b"-1")

    def close(self) -> None:
        """End the listener."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _line(self) -> bytes:
        return b"" if self._process.stdout is None else self._process.stdout.readline()

    def __enter__(self) -> "OwnListener":
        """Return the listener."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the listener."""
        self.close()
