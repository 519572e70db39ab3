"""The processes that train together: one, or several that ``accelerate launch`` has started."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.errors import MissingExtra

__all__ = ["Devices", "find_devices"]


@dataclass(frozen=True, slots=True)
class Devices:
    """This process's place among those that train together."""

    process: int = 0
    processes: int = 1
    accelerator: Any = None  # None: alone

    @property
    def is_first(self) -> bool:
        """Say whether this process writes files."""
        return self.process == 0

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.accelerator is not None:
            self.accelerator.wait_for_everyone()

    def sums(
        self, total: float, tokens: int, parts: Mapping[str, float]
    ) -> tuple[float, int, dict[str, float]]:
        """Return the sums over all processes; every process names the same parts."""
        if self.accelerator is None:
            return total, tokens, dict(parts)
        import torch

        names = sorted(parts)
        values = [total, float(tokens), *(parts[name] for name in names)]
        given = torch.tensor(values, dtype=torch.float32, device=self.accelerator.device)
        found = [float(one) for one in self.accelerator.reduce(given, "sum")]
        return found[0], int(found[1]), dict(zip(names, found[2:], strict=True))

    def sum_gradients(self, parameters: Sequence[Any]) -> None:
        """Replace every gradient by its sum over all processes."""
        if self.accelerator is None:
            return
        import torch

        for one in parameters:
            if one.grad is None:
                one.grad = torch.zeros_like(one)
            one.grad.copy_(self.accelerator.reduce(one.grad, "sum"))


def find_devices() -> Devices:
    """Return the place of this process, as ``accelerate launch`` or ``torchrun`` has set it."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return Devices()
    try:
        from accelerate import Accelerator
    except ImportError as cause:
        raise MissingExtra("accelerate", "adapt", "Training on several devices") from cause
    accelerator = Accelerator()
    return Devices(accelerator.process_index, accelerator.num_processes, accelerator)
