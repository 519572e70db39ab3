"""The de-identification gate: no text about a patient enters a corpus without passing it."""

from posology.corpus.gate.examples import passed_example, passed_preference
from posology.corpus.gate.passing import LANGUAGES, Gate, Passed, PatientGate
from posology.corpus.gate.surrogates import Surrogates

__all__ = [
    "LANGUAGES",
    "Gate",
    "Passed",
    "PatientGate",
    "Surrogates",
    "passed_example",
    "passed_preference",
]
