"""What a recipe needs, said before it starts: memory, time, disk, energy, each with where it comes from."""

import resource
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from posology.adapt.batches import Order, pieces
from posology.adapt.job import Job
from posology.adapt.loop import total_steps
from posology.adapt.network import Network
from posology.adapt.objective.protocol import Objective
from posology.adapt.recipe import Optimizer, Stop
from posology.errors import OutputError

__all__ = [
    "Asked",
    "Line",
    "Needs",
    "Plan",
    "Room",
    "Speed",
    "disk_needed",
    "energy_line",
    "needs_of",
    "peak_memory",
    "plan_of",
    "plan_training",
    "probe",
    "require_room",
]

Basis = Literal["counted", "measured", "modelled", "unknown"]

_FORWARD = 1 / 3  # of the time of a step, by which measuring costs less than learning
_MOMENTS = 8  # bytes that AdamW keeps of each weight that learns
_RESERVE = 64_000_000  # bytes of log, card and file system


@dataclass(frozen=True, slots=True)
class Line:
    """One need with its arithmetic. ``basis`` says what kind of figure it is."""

    what: str
    value: float | None  # None: unknown
    unit: str
    basis: Basis
    how: str  # the arithmetic in figures, or why it is unknown


@dataclass(frozen=True, slots=True)
class Plan:
    """The needs of a run. None: unknown, with the reason in its line."""

    examples: int
    tokens: int  # that go through the model in the whole run, padding included
    steps: int
    memory_bytes: int | None
    seconds: float | None
    disk_bytes: int | None
    energy_wh: float | None
    lines: tuple[Line, ...] = ()  # where each figure comes from
    notes: tuple[str, ...] = ()  # what is not reckoned

    def record(self) -> dict[str, Any]:
        """Return the plan as JSON-ready values."""
        told = {**asdict(self), "notes": list(self.notes)}
        return told | {"lines": [asdict(line) for line in self.lines]}


@dataclass(frozen=True, slots=True)
class Needs:
    """What is counted before anything runs: tokens exactly, padding included."""

    steps: int
    learned: int  # tokens of all steps
    measured: int  # tokens of all measurements on select
    longest: tuple[int, ...]  # the examples of the largest piece
    beside: int = 0  # tokens of further passes without learning
    why: str = ""  # what these passes are for
    kept: int = 0  # bytes of memory that hold what these passes found
    lower: int = 0  # bytes of memory that hold what layers that do not learn gave


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
        if network.kept is not None:
            network.kept.forget()
        began = time.perf_counter()
        losses = objective.losses(longest)
        losses.total.backward()
        if network.device.type == "cuda":
            network.torch.cuda.synchronize()
        seconds, tokens = time.perf_counter() - began, losses.tokens
    for one in network.trained.values():
        one.grad = None
    return Speed(tokens / seconds, memory(network), f"measured on {len(longest)} examples of this recipe")


@dataclass(frozen=True, slots=True)
class Room:
    """The bytes that a run writes at most, and how they come about."""

    size: int
    how: str
    trained: int = 0  # weights that learn


def disk_needed(trained: int, parameters: int, *, whole: bool, half: bool) -> Room:
    """Return the bytes that a run writes at most: the model, the best weights and three checkpoints."""
    width = 2 if whole and half else 4
    weights = parameters if whole else trained
    size = width * weights + 4 * trained * (2 + 3 * 3) + _RESERVE  # a checkpoint: weights and two moments
    how = (
        f"{width} bytes x {weights:,} weights written + 4 bytes x {trained:,} that learn x (2 best + 3 "
        f"checkpoints x 3) + {_RESERVE / 1e6:.0f} MB"
    )
    return Room(size, how, trained)


def require_room(out: Path, wanted: int) -> None:
    """Raise OutputError where the disk has not the room that a run needs."""
    place = next((one for one in (out, *out.absolute().parents) if one.exists()), Path())
    free = shutil.disk_usage(place).free
    if free < wanted:
        raise OutputError(
            f"{out}: the run needs {wanted / 1e9:.2f} GB of disk, {free / 1e9:.2f} GB are free; make room or "
            "name another --out"
        )


def plan_of(needs: Needs, examples: int, speed: Speed | None, room: Room, job: Job) -> Plan:
    """Put a plan together from what was counted and measured."""
    seconds, memory = None, None
    still = needs.measured + needs.beside
    if speed is not None:
        seconds = (needs.learned + _FORWARD * still) / speed.tokens_per_second
        if speed.memory_bytes is not None:
            memory = speed.memory_bytes + _MOMENTS * room.trained + needs.kept + needs.lower
    energy = None if seconds is None else job.energy_wh(seconds)
    beside = f" + {needs.beside:,} {needs.why}" if needs.beside else ""
    lines = (
        Line("examples", examples, "", "counted", "after gates and limits"),
        Line("steps", needs.steps, "", "counted", "as the recipe's epochs and batch, or its steps, say"),
        Line(
            "tokens",
            needs.learned + still,
            "",
            "counted",
            f"{needs.learned:,} learned + {needs.measured:,} measured{beside}",
        ),
        _time_line(needs, speed, seconds),
        _memory_line(needs, speed, memory, room),
        Line("disk", room.size, "bytes", "modelled", room.how),
        energy_line(seconds, job.watts),
    )
    notes = ["early ends are not reckoned: a run may be shorter"]
    if needs.lower:
        notes.append("later epochs take less: the lower layers are computed in the first only")
    return Plan(
        examples, needs.learned + still, needs.steps, memory, seconds, room.size, energy, lines, tuple(notes)
    )


def _time_line(needs: Needs, speed: Speed | None, seconds: float | None) -> Line:
    if speed is None or seconds is None:
        return Line("time", None, "seconds", "unknown", "nothing was run")
    how = (
        f"({needs.learned:,} + {needs.measured + needs.beside:,} / 3) tokens / "
        f"{speed.tokens_per_second:,.0f} tokens a second, {speed.told}"
    )
    return Line("time", seconds, "seconds", "modelled", how)


def _memory_line(needs: Needs, speed: Speed | None, memory: int | None, room: Room) -> Line:
    if speed is None or memory is None or speed.memory_bytes is None:
        return Line("memory", None, "bytes", "unknown", "nothing was run")
    how = (
        f"{speed.memory_bytes / 1e6:,.0f} MB, the most held while it learned from the largest piece, + "
        f"{_MOMENTS} bytes of AdamW x {room.trained:,} weights that learn"
    ) + (f" + {needs.kept / 1e6:,.0f} MB of what was {needs.why}" if needs.kept else "")
    how += f" + {needs.lower / 1e6:,.0f} MB of what the lower layers gave" if needs.lower else ""
    return Line("memory", memory, "bytes", "modelled", how)  # a measurement and a sum that is reckoned


def energy_line(seconds: float | None, watts: float | None) -> Line:
    """Return the line of energy: the stated draw over the whole time."""
    if watts is None:
        return Line("energy", None, "Wh", "unknown", "say what the machine draws under load with --watts")
    if seconds is None:
        return Line("energy", None, "Wh", "unknown", "the time is unknown")
    return Line(
        "energy", seconds * watts / 3600, "Wh", "modelled", f"{seconds:,.0f} s x {watts:g} W as stated / 3600"
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan of a training is made from."""

    network: Network
    objective: Objective
    select: Objective | None
    optimizer: Optimizer
    stop: Stop
    seed: int
    lengths: Sequence[int] = ()  # tokens of each example, where a step passes more than it deals by


def plan_training(asked: Asked, job: Job, *, whole: bool, beside: tuple[int, str] = (0, "")) -> Plan:
    """Plan what ``loop.train`` will do; learns from the largest piece, unless the speed is stated.

    ``beside``: tokens of passes that the kind makes without learning, and what they are.
    """
    network, lengths = asked.network, asked.lengths or asked.objective.lengths
    steps = total_steps(asked.optimizer, len(lengths))
    select = list(asked.select.lengths) if asked.select is not None else []
    needs = needs_of(lengths, select, asked.optimizer, asked.stop, steps, seed=asked.seed)
    lower = network.kept.needs([*lengths, *select]) if network.kept is not None else 0
    needs = replace(needs, beside=beside[0], why=beside[1], lower=lower)
    if job.tokens_per_second is not None:
        speed = Speed(job.tokens_per_second, None, "as stated")
    else:
        job.tell("Measuring")
        speed = probe(network, asked.objective, needs.longest, peak_memory)
    trained = sum(int(one.numel()) for one in network.trained.values())
    room = disk_needed(trained, network.parameters, whole=whole, half=network.half)
    return plan_of(needs, len(lengths), speed, room, job)


def peak_memory(network: Network) -> int:
    """Return the most memory that this process has held, on the GPU where one computes."""
    if network.device.type == "cuda":
        return int(network.torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
