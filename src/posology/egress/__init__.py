"""The egress lock: a process that the kernel lets reach the profile's addresses only, and its proof."""

from posology.egress.attempts import Attempt
from posology.egress.listener import Listener, OwnListener, parse_listener
from posology.egress.lock import LAYERS, Layer, Seal, seal
from posology.egress.probe import ProbeReport, Proof, probe, probe_sealed, require_proof
from posology.egress.relay import Relay, start_relay
from posology.egress.sealing import Plan, Sealed, sealed_run

__all__ = [
    "LAYERS",
    "Attempt",
    "Layer",
    "Listener",
    "OwnListener",
    "Plan",
    "ProbeReport",
    "Proof",
    "Relay",
    "Seal",
    "Sealed",
    "parse_listener",
    "probe",
    "probe_sealed",
    "require_proof",
    "seal",
    "sealed_run",
    "start_relay",
]
