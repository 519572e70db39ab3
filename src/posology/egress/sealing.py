"""Sealing as one act: relay, control, lock, probe; after it the rest of the program may start."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from posology.addresses import Address
from posology.config import Settings
from posology.egress.listener import Listener, OwnListener
from posology.egress.lock import LAYERS, Layer, Seal, require_one_thread, seal
from posology.egress.probe import Proof, probe, probe_sealed, require_proof
from posology.egress.relay import Relay, start_relay

__all__ = ["Plan", "Sealed", "sealed_run"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sealed process may go on using, and how its lock is proved."""

    addresses: Sequence[Address] = ()  # beside those of the profile: a database, an OpenID provider
    keep: Sequence[socket.socket] = ()  # listening sockets, opened before
    paths: Sequence[Path] = ()  # Unix sockets of other services, such as a database's
    listener: Listener | None = None  # the site's; else one on loopback is opened for the probe
    layers: Sequence[Layer] = field(default=LAYERS)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed process: its settings, its way out, and what was proved."""

    settings: Settings  # their addresses lead through the relay
    relay: Relay
    seal: Seal
    proof: Proof

    def as_json(self) -> dict[str, Any]:
        """Return what a manifest records under "seal"."""
        return {**self.seal.as_json(), "probe": self.proof.as_json()}

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return in plain words what does not hold or was not proved."""
        unproved = "the control listener could not be reached before the lock: the probe proves nothing"
        return (*self.seal.missing, *(() if self.proof.proves else (unproved,)))


def sealed_run(settings: Settings, plan: Plan | None = None) -> Sealed:
    """Seal this process for life and prove it; call it before threads start, after sockets are open.

    Raises SealError where the process cannot be sealed or the probe gets out: then nothing is to be run.
    """
    plan = plan or Plan()
    require_one_thread()
    addresses = tuple(dict.fromkeys((*settings.addresses, *plan.addresses)))
    with ExitStack() as undo:
        relay = undo.enter_context(start_relay(addresses))
        held, proof = _seal(addresses, plan, relay)
        require_proof(proof, held)
        undo.pop_all()  # sealed: the relay goes on
    through = tuple(relay.through(address) for address in settings.addresses)
    return Sealed(replace(settings, addresses=through), relay, held, proof)


def _seal(addresses: Sequence[Address], plan: Plan, relay: Relay) -> tuple[Seal, Proof]:
    """Probe, seal, and probe again."""
    with _control(plan.listener) as (listener, own), _spare(plan.keep) as spare:
        before = probe(listener)
        so_far = own.heard() if own else 0
        keep = [*plan.keep, *([spare] if spare else [])]
        paths = [*plan.paths, *relay.sockets.values()]
        held = seal(addresses, keep=keep, paths=paths, layers=plan.layers)
        after = probe_sealed(listener, held, spare)
        return held, Proof(before, after, own.heard() - so_far if own else None)


@contextmanager
def _control(listener: Listener | None) -> Iterator[tuple[Listener, OwnListener | None]]:
    if listener is not None:
        yield listener, None
        return
    with OwnListener() as own:
        yield own.listener, own


@contextmanager
def _spare(keep: Sequence[socket.socket]) -> Iterator[socket.socket | None]:
    """Open a listening socket to try the lock on, where ones of a network are kept."""
    if all(kept.family == socket.AF_UNIX for kept in keep):
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as spare:
        yield spare
