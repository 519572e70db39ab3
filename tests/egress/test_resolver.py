"""A resolver of the machine that listens on a Unix socket is no way out for names."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.egress.apart import environment, needs_linux, needs_root

pytestmark = [
    needs_linux,
    needs_root,
    pytest.mark.skipif(shutil.which("mount") is None, reason="mount is not installed"),
]

# A stand-in for the name service cache of the C library: it counts who calls and answers nothing.
CACHE = """
import os, select, socket, sys
listener = socket.socket(socket.AF_UNIX); listener.bind("/run/nscd/socket"); listener.listen(16)
os.chmod("/run/nscd/socket", 0o666)
calls = 0
print("ready", flush=True)
while True:
    for ready in select.select([listener, 0], [], [])[0]:
        if ready == 0:
            if not os.read(0, 64): sys.exit()
            print(calls, flush=True)
        else:
            listener.accept()[0].close(); calls += 1
"""

SEALED = """
import json, os, socket, subprocess, sys
cache = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def calls():
    cache.stdin.write(b"?\\n"); cache.stdin.flush()
    return int(cache.stdout.readline())
def ask():
    try: socket.getaddrinfo("localhost", None)  # the cache is asked before the file of hosts
    except socket.gaierror: pass
cache.stdout.readline()
from posology.config import load_settings
from posology.egress import Layer, Plan, sealed_run
from posology.errors import SealError
try:
    layers = [Layer(name) for name in json.loads(sys.argv[2])]
    ask()
    before = calls()
    found = sealed_run(load_settings(profile="rules"), Plan(layers=layers)).as_json()
    started = calls()
    ask()
except SealError as refusal:
    found, started = str(refusal), before
print(json.dumps([found, before, calls() - started]), flush=True)
cache.kill()
cache.wait()
os._exit(0)
"""


def in_private_run(layers: str) -> list:
    """Run the code where /run is the test's own, so that nothing of this machine is touched."""
    script = 'mount -t tmpfs none /run && mkdir -m 755 /run/nscd && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, "-c", SEALED, CACHE, layers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment())
    if "mount:" in done.stderr:
        pytest.skip(f"no mount of its own here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_resolver_of_the_machine_is_out_of_reach() -> None:
    record, before, calls = in_private_run(json.dumps(["network namespace", "landlock", "seccomp"]))
    assert record["local_services"]["closed"] >= 1
    assert record["local_services"]["open"] == []
    assert {row["outcome"] for row in record["probe"]["after"]} == {"refused"}
    assert before >= 1  # unsealed, the C library asks the cache
    assert calls == 0


def test_a_resolver_that_cannot_be_closed_ends_the_program() -> None:
    refusal, _, calls = in_private_run(json.dumps(["seccomp", "landlock"]))
    assert "the lock does not hold: name lookup (reached)" in refusal
    assert "a resolver of this machine answers through /run/nscd/socket" in refusal
    assert calls >= 1  # the probe was heard
