"""From the arms of a titration to what its report says: pure, seeded, task by task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from posology.evaluate.alarms import Alarm, Scored, find_alarms
from posology.evaluate.estimates import estimate_all, group_count
from posology.evaluate.references import Standing, standing_of
from posology.evaluate.scorers import AnyMeasure, measures_of
from posology.evaluate.summary import failures_of
from posology.evaluate.systems import BASELINES
from posology.evaluate.task import Reference, Task
from posology.evaluate.titration.arms import ArmResult, Fallen, Results
from posology.evaluate.titration.comparisons import Compared, Read, compare_with, items_to_read
from posology.evaluate.titration.doses import Dose, PlanDose, find_dose, find_plan_dose
from posology.evaluate.titration.fronts import Front, Point, find_front
from posology.evaluate.titration.judging import Demand, Judgement, judge, order_of
from posology.evaluate.titration.plan import Plan
from posology.evaluate.titration.robustness import Robust
from posology.evaluate.titration.slicing import Slice, slice_scores
from posology.statistics import Estimate

__all__ = ["COSTS", "Row", "Study", "TaskStudy", "analyze"]

COSTS = {
    "latency_p50": "seconds an answer, median",
    "energy": "joules an answer",
    "money": "money a thousand answers",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a task's table: an arm with every measure, the primary one first."""

    arm: ArmResult
    estimates: Mapping[str, Estimate]
    failures: Mapping[str, int]
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class TaskStudy:
    """All that the report says of one task; rows are in the order of doses."""

    task: Task
    measures: tuple[AnyMeasure, ...]
    groups: int
    demand: Demand
    rows: tuple[Row, ...]
    dose: Dose
    reference: str | None
    baseline: str | None  # the best of those without a language model
    from_reference: tuple[Compared, ...]
    from_baseline: tuple[Compared, ...]
    fronts: tuple[Front, ...]
    slices: tuple[Slice, ...]
    read: tuple[str, str, tuple[Read, ...]] | None  # two arms and the items on which they differ
    alarms: tuple[Alarm, ...]
    references: tuple[tuple[Reference, Standing], ...]


@dataclass(frozen=True, slots=True)
class Study:
    """A titration: what was planned and what came of it."""

    plan: Plan
    tasks: tuple[TaskStudy, ...]
    dose: PlanDose
    fallen: tuple[Fallen, ...]
    robust: tuple[Robust, ...] = ()
    plans: tuple[str, ...] = ()  # hashes of the plans that the folder was run with, in order


def analyze(plan: Plan, results: Results, *, rounds: int = 2000) -> Study:
    """Analyze what there is of a plan, with so many rounds of the bootstrap; slices take half of them."""
    arms = results.arms
    by_task: dict[str, list[ArmResult]] = {}
    for arm in sorted(arms, key=order_of):
        by_task.setdefault(arm.task, []).append(arm)
    tasks = tuple(
        _study(plan, task, by_task[task.name], rounds, _missing(plan, task, results))
        for task in plan.tasks
        if task.name in by_task
    )
    dose = find_plan_dose(
        [one.dose for one in tasks],
        _standing(plan, tasks, by_task),
        len(plan.tasks),
        reference=plan.file.requirement.non_inferior_to,
        weak=sum(bool(one.demand.reference and one.demand.not_above) for one in tasks),
    )
    return Study(plan, tasks, dose, results.fallen, results.robust, results.plans)


def _missing(plan: Plan, task: Task, results: Results) -> int:
    """Count the arms of a task that have no result, though they can be on it."""
    names = plan.arm_names()
    return sum(one.task == task.name and not one.ruled_out and one.arm in names for one in results.fallen)


def _standing(
    plan: Plan, tasks: Sequence[TaskStudy], by_task: Mapping[str, Sequence[ArmResult]]
) -> dict[str, dict[str, ArmResult]]:
    """Return by task which arm stands for each arm of the plan."""
    found: dict[str, dict[str, ArmResult]] = {}
    for one in tasks:
        there = {arm.name: arm for arm in by_task[one.task.name]}
        pairs = [(name, there.get(plan.stand_in(one.task, name))) for name in plan.arm_names()]
        found[one.task.name] = {name: arm for name, arm in pairs if arm is not None}
    return found


def _study(plan: Plan, task: Task, arms: Sequence[ArmResult], rounds: int, missing: int) -> TaskStudy:
    measures, seed = measures_of(task), plan.file.seed
    primary = measures[0]
    estimates = {arm.name: estimate_all(measures, arm.outcomes, seed=seed, rounds=rounds) for arm in arms}
    main = {name: found[primary.name] for name, found in estimates.items()}
    reference, baseline = _reference(plan, task, arms), _best(arms, main, primary.better)
    draws = (seed, rounds)
    from_reference = _compared(reference, arms, primary, draws)
    from_baseline = _compared(baseline, arms, primary, draws)
    demand = _demand(plan, task, primary, from_baseline)
    against = {one.arm: one.difference for one in from_reference}
    judgements = {
        arm.name: judge(arm, main[arm.name], against.get(arm.name), demand, plan.file.budget) for arm in arms
    }
    dose = find_dose(task.name, arms, main, judgements, demand, missing)
    return TaskStudy(
        task=task,
        measures=measures,
        groups=group_count(primary, arms[0].outcomes),
        demand=demand,
        rows=tuple(
            Row(arm, estimates[arm.name], failures_of(arm.outcomes), judgements[arm.name]) for arm in arms
        ),
        dose=dose,
        reference=reference.name if reference else None,
        baseline=baseline.name if baseline else None,
        from_reference=from_reference,
        from_baseline=from_baseline,
        fronts=_fronts(arms, main, primary.better),
        slices=slice_scores(
            task, primary, _shown(arms, main, dose, primary.better), seed=seed, rounds=rounds // 2
        ),
        read=_read(task, arms, main, dose, baseline or reference),
        alarms=find_alarms(task, [_scored(arm, main[arm.name]) for arm in arms]),
        references=tuple((one, standing_of(task, one)) for one in task.card.references),
    )


def _demand(plan: Plan, task: Task, primary: AnyMeasure, from_baseline: Sequence[Compared]) -> Demand:
    asked = plan.file.requirement
    score = plan.required(task.name)
    against = _named_reference(plan, task) if asked.non_inferior_to else ""
    below = next((one for one in from_baseline if one.arm == against), None)
    weak = below.other if below and not _is_better(below, primary.better) else ""
    return Demand(primary.name, primary.better, score, against, asked.margin, weak)


def _is_better(one: Compared, better: int) -> bool:
    end = one.difference.low if better >= 0 else one.difference.high
    return end is not None and end * (better or 1) > 0


def _named_reference(plan: Plan, task: Task) -> str:
    named = plan.file.requirement.non_inferior_to or plan.file.reference
    return plan.stand_in(task, named) if named else ""


def _reference(plan: Plan, task: Task, arms: Sequence[ArmResult]) -> ArmResult | None:
    """Return the arm that others are compared with: the plan's, else the largest model's last strategy."""
    named = _named_reference(plan, task)
    by_name = {arm.name: arm for arm in arms}
    if named:
        return by_name.get(named)
    planned = [name for name in plan.arm_names() if name in by_name and by_name[name].kind not in BASELINES]
    return by_name[planned[-1]] if planned else None


def _best(
    arms: Sequence[ArmResult], main: Mapping[str, Estimate], better: int, *, models: bool = False
) -> ArmResult | None:
    """Return the arm of the best estimate among baselines, or among models."""
    asked = [
        (found.value * (better or 1), arm)
        for arm in arms
        if (arm.kind not in BASELINES) is models and (found := main[arm.name]).value is not None
    ]
    return max(asked, key=lambda row: row[0])[1] if asked else None


def _compared(
    other: ArmResult | None, arms: Sequence[ArmResult], primary: AnyMeasure, draws: tuple[int, int]
) -> tuple[Compared, ...]:
    seed, rounds = draws
    return compare_with(other, arms, primary, seed=seed, rounds=rounds) if other else ()


def _fronts(arms: Sequence[ArmResult], main: Mapping[str, Estimate], better: int) -> tuple[Front, ...]:
    """Return the front of every cost that two arms or more have a figure of."""
    fronts = []
    for key, words in COSTS.items():
        points = {
            arm.name: Point(cost, value * (better or 1))
            for arm in arms
            if (cost := arm.figure(key).value) is not None and (value := main[arm.name].value) is not None
        }
        if len(points) > 1:
            fronts.append(find_front(words, points))
    sizes = {
        arm.name: Point(float(arm.identity.parameters), value * (better or 1))
        for arm in arms
        if arm.kind not in BASELINES
        and arm.identity.parameters
        and (value := main[arm.name].value) is not None
    }
    return (*fronts, find_front("parameters", sizes)) if len(sizes) > 1 else tuple(fronts)


def _shown(
    arms: Sequence[ArmResult], main: Mapping[str, Estimate], dose: Dose, better: int
) -> list[ArmResult]:
    """Return the arms whose slices are shown: the best of each system, and the doses of the sentence."""
    best: dict[str, ArmResult] = {}
    for arm in arms:
        rival = best.get(arm.identity.system)
        mine, theirs = main[arm.name].value, main[rival.name].value if rival else None
        if rival is None or theirs is None or (mine is not None and (mine - theirs) * (better or 1) > 0):
            best[arm.identity.system] = arm
    names = {arm.name for arm in best.values()} | {dose.without_model, dose.model, dose.runner_up}
    return [arm for arm in arms if arm.name in names]


def _read(
    task: Task, arms: Sequence[ArmResult], main: Mapping[str, Estimate], dose: Dose, other: ArmResult | None
) -> tuple[str, str, tuple[Read, ...]] | None:
    by_name = {arm.name: arm for arm in arms}
    better = measures_of(task)[0].better
    first = by_name[dose.model] if dose.model else _best(arms, main, better, models=True)
    if first is None or other is None or first.name == other.name:
        return None
    return first.name, other.name, items_to_read(task, first, other)


def _scored(arm: ArmResult, found: Estimate) -> Scored:
    return Scored(arm.name, found, arm.identity.parameters, arm.kind not in BASELINES)
