"""The de-identification gate: no text about a patient enters a corpus without passing it."""

from posology.corpus.gate.passing import Gate, Passed, PatientGate
from posology.corpus.gate.surrogates import Surrogates

__all__ = ["Gate", "Passed", "PatientGate", "Surrogates"]
