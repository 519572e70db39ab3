"""An evaluation: systems asked about tasks under strategies, each arm into a folder of its own."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from posology.config import Settings
from posology.errors import UserError
from posology.evaluate.arm import Arm, Learning
from posology.evaluate.cache import with_cache
from posology.evaluate.chosen import with_weights
from posology.evaluate.items import Item
from posology.evaluate.runner import RunPlan, RunProgress, run_arm
from posology.evaluate.splits import committed_part, load_parts
from posology.evaluate.strategy import Strategy, name_of
from posology.evaluate.summary import RunSummary
from posology.evaluate.systems import System, SystemSpec, open_system, why_not, why_not_learnt
from posology.evaluate.task import Part, Task

__all__ = ["Ask", "Bench", "arm_folder", "plan_asks", "run_asks"]

_Tell = Callable[["Ask", RunProgress], None]


@dataclass(frozen=True, slots=True)
class Ask:
    """One arm that is asked for. ``strategy`` is None for a system that is not asked in words."""

    task: Task
    spec: SystemSpec
    strategy: Strategy | None = None

    @property
    def name(self) -> str:
        """Return the arm's name as tables show it."""
        return f"{self.spec.name} {name_of(self.strategy) if self.strategy else ''}".strip()

    def folder(self, out: Path) -> Path:
        """Return where its results go: TASK/ARM below the folder of the evaluation."""
        return out / self.task.name / arm_folder(self.name)


def arm_folder(name: str) -> str:
    """Return what the folder of an arm is called: its name without spaces and the like."""
    return re.sub(r"[^A-Za-z0-9.+:-]+", "_", name)


@dataclass(slots=True)
class Bench:
    """What the arms of an evaluation share; the items of a task are read once."""

    data: Path
    out: Path
    plan: RunPlan = field(default_factory=RunPlan)
    n: int | None = None
    settings: Settings | None = None
    _parts: dict[str, Mapping[Part, list[Item]]] = field(default_factory=dict)

    def parts(self, task: Task) -> Mapping[Part, list[Item]]:
        """Return the items of a task by part."""
        if task.name not in self._parts:
            self._parts[task.name] = load_parts(task, self.data)
        return self._parts[task.name]

    def items(self, task: Task) -> list[Item]:
        """Return the items that every arm of a task is asked: the first n of the part."""
        items = self.parts(task)[self.plan.part]
        if not items:
            raise UserError(f"the task {task.name} has no items in the part {self.plan.part}")
        return items[: self.n]

    def learning(self, task: Task) -> Learning:
        """Return what an arm may learn from, without the part that it is scored on."""
        return _learning_of(self.parts(task), self.plan.part)

    def why_not(self, ask: Ask) -> str:
        """Return why an arm cannot be, as far as system, task and items tell before it is opened."""
        reason = why_not(ask.spec, ask.task, ask.strategy)
        if reason or (ask.spec.kind != "boosting" and ask.strategy is None):
            return reason
        return why_not_learnt(ask.spec, ask.strategy, self.learning(ask.task).tune)

    def sift(self, asks: Sequence[Ask]) -> tuple[list[Ask], list[str]]:
        """Read the items of every task, before anything is asked; return what can be asked, and why not."""
        for task in {ask.task.name: ask.task for ask in asks}.values():
            self.items(task)
        judged = [(ask, self.why_not(ask)) for ask in asks]
        left_out = [f"{ask.name} on {ask.task.name}: {reason}" for ask, reason in judged if reason]
        return _some([ask for ask, reason in judged if not reason], left_out), left_out

    def arm(self, ask: Ask, system: System) -> Arm:
        """Return an arm that has learnt what it may."""
        return system.arm(ask.strategy, ask.task, self.learning(ask.task))

    def open(self, spec: SystemSpec) -> System:
        """Open a system, its generator behind the cache if there is one."""
        system, cache = open_system(with_weights(spec), self.settings), self.plan.cache
        if system.generator is None or cache is None:
            return system
        return replace(system, generator=with_cache(system.generator, cache))


def _learning_of(parts: Mapping[Part, Sequence[Item]], part: Part) -> Learning:
    """Return *tune*, and *select* unless it is the part that is scored; *tune* itself is never scored."""
    if part is Part.TUNE:
        raise UserError("the part tune is what systems learn from: a score on it says nothing; use select")
    return Learning(parts[Part.TUNE], () if part is Part.SELECT else parts[Part.SELECT])


def plan_asks(
    tasks: Sequence[Task], specs: Sequence[SystemSpec], strategies: Sequence[Strategy]
) -> tuple[list[Ask], list[str]]:
    """Return every arm that can be, and of each that cannot why; the order is by system, then by task."""
    _require_apart("task", [task.name for task in tasks])
    _require_apart("system", [spec.name for spec in specs])
    asks, left_out = [], []
    for spec in specs:
        ways: Sequence[Strategy | None] = strategies if spec.kind == "generator" else (None,)
        for ask in (Ask(task, spec.on_task(task.name), way) for task in tasks for way in ways):
            if reason := why_not(ask.spec, ask.task, ask.strategy):
                left_out.append(f"{ask.name} on {ask.task.name}: {reason}")
            else:
                asks.append(ask)
    return _some(asks, left_out), left_out


def _some(asks: list[Ask], left_out: Sequence[str]) -> list[Ask]:
    if not asks:
        raise UserError("nothing can be evaluated: " + "; ".join(left_out or ["no task or system is named"]))
    return asks


def _require_apart(what: str, names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"the {what} {', '.join(twice)} is named twice; name each once")


def run_asks(asks: Sequence[Ask], bench: Bench, tell: _Tell | None = None) -> Iterator[RunSummary]:
    """Run the arms one after the other, each system opened once, and yield each summary as it is there."""
    for spec in dict.fromkeys(ask.spec for ask in asks):
        system = bench.open(spec)
        for ask in (ask for ask in asks if ask.spec == spec):
            yield _run(ask, bench, system, tell)
        del system  # its weights go before the next system's come


def _run(ask: Ask, bench: Bench, system: System, tell: _Tell | None) -> RunSummary:
    split = committed_part(ask.task.name, bench.plan.part).get("sha256", "")
    plan = replace(bench.plan, split=split)
    progress = (lambda moment: tell(ask, moment)) if tell else None
    arm, items = bench.arm(ask, system), bench.items(ask.task)
    return run_arm(arm, ask.task, items, ask.folder(bench.out), plan=plan, progress=progress)
