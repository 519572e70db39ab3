"""The guard that keeps tests on this machine does so."""

import socket

import pytest


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "an address of the documentation range"),
        ("10.0.0.1", "a private range is not this machine"),
        ("example.org", "a name is refused before it is looked up"),
        ("169.254.169.254", "where clouds keep credentials"),
    ],
)
def test_nothing_beyond_this_machine_is_reached(host: str, reason: str) -> None:
    with pytest.raises(BaseException, match="tests reach loopback only"):
        socket.create_connection((host, 80), timeout=0.1)


def test_a_server_on_loopback_is_reached() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()[:2], timeout=1) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_sockets_of_this_machine_are_free() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(b"x")
        assert other.recv(1) == b"x"
