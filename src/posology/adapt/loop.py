"""The one training path: steps over an objective, measured, logged, kept, and resumed where they ended.

The objective is an argument. A step's sums are divided by the step's count on all devices, so that neither
the pieces a step is computed in nor the number of devices change what is learned. Several devices come
with ``accelerate launch .venv/bin/posology adapt run ...``; their gradients are summed.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.adapt.batches import Order, pieces, share_of
from posology.adapt.checkpoint import Checkpoints, Progress
from posology.adapt.devices import Devices
from posology.adapt.job import silent
from posology.adapt.network import Network
from posology.adapt.objective.protocol import Objective
from posology.adapt.recipe import Optimizer, Stop
from posology.errors import ModelError

__all__ = ["Training", "learning_rate", "measure", "total_steps", "train"]


@dataclass(frozen=True, slots=True)
class Training:
    """A run: the network that learns, from what, how, and where it is kept meanwhile."""

    network: Network
    objective: Objective
    select: Objective | None  # never learned from: says which weights are the best and when to stop
    optimizer: Optimizer
    stop: Stop
    seed: int
    work: Path
    fingerprint: str  # of recipe, data and weights
    devices: Devices
    tell: Callable[..., None] = silent
    take_last: bool = False  # the weights of the last step are kept, not those of the lowest loss on select
    halt: Callable[[Mapping[str, float]], str] | None = None  # from what select measured to why to end, or ""


def total_steps(optimizer: Optimizer, examples: int) -> int:
    """Return how many steps a run has."""
    if optimizer.steps:
        return optimizer.steps
    return max(1, round(optimizer.epochs * -(-examples // optimizer.batch)))


def learning_rate(optimizer: Optimizer, step: int, steps: int) -> float:
    """Return the learning rate of a step, counted from 1; no step has the rate zero.

    >>> cosine = Optimizer(lr=1.0, warmup=0.5)
    >>> [round(learning_rate(cosine, step, 8), 3) for step in (1, 4, 6, 8)]
    [0.25, 1.0, 0.854, 0.146]
    """
    rising = round(optimizer.warmup * steps)
    if step <= rising:
        return optimizer.lr * step / rising
    done = (step - rising - 1) / max(1, steps - rising)
    if optimizer.schedule == "constant":
        return optimizer.lr
    left = 1 - done if optimizer.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
    return optimizer.lr * (optimizer.final + (1 - optimizer.final) * left)


def train(training: Training) -> Progress:
    """Train to the end and leave the best weights in the network; return what happened.

    Goes on from the last checkpoint of the work folder. Raises ModelError where the loss is no number: the
    last checkpoint stays.
    """
    run = _Run(training)
    run.resume()
    while not run.progress.ended:
        run.step()
    run.take_best()
    return run.progress


class _Run:
    """The state of one run."""

    def __init__(self, training: Training) -> None:
        self.training = training
        network, optimizer = training.network, training.optimizer
        self.torch = network.torch
        self.parameters = network.trained
        self.adam = self.torch.optim.AdamW(
            list(self.parameters.values()), lr=optimizer.lr, weight_decay=optimizer.weight_decay
        )
        self.order = Order(training.objective.lengths, optimizer.batch, training.seed)
        self.steps = total_steps(optimizer, len(training.objective.lengths))
        self.checkpoints = Checkpoints(training.work, training.fingerprint)
        self.progress = Progress()
        self.began = self.kept_at = time.monotonic()

    def resume(self) -> None:
        """Go on from the last checkpoint, or begin."""
        self.torch.manual_seed(self.training.seed)
        found = self.checkpoints.load()
        if found is None:
            if self.training.devices.is_first:
                self.checkpoints.read_log(-1)  # cut: what a run left that came to no checkpoint
            if self.training.select is not None:
                self._write({"select": measure(self.training), "best": False})
        else:
            self.progress, tensors = found
            _restore(self.torch, self.parameters, self.adam, tensors)
        self.began = time.monotonic() - self.progress.seconds
        self.training.devices.wait()

    def step(self) -> None:
        """Take one step; measure, keep and end where it is time."""
        progress, stop = self.progress, self.training.stop
        progress.step += 1
        self._learn()
        last = progress.step >= self.steps
        if self.training.select is not None and (last or (stop.every and progress.step % stop.every == 0)):
            self._measure()
        if last:
            progress.ended = progress.ended or "all steps are done"
        elif not progress.ended and stop.patience and progress.worse >= stop.patience:
            progress.ended = f"{progress.worse} measurements without a lower loss"
        if stop.checkpoint and (progress.ended or progress.step % stop.checkpoint == 0 or self._is_late()):
            self._keep()
        self.training.tell("Tuning", progress.step, self.steps)

    def take_best(self) -> None:
        """Put the best weights into the network, unless those of the last step are wanted."""
        best = self.progress.best_step
        if not self.training.take_last and best is not None and best != self.progress.step:
            _put(self.torch, self.parameters, self.checkpoints.load_best(best))

    def _learn(self) -> None:
        training, progress, devices = self.training, self.progress, self.training.devices
        objective, rate = training.objective, learning_rate(training.optimizer, progress.step, self.steps)
        rows = self.order.step(progress.step - 1)
        count = objective.count(rows)
        mine = share_of(rows, objective.lengths, devices.process, devices.processes)
        parts = dict.fromkeys(objective.names, 0.0)
        total, tokens = 0.0, 0
        if count > 0:
            for piece in pieces(mine, objective.lengths, training.optimizer.micro_tokens):
                losses = objective.losses(piece)
                (losses.total / count).backward()
                total += float(losses.total.detach()) / count
                tokens += losses.tokens
                for name, value in losses.parts.items():
                    parts[name] += value / count
        total, tokens, parts = devices.sums(total, tokens, parts)
        norm = self._move(rate, total)
        progress.tokens += tokens
        progress.supervised += count
        progress.seconds = time.monotonic() - self.began
        self._write({"loss": total, **parts, "lr": rate, "norm": norm})

    def _move(self, rate: float, loss: float) -> float:
        """Move the weights by the gradients; return the gradient's norm."""
        parameters, clip = list(self.parameters.values()), self.training.optimizer.clip
        self.training.devices.sum_gradients(parameters)
        norm = float(self.torch.nn.utils.clip_grad_norm_(parameters, clip or math.inf))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise _no_number("the loss or its gradient", self.progress.step, self.checkpoints)
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        return norm

    def _measure(self) -> None:
        """Measure the loss on select; keep the weights where it is the lowest."""
        progress, found = self.progress, measure(self.training, self.progress.step)
        loss = found[self.training.objective.names[0]]
        why = self.training.halt(found) if self.training.halt else ""
        progress.ended = why or progress.ended
        better = not why and (progress.best_loss is None or loss < progress.best_loss)
        if better:
            progress.best_loss, progress.best_step, progress.worse = loss, progress.step, 0
            if self.training.devices.is_first:
                self.checkpoints.save_best(progress.step, self.parameters)
        else:
            progress.worse += 1
        progress.seconds = time.monotonic() - self.began
        self._write({"select": found, "best": better})

    def _write(self, told: Mapping[str, Any]) -> None:
        progress = self.progress
        entry = {"step": progress.step, **told, "tokens": progress.tokens, "seconds": progress.seconds}
        entry = _rounded(entry)
        progress.log.append(entry)
        if self.training.devices.is_first:
            self.checkpoints.append(entry)

    def _is_late(self) -> bool:
        return time.monotonic() - self.kept_at > 60 * self.training.stop.minutes

    def _keep(self) -> None:
        """Write a checkpoint; other processes go on and wait at the next sum."""
        self.kept_at = time.monotonic()
        if self.training.devices.is_first:
            self.progress.seconds = self.kept_at - self.began
            self.checkpoints.save(self.progress, _state(self.torch, self.parameters, self.adam))


def measure(training: Training, step: int = 0) -> dict[str, float]:
    """Return the mean of each term over the examples of select after a step, adapters' dropout off.

    Raises ModelError where one is no number: no weights are better or worse by it.
    """
    network, select = training.network, training.select
    if select is None:
        raise ModelError("there is nothing to measure on: the recipe names no examples of select")
    rows = list(range(len(select.lengths)))
    sums: dict[str, float] = {}
    network.core.eval()
    with network.torch.no_grad():
        for piece in pieces(rows, select.lengths, training.optimizer.micro_tokens):
            for name, value in select.losses(piece).parts.items():
                sums[name] = sums.get(name, 0.0) + value
    network.core.train()
    count = select.count(rows)
    found = {name: value / count for name, value in sums.items()}
    if not all(map(math.isfinite, found.values())):
        raise _no_number("the loss on select", step, Checkpoints(training.work, training.fingerprint))
    return found


def _no_number(what: str, step: int, checkpoints: Checkpoints) -> ModelError:
    """Return what is said where a step cannot be told good from bad."""
    kept = checkpoints.steps()
    where = f"the checkpoint of step {kept[-1]} is kept" if kept else "no checkpoint was due yet"
    begun = "lower optimizer.lr" if step else "take the base from its source again, for it may be damaged"
    return ModelError(f"step {step}: {what} is no number; {where}; {begun}, or set base.dtype to float32")


def _rounded(entry: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in entry.items():
        if isinstance(value, Mapping):
            found[key] = _rounded(value)
        else:
            found[key] = float(f"{value:.7g}") if isinstance(value, float) else value
    return found


def _state(torch: Any, parameters: Mapping[str, Any], adam: Any) -> dict[str, Any]:
    """Return weights, moments and the states of chance as tensors by name."""
    tensors = {f"weight/{name}": one for name, one in parameters.items()}
    for name, one in parameters.items():
        for moment in ("exp_avg", "exp_avg_sq", "step"):
            if one in adam.state:
                tensors[f"{moment}/{name}"] = adam.state[one][moment]
    tensors["chance/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["chance/cuda"] = torch.cuda.get_rng_state()
    return tensors


def _restore(torch: Any, parameters: Mapping[str, Any], adam: Any, tensors: Mapping[str, Any]) -> None:
    _put(torch, parameters, {name: tensors[f"weight/{name}"] for name in parameters})
    for name, one in parameters.items():
        if f"exp_avg/{name}" in tensors:
            adam.state[one] = {
                "step": tensors[f"step/{name}"],
                "exp_avg": tensors[f"exp_avg/{name}"].to(one.device),
                "exp_avg_sq": tensors[f"exp_avg_sq/{name}"].to(one.device),
            }
    torch.set_rng_state(tensors["chance/cpu"])
    if torch.cuda.is_available() and "chance/cuda" in tensors:
        torch.cuda.set_rng_state(tensors["chance/cuda"])


def _put(torch: Any, parameters: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
    with torch.no_grad():
        for name, one in parameters.items():
            one.copy_(tensors[name])
