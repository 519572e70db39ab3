"""What a recipe needs, said before it starts: memory, time, disk, energy, each with where it comes from."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from posology.adapt.batches import Order, pieces
from posology.adapt.job import Job
from posology.adapt.network import Network
from posology.adapt.objective.protocol import Objective
from posology.adapt.recipe import Optimizer, Stop
from posology.errors import OutputError

__all__ = ["Needs", "Plan", "Speed", "disk_needed", "needs_of", "plan_of", "probe", "require_room"]

_FORWARD = 1 / 3  # of the time of a step, by which measuring costs less than learning
_RESERVE = 64_000_000  # bytes of log, card and file system


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


@dataclass(frozen=True, slots=True)
class Needs:
    """What is counted before anything runs: tokens exactly, padding included."""

    steps: int
    learned: int  # tokens of all steps
    measured: int  # tokens of all measurements on select
    longest: tuple[int, ...]  # the examples of the largest piece


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast the machine learns, and what memory that took."""

    tokens_per_second: float
    memory_bytes: int | None
    told: str  # where the figure comes from


def needs_of(
    lengths: Sequence[int], select: Sequence[int], optimizer: Optimizer, stop: Stop, steps: int, *, seed: int
) -> Needs:
    """Count the tokens of a run by dealing its batches as the run will."""
    order = Order(lengths, optimizer.batch, seed)
    learned, most = 0, 0
    longest: tuple[int, ...] = ()
    for step in range(steps):
        for piece in pieces(order.step(step), lengths, optimizer.micro_tokens):
            tokens = len(piece) * lengths[piece[0]]
            learned += tokens
            if tokens > most:
                longest, most = tuple(piece), tokens
    once = sum(
        len(one) * select[one[0]] for one in pieces(range(len(select)), select, optimizer.micro_tokens)
    )
    times = 1 + (steps // stop.every if stop.every else 0) + int(not stop.every or steps % stop.every > 0)
    return Needs(steps, learned, once * times, longest)


def probe(network: Network, objective: Objective, longest: Sequence[int], memory: Any) -> Speed:
    """Learn from the largest piece twice without moving a weight, and time the second; nothing is kept."""
    seconds, tokens = 1.0, 0
    for _ in range(2):
        began = time.perf_counter()
        losses = objective.losses(longest)
        losses.total.backward()
        if network.device.type == "cuda":
            network.torch.cuda.synchronize()
        seconds, tokens = time.perf_counter() - began, losses.tokens
    for one in network.trained.values():
        one.grad = None
    return Speed(tokens / seconds, memory(network), f"measured on {len(longest)} examples of this recipe")


def disk_needed(trained: int, parameters: int, *, whole: bool, half: bool) -> int:
    """Return the bytes that a run writes at most: the model, the best weights and three checkpoints."""
    model = parameters * (2 if half else 4) if whole else 4 * trained
    return model + 4 * trained * (2 + 3 * 3) + _RESERVE  # a checkpoint holds weights and two moments


def require_room(out: Path, wanted: int) -> None:
    """Raise OutputError where the disk has not the room that a run needs."""
    place = next((one for one in (out, *out.absolute().parents) if one.exists()), Path())
    free = shutil.disk_usage(place).free
    if free < wanted:
        raise OutputError(
            f"{out}: the run needs {wanted / 1e9:.2f} GB of disk, {free / 1e9:.2f} GB are free; make room or "
            "name another --out"
        )


def plan_of(needs: Needs, examples: int, speed: Speed | None, disk: int, job: Job) -> Plan:
    """Put a plan together from what was counted and measured."""
    seconds = None
    if speed is not None:
        seconds = (needs.learned + _FORWARD * needs.measured) / speed.tokens_per_second
    energy = None if seconds is None or job.watts is None else seconds * job.watts / 3600
    return Plan(
        examples=examples,
        tokens=needs.learned + needs.measured,
        steps=needs.steps,
        memory_bytes=None if speed is None else speed.memory_bytes,
        seconds=seconds,
        disk_bytes=disk,
        energy_wh=energy,
        notes=_notes(speed, job),
    )


def _notes(speed: Speed | None, job: Job) -> tuple[str, ...]:
    notes = ["tokens: counted, padding included", "disk: model, best weights and checkpoints, at most"]
    if speed is not None:
        notes.append(
            f"time: {speed.tokens_per_second:,.0f} tokens a second, {speed.told}; early ends not reckoned"
        )
    if speed is not None and speed.memory_bytes is None:
        notes.append("memory: unknown, for nothing was run")
    elif speed is not None:
        notes.append("memory: the most that this process held while it learned from the largest piece")
    if job.watts is None:
        notes.append("energy: unknown; say what the machine draws under load with --watts")
    else:
        notes.append(f"energy: {job.watts:g} W as stated, over the whole time")
    return tuple(notes)
