"""A listener in a second network namespace is reached before the lock and hears nothing after it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.egress.apart import environment, needs_linux, needs_root, told

pytestmark = [
    needs_linux,
    needs_root,
    pytest.mark.skipif(shutil.which("ip") is None, reason="ip (iproute2) is not installed"),
]

# In the other namespace: a listener for TCP and UDP over IPv4 and IPv6, a model server, and a count of every
# packet that comes to its end of the pair of interfaces, for which one line of input asks.
NEIGHBOUR = """
import http.server, os, selectors, socket, sys, threading
host, host6 = sys.argv[1:]
class Models(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        body = b'{"data": [{"id": "neighbour"}]}'
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
models = http.server.ThreadingHTTPServer((host, 0), Models)
threading.Thread(target=models.serve_forever, daemon=True).start()
tcp = socket.create_server((host, 0))
port = tcp.getsockname()[1]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind((host, port))
tcp6 = socket.create_server((host6, port), family=socket.AF_INET6)
udp6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); udp6.bind((host6, port))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
wire.bind(("inside", 0)); wire.setblocking(False)
def packets():
    count = 0
    while True:
        try: data, sender = wire.recvfrom(2048)
        except BlockingIOError: return count
        # what the neighbour receives, but for the kernels' own search for neighbours and routers
        if sender[2] == 4 or sender[1] not in (0x0800, 0x86DD): continue
        if sender[1] == 0x86DD and data[6] in (0, 58): continue
        count += 1
waiting = selectors.DefaultSelector()
for listener in (tcp, udp, tcp6, udp6, sys.stdin): waiting.register(listener, selectors.EVENT_READ)
print(port, models.server_address[1], flush=True)
while True:
    for key, _ in waiting.select():
        if key.fileobj is sys.stdin:
            if not os.read(0, 64): sys.exit()
            print(packets(), flush=True)
        elif key.fileobj in (tcp, tcp6): key.fileobj.accept()[0].close()
        else: key.fileobj.sendto(b"heard", key.fileobj.recvfrom(512)[1])
"""

SEALED = """
import json, socket, sys, time
from posology.addresses import Address
from posology.config import load_settings
from posology.chat.transport import Server
from posology.egress import Plan, parse_listener, probe_sealed, sealed_run
site = parse_listener(sys.argv[1])
host, models = sys.argv[2], int(sys.argv[3])
named = Address(f"http://{host}:{models}/v1", host, models, host, "")
run = sealed_run(load_settings(profile="rules"), Plan(addresses=[named], listener=site))
print("sealed", flush=True)
sys.stdin.readline()
again = probe_sealed(site, run.seal)
print("probed", flush=True)
sys.stdin.readline()
reply = Server(run.relay.through(named), 5.0).get_api("/models")
print(json.dumps([run.as_json(), again.as_json(), reply.data]), flush=True)
run.relay.close()
"""


@dataclass
class Neighbour:
    """A second namespace and the listener in it."""

    name: str
    host: str
    host6: str
    process: "subprocess.Popen[bytes]"
    port: int = 0
    models: int = 0

    def packets(self) -> int:
        """Return how many packets of IPv4, or of TCP and UDP over IPv6, came since the last question."""
        self.process.stdin.write(b"?\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def neighbour() -> Iterator[Neighbour]:
    tail = os.getpid() % 60_000
    name, outside = f"posology-{tail}", f"pos{tail}"
    near, far = (f"10.213.{tail % 250}.{last}" for last in (1, 2))
    near6, far6 = (f"fd5e:a1ed:{tail:x}::{last}" for last in (1, 2))
    try:
        ip("netns", "add", name)
        ip("link", "add", outside, "type", "veth", "peer", "name", "inside", "netns", name)
    except subprocess.CalledProcessError as cause:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        pytest.skip(f"no second network namespace here: {cause.stderr.decode().strip()}")
    try:
        for at, address, mask in ((outside, near, "24"), (outside, near6, "64")):
            ip("address", "add", f"{address}/{mask}", "dev", at, *(["nodad"] if ":" in address else []))
        for address, mask in ((far, "24"), (far6, "64")):
            more = ["nodad"] if ":" in address else []
            ip("-n", name, "address", "add", f"{address}/{mask}", "dev", "inside", *more)
        ip("link", "set", outside, "up")
        ip("-n", name, "link", "set", "inside", "up")
        with _listening(name, far, far6) as found:
            yield found
    finally:
        ip("netns", "del", name)


@contextmanager
def _listening(name: str, host: str, host6: str) -> Iterator[Neighbour]:
    command = ["ip", "netns", "exec", name, sys.executable, "-c", NEIGHBOUR, host, host6]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with process:
        port, models = (int(word) for word in process.stdout.readline().split())
        yield Neighbour(name, host, host6, process, port, models)
        process.terminate()


def test_the_neighbour_hears_an_unsealed_probe_of_every_kind(neighbour) -> None:
    code = (
        "import json, sys\nfrom posology.egress import parse_listener, probe\n"
        "print(json.dumps([probe(parse_listener(text)).as_json()['attempts'] for text in sys.argv[1:]]))"
    )
    four, six = told(code, f"{neighbour.host}:{neighbour.port}", f"[{neighbour.host6}]:{neighbour.port}")
    outcomes = {row["name"]: row["outcome"] for row in four}
    for name in ("dns query", "tcp", "udp", "tcp over ipv6", "udp over ipv6", "thread", "child process"):
        assert outcomes[name] == "reached", name
    assert outcomes["raw socket"] == "sent"
    assert {row["outcome"] for row in six if "ipv6" in row["name"]} == {"reached"}
    assert neighbour.packets() > 20


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_the_neighbour_hears_nothing_of_a_sealed_process_but_by_the_relay(neighbour, family) -> None:
    host = neighbour.host if family == "ipv4" else f"[{neighbour.host6}]"
    listener = f"{host}:{neighbour.port}"
    command = [sys.executable, "-c", SEALED, listener, neighbour.host, str(neighbour.models)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as sealed:

        def step(word: bytes) -> None:
            said = sealed.stdout.readline()
            assert said == word + b"\n", sealed.stderr.read().decode()

        step(b"sealed")
        assert neighbour.packets() > 5  # the control before the lock
        sealed.stdin.write(b"probe again\n")
        sealed.stdin.flush()
        step(b"probed")
        assert neighbour.packets() == 0  # every way out was tried once more, and none arrived
        sealed.stdin.write(b"call the model server\n")
        sealed.stdin.flush()
        record, again, reply = json.loads(sealed.stdout.readline())
    assert neighbour.packets() > 3  # the relay's way is open
    assert reply == {"data": [{"id": "neighbour"}]}
    before = {row["name"]: row["outcome"] for row in record["probe"]["before"]}
    assert before["tcp" if family == "ipv4" else "tcp over ipv6"] == "reached"
    assert record["probe"]["proves"] is True
    after = record["probe"]["after"] + again["attempts"]
    tried = {row["name"]: row["outcome"] for row in after if row["outcome"] != "not tried"}
    assert set(tried.values()) == {"refused"}
    assert before["child process"] == "reached"
    assert tried["child process"] == "refused"
