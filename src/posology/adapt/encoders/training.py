"""The training of a head: steps, measurements on select, the best weights kept, checkpoints to go on from."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.adapt.checkpoint import Checkpoints, Progress
from posology.adapt.encoders.measuring import logits_of, measure, metric_of
from posology.adapt.encoders.network import HEAD, EncoderNetwork
from posology.adapt.encoders.prepared import IGNORED, Unit, batches_of, label_weights
from posology.adapt.recipes.encode import EncodeOptimizer, EncodeRecipe
from posology.errors import UserError

__all__ = ["Lesson", "share_of_rate", "train_head", "try_step"]

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")  # what AdamW knows of a weight


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one training is made of."""

    recipe: EncodeRecipe
    network: EncoderNetwork
    tune: Sequence[Unit]
    select: Sequence[Unit]
    checkpoints: Checkpoints
    tell: Callable[..., None]

    @property
    def steps_an_epoch(self) -> int:
        """Return the steps in which all examples are seen once."""
        return math.ceil(len(self.tune) / self.recipe.optimizer.batch)

    @property
    def steps(self) -> int:
        """Return the steps of the whole training."""
        optimizer = self.recipe.optimizer
        return optimizer.steps or max(1, round(optimizer.epochs * self.steps_an_epoch))


def share_of_rate(optimizer: EncodeOptimizer, step: int, steps: int) -> float:
    """Return the share of the highest learning rate at a step (from 0)."""
    rising = max(1, round(optimizer.warmup * steps))
    if optimizer.warmup and step < rising:
        return (step + 1) / rising
    if optimizer.schedule == "constant":
        return 1.0
    done = min(1.0, (step - rising * bool(optimizer.warmup)) / max(1, steps - rising))
    fallen = 1 - done if optimizer.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
    return optimizer.final + (1 - optimizer.final) * fallen


def train_head(lesson: Lesson) -> Progress:
    """Train until the recipe says stop, from the last checkpoint where there is one; the best weights stay.

    Raises UserError where the loss is no number; the last checkpoint remains.
    """
    network, stop = lesson.network, lesson.recipe.stop
    if not lesson.tune:
        raise UserError(f"{lesson.recipe.name}: there is no example to learn from")
    optimizer = _optimizer(lesson)
    progress = _resume(lesson, optimizer)
    if network.remembers and (network.frozen or not progress.ended):
        began = time.perf_counter()
        lesson.tell("encode")
        network.keep(lesson.tune, lesson.select, lambda done, of: lesson.tell("encode", done, of))
        progress.seconds += time.perf_counter() - began
    weights = _label_weights(lesson)
    every = stop.every or lesson.steps_an_epoch
    for batch in _batches(lesson, progress.step):
        if progress.ended or progress.step >= lesson.steps:
            break
        _step(lesson, optimizer, [lesson.tune[n] for n in batch], weights, progress)
        if progress.step % every == 0 or progress.step == lesson.steps:
            _measure(lesson, progress)
        if progress.step == lesson.steps and not progress.ended:
            progress.ended = "all steps were done"
        if stop.checkpoint and (progress.ended or progress.step % stop.checkpoint == 0):
            lesson.checkpoints.save(progress, _tensors(network, optimizer))
    if progress.best_step is not None and progress.best_step != progress.step:
        best = lesson.checkpoints.load_best(progress.best_step)
        network.module.load_state_dict(best, strict=False)
    return progress


def _batches(lesson: Lesson, done: int) -> Iterator[list[int]]:
    """Yield the examples of each step from ``done`` on; seed and number of an epoch give its order."""
    epoch, skipped = divmod(done, lesson.steps_an_epoch)
    while True:
        seed = (lesson.recipe.seed << 20) + epoch
        for n, batch in enumerate(batches_of(lesson.tune, lesson.recipe.optimizer.batch, seed)):
            if n >= skipped:
                yield batch
        epoch, skipped = epoch + 1, 0


def _step(lesson: Lesson, optimizer: Any, units: Sequence[Unit], weights: Any, progress: Progress) -> None:
    recipe, network = lesson.recipe, lesson.network
    began = time.perf_counter()
    share = share_of_rate(recipe.optimizer, progress.step, lesson.steps)
    for group in optimizer.param_groups:
        group["lr"] = group["rate"] * share
    # dropout of a step depends on seed and step alone: a resumed training draws the same
    network.torch.manual_seed((recipe.seed << 32) + progress.step)
    network.module.train()
    loss = _learned(lesson, units, weights)
    if not math.isfinite(loss):
        advice = "" if network.frozen else ", or set base.dtype to float32"
        raise UserError(
            f"{recipe.name}: the loss of step {progress.step + 1} is no number; lower optimizer.lr{advice}; "
            "the last checkpoint is kept"
        )
    if recipe.optimizer.clip:
        network.torch.nn.utils.clip_grad_norm_(list(network.trained.values()), recipe.optimizer.clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    progress.step += 1
    progress.tokens += sum(unit.size for unit in units)
    progress.seconds += time.perf_counter() - began
    _log(lesson, progress, {"loss": round(loss, 6), "rate": share * recipe.optimizer.lr})
    lesson.tell("train", progress.step, lesson.steps)


def _learned(lesson: Lesson, units: Sequence[Unit], weights: Any) -> float:
    """Return the mean loss of a step's examples; its gradients are left with the weights."""
    total = sum(_mass(unit, weights) for unit in units)
    loss = 0.0
    for part in _parts(units, lesson.recipe.optimizer.micro_tokens):
        one = _loss(lesson.network, part, weights, lesson.recipe) / max(total, 1e-9)
        one.backward()
        loss += float(one.detach())
    return loss


def try_step(lesson: Lesson, units: Sequence[Unit]) -> float:
    """Return the loss of some examples as a step computes it; no weight moves."""
    network = lesson.network
    network.module.train()
    loss = _learned(lesson, units, _label_weights(lesson))
    for one in network.trained.values():
        one.grad = None
    return loss


def _label_weights(lesson: Lesson) -> Any:
    network = lesson.network
    weights = label_weights(lesson.tune, len(network.task.outputs), lesson.recipe.head.class_weights)
    return network.torch.from_numpy(weights).to(network.device)


def _mass(unit: Unit, weights: Any) -> float:
    """Return the summed weight of an example's targets."""
    if unit.label >= 0:
        return unit.weight * float(weights[unit.label])
    supervised = [tag for window in unit.windows for tag in unit.targets(window) if tag != IGNORED]
    return unit.weight * float(weights[supervised].sum()) if supervised else 0.0


def _parts(units: Sequence[Unit], tokens: int) -> Iterator[Sequence[Unit]]:
    """Yield examples that go through the encoder at once; one that is larger goes alone."""
    part: list[Unit] = []
    count = longest = 0
    for unit in units:
        widest = max(longest, *(len(window.ids) for window in unit.windows))
        if part and (count + len(unit.windows)) * widest > tokens:
            yield part
            part, count, widest = [], 0, max(len(window.ids) for window in unit.windows)
        part.append(unit)
        count, longest = count + len(unit.windows), widest
    if part:
        yield part


def _loss(network: EncoderNetwork, units: Sequence[Unit], weights: Any, recipe: EncodeRecipe) -> Any:
    """Return the summed weighted loss of examples."""
    torch = network.torch
    logits = network.logits([window for unit in units for window in unit.windows], recipe.head.hidden)
    smoothing = recipe.head.smoothing
    entropy = torch.nn.functional.cross_entropy
    if network.task.kind == "token":
        rows, importance = _targets(torch, units, logits)
        each = entropy(
            logits.flatten(0, 1), rows, weight=weights, ignore_index=IGNORED, reduction="none",
            label_smoothing=smoothing,
        )  # fmt: skip
        return (each * importance).sum()
    joined = _joined(network, logits, units, recipe)
    gold = torch.tensor([unit.label for unit in units], device=logits.device)
    importance = torch.tensor([unit.weight for unit in units], device=logits.device)
    each = entropy(joined, gold, weight=weights, reduction="none", label_smoothing=smoothing)
    return (each * importance).sum()


def _targets(torch: Any, units: Sequence[Unit], logits: Any) -> tuple[Any, Any]:
    """Return the targets and the weights of pieces, (windows * pieces,)."""
    rows = torch.full(logits.shape[:2], IGNORED, dtype=torch.long)
    importance = torch.zeros(logits.shape[:2])
    at = 0
    for unit in units:
        for window in unit.windows:
            targets = unit.targets(window)
            rows[at, : len(targets)] = torch.tensor(targets)
            importance[at] = unit.weight
            at += 1
    return rows.flatten().to(logits.device), importance.flatten().to(logits.device)


def _joined(network: EncoderNetwork, logits: Any, units: Sequence[Unit], recipe: EncodeRecipe) -> Any:
    """Return each example's logits from its windows', as at run time."""
    parts = logits.split([len(unit.windows) for unit in units])
    if recipe.head.join == "mean":
        return network.torch.stack([part.mean(dim=0) for part in parts])
    place = network.task.labels.index(recipe.head.positive)
    chosen = [int(part.detach().log_softmax(dim=1)[:, place].argmax()) for part in parts]
    return network.torch.stack([part[n] for part, n in zip(parts, chosen, strict=True)])


def _measure(lesson: Lesson, progress: Progress) -> None:
    """Measure on select; keep the weights where they are the best so far; say when it is time to end."""
    head, stop = lesson.recipe.head, lesson.recipe.stop
    if not lesson.select:
        return
    lesson.tell("measure", progress.step, lesson.steps)
    logits = logits_of(lesson.network, lesson.select, head)
    scores = measure(lesson.select, logits, lesson.network.task.labels, head)
    score = scores[metric_of(head)] or 0.0
    _log(lesson, progress, {f"select {name}": value for name, value in scores.items()})
    if progress.best_loss is None or -score < progress.best_loss:
        progress.best_loss, progress.best_step, progress.worse = -score, progress.step, 0
        lesson.checkpoints.save_best(progress.step, lesson.network.trained)
    elif score:  # where nothing is right yet, nothing has become worse
        progress.worse += 1
        if stop.patience and progress.worse >= stop.patience:
            progress.ended = f"{progress.worse} measurements without a better score on select"


def _log(lesson: Lesson, progress: Progress, values: Mapping[str, Any]) -> None:
    entry = {
        "step": progress.step,
        **values,
        "tokens": progress.tokens,
        "seconds": round(progress.seconds, 2),
    }
    progress.log.append(entry)
    lesson.checkpoints.append(entry)


def _optimizer(lesson: Lesson) -> Any:
    """Return AdamW with a group for each learning rate; biases and norms have no decay."""
    settings, network = lesson.recipe.optimizer, lesson.network
    groups: dict[tuple[float, float], list[Any]] = {}
    for name, parameter in network.trained.items():
        rate = settings.lr * _factor(name, settings, network.layers)
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return network.torch.optim.AdamW(
        [
            {"params": members, "lr": rate, "rate": rate, "weight_decay": decay}
            for (rate, decay), members in groups.items()
        ]
    )


def _factor(name: str, settings: EncodeOptimizer, layers: int) -> float:
    """Return a weight's learning rate over the recipe's: more for the head, less for lower layers."""
    if name.startswith(HEAD):
        return settings.head_factor
    steps = name.split(".")
    layer = int(steps[steps.index("layer") + 1]) if "layer" in steps else -1
    return settings.layer_decay ** (layers - 1 - layer)


def _tensors(network: EncoderNetwork, optimizer: Any) -> dict[str, Any]:
    tensors = {f"weights/{name}": one for name, one in network.trained.items()}
    for name, parameter in network.trained.items():
        for moment, value in optimizer.state[parameter].items():
            tensors[f"{moment}/{name}"] = value
    return tensors


def _resume(lesson: Lesson, optimizer: Any) -> Progress:
    found = lesson.checkpoints.load()
    if found is None:
        return Progress()
    progress, tensors = found
    network = lesson.network
    for name, parameter in network.trained.items():
        parameter.data.copy_(tensors[f"weights/{name}"])
        kept = {moment: tensors[f"{moment}/{name}"] for moment in _MOMENTS}
        optimizer.state[parameter] = {
            moment: value if moment == "step" else value.to(network.device) for moment, value in kept.items()
        }
    return progress
