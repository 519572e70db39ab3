"""The relay leads to the pinned addresses and nowhere else, keeps TLS whole, and dies with its parent."""

import datetime
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from posology.addresses import Address
from posology.chat.transport import Server
from posology.egress import start_relay
from posology.errors import EngineError, SealError
from tests.egress.apart import environment, needs_linux, needs_root
from tests.ports import free_port

pytestmark = needs_linux


class _Names(BaseHTTPRequestHandler):
    """Answers with the path and the host that were asked for."""

    def log_message(self, *_) -> None:
        """Be silent."""

    def do_GET(self) -> None:
        body = f'{{"path": "{self.path}", "host": "{self.headers["Host"]}"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_CONNECT = do_GET


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """A client that leaves is no news."""


@contextmanager
def serving(context: ssl.SSLContext | None = None):
    server = _Quiet(("127.0.0.1", 0), _Names)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def address(port: int, host: str = "models.test", scheme: str = "http") -> Address:
    return Address(f"{scheme}://{host}:{port}/v1", host, port, "127.0.0.1", "")


def test_a_model_server_is_reached_through_the_relay_under_its_own_name() -> None:
    with serving() as port, start_relay([address(port)]) as relay:
        through = relay.through(address(port))
        assert through == replace(address(port), socket=through.socket)
        reply = Server(through, 5.0).get_api("/models")
        assert reply.data == {"path": "/v1/models", "host": f"models.test:{port}"}


@pytest.mark.parametrize(
    "request_line",
    [
        "GET http://127.0.0.1:{other}/ HTTP/1.1",  # as to a proxy
        "CONNECT 127.0.0.1:{other} HTTP/1.1",
    ],
)
def test_no_other_address_is_reached_whatever_is_asked(request_line) -> None:
    """The relay reads nothing of what it carries: all of it goes to the one address of the socket."""
    with serving() as port, socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.3)
        with start_relay([address(port)]) as relay, socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(relay.socket_of(address(port))))
            line = request_line.format(other=other.getsockname()[1])
            caller.sendall(f"{line}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            assert caller.makefile("rb").read().startswith(b"HTTP/1.0 200")
        with pytest.raises(TimeoutError):
            other.accept()


def test_an_address_that_was_not_named_has_no_socket() -> None:
    with start_relay([address(1)]) as relay, pytest.raises(SealError, match="no address of this relay"):
        relay.socket_of(address(2))


def test_without_addresses_there_is_no_relay() -> None:
    with start_relay([]) as relay:
        assert dict(relay.sockets) == {}


def test_the_sockets_are_for_their_owner_only_and_vanish_with_the_relay() -> None:
    relay = start_relay([address(1)])
    path = relay.socket_of(address(1))
    private = path.parent.parent
    assert private.stat().st_mode & 0o777 == 0o700
    assert path.parent.stat().st_mode & 0o777 == 0o700
    relay.close()
    assert not private.exists()


def test_the_relay_has_no_rights_and_no_secrets(monkeypatch) -> None:
    monkeypatch.setenv("SITE_KEY", "a secret of this process")
    with start_relay([address(1)]) as relay:
        of = Path(f"/proc/{relay._process.pid}")
        rows = dict(
            line.split(":\t", 1) for line in (of / "status").read_text().splitlines() if ":\t" in line
        )
        assert int(rows["CapPrm"], 16) == 0
        assert rows["NoNewPrivs"] == "1"
        if os.geteuid() == 0:  # to others of its user it is closed
            assert b"SITE_KEY" not in (of / "environ").read_bytes()
        else:
            with pytest.raises(PermissionError):
                (of / "environ").read_bytes()


def test_large_bodies_and_many_callers_pass_whole() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=32) as far:

        def echo(connection: socket.socket) -> None:
            with connection:
                while piece := connection.recv(65536):
                    connection.sendall(piece)

        def accept() -> None:
            for _ in range(8):
                threading.Thread(target=echo, args=(far.accept()[0],)).start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        named = address(far.getsockname()[1])
        with start_relay([named]) as relay:
            answers: list[bool] = []

            def call(seed: int) -> None:
                data = bytes([seed]) * 3_000_000
                with socket.socket(socket.AF_UNIX) as caller:
                    caller.connect(str(relay.socket_of(named)))
                    sender = threading.Thread(target=lambda: (caller.sendall(data), caller.shutdown(1)))
                    sender.start()
                    answers.append(caller.makefile("rb").read() == data)
                    sender.join()

            callers = [threading.Thread(target=call, args=(seed,)) for seed in range(8)]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join()
            acceptor.join()
            assert answers == [True] * 8


def test_a_server_that_is_down_is_told_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    told = pytest.raises(EngineError, match="no server answers there, or it broke off")
    with start_relay([address(port)]) as relay, told:
        Server(relay.through(address(port)), 5.0).get_api("/models")


@pytest.mark.filterwarnings(  # httpcore leaves a Unix socket that it could not connect to the collector
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
def test_a_relay_that_is_gone_is_told_in_plain_words() -> None:
    relay = start_relay([address(1)])
    through = relay.through(address(1))
    relay.close()
    with pytest.raises(EngineError, match="no server answers there"):
        Server(through, 5.0).get_api("/models")


def test_tls_runs_from_end_to_end_and_names_are_checked(tmp_path, monkeypatch) -> None:
    certificate, key = _certificate(tmp_path, "models.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    trusted = ssl.create_default_context(cafile=str(certificate))
    with serving(context) as port:
        good, wrong = address(port, scheme="https"), address(port, "other.test", "https")
        with start_relay([good, wrong]) as relay:
            for named, accepted in ((good, True), (wrong, False)):
                transport = httpx.HTTPTransport(uds=str(relay.socket_of(named)), verify=trusted)
                with httpx.Client(transport=transport, trust_env=False) as client:
                    asked = lambda: client.get(  # noqa: E731
                        f"https://127.0.0.1:{port}/v1/models",
                        extensions={"sni_hostname": named.host},  # noqa: B023
                    )
                    if accepted:
                        assert asked().json()["path"] == "/v1/models"
                    else:
                        with pytest.raises(httpx.ConnectError, match="mismatch"):
                            asked()
            with pytest.raises(EngineError):  # our client trusts no certificate that nobody vouches for
                Server(relay.through(good), 5.0).get_api("/models")


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, secret


PARENT = """
import sys, time
from posology.addresses import Address
from posology.egress import start_relay
relay = start_relay([Address("http://127.0.0.1:1/v1", "127.0.0.1", 1, "127.0.0.1", "")])
print(relay._process.pid, relay.socket_of(*relay.sockets), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_relay_dies_with_its_parent_and_leaves_nothing(blow) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
    )
    with parent:
        pid, path = parent.stdout.readline().decode().split()
        assert Path(path).exists()
        parent.send_signal(blow)
        parent.wait()
    deadline = time.monotonic() + 5.0
    while (Path(f"/proc/{pid}/exe").exists() or Path(path).parent.parent.exists()) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.02)
    assert not Path(path).parent.parent.exists()
    assert not Path(f"/proc/{pid}/exe").exists()


POSTGRES = Path("/usr/lib/postgresql/15/bin")


@needs_root
@pytest.mark.skipif(not POSTGRES.is_dir(), reason="PostgreSQL 15 is not installed")
def test_a_database_is_reached_through_the_relay(tmp_path) -> None:
    psycopg = pytest.importorskip("psycopg")
    with _postgres() as port:
        named = Address(f"http://127.0.0.1:{port}", "127.0.0.1", port, "127.0.0.1", "")
        with start_relay([named]) as relay:
            folder = relay.socket_of(named).parent
            with psycopg.connect(host=str(folder), port=port, user="postgres", dbname="postgres") as link:
                assert link.execute("select 6 * 7").fetchone() == (42,)
                row = link.execute("select host(inet_client_addr())").fetchone()
                assert row == ("127.0.0.1",)  # it came by the network, through the relay


@contextmanager
def _postgres():
    """Run a database of the test's own on a free port, as the user postgres."""
    import pwd
    import shutil
    import tempfile

    owner = pwd.getpwnam("postgres")
    folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    port = free_port()
    as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "cwd": folder}
    made = [str(POSTGRES / "initdb"), "-D", f"{folder}/data", "-A", "trust", "-N", "--no-instructions"]
    subprocess.run(made, check=True, capture_output=True, **as_owner)
    started = [str(POSTGRES / "postgres"), "-D", f"{folder}/data", "-p", str(port), "-k", "", "-F"]
    server = subprocess.Popen(
        [*started, "-h", "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_owner
    )
    try:
        ready = [str(POSTGRES / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        deadline = time.monotonic() + 20
        while subprocess.run(ready, check=False).returncode and time.monotonic() < deadline:
            time.sleep(0.05)
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)
        shutil.rmtree(folder)
