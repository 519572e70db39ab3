"""The most memory that answering took."""

import resource
import sys
from pathlib import Path
from typing import Any

from posology.evaluate.cost.figures import Figure, measured

__all__ = ["MemoryMeter"]

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class MemoryMeter:
    """Watches the peak of this process's resident memory from its making on, where the system can."""

    def __init__(self) -> None:
        """Set the peak back to what is resident now."""
        try:
            _CLEAR.write_text("5", encoding="ascii")  # Linux: sets VmHWM back
        except OSError:
            self._whole = True
        else:
            self._whole = False
        if (torch := _torch_on_card()) is not None:
            torch.cuda.reset_peak_memory_stats()

    def peak(self) -> Figure:
        """Return the peak in bytes; on a graphics card that of torch's own memory is added."""
        found = None if self._whole else _high_water()
        note = "resident memory of the process while it answered"
        if found is None:
            unit = 1 if sys.platform == "darwin" else 1024
            found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
            note = "resident memory of the process since it began"
        card = _card_bytes()
        return measured(found + card, "bytes", f"{note}{' and of the graphics card' if card else ''}")


def _high_water() -> int | None:
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    sizes = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    size = next(sizes, None)
    return int(size) * 1024 if size else None


def _card_bytes() -> int:
    torch = _torch_on_card()
    return 0 if torch is None else int(torch.cuda.max_memory_allocated())


def _torch_on_card() -> Any:
    torch = sys.modules.get("torch")
    return torch if torch is not None and torch.cuda.is_initialized() else None
