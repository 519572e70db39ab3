"""The processes that train together: one, or several that ``accelerate launch`` has started."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.errors import MissingExtra, UserError

__all__ = ["Devices", "find_devices", "own_gpu", "require_alone"]


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
    if _started() < 2:
        return Devices()
    try:
        from accelerate import Accelerator
    except ImportError as cause:
        raise MissingExtra("accelerate", "adapt", "Training on several devices") from cause
    accelerator = Accelerator()
    return Devices(accelerator.process_index, accelerator.num_processes, accelerator)


def own_gpu(gpus: int) -> str:
    """Return torch's name of this process's GPU among those of the machine: the one that accelerate takes.

    A model is opened before the processes find each other, and must not lie on another's GPU.
    """
    if _started() < 2:
        return "cuda"
    return f"cuda:{int(os.environ.get('LOCAL_RANK') or 0) % gpus}"


def require_alone(what: str) -> None:
    """Raise UserError where several processes were started; ``what`` is what runs in one."""
    if _started() > 1:
        raise UserError(
            f"{what} runs in one process, and {_started()} were started: each would write the same folder; "
            "run posology without accelerate launch or torchrun"
        )


def _started() -> int:
    return int(os.environ.get("WORLD_SIZE") or 1)
