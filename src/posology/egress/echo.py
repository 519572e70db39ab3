"""The control listener's own process: answers TCP and UDP on loopback, and counts what it hears."""

import os
import selectors
import signal
import socket
import sys

from posology.egress.syscalls import stop_with_parent

__all__ = ["run_echo"]

HOSTS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def run_echo() -> None:
    """Open the sockets, tell their ports, and answer each line of input with how much was heard so far."""
    stop_with_parent(signal.SIGTERM)
    waiting = selectors.DefaultSelector()
    ports = []
    for family, host in HOSTS:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            listener = _open(family, host, kind)
            ports.append(0 if listener is None else listener.getsockname()[1])
            if listener is not None:
                waiting.register(listener, selectors.EVENT_READ)
    waiting.register(0, selectors.EVENT_READ)
    _say(" ".join(map(str, ports)))
    _answer(waiting)


def _open(family: int, host: str, kind: int) -> socket.socket | None:
    """Return a listener on a free port; None where the machine has no such family."""
    try:
        listener = socket.socket(family, kind)
        listener.bind((host, 0))
    except OSError:
        return None
    if kind == socket.SOCK_STREAM:
        listener.listen()
    return listener


def _answer(waiting: selectors.BaseSelector) -> None:
    heard = asked = 0
    while True:
        ready = waiting.select(0 if asked else None)
        called = [key.fileobj for key, _ in ready if isinstance(key.fileobj, socket.socket)]
        for listener in called:
            _reply(listener)
        heard += len(called)
        if asked and not called:  # all that had arrived is counted
            _say(str(heard))
            asked -= 1
        if len(called) < len(ready):
            questions = os.read(0, 64)
            if not questions:
                return
            asked += questions.count(b"\n")


def _reply(listener: socket.socket) -> None:
    if listener.type == socket.SOCK_DGRAM:
        _, sender = listener.recvfrom(512)
        listener.sendto(b"heard", sender)
        return
    connection, _ = listener.accept()
    connection.close()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run_echo()
