"""The start-up probe: tries the ways out towards a listener of the site, before the lock and after it."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.egress.attempts import ATTEMPTS, Attempt, try_listening_socket, try_name
from posology.egress.doors import is_resolver
from posology.egress.listener import Listener, OwnListener
from posology.egress.lock import Layer, Seal
from posology.errors import SealError

__all__ = ["ProbeReport", "Proof", "probe", "probe_sealed", "require_proof"]

_NEEDS_SECCOMP = (
    "netlink socket",
    "io_uring",
    "packet socket",
)  # open in an empty namespace, and lead nowhere


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What each way out came to, tried at one moment."""

    listener: Listener
    attempts: tuple[Attempt, ...]

    @property
    def reached(self) -> bool:
        """Say whether the listener was reached by TCP: only then does a later refusal prove a lock."""
        return any(a.outcome == "reached" for a in self.attempts if a.name in ("tcp", "tcp over ipv6"))

    def outcome_of(self, name: str) -> str:
        """Return the outcome of one attempt by its name; "not tried" where it was not made."""
        return next((a.outcome for a in self.attempts if a.name == name), "not tried")

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return {"reached": self.reached, "attempts": [attempt.as_json() for attempt in self.attempts]}


@dataclass(frozen=True, slots=True)
class Proof:
    """The probe before the lock, its control, and the same probe after it."""

    before: ProbeReport
    after: ProbeReport
    heard: int | None  # what the control listener heard after the lock; None: the site's own does not tell

    @property
    def proves(self) -> bool:
        """Say whether the listener was reached before the lock; else the probe proves nothing."""
        return self.before.reached

    def as_json(self) -> dict[str, Any]:
        """Return the proof as a manifest records it."""
        listener = self.before.listener
        return {
            "listener": "loopback" if listener.own else listener.host,
            "proves": self.proves,
            "heard_after": self.heard,
            "before": [attempt.as_json() for attempt in self.before.attempts],
            "after": [attempt.as_json() for attempt in self.after.attempts],
        }


def probe(listener: Listener | None) -> ProbeReport:
    """Try every way out towards a listener; without one, towards a loopback listener opened for it.

    Sent are an empty TCP connection, datagrams without content of any record, and an ICMP echo request where
    the process may send one; no name is looked up.
    """
    if listener is None:
        with OwnListener() as own:
            return probe(own.listener)
    return ProbeReport(listener, tuple(attempt(listener) for attempt in ATTEMPTS.values()))


def probe_sealed(listener: Listener, seal: Seal, spare: socket.socket | None = None) -> ProbeReport:
    """Try every way out from a sealed process, a name lookup and a kept listening socket among them."""
    report = probe(listener)
    more = [try_name([door for door in seal.doors if is_resolver(door)])]
    if spare is not None:
        more.append(try_listening_socket(spare, listener))
    return ProbeReport(listener, (*report.attempts, *more))


def require_proof(proof: Proof, seal: Seal) -> None:
    """Raise SealError where the lock does not hold, or where the site's listener cannot show that it does."""
    if not proof.proves and not proof.before.listener.own:
        raise SealError(
            f"the probe's listener {proof.before.listener.host} could not be reached before the lock, so the "
            "probe would prove nothing: start it, or correct its address"
        )
    leaks = [a for a in proof.after.attempts if _leaks(a, proof.before, seal)]
    if leaks or proof.heard:
        told = ", ".join(f"{a.name} ({a.outcome}{' ' + a.error if a.error else ''})" for a in leaks)
        advice = _advice(leaks, seal.doors)
        raise SealError(f"the lock does not hold: {told or 'the control listener heard something'}; {advice}")


def _leaks(attempt: Attempt, before: ProbeReport, seal: Seal) -> bool:
    if attempt.outcome == "refused":
        return False
    if attempt.outcome == "not tried":
        return before.outcome_of(attempt.name) != "not tried"
    if attempt.outcome == "opened" and attempt.name in _NEEDS_SECCOMP:
        return Layer.SECCOMP in seal.layers
    return True


def _advice(leaks: Sequence[Attempt], doors: Sequence[Path]) -> str:
    names = [attempt.name for attempt in leaks]
    if names == ["listening socket turned"]:
        return (
            "this kernel has no Landlock for TCP (Linux 6.7 or later): listen on a Unix socket behind a "
            "reverse proxy, which needs no socket kept"
        )
    if names == ["name lookup"]:
        open_ones = ", ".join(str(door) for door in doors if is_resolver(door))
        return (
            f"a resolver of this machine answers through {open_ones or 'a socket'}: keep it from this service"
        )
    return "Posology does not run; see docs/sealed.md for what the kernel must allow"
