"""Running an arm over the items of a task into a result folder, and going on after a kill."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from posology.errors import EngineError, EngineStopped, InternalError, OutputError, UserError
from posology.evaluate.arm import Arm
from posology.evaluate.cache import CompletionCache
from posology.evaluate.cost import CostMeter, CostSettings
from posology.evaluate.folder import ResultFolder, open_folder
from posology.evaluate.items import Item, Outcome, Response
from posology.evaluate.results import SUMMARY, answer_to_json, read_manifest, read_outcomes, read_summary
from posology.evaluate.summary import RunSummary, failures_of, scores_of, summary_record
from posology.evaluate.task import Part, Task
from posology.manifest import Input, build_manifest

__all__ = ["RunPlan", "RunProgress", "hash_items", "run_arm"]

_FORMAT = "results/1"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How a run is done and what its manifest says of it.

    ``batch``: items given to the arm at once; a kill costs at most one batch of work. ``split``: the hash of
    the part's ids, "" for a task without a committed one. ``cache``: the one that the arm's generator uses:
    the time that cached answers once took is counted. ``settings``: what else the manifest should say.
    """

    part: Part = Part.REPORT
    batch: int = 64
    seed: int = 0
    overwrite: bool = False
    split: str = ""
    cost: CostSettings = field(default_factory=CostSettings)
    cache: CompletionCache | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is; ``seconds_left`` is None until something is known of its pace."""

    done: int
    total: int
    kept: int  # of an earlier run
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class _Run:
    arm: Arm
    task: Task
    items: Sequence[Item]
    results: ResultFolder
    plan: RunPlan
    tell: Callable[[RunProgress], None]
    sha256: str  # of the items


def run_arm(
    arm: Arm,
    task: Task,
    items: Sequence[Item],
    folder: Path,
    *,
    plan: RunPlan | None = None,
    progress: Callable[[RunProgress], None] | None = None,
) -> RunSummary:
    """Answer the items, write the folder, and return the scores with what they cost.

    Items that the folder holds already are kept; the items may be more than those of the earlier run, if
    they begin with the same.
    """
    plan = plan or RunPlan()
    _require_items(task, items)
    identity = _identity_of(arm, task, plan)
    with open_folder(folder, identity, overwrite=plan.overwrite) as results:
        _require_beginning(results, items)
        kept, earlier = len(results.done), _earlier(folder)
        run = _Run(arm, task, items, results, plan, progress or (lambda _: None), hash_items(items))
        results.write_manifest(_manifest(run, identity, {}))
        started, meter = time.perf_counter(), CostMeter(arm.identity, plan.cost)
        cached = _answer_all(run, meter)
        answered_s = time.perf_counter() - started
        outcomes = read_outcomes(folder, task, {item.id: item for item in items})
        cost = meter.cost(outcomes, kept=kept, cached=cached, earlier=earlier)
        summary = RunSummary(
            folder=folder, task=task.name, part=plan.part, arm=arm.identity, n=len(outcomes), kept=kept,
            scores=scores_of(task, outcomes, seed=plan.seed), failures=failures_of(outcomes), cost=cost,
        )  # fmt: skip
        results.write_summary(summary_record(summary))
        timings = {"answering": answered_s, "all": time.perf_counter() - started}
        results.write_manifest(_manifest(run, identity, timings))
    return summary


def _answer_all(run: _Run, meter: CostMeter) -> int:
    """Answer what is not answered yet, batch by batch; return how many completions came from the cache."""
    total, kept, size = len(run.items), len(run.results.done), run.plan.batch
    cache, cached = run.plan.cache, 0
    started = time.perf_counter()

    def tell(done: int) -> None:
        fresh = done - kept
        left = (time.perf_counter() - started) / fresh * (total - done) if fresh else None
        meter.sample()
        run.tell(RunProgress(done, total, kept, left))

    tell(kept)
    while (done := len(run.results.done)) < total:
        batch = run.items[done : (done // size + 1) * size]  # batches begin where they would without a kill
        if cache is not None:
            cache.take_usage()
        responses, stopped = _answer(run, batch, tell)
        if cache is not None:
            usage = cache.take_usage()
            cached += usage.hits
            responses = [_with_time(one, usage.seconds / len(responses)) for one in responses]
        if responses:
            run.results.append([Outcome(*pair) for pair in zip(batch, responses, strict=False)])
        if stopped is not None:
            raise EngineError(
                f"{stopped}; {len(run.results.done)} of {total} items are answered and kept in "
                f"{run.results.path}: run the same command again to go on from there"
            ) from stopped
        tell(len(run.results.done))
    return cached


def _answer(
    run: _Run, batch: Sequence[Item], tell: Callable[[int], None]
) -> tuple[list[Response], EngineError | None]:
    """Return the responses to a batch; or those to its first items, and what stopped the engine."""
    done = len(run.results.done)
    try:
        responses = run.arm.answer(batch, progress=lambda number: tell(done + number))
    except EngineStopped as cause:
        return [one for one in cause.answered if isinstance(one, Response)], cause
    except EngineError as cause:
        return [], cause
    if len(responses) != len(batch):
        raise InternalError(f"{run.arm.identity.name}: {len(responses)} answers to {len(batch)} items")
    return responses, None


def _with_time(response: Response, seconds: float) -> Response:
    return replace(response, seconds=response.seconds + seconds) if seconds else response


def hash_items(items: Sequence[Item]) -> str:
    """Return the hash of what is asked and its gold answers, in this order."""
    digest = hashlib.sha256()
    for item in items:
        row = [item.id, item.group, item.text, answer_to_json(item.gold), item.options, dict(item.fields)]
        digest.update(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _require_items(task: Task, items: Sequence[Item]) -> None:
    if not items:
        raise UserError(f"{task.name}: no items to answer; is the part empty?")
    seen: set[str] = set()
    for item in items:
        if item.id in seen:
            raise UserError(f"{task.name}: the id {item.id!r} stands twice; every item needs its own")
        seen.add(item.id)


def _require_beginning(results: ResultFolder, items: Sequence[Item]) -> None:
    """Raise unless what the folder holds is the beginning of what is asked now."""
    done, path = results.done, results.path
    if len(done) > len(items):
        raise OutputError(
            f"{path}: holds {len(done)} answers and only {len(items)} items are asked; name another folder, "
            "ask for as many, or pass --overwrite"
        )
    if done != [item.id for item in items[: len(done)]]:
        raise OutputError(f"{path}: holds answers to other items; name another folder or pass --overwrite")
    if done:
        settings = read_manifest(path)["settings"]
        if settings["n"] > len(items):  # whether they are the same items cannot be told
            raise OutputError(
                f"{path}: was begun with {settings['n']} items and only {len(items)} are asked; name another "
                "folder, ask for as many, or pass --overwrite"
            )
        if hash_items(items[: settings["n"]]) != settings["items_sha256"]:
            raise OutputError(
                f"{path}: the items have changed since this run began (same ids, other content); name "
                "another folder or pass --overwrite"
            )


def _identity_of(arm: Arm, task: Task, plan: RunPlan) -> dict[str, Any]:
    """Return the settings that make two runs the same."""
    return {
        "format": _FORMAT,
        "task": task.name,
        "part": str(plan.part),
        "arm": asdict(arm.identity),
        "fingerprint": arm.fingerprint,
        "seed": plan.seed,
    }


def _manifest(run: _Run, identity: Mapping[str, Any], timings: Mapping[str, float]) -> dict[str, Any]:
    arm, items, sha256 = run.arm.identity, run.items, run.sha256
    settings = {
        **run.plan.settings,
        **identity,
        "n": len(items),
        "items_sha256": sha256,
        "split": run.plan.split,
        "strategy": arm.strategy,
        "batch": run.plan.batch,
        "state": "finished" if timings else "unfinished",
    }
    model = {"name": arm.system, "family": arm.family, "sha256": arm.sha256, "engine": arm.engine}
    return build_manifest(
        [Input("items", run.task.name, sha256)], {"arm": model}, settings, seed=run.plan.seed,
        timings_s=timings,
    )  # fmt: skip


def _earlier(folder: Path) -> Mapping[str, Any]:
    """Return what an earlier, finished run of the folder said of its cost; nothing where there is none."""
    if not (folder / SUMMARY).is_file() or read_manifest(folder)["settings"].get("state") == "unfinished":
        return {}
    cost: dict[str, Any] = read_summary(folder)["cost"]
    return cost
