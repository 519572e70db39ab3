"""The plan of a titration: a TOML file that names tasks, ladder, strategies, requirement and budget.

It is read strictly, and its hash stands in every result: what was asked was written down before it was
answered.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from posology.declarations import nearest_words, read_declaration
from posology.errors import UserError
from posology.evaluate.evaluation import Ask
from posology.evaluate.own import read_own_task
from posology.evaluate.perturb import KINDS
from posology.evaluate.strategy import Strategy, parse_strategy
from posology.evaluate.systems import BASELINES, SystemSpec, parse_system, why_not
from posology.evaluate.task import Task

__all__ = ["Budget", "Plan", "PlanFile", "Requirement", "Robustness", "Rung", "load_plan"]

_Share = Annotated[float, Field(ge=-1, le=1)]
_Positive = Annotated[float, Field(gt=0)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Requirement(_Table):
    """When a dose is effective: by a score, or by not being worse than a reference by more than a margin.

    The lower end of the 95 % interval decides. ``by_task`` holds scores of single tasks that differ.
    """

    score: _Share | None = None
    by_task: dict[str, _Share] = {}
    non_inferior_to: str = ""  # "system strategy"
    margin: Annotated[float, Field(gt=0, le=1)] | None = None


class Budget(_Table):
    """What an answer may cost at most; what is not known is not within it."""

    latency_p95_s: _Positive | None = None
    energy_j: _Positive | None = None  # an answer
    cost_per_1000: _Positive | None = None  # money, a thousand answers
    memory_bytes: _Positive | None = None
    parameters: _Positive | None = None


class Robustness(_Table):
    """Which changes of the items are tried, on how many of them; empty lists: all."""

    kinds: list[str] = Field(min_length=1)
    n: Annotated[int, Field(gt=0)] = 50
    tasks: list[str] = []
    arms: list[str] = []  # "system strategy"


class PlanFile(_Table):
    """A plan as it stands in its file."""

    posology: Literal["titration/1"]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    question: str = ""  # what is to be found out, in a sentence or two
    tasks: list[str] = Field(min_length=1)
    n: Annotated[int, Field(gt=0)] = 100  # items of the part *report* of each task
    seed: Annotated[int, Field(ge=0)] = 0
    strategies: list[str] = Field(default=["zero"], min_length=1)
    baselines: list[str] = []
    reference: str = ""  # "system strategy" that all others are compared with
    ladder: list[dict[str, Any]] = Field(min_length=1)  # systems; each may have strategies of its own
    requirement: Requirement = Requirement()
    budget: Budget = Budget()
    machine_usd_per_hour: _Positive | None = None  # what an hour of the machine costs, for money
    robustness: Robustness | None = None
    limits: list[str] = []  # what a reader must know of this study, a sentence each


@dataclass(frozen=True, slots=True)
class Rung:
    """One system of the ladder, and how it is asked: not at all in words where there is no strategy."""

    spec: SystemSpec
    strategies: tuple[Strategy | None, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was read and checked; ``sha256`` is that of its file."""

    file: PlanFile
    name: str  # of the file
    sha256: str
    data: bytes
    tasks: tuple[Task, ...]
    rungs: tuple[Rung, ...]  # baselines, then the ladder from the smallest to the largest

    def asks(self) -> tuple[Ask, ...]:
        """Return every arm: by system, smallest first, then by task."""
        return tuple(
            Ask(task, rung.spec.on_task(task.name), strategy)
            for rung in self.rungs
            for task in self.tasks
            for strategy in rung.strategies
        )

    def arm_names(self) -> tuple[str, ...]:
        """Return the names of all arms, as in "system strategy"."""
        return tuple(dict.fromkeys(ask.name for ask in self.asks()))

    def stand_in(self, task: Task, name: str) -> str:
        """Return the arm that stands for another on a task: the same without what cannot be there.

        A written text has nothing to be constrained to and only labels have priors, so that on such a task
        ``few`` stands for ``few+constrained+calibrated``. An arm that the task allows stands for itself.
        """
        ask = next((ask for ask in self.asks() if ask.name == name and ask.task is task), None)
        if ask is None or ask.strategy is None or not why_not(ask.spec, task, ask.strategy):
            return name
        for fewer in (replace(ask.strategy, calibrated=False), _plain(ask.strategy)):
            other = replace(ask, strategy=fewer)
            if other.name in self.arm_names() and not why_not(ask.spec, task, fewer):
                return other.name
        return name

    def required(self, task: str) -> float | None:
        """Return the score that a task requires, None where none is."""
        asked = self.file.requirement
        return next((asked.by_task[name] for name in self._said(task) if name in asked.by_task), asked.score)

    def tries(self, task: str, arm: str) -> bool:
        """Say whether changed items of a task are tried on an arm."""
        robust = self.file.robustness
        if robust is None:
            return False
        there = not robust.tasks or any(name in robust.tasks for name in self._said(task))
        return there and (not robust.arms or arm in robust.arms)

    def _said(self, task: str) -> tuple[str, ...]:
        """Return what the plan may call a task: by its name, a user's own by its file too."""
        pairs = zip(self.file.tasks, self.tasks, strict=True)
        return (task, *(said for said, one in pairs if one.name == task and said != task))


def _plain(strategy: Strategy) -> Strategy:
    return replace(strategy, calibrated=False, constrained=False)


def load_plan(path: Path, tasks: Mapping[str, Task]) -> Plan:
    """Read a plan; raise UserError that says which key is wrong and offers the nearest known name."""
    file = read_declaration(path, PlanFile, "key of a plan")
    tasks = _with_own(path, file, tasks)
    _require_known(path, file, tasks)
    data = path.read_bytes()
    plan = Plan(
        file,
        path.name,
        hashlib.sha256(data).hexdigest(),
        data,
        tuple(tasks[name] for name in file.tasks),
        _rungs(path, file),
    )
    _require_sense(path, plan)
    return plan


def _with_own(path: Path, file: PlanFile, tasks: Mapping[str, Task]) -> Mapping[str, Task]:
    """Return the known tasks and those of the user, which a plan names by their files."""
    own = [name for name in file.tasks if name.endswith(".toml")]
    return {**tasks, **{name: read_own_task(path.parent / name) for name in own}}


def _rungs(path: Path, file: PlanFile) -> tuple[Rung, ...]:
    tables = [{"name": name, "kind": name} for name in file.baselines]
    rungs = [_rung(table, f"{path}: baselines", path.parent, file) for table in tables]
    for number, table in enumerate(file.ladder, start=1):
        rungs.append(_rung(table, f"{path}: ladder {number}", path.parent, file))
    names = [rung.spec.name for rung in rungs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"{path}: ladder: two systems are called {', '.join(twice)}; baselines count too")
    return tuple(sorted(rungs, key=lambda rung: _size(rung.spec)))


def _size(spec: SystemSpec) -> tuple[int, int]:
    """Return the place on the ladder: no model, then by size, then what has no known size."""
    if spec.kind in BASELINES:
        return 0, BASELINES.index(spec.kind)
    return (1, spec.parameters) if spec.parameters else (2, 0)


def _rung(table: Mapping[str, Any], where: str, folder: Path, file: PlanFile) -> Rung:
    own = table.get("strategies", [])
    if not isinstance(own, list) or not all(isinstance(name, str) for name in own):
        raise UserError(f"{where}: strategies: a list of names")
    rest = {key: value for key, value in table.items() if key != "strategies"}
    spec = parse_system(rest, where, folder=folder)
    if spec.kind != "generator":
        return Rung(spec, (None,))
    return Rung(spec, tuple(_strategy(name, where) for name in own or file.strategies))


def _strategy(name: str, where: str) -> Strategy:
    try:
        return parse_strategy(name)
    except UserError as cause:
        raise UserError(f"{where}: {cause}") from None


def _require_known(path: Path, file: PlanFile, tasks: Mapping[str, Task]) -> None:
    _require_names(f"{path}: tasks", file.tasks, tasks)
    _require_names(f"{path}: baselines", file.baselines, BASELINES)
    named = list(dict.fromkeys([*file.tasks, *(tasks[name].name for name in file.tasks)]))
    _require_names(f"{path}: requirement.by_task", list(file.requirement.by_task), named)
    for name in file.strategies:
        _strategy(name, f"{path}: strategies")
    if file.robustness is not None:
        _require_names(f"{path}: robustness.kinds", file.robustness.kinds, KINDS)
        _require_names(f"{path}: robustness.tasks", file.robustness.tasks, named)


def _require_names(where: str, given: list[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise UserError(f"{where}: {name!r} is unknown{nearest_words(name, known)}")
    if len(set(given)) < len(given):
        raise UserError(f"{where}: a name stands twice")


def _require_sense(path: Path, plan: Plan) -> None:
    asked, arms = plan.file.requirement, plan.arm_names()
    for key, name in (("reference", plan.file.reference), ("non_inferior_to", asked.non_inferior_to)):
        if name and name not in arms:
            raise UserError(
                f"{path}: {key}: no arm of this plan is called {name!r}{nearest_words(name, arms)}"
            )
    if (asked.score is not None or asked.by_task) and asked.non_inferior_to:
        raise UserError(f"{path}: requirement: a score or non_inferior_to, not both")
    if bool(asked.non_inferior_to) != (asked.margin is not None):
        raise UserError(f"{path}: requirement: non_inferior_to and margin go together")
    if plan.file.robustness is not None:
        _require_names(f"{path}: robustness.arms", plan.file.robustness.arms, arms)
