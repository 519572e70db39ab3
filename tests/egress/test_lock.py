"""A sealed process, its threads and its children reach nothing; where it cannot be sealed, nothing runs."""

import json
import os
import platform
import socket

import pytest

from posology.egress import Layer, seal
from posology.errors import SealError
from tests.egress.apart import NOBODY, needs_linux, needs_root, run, strict_host, told

pytestmark = needs_linux

TRY = """
import errno, json, socket, subprocess, sys, threading
def fails(act):
    try:
        act()
    except OSError as cause:
        return errno.errorcode[cause.errno]
    return "done"
def connect(family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family, socket.SOCK_STREAM) as caller:
        caller.connect((host, port))
port = int(sys.argv[1])
"""
SEAL = TRY + "from posology.egress import Layer, seal\n"


@pytest.fixture(scope="module")
def port():
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("uid", [None, pytest.param(NOBODY, marks=needs_root)])
def test_a_process_is_sealed_by_every_layer_with_and_without_rights(uid, port) -> None:
    code = SEAL + (
        "held = seal([])\n"
        "print(json.dumps([held.as_json(), fails(connect), fails(lambda: connect(socket.AF_INET6, '::1'))]))"
    )
    held, four, six = told(code, port, uid=uid)
    assert held["layers"] == ["network namespace", "landlock", "seccomp"], held["missing"]
    assert held["missing"] == []
    assert held["user_namespace"] == (uid is not None or os.geteuid() != 0)
    assert (four, six) == ("EPERM", "EPERM")


@pytest.mark.parametrize(
    ("layers", "error"),
    [
        (["network namespace"], "ENETUNREACH"),  # an empty namespace: no interface, no route
        (["seccomp"], "EPERM"),
        (["network namespace", "landlock"], "ENETUNREACH"),
    ],
)
def test_each_lock_holds_alone_and_the_seal_says_what_is_missing(layers, error, port) -> None:
    code = SEAL + (
        "held = seal([], layers=[Layer(name) for name in json.loads(sys.argv[2])])\n"
        "print(json.dumps([held.as_json(), fails(connect)]))"
    )
    held, outcome = told(code, port, json.dumps(layers))
    assert outcome in (error, "EACCES" if "landlock" in layers else error)
    assert sorted(held["layers"]) == sorted(layers)
    left = {layer for layer in Layer if layer not in layers}
    assert {line.partition(":")[0] for line in held["missing"]} == left
    assert all("so " in line for line in held["missing"])


@pytest.mark.parametrize("uid", [None, pytest.param(NOBODY, marks=needs_root)])
def test_no_capability_that_leads_out_is_left_to_the_process_or_its_children(uid, port) -> None:
    code = SEAL + (
        "seal([])\n"
        "own = open('/proc/self/status').read()\n"
        "child = subprocess.run(['cat', '/proc/self/status'], capture_output=True, text=True).stdout\n"
        "print(json.dumps([own, child]))"
    )
    for status in told(code, port, uid=uid):
        rows = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        left = int(rows["CapPrm"], 16) | int(rows["CapEff"], 16)
        out = {"NET_ADMIN": 12, "NET_RAW": 13, "SYS_MODULE": 16, "SYS_PTRACE": 19, "SYS_ADMIN": 21, "BPF": 39}
        assert [name for name, bit in out.items() if left >> bit & 1] == []
        assert left == 0 or uid is None
        assert rows["NoNewPrivs"] == "1"
        assert rows["Seccomp"] == "2"


def test_threads_and_children_are_sealed_too(port) -> None:
    code = SEAL + (
        "seal([])\n"
        "found = []\n"
        "worker = threading.Thread(target=lambda: found.append(fails(connect)))\n"
        "worker.start(); worker.join()\n"
        "program = 'import socket; socket.create_connection((\"127.0.0.1\", %d))' % port\n"
        "child = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)\n"
        "shell = subprocess.run(['bash', '-c', f'exec 3<>/dev/tcp/127.0.0.1/{port}'], capture_output=True)\n"
        "print(json.dumps([found, child.stderr.splitlines()[-1], shell.returncode]))"
    )
    found, child, shell = told(code, port)
    assert found == ["EPERM"]
    assert child.startswith("PermissionError")
    assert shell != 0


def test_a_seal_is_for_life(port) -> None:
    """Neither the namespace of another process nor another process's sockets are to be had."""
    code = SEAL + (
        "import ctypes, os\n"
        "parent = os.getppid()\n"
        "before = os.open(f'/proc/{parent}/ns/net', os.O_RDONLY)\n"
        "seal([])\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def call(name, *values):\n"
        "    return errno.errorcode[ctypes.get_errno()] if getattr(libc, name)(*values) else 'done'\n"
        "print(json.dumps({'setns': call('setns', before, 0), 'ptrace': call('ptrace', 16, parent, 0, 0),\n"
        "    'memory': fails(lambda: open(f'/proc/{parent}/mem', 'rb').close()),\n"
        "    'namespace': fails(lambda: open(f'/proc/{parent}/ns/net').close()),\n"
        "    'unmount': call('umount2', b'/proc', 2)}))"
    )
    found = told(code, port)
    assert found["setns"] == found["ptrace"] == "EPERM"
    assert found["memory"] in ("EACCES", "EPERM")
    assert found["unmount"] in ("EPERM", "EINVAL", "EACCES")


def test_a_kept_listening_socket_cannot_be_turned_into_an_outgoing_one(port) -> None:
    code = SEAL + (
        "kept = socket.create_server(('127.0.0.1', 0))\n"
        "seal([], keep=[kept], layers=[Layer(name) for name in json.loads(sys.argv[2])])\n"
        "def turn():\n"
        "    kept.shutdown(socket.SHUT_RDWR)\n"
        "    kept.connect(('127.0.0.1', port))\n"
        "print(json.dumps(fails(turn)))"
    )
    assert told(code, port, json.dumps(["network namespace", "landlock", "seccomp"])) == "EACCES"
    assert told(code, port, json.dumps(["network namespace", "seccomp"])) == "done"  # why Landlock is a layer


def test_an_accepted_connection_and_fast_open_are_no_way_out_either(port) -> None:
    """An accepted connection may be dissolved and connected anew, and TCP may connect by sending."""
    code = SEAL + (
        "import ctypes\n"
        "kept = socket.create_server(('127.0.0.1', 0))\n"
        "program = 'import socket, sys\\ns = socket.create_connection((\"127.0.0.1\", int(sys.argv[1])))'\n"
        "program += '\\ns.recv(9)'\n"
        "caller = subprocess.Popen([sys.executable, '-c', program, str(kept.getsockname()[1])])\n"
        "seal([], keep=[kept], layers=[Layer(name) for name in json.loads(sys.argv[2])])\n"
        "accepted, _ = kept.accept()\n"
        "found = []\n"
        "for kind in (accepted, kept):\n"
        "    dissolved = ctypes.CDLL(None).connect(kind.fileno(), bytes(16), 16)\n"  # AF_UNSPEC
        "    fast = fails(lambda: kind.sendto(b'x', socket.MSG_FASTOPEN, ('127.0.0.1', port)))\n"
        "    again = fails(lambda: kind.connect(('127.0.0.1', port)))\n"
        "    found.append([dissolved, fast, again])\n"
        "caller.kill(); caller.wait()\n"
        "print(json.dumps(found))"
    )
    every = json.dumps(["network namespace", "landlock", "seccomp"])
    assert told(code, port, every) == [[0, "EPERM", "EACCES"], [0, "EPERM", "EACCES"]]
    without = told(code, port, json.dumps(["network namespace", "seccomp"]))
    assert [row[2] for row in without] == ["done", "done"]  # so the test finds the way out where it is


def test_abstract_sockets_of_others_are_out_of_reach(port) -> None:
    name = f"posology-test-{os.getpid()}"
    code = SEAL + (
        "seal([], layers=[Layer(name) for name in json.loads(sys.argv[3])])\n"
        "caller = socket.socket(socket.AF_UNIX)\n"
        "print(json.dumps(fails(lambda: caller.connect('\\0' + sys.argv[2]))))"
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        assert told(code, port, name, '["network namespace"]') == "ECONNREFUSED"
        assert told(code, port, name, '["seccomp", "landlock"]') == "EPERM"


def test_unix_sockets_of_other_services_are_closed_and_named_ones_are_kept(port, tmp_path) -> None:
    other, named = tmp_path / "other", tmp_path / "named"
    code = SEAL + (
        "from pathlib import Path\n"
        "held = seal([], paths=[Path(sys.argv[3])])\n"
        "def reach(path):\n"
        "    with socket.socket(socket.AF_UNIX) as caller: caller.connect(path)\n"
        "ends = [fails(lambda: reach(path)) for path in sys.argv[2:]]\n"
        "print(json.dumps([ends, held.as_json()['local_services']]))"
    )
    with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        for listener, path in ((first, other), (second, named)):
            listener.bind(str(path))
            listener.listen()
        ends, services = told(code, port, other, named)
        assert ends == ["ECONNREFUSED", "done"]
        assert services["closed"] >= 1
        assert str(other) not in services["open"]
        seccomp_only = code.replace("paths=", "layers=[Layer.SECCOMP], paths=")
        ends, services = told(seccomp_only, port, other, named)
        assert ends == ["done", "done"]
        assert str(other) in services["open"]  # what cannot be closed is told


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the 32-bit and x32 calls are those of x86-64")
def test_the_32_bit_and_x32_calls_are_no_way_around() -> None:
    """The same code asks for a socket by each ABI: by the 64-bit one, by int 0x80 and by x32."""
    code = TRY.replace("port = int(sys.argv[1])", "") + (
        "import ctypes, mmap\n"
        "from posology.egress import Layer, seal\n"
        "def call(code):\n"
        "    page = mmap.mmap(-1, 4096, prot=7)\n"
        "    page.write(code)\n"
        "    at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "    return ctypes.CFUNCTYPE(ctypes.c_int)(at)()\n"
        "number = lambda value: value.to_bytes(4, 'little')\n"
        "old = b'\\x53\\xb8' + number(359) + b'\\xbb' + number(2)\n"
        "old += b'\\xb9' + number(1) + b'\\x31\\xd2'\n"
        "old += b'\\xcd\\x80\\x5b\\xc3'\n"  # eax socket, ebx AF_INET, ecx SOCK_STREAM, edx 0
        "new = b'\\xb8' + number(0x40000000 | 41) + b'\\xbf' + number(2) + b'\\xbe' + number(1)\n"
        "new += b'\\x31\\xd2\\x0f\\x05\\xc3'\n"
        "seal([], layers=[Layer.SECCOMP])\n"
        "print(json.dumps([call(old), call(new)]))"
    )
    assert told(code) == [-1, -1]  # -EPERM; an unsealed kernel answers with a descriptor or -ENOSYS


def test_where_neither_lock_is_to_be_had_nothing_runs(port) -> None:
    code = strict_host("unshare", "seccomp", "landlock_create_ruleset") + SEAL + "seal([])\nprint('ran')"
    done = run(code, port)
    assert "ran" not in done.stdout
    message = done.stderr.splitlines()[-1]
    assert message.startswith("posology.errors.SealError: this process cannot be sealed")
    for part in ("network namespace: refused by the kernel with EPERM", "seccomp: refused", "--network none"):
        assert part in message


def test_landlock_alone_is_no_lock(port) -> None:
    done = run(strict_host("unshare", "seccomp") + SEAL + "seal([])\nprint('ran')", port)
    assert "ran" not in done.stdout
    assert "cannot be sealed" in done.stderr


def test_where_the_kernel_allows_one_lock_the_seal_names_the_other(port) -> None:
    code = strict_host("unshare") + SEAL + "print(json.dumps([seal([]).as_json(), fails(connect)]))"
    held, outcome = told(code, port)
    assert held["layers"] == ["landlock", "seccomp"]
    assert [line.partition(";")[0] for line in held["missing"]] == [
        "network namespace: refused by the kernel with EPERM"
    ]
    assert outcome == "EPERM"


def test_a_process_with_threads_or_open_connections_is_not_sealed(port) -> None:
    threads = SEAL + (
        "gate = threading.Event()\n"
        "threading.Thread(target=gate.wait, daemon=True).start()\n"
        "try: seal([])\n"
        "finally: gate.set()"
    )
    assert "2 threads run already" in run(threads, port).stderr
    opened = SEAL + "caller = socket.create_connection(('127.0.0.1', port))\nseal([])"
    assert "leads out of this process and is not to be kept" in run(opened, port).stderr
    kept = opened.replace("seal([])", "seal([], keep=[caller])")
    assert "does not listen for TCP" in run(kept, port).stderr


def test_this_process_is_not_sealed_by_accident() -> None:
    """A refusal leaves the process as it was: the suite's own connections go on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(SealError, match=r"threads run already|leads out of this process"):
            seal([])
        socket.create_connection(listener.getsockname()).close()
