"""Running a plan: every arm into a folder of its own, each system opened once, the smallest first.

A run that was stopped goes on where it was; an arm that fails is recorded, and the rest goes on.
"""

import gc
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from posology.errors import EngineError, OutputError, UserError
from posology.evaluate.evaluation import Ask, Bench
from posology.evaluate.folder import hold_folder, holds_more
from posology.evaluate.items import Item
from posology.evaluate.perturb import Perturbation, perturb
from posology.evaluate.results import MANIFEST, SUMMARY, read_manifest
from posology.evaluate.runner import RunPlan, RunProgress, hash_items, run_arm
from posology.evaluate.scorers import measures_of
from posology.evaluate.splits import committed_part
from posology.evaluate.systems import System, why_not
from posology.evaluate.titration.arms import ArmResult, Fallen, Results, read_arm
from posology.evaluate.titration.plan import Plan
from posology.evaluate.titration.robustness import Robust, Trial, measure_trial
from posology.files import write_atomic

__all__ = ["Step", "read_results", "require_titration", "run_plan", "system_digest"]

_FALLEN, _PLANS = "fallen.json", "plans.json"


@dataclass(frozen=True, slots=True)
class Step:
    """One run of an arm: on the items as they are, or changed in one way."""

    ask: Ask
    kind: Perturbation | None = None

    @property
    def arm(self) -> str:
        """Return the name of the arm, with the change of its items where there is one."""
        return f"{self.ask.name}, {self.kind}" if self.kind else self.ask.name

    @property
    def name(self) -> str:
        """Return what progress shows."""
        return f"{self.ask.task.name}, {self.arm}"

    def folder(self, out: Path) -> Path:
        """Return where its results go."""
        return self.ask.folder(out / "robustness" / self.kind if self.kind else out / "arms")


_Tell = Callable[[Step, RunProgress, int, int], None]  # which step, how far it is, its number, of how many


def run_plan(plan: Plan, bench: Bench, out: Path, tell: _Tell | None = None) -> Results:
    """Run what of a plan is not done yet and return all results; ``bench.plan`` says how arms are run."""
    _require_ours(out)
    with hold_folder(out, "name another --out"):
        _keep_plan(plan, out)
        fallen = _without_items(plan, bench)
        gone = {one.task for one in fallen}
        if len(gone) == len(plan.tasks):
            raise UserError("no task of the plan has items: " + "; ".join(one.reason for one in fallen))
        steps, _ = _steps(plan, bench, gone)
        for group in _by_system(steps):
            fallen += _run_system(group, plan, bench, out, _telling(tell, steps))
        rows = [{"task": one.task, "arm": one.arm, "reason": one.reason} for one in fallen]
        write_atomic(out / _FALLEN, (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode())
    return read_results(plan, bench, out)


def _without_items(plan: Plan, bench: Bench) -> list[Fallen]:
    """Read the items of every task before anything is opened; return what cannot be read."""
    fallen = []
    for task in plan.tasks:
        try:
            bench.items(task)
        except UserError as cause:
            fallen.append(Fallen(task.name, "every arm", str(cause)))
    return fallen


def _steps(plan: Plan, bench: Bench, gone: set[str]) -> tuple[list[Step], list[Fallen]]:
    """Return what is to be run, and the arms that cannot be on their task."""
    steps: list[Step] = []
    ruled_out: list[Fallen] = []
    robust = plan.file.robustness
    for ask in plan.asks():
        if reason := _why_not(ask, bench, readable=ask.task.name not in gone):
            ruled_out.append(Fallen(ask.task.name, ask.name, reason, ruled_out=True))
            continue
        if ask.task.name in gone:
            continue
        steps.append(Step(ask))
        if robust and plan.tries(ask.task.name, ask.name):
            steps += [Step(ask, Perturbation(kind)) for kind in robust.kinds]
    return steps, ruled_out


def _why_not(ask: Ask, bench: Bench, *, readable: bool) -> str:
    """Return why an arm cannot be; of a task whose items cannot be read, what is known without them."""
    try:
        return bench.why_not(ask) if readable else why_not(ask.spec, ask.task, ask.strategy)
    except UserError:
        return ""


def _by_system(steps: Sequence[Step]) -> Iterator[list[Step]]:
    for spec in dict.fromkeys(step.ask.spec for step in steps):
        yield [step for step in steps if step.ask.spec == spec]


def _telling(tell: _Tell | None, steps: Sequence[Step]) -> Callable[[Step, RunProgress], None]:
    numbers = {step.name: number for number, step in enumerate(steps, start=1)}
    if tell is None:
        return _say_nothing
    return lambda step, moment: tell(step, moment, numbers[step.name], len(steps))


def _say_nothing(step: Step, moment: RunProgress) -> None:
    """Tell nobody."""
    del step, moment


def _run_system(
    steps: Sequence[Step], plan: Plan, bench: Bench, out: Path, tell: Callable[[Step, RunProgress], None]
) -> list[Fallen]:
    """Run the steps of one system; after an engine died it is opened anew for the next."""
    fallen: list[Fallen] = []
    todo = [step for step in steps if not _is_done(step, plan, bench, out)]
    system: System | None = None
    for step in todo:
        try:
            system = system or bench.open(step.ask.spec)
            _run_step(step, system, plan, bench, out, tell)
        except UserError as cause:
            fallen.append(Fallen(step.ask.task.name, step.arm, str(cause)))
            if isinstance(cause, EngineError):
                system = None
    system = None
    gc.collect()  # weights of a system go before the next one's come
    return fallen


def _run_step(
    step: Step,
    system: System,
    plan: Plan,
    bench: Bench,
    out: Path,
    tell: Callable[[Step, RunProgress], None],
) -> None:
    items = _items(step, plan, bench)
    if not items:
        return
    run = _run_plan(step, plan, bench)
    arm = bench.arm(step.ask, system)
    run_arm(arm, step.ask.task, items, step.folder(out), plan=run, progress=lambda moment: tell(step, moment))


def _items(step: Step, plan: Plan, bench: Bench) -> list[Item]:
    items, robust = bench.items(step.ask.task), plan.file.robustness
    if step.kind is None or robust is None:
        return items
    return list(perturb(step.ask.task, items[: robust.n], step.kind, plan.file.seed).items)


def _run_plan(step: Step, plan: Plan, bench: Bench) -> RunPlan:
    split = committed_part(step.ask.task.name, bench.plan.part).get("sha256", "")
    settings = {
        "titration": plan.sha256,
        "system": system_digest(step.ask),
        "change": str(step.kind or "none"),
    }
    return replace(bench.plan, split=split, seed=plan.file.seed, settings=settings)


def system_digest(ask: Ask) -> str:
    """Return the hash of a system as the plan has it; a key that plans did not always have counts if set.

    An adapter counts by its weights too: one that was trained anew in the same folder is another system.
    """
    if not ask.spec.adapter:
        return hashlib.sha256(ask.spec.model_dump_json(exclude={"adapter"}).encode()).hexdigest()
    known = hashlib.sha256(ask.spec.model_dump_json().encode())
    for file in sorted(Path(ask.spec.adapter).glob("adapter*")):
        known.update(file.read_bytes())
    return known.hexdigest()


def _is_done(step: Step, plan: Plan, bench: Bench, out: Path) -> bool:
    """Say whether a step is finished, by the same system as the plan has it, on the same items."""
    folder = step.folder(out)
    if not ((folder / SUMMARY).is_file() and (folder / MANIFEST).is_file()):
        return False
    settings = read_manifest(folder)["settings"]
    return bool(
        settings.get("state") == "finished"
        and settings.get("system") == system_digest(step.ask)
        and settings.get("items_sha256") == hash_items(_items(step, plan, bench))
    )


def read_results(plan: Plan, bench: Bench, out: Path) -> Results:
    """Read what the folder of a titration holds; an arm without a result is among the fallen."""
    known = _read_fallen(out)
    arms: list[ArmResult] = []
    fallen: list[Fallen] = []
    gone = {one.task for one in known.values() if one.arm == "every arm"}
    fallen += [one for one in known.values() if one.arm == "every arm"]
    robust: list[Robust] = []
    steps, ruled_out = _steps(plan, bench, gone)
    for step in steps:
        task, name = step.ask.task.name, step.arm
        try:
            result = _read_step(step, plan, bench, out)
        except UserError as cause:
            was = known.get((task, name))
            fallen.append(was or Fallen(task, name, _not_yet(step, out) or str(cause)))
            continue
        if isinstance(result, ArmResult):
            arms.append(result)
        elif result is not None:
            robust.append(result)
    return Results(tuple(arms), (*fallen, *ruled_out), tuple(robust), _read_plans(out))


def _not_yet(step: Step, out: Path) -> str:
    return "" if step.folder(out).exists() else "not run yet"


def _read_step(step: Step, plan: Plan, bench: Bench, out: Path) -> ArmResult | Robust | None:
    known = {item.id: item for item in bench.items(step.ask.task)}
    if step.kind is None:
        price = plan.file.machine_usd_per_hour
        return read_arm(step.ask, step.folder(out), known, usd_per_hour=price)
    robust = plan.file.robustness
    asked = bench.items(step.ask.task)[: robust.n if robust else None]
    made = perturb(step.ask.task, asked, step.kind, plan.file.seed)
    original = read_arm(step.ask, Step(step.ask).folder(out), known)
    changed = (
        read_arm(step.ask, step.folder(out), {item.id: item for item in made.items}).outcomes
        if made.items
        else ()
    )
    trial = Trial(step.ask.task.name, step.ask.name, step.kind, original.outcomes, changed, made.counted())
    return measure_trial(trial, measures_of(step.ask.task)[0], seed=plan.file.seed)


def _read_fallen(out: Path) -> dict[tuple[str, str], Fallen]:
    path = out / _FALLEN
    if not path.is_file():
        return {}
    try:
        rows = [Fallen(row["task"], row["arm"], row["reason"]) for row in json.loads(path.read_bytes())]
    except (ValueError, KeyError, TypeError) as cause:
        raise UserError(f"{path}: cannot be read; delete it and run the plan again") from cause
    return {(one.task, one.arm): one for one in rows}


def _keep_plan(plan: Plan, out: Path) -> None:
    """Write the plan beside its results, and its hash behind those of earlier ones."""
    hashes = _read_plans(out)
    if not hashes or hashes[-1] != plan.sha256:
        text = json.dumps([*hashes, plan.sha256], indent=1) + "\n"
        write_atomic(out / _PLANS, text.encode())
    write_atomic(out / "plan.toml", plan.data)


def _read_plans(out: Path) -> tuple[str, ...]:
    path = out / _PLANS
    if not path.is_file():
        return ()
    try:
        return tuple(str(one) for one in json.loads(path.read_bytes()))
    except ValueError as cause:
        raise UserError(f"{path}: not JSON; the folder was changed by hand, name another --out") from cause


def require_titration(out: Path) -> None:
    """Raise UserError unless a folder holds a titration."""
    if not (out / _PLANS).is_file():
        raise UserError(
            f"{out}: holds no titration; run the plan without --report-only first, or name its --out"
        )


def _require_ours(out: Path) -> None:
    if out.is_dir() and not (out / _PLANS).is_file() and holds_more(out):
        raise OutputError(f"{out}: holds other files and no titration; name another --out")
