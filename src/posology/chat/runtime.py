"""The engines' runtimes, imported on demand and with their telemetry off.

The package openvino reports each import to an address on the internet through openvino-telemetry, from a
thread of its own. Here that package is hidden before the first import, so openvino takes its own stub.
"""

import os
import sys
from typing import Any

from posology.errors import MissingExtra

__all__ = [
    "import_genai",
    "import_llguidance",
    "import_openvino",
    "import_torch",
    "import_transformers",
    "import_trl",
]


def import_openvino(purpose: str) -> Any:
    """Return the module openvino, imported so that nothing is reported to anyone."""
    _hide_telemetry()
    try:
        import openvino
    except ImportError as cause:
        raise MissingExtra("openvino", "embedded", purpose) from cause
    return openvino


def import_genai() -> Any:
    """Return the module openvino_genai, imported so that nothing is reported to anyone."""
    _hide_telemetry()
    try:
        import openvino_genai
    except ImportError as cause:
        raise MissingExtra("openvino-genai", "embedded", "The engine openvino") from cause
    return openvino_genai


def _hide_telemetry() -> None:
    if "openvino_telemetry" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # makes its import fail


def import_torch() -> Any:
    """Return the module torch, its threads waiting asleep.

    Threads that spin while they wait halve the speed as soon as another program wants the processor too.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import torch
    except ImportError as cause:
        raise MissingExtra("torch", "torch", "The engine transformers") from cause
    return torch


def import_transformers() -> Any:
    """Return the module transformers, its warnings about weights silenced and no hub asked for anything."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import transformers
    except ImportError as cause:
        raise MissingExtra("transformers", "torch", "The engine transformers") from cause
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call,unused-ignore]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call,unused-ignore]
    return transformers


def import_trl(purpose: str) -> Any:
    """Return the module trl; it tells nobody what trains on which device. ``purpose`` is what needs it."""
    import_transformers()
    try:
        import trl
        from huggingface_hub import constants
    except ImportError as cause:
        raise MissingExtra("trl", "adapt", purpose) from cause
    constants.HF_HUB_DISABLE_TELEMETRY = True  # the variable is read once, before us where others import it
    return trl


def import_llguidance() -> Any:
    """Return the module llguidance with its part for transformers' tokenizers."""
    try:
        import llguidance
        import llguidance.hf
    except ImportError as cause:
        raise MissingExtra("llguidance", "torch", "The engine transformers") from cause
    return llguidance
