"""The probe reaches its listener before the lock and not after, and says what it could not prove."""

import json
import os
import socket

import pytest

from posology.addresses import Address
from posology.egress import (
    Attempt,
    Layer,
    Listener,
    OwnListener,
    ProbeReport,
    Proof,
    Seal,
    parse_listener,
    probe,
    require_proof,
)
from posology.errors import SealError
from tests.egress.apart import NOBODY, needs_linux, needs_root, run, told

pytestmark = needs_linux

SEALED = """
import json, socket, sys
from posology.config import load_settings
from posology.egress import Layer, Plan, parse_listener, sealed_run
layers = [Layer(name) for name in json.loads(sys.argv[1])]
keep = [socket.create_server(("127.0.0.1", 0))] if "keep" in sys.argv else []
listener = parse_listener(sys.argv[2]) if sys.argv[2] else None
run = sealed_run(load_settings(profile="rules"), Plan(keep=keep, layers=layers, listener=listener))
print(json.dumps({**run.as_json(), "doubts": run.doubts}))
"""
EVERY = json.dumps([str(layer) for layer in Layer])
WAYS = {"dns query", "tcp", "udp", "tcp over ipv6", "udp over ipv6", "thread", "child process", "raw socket"}
WAYS |= {"packet socket", "netlink socket", "vsock", "io_uring"}


def outcomes(rows) -> dict[str, str]:
    return {row["name"]: row["outcome"] for row in rows}


def test_the_control_listener_counts_what_it_hears() -> None:
    with OwnListener() as own:
        assert own.heard() == 0
        probe(own.listener)
        heard = own.heard()
        assert heard >= 5  # DNS query, TCP, UDP, thread and child process over IPv4 at least
        assert own.heard() == heard


def test_without_a_lock_every_way_to_the_listener_is_open() -> None:
    report = probe(None)
    assert report.reached
    found = {attempt.name: attempt.outcome for attempt in report.attempts}
    assert set(found) == WAYS
    for name in ("dns query", "tcp", "udp", "thread", "child process"):
        assert found[name] == "reached", name
    if os.geteuid() == 0:
        assert found["raw socket"] == "sent"


@pytest.mark.parametrize("uid", [None, pytest.param(NOBODY, marks=needs_root)])
def test_after_the_lock_every_way_is_refused(uid) -> None:
    record = told(SEALED, EVERY, "", "keep", uid=uid)
    proof = record["probe"]
    assert proof["proves"] is True
    assert proof["heard_after"] == 0  # what the listener itself says
    after = outcomes(proof["after"])
    assert set(after) == WAYS | {"name lookup", "listening socket turned"}
    assert set(after.values()) == {"refused"}
    errors = {row["name"]: row["error"] for row in proof["after"]}
    assert {errors[name] for name in WAYS} == {"EPERM"}
    assert errors["listening socket turned"] == "EACCES"
    assert record["doubts"] == []


@pytest.mark.parametrize("layers", [["seccomp"], ["seccomp", "landlock"], ["network namespace", "seccomp"]])
def test_with_fewer_layers_the_probe_still_finds_no_way_and_the_doubts_are_told(layers) -> None:
    record = told(SEALED, json.dumps(layers), "")
    assert set(outcomes(record["probe"]["after"]).values()) == {"refused"}
    assert len(record["doubts"]) == 3 - len(layers)


def test_a_way_out_after_the_lock_ends_the_program() -> None:
    """A kept listening socket without Landlock can be turned round: the probe does it, and nothing runs."""
    done = run(SEALED, json.dumps(["network namespace", "seccomp"]), "", "keep")
    assert done.returncode != 0
    assert done.stdout == ""
    message = done.stderr.splitlines()[-1]
    assert "the lock does not hold: listening socket turned (reached)" in message
    assert "Linux 6.7" in message


def test_a_listener_of_the_site_that_cannot_be_reached_proves_nothing_and_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    # A closed port answers with a refusal: that still is an answer from the site. A silent one is not.
    done = run(SEALED, EVERY, f"127.0.0.1:{port}")
    assert done.returncode == 0, done.stderr
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        crowd = [socket.socket() for _ in range(3)]
        for caller in crowd:
            caller.setblocking(False)
            caller.connect_ex(silent.getsockname())
        done = run(SEALED, EVERY, f"127.0.0.1:{silent.getsockname()[1]}")
        for caller in crowd:
            caller.close()
    assert "could not be reached before the lock, so the probe would prove nothing" in done.stderr
    assert done.stdout == ""


def test_the_record_names_no_host_but_the_configured_ones() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        record = told(SEALED, EVERY, f"localhost:{listener.getsockname()[1]}")
    assert record["probe"]["listener"] == "localhost"
    text = json.dumps(record)
    assert socket.gethostname() not in text or socket.gethostname() in ("localhost", "")
    assert "127.0.0.1" not in text


@pytest.mark.parametrize(
    ("text", "ip", "ip6"),
    [
        ("127.0.0.1:9", "127.0.0.1", "::ffff:127.0.0.1"),
        ("[::1]:9", "", "::1"),
        ("localhost:9", "127.0.0.1", None),
    ],
)
def test_a_listener_is_read_from_host_and_port(text, ip, ip6) -> None:
    found = parse_listener(text)
    assert found.ip == ip
    assert ip6 is None or found.ip6 == ip6
    assert found.tcp6 == 9
    assert found.tcp == (9 if ip else 0)
    assert not found.own


@pytest.mark.parametrize("text", ["", "host", ":9", "host:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:٩"])
def test_an_odd_listener_is_refused(text) -> None:
    with pytest.raises(SealError, match="write it as HOST:PORT"):
        parse_listener(text)


OWN = Listener("loopback", "127.0.0.1", 1, 1, "::1", 1, 1, own=True)
SITE = Listener("probe.site", "127.0.0.1", 1, 1, "::1", 1, 1, own=False)


def proof_of(
    after: Attempt, before: str = "reached", listener: Listener = OWN, heard: int | None = 0
) -> Proof:
    control = (Attempt("tcp", before), Attempt(after.name, "reached"))
    return Proof(ProbeReport(listener, control), ProbeReport(listener, (after,)), heard)


def seal_of(*layers: Layer) -> Seal:
    return Seal(layers, (), user_namespace=False, allowed=(), doors=(), doors_closed=0)


@pytest.mark.parametrize(
    ("attempt", "layers", "why"),
    [
        (Attempt("tcp", "reached"), tuple(Layer), "it got out"),
        (Attempt("udp", "sent"), tuple(Layer), "the machine let a datagram go"),
        (
            Attempt("tcp", "unreachable", "ETIMEDOUT"),
            tuple(Layer),
            "silence comes from a network, not a lock",
        ),
        (
            Attempt("tcp", "unreachable", "EHOSTUNREACH"),
            tuple(Layer),
            "a router or neighbour search answered",
        ),
        (Attempt("child process", "not tried"), tuple(Layer), "it was tried before: the proof has a hole"),
        (Attempt("netlink socket", "opened"), tuple(Layer), "seccomp is claimed and does not hold"),
        (Attempt("vsock", "opened"), (Layer.NAMESPACE,), "a hypervisor's socket knows no namespace"),
    ],
)
def test_whatever_is_no_refusal_ends_the_program(attempt, layers, why) -> None:
    with pytest.raises(SealError, match="the lock does not hold"):
        require_proof(proof_of(attempt), seal_of(*layers))


def test_what_the_listener_hears_outweighs_what_the_attempts_say() -> None:
    with pytest.raises(SealError, match="the control listener heard something"):
        require_proof(proof_of(Attempt("tcp", "refused", "EPERM"), heard=1), seal_of(*Layer))


def test_an_empty_namespace_alone_may_open_what_leads_nowhere() -> None:
    require_proof(proof_of(Attempt("netlink socket", "opened")), seal_of(Layer.NAMESPACE))


def test_a_control_that_failed_is_told_for_our_listener_and_refused_for_the_sites() -> None:
    refused = Attempt("udp", "refused", "EPERM")
    own = proof_of(refused, before="unreachable")
    require_proof(own, seal_of(*Layer))
    assert own.as_json()["proves"] is False
    with pytest.raises(SealError, match=r"probe\.site could not be reached before the lock"):
        require_proof(proof_of(refused, before="unreachable", listener=SITE), seal_of(*Layer))


def test_the_seal_records_the_addresses_that_stay_in_reach() -> None:
    named = Address("https://models.site/v1", "models.site", 443, "10.0.0.5", "")
    held = Seal((Layer.SECCOMP,), ("x",), user_namespace=True, allowed=(named,), doors=(), doors_closed=2)
    assert held.as_json() == {
        "layers": ["seccomp"],
        "missing": ["x"],
        "user_namespace": True,
        "allowed": [{"url": "https://models.site/v1", "address": "10.0.0.5", "port": 443}],
        "local_services": {"closed": 2, "open": []},
    }
