"""The report card of a tuned model: its scores beside its base's on the same items, and what it forgot.

The base is asked in the same words as the tuned model, and as it answers better: with examples. A head is
held against counting words or, where spans are found, rules: an encoder answers nothing without one, and
what the model below a linear probe would write is not asked.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from posology.adapt.card import scored_card
from posology.adapt.forgetting import measure_forgetting, read_plain_text
from posology.adapt.tuned import TunedModel
from posology.chat.catalogue import known_models
from posology.errors import UserError
from posology.evaluate.cache import CompletionCache
from posology.evaluate.comparison import Pair, compare_folders, comparison_record, holm_corrected
from posology.evaluate.cost import CostSettings
from posology.evaluate.estimates import group_count
from posology.evaluate.evaluation import Ask, Bench, run_asks
from posology.evaluate.folder import hold_folder
from posology.evaluate.items import Item
from posology.evaluate.results import read_outcomes
from posology.evaluate.runner import RunPlan, RunProgress, hash_items
from posology.evaluate.scorers import measures_of
from posology.evaluate.splits import committed_part, note_on_split
from posology.evaluate.strategy import Strategy, parse_strategy
from posology.evaluate.summary import RunSummary, summary_record
from posology.evaluate.systems import SystemSpec, parse_system, why_not
from posology.evaluate.task import Part, Task
from posology.evaluate.tasks import TASKS
from posology.files import read_utf8, write_atomic

__all__ = [
    "FORMAT",
    "ScoreOrder",
    "read_scores",
    "require_scorable",
    "says",
    "score_model",
    "with_earlier",
    "work_folder",
    "write_scores",
]

FORMAT = "scores/1"
_WAYS = {"tuned": "tuned+constrained", "same": "tuned+constrained", "few": "few+constrained"}
_COUNTING = ("tf-idf", "rules")  # what a head is held against: the first that can answer the task
_FEW_GROUPS = 30  # below, bootstrap intervals are too narrow
_MOST_P = 0.05  # of a difference that is won or lost
_HALVES = ("tasks", "forgetting")
_Tell = Callable[..., None]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ScoreOrder:
    """What is scored: a model, its base, on which tasks and texts."""

    tuned: TunedModel
    base: Path | None = None  # its weights; a head needs none
    tasks: tuple[Task, ...] = ()
    data: Path = field(default_factory=Path)
    texts: tuple[Path, ...] = ()
    part: Part = Part.REPORT
    n: int = 100  # items of each task
    text_tokens: int = 20_000  # of each text
    seed: int = 0
    cost: CostSettings = field(default_factory=CostSettings)
    on: str = ""  # the date, as the caller's clock tells it

    @property
    def weights(self) -> Path:
        """Return the base's weights; raise UserError where none are named."""
        if self.base is None:
            raise UserError(f"{self.tuned.folder.name}: scored beside its base, and no base is named")
        return self.base


def work_folder(tuned: TunedModel) -> Path:
    """Return the folder beside a model that holds the answers: those of each arm, and the cache."""
    return tuned.folder.with_name(f"{tuned.folder.name}.scores")


def require_scorable(tuned: TunedModel, tasks: Sequence[Task], part: Part) -> None:
    """Raise UserError unless each task is named once, is what its name says and may be scored.

    What its recipe has not looked for must not be scored. A task of one's own with the name of one that ships
    would pass for it: as screened, and with its committed split.
    """
    names = [task.name for task in tasks]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"the task {', '.join(twice)} is named twice; name each once")
    if taken := [task.name for task in tasks if TASKS.get(task.name, task) is not task]:
        raise UserError(f"{', '.join(taken)}: a task of this name ships; give your own another name")
    barred = [task.name for task in tasks if not tuned.may_score(task.name, part)]
    if barred:
        raise UserError(
            f"{tuned.folder.name} must not be scored on {', '.join(barred)}: its recipe says so "
            "(tests.not_scored), and their texts were not looked for in what it learned; name other tasks "
            "with --task"
        )


def score_model(order: ScoreOrder, tell: _Tell) -> dict[str, Any]:
    """Return what scores.json holds; answers are kept beside the model, so that a stopped run goes on.

    ``tell`` hears of progress: what is done, how many, of how many. Raises UserError for a task that the
    model must not be scored on, a text that it learned from, and where there is nothing to measure.
    """
    tuned = order.tuned
    require_scorable(tuned, order.tasks, order.part)
    if tuned.is_head and order.texts:
        raise UserError(f"{tuned.folder.name}: a head writes no text and forgets none; leave --text out")
    if not order.tasks and not order.texts:
        raise UserError(
            f"{tuned.folder.name}: nothing to measure: its recipe names no task; name one with --task"
            + ("" if tuned.is_head else ", or a text with --text")
        )
    texts = [read_plain_text(path, tuned) for path in order.texts]
    tasks = _score_tasks(order, tell) if order.tasks else []
    forgotten = []
    if texts:
        forgotten = measure_forgetting(
            tuned, order.weights, texts, most_tokens=order.text_tokens, seed=order.seed, tell=tell
        )
    return {
        "posology": FORMAT,
        "model": {"name": tuned.recipe.name, "kind": tuned.recipe.kind, "adapter": tuned.is_adapter},
        "base": dict(tuned.base),
        "asked": _asked(order),
        "tasks": tasks,
        "forgetting": forgotten,
        "held_out": dict(tuned.report.get("held_out") or {}),
    }


def _asked(order: ScoreOrder) -> dict[str, Any]:
    """Return what each half rests on; one that was not asked has no key."""
    found: dict[str, Any] = {}
    if order.tasks:
        found["tasks"] = {"on": order.on, "part": str(order.part), "n": order.n, "seed": order.seed}
    if order.texts:
        found["forgetting"] = {"on": order.on, "text_tokens": order.text_tokens, "seed": order.seed}
    return found


def read_scores(tuned: TunedModel) -> Mapping[str, Any]:
    """Return what scores.json of a model's folder holds, nothing where there is none."""
    path = tuned.folder / "scores.json"
    if not path.is_file():
        return {}
    try:
        found = json.loads(read_utf8(path))
        halves = {half: (found["asked"].get(half), found[half]) for half in _HALVES}
    except (ValueError, KeyError, TypeError, AttributeError):
        found = halves = {}
    if not halves or found.get("posology") != FORMAT:
        raise UserError(
            f"{path}: holds no scores of the form {FORMAT}; move it away, or name --out FILE.json"
        )
    return dict(found)


def with_earlier(scores: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return scores with the half that was not asked this time as it stood, with what it rests on.

    Scores of another base are not kept: they are of another model.
    """
    if earlier.get("model") != scores["model"] or earlier.get("base") != scores["base"]:
        return dict(scores)
    kept = [half for half in _HALVES if half in earlier["asked"] and half not in scores["asked"]]
    asked = {half: earlier["asked"][half] for half in kept} | scores["asked"]
    return {**scores, **{half: earlier[half] for half in kept}, "asked": asked}


def write_scores(order: ScoreOrder, scores: Mapping[str, Any], out: Path | None = None) -> Path:
    """Write scores.json and the card into the model's folder, or scores alone to ``out``; return the file."""
    folder = order.tuned.folder
    path = out or folder / "scores.json"
    data = json.dumps(scores, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomic(path, data.encode())
    if out is None:
        card = folder / "card.md"
        old = read_utf8(card) if card.is_file() else f"# {order.tuned.recipe.name}\n"
        write_atomic(card, scored_card(old, scores).encode())
    return path


@dataclass(frozen=True, slots=True)
class _Done:
    """Arms that have answered, by task and role, and what tells the tuned one from the others."""

    arms: Mapping[tuple[str, str], RunSummary]
    pairs: Mapping[tuple[str, str], Pair]
    left_out: Sequence[str]  # arms that cannot be, with the reason


def _score_tasks(order: ScoreOrder, tell: _Tell) -> list[dict[str, Any]]:
    work = work_folder(order.tuned)
    with hold_folder(work, "score another model"):
        cache = CompletionCache(work)
        plan = RunPlan(order.part, seed=order.seed, overwrite=True, cost=order.cost, cache=cache)
        bench = Bench(order.data, work, plan, order.n)
        try:
            done = _run(order, bench, tell)
        finally:
            cache.close()
        return [_task_record(order, task, bench.items(task), done) for task in order.tasks]


def _run(order: ScoreOrder, bench: Bench, tell: _Tell) -> _Done:
    roles = _asks(order)
    asks, left_out = bench.sift(list(roles.values()))
    if barred := [task.name for task in order.tasks if roles[task.name, "tuned"] not in asks]:
        raise UserError(
            f"{order.tuned.folder.name} cannot be asked about {', '.join(barred)}: {'; '.join(left_out)}; "
            "nothing was asked: name with --task what it can answer"
        )

    def hear(ask: Ask, moment: RunProgress) -> None:
        tell(f"{ask.task.name}, {ask.name}", moment.done, moment.total)

    named = {(one.task, one.arm.name): one for one in run_asks(asks, bench, hear)}
    arms = {
        place: named[ask.task.name, ask.name]
        for place, ask in roles.items()
        if (ask.task.name, ask.name) in named
    }
    return _Done(arms, _compared(order, bench, arms), left_out)


def _compared(
    order: ScoreOrder, bench: Bench, arms: Mapping[tuple[str, str], RunSummary]
) -> dict[tuple[str, str], Pair]:
    """Return the tuned model against the base by task and role, p-values corrected for all of them."""
    pairs = {}
    for task in order.tasks:
        items = {item.id: item for item in bench.items(task)}
        for name, role in arms:
            if name != task.name or role == "tuned":
                continue
            folders = [arms[task.name, role].folder, arms[task.name, "tuned"].folder]
            pairs[task.name, role] = compare_folders(folders, task, items=items, seed=order.seed)[0]
    corrected = holm_corrected([pair.difference for pair in pairs.values()])
    return {place: replace(pair, p_holm=p) for (place, pair), p in zip(pairs.items(), corrected, strict=True)}


def _asks(order: ScoreOrder) -> dict[tuple[str, str], Ask]:
    """Return the arms by task and role."""
    if order.tuned.is_head:
        return _asks_of_head(order)
    tuned, base = _specs(order)
    return {
        (task.name, role): Ask(task, spec, _way(spec, task, name))
        for role, name in _WAYS.items()
        for spec in [tuned if role == "tuned" else base]
        for task in order.tasks
    }


def _asks_of_head(order: ScoreOrder) -> dict[tuple[str, str], Ask]:
    folder = str(order.tuned.folder)
    head = parse_system({"name": "tuned", "kind": "encoder", "path": folder}, folder)
    found = {(task.name, "tuned"): Ask(task, head) for task in order.tasks}
    for task in order.tasks:
        counting = [parse_system({"name": name, "kind": name}, name) for name in _COUNTING]
        able = next((spec for spec in counting if not why_not(spec, task, None)), None)
        if able:
            found[task.name, "counting"] = Ask(task, able)
    return found


def _way(spec: SystemSpec, task: Task, name: str) -> Strategy:
    """Return a strategy, held to no form where a task's answers have none."""
    full = parse_strategy(name)
    return replace(full, constrained=False) if why_not(spec, task, full) else full


def _specs(order: ScoreOrder) -> tuple[SystemSpec, SystemSpec]:
    tuned, known = order.tuned, known_models().get(order.tuned.base.get("name", ""))
    shared: dict[str, object] = {"kind": "generator", "engine": "transformers"}
    shared["family"] = tuned.base.get("family", "")
    shared |= {"parameters": known.parameters} if known else {}
    added = {"path": str(order.weights), "adapter": str(tuned.folder)}
    whole = {"path": str(tuned.folder)}
    where = f"{tuned.folder}"
    return (
        parse_system({"name": "tuned", **shared, **(added if tuned.is_adapter else whole)}, where),
        parse_system({"name": "base", **shared, "path": str(order.weights)}, where),
    )


def _task_record(order: ScoreOrder, task: Task, items: Sequence[Item], done: _Done) -> dict[str, Any]:
    primary, folder = measures_of(task)[0], done.arms[task.name, "tuned"].folder
    groups = group_count(primary, read_outcomes(folder, task, {item.id: item for item in items}))
    return {
        "task": task.name,
        "part": str(order.part),
        "n": len(items),
        "groups": groups,
        "items_sha256": hash_items(items),
        "split": committed_part(task.name, order.part).get("sha256", ""),
        "screened": order.tuned.has_screened(task.name, order.part),
        "measure": {"name": primary.name, "better": primary.better, "about": primary.about},
        "arms": {role: _arm_record(one) for role, one in _of(task, done.arms).items()},
        "differences": {role: _pair_record(one) for role, one in _of(task, done.pairs).items()},
        "told": _told(order, task, groups, done.left_out),
    }


def _of(task: Task, found: Mapping[tuple[str, str], _T]) -> dict[str, _T]:
    return {role: one for (name, role), one in found.items() if name == task.name}


def _arm_record(one: RunSummary) -> dict[str, Any]:
    told = summary_record(one)
    return {key: told[key] for key in ("arm", "n", "measures", "failures", "cost")}


def _pair_record(pair: Pair) -> dict[str, Any]:
    told = comparison_record(pair)
    dropped = ("folder", "reference_folder", "verdict", "measure")
    return {key: value for key, value in told.items() if key not in dropped} | {"says": says(pair)}


def says(pair: Pair) -> str:
    """Say won or lost where 0 lies outside the interval and Holm's p is 0.05 at most, else open."""
    low, high = pair.difference.low, pair.difference.high
    if low is None or high is None or low <= 0 <= high or not pair.better:
        return "open"
    if pair.p_holm is None or pair.p_holm > _MOST_P:
        return "open"
    return "won" if low * pair.better > 0 else "lost"


def _told(order: ScoreOrder, task: Task, groups: int, left_out: Sequence[str]) -> list[str]:
    """Return what a reader must know beside the numbers of a task."""
    tuned, part = order.tuned, order.part
    found = [f"{one}." for one in left_out if f" on {task.name}: " in one]
    if not tuned.has_screened(task.name, part):
        found.append(
            f"{task.name}: the run did not look for its texts of the part {part} in what it learned: nothing "
            "shows that it has not learned them."
        )
    if part is Part.SELECT:
        found.append(f"{task.name}: items of select may have said when training was ended: too good a score.")
    if groups < _FEW_GROUPS:
        found.append(f"{task.name}: {groups} groups of items; intervals of fewer than 30 are too narrow.")
    return found + list(filter(None, [note_on_split(task)]))
