"""Ports for servers that are told theirs: below those that the system gives to connections of its own."""

import random
import socket

__all__ = ["free_port"]

_FIRST, _AFTER = 15_000, 32_000  # Linux gives out ports from 32768 on


def free_port() -> int:
    """Return a port of loopback on which nothing listens; no connection is given it by chance."""
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(_FIRST, _AFTER)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
