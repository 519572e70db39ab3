"""What a recipe needs, said before it starts: memory, time, disk, energy, each with where it comes from."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The needs of a run. None: unknown, with the reason under ``notes``."""

    examples: int
    tokens: int  # that go through the model in the whole run, padding included
    steps: int
    memory_bytes: int | None
    seconds: float | None
    disk_bytes: int | None
    energy_wh: float | None
    notes: tuple[str, ...] = ()  # where the figures come from

    def record(self) -> dict[str, Any]:
        """Return the plan as JSON-ready values."""
        return {**asdict(self), "notes": list(self.notes)}
