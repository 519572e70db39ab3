"""The OpenVINO runtime, imported on demand and with its telemetry off.

The package openvino reports each import to an address on the internet through openvino-telemetry, from a
thread of its own. Here that package is hidden before the first import, so openvino takes its own stub.
"""

import sys
from typing import Any

from posology.errors import MissingExtra

__all__ = ["import_genai", "import_openvino"]


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
