"""The examples of a recipe: from tasks and corpora, renamed, limited, their licences checked, told apart."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from posology.adapt.encoders.labelled import LABELLED_FILE, Labelled, read_labelled
from posology.adapt.encoders.prepared import Task
from posology.adapt.encoders.saving import Seen
from posology.adapt.job import Job
from posology.adapt.recipes.encode import EncodeData, EncodeRecipe
from posology.adapt.screening import Screen, labelled_text
from posology.corpus import require_apart, require_shippable
from posology.errors import UserError

__all__ = ["Gathered", "fingerprints", "gather", "require_unseen"]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is learned from, what chooses, and what a head of it answers."""

    tune: tuple[Labelled, ...]  # with data.learn_select those of select stand here too
    select: tuple[Labelled, ...]
    task: Task
    left_out: dict[str, int]  # by reason
    tests: dict[str, Any] = field(default_factory=dict)  # what was held against which test texts

    @property
    def licences(self) -> list[str]:
        """Return the licences of all that is learned from."""
        return sorted({one.provenance.licence for one in self.tune})

    @property
    def sources(self) -> dict[str, int]:
        """Return how many examples are learned from by source, with its licence: whom a card names."""
        names = (f"{one.provenance.source} ({one.provenance.licence})" for one in self.tune)
        return dict(sorted(Counter(names).items()))

    @property
    def tasks(self) -> list[str]:
        """Return the tasks that are learned from."""
        return sorted({one.task for one in self.tune if one.task})


def gather(recipe: EncodeRecipe, job: Job) -> Gathered:
    """Return a recipe's examples; raise UserError where there are none, or one that must not be used."""
    left_out: Counter[str] = Counter()
    tune = _source(recipe, job, "tune", left_out)
    select = _source(recipe, job, "select", left_out)
    if not tune:
        raise UserError(f"{recipe.name}: there is no example to learn from: see data in the recipe")
    require_apart({"tune": tune, "select": select}, "example")
    tests, own = recipe.tests, select if recipe.data.select else []  # of tasks, the job looks for the parts
    if recipe.data.learn_select:
        tune, own = [*tune, *select], []
        learned = (f"{name}/select" for name in recipe.data.tasks)
        tests = tests.model_copy(update={"not_scored": (*tests.not_scored, *learned)})
    if recipe.data.purpose == "ship":
        require_shippable((one.provenance for one in tune), "examples")
    screen = Screen(tests, job)
    tune = screen.keep(tune, labelled_text, "examples", own)
    task = Task(recipe.head.kind, _labels(recipe, tune))
    known = [one for one in select if _is_known(one, task)]
    left_out["select: a label that tune does not have"] += len(select) - len(known)
    return Gathered(
        tuple(tune), tuple(known), task, {k: v for k, v in left_out.items() if v}, screen.record()
    )


def _source(recipe: EncodeRecipe, job: Job, part: str, left_out: Counter[str]) -> list[Labelled]:
    data = recipe.data
    folders = data.corpora if part == "tune" else data.select
    limit = data.limit if part == "tune" else data.select_limit
    found: list[Labelled] = []
    for name in data.tasks:
        examples = job.labelled(name, "tune" if part == "tune" else "select")
        found += _renamed(data, examples, part, left_out)[: limit or None]
    for folder in folders:
        examples = list(read_labelled(job.place(folder) / LABELLED_FILE))
        found += _renamed(data, examples, part, left_out)[: limit or None]
    wanted = recipe.head.kind == "pair"
    if lone := [one for one in found if bool(one.second) != wanted]:
        what = "has no second text" if wanted else "has two texts"
        raise UserError(f"example {lone[0].id}: {what}; a head of the kind {recipe.head.kind} cannot read it")
    return found


def _renamed(
    data: EncodeData, examples: Iterable[Labelled], part: str, left_out: Counter[str]
) -> list[Labelled]:
    names = {(one.task, one.label): one.to for one in data.rename}
    kept = []
    for one in examples:
        label = names.get((one.task, one.label), one.label)
        if one.label and not label:
            left_out[f"{part}: {one.task}: {one.label}"] += 1
            continue
        spans = [replace(span, label=names.get((one.task, span.label), span.label)) for span in one.spans]
        kept.append(replace(one, label=label, spans=tuple(span for span in spans if span.label)))
    return kept


def _labels(recipe: EncodeRecipe, tune: Sequence[Labelled]) -> tuple[str, ...]:
    found = {span.label for one in tune for span in one.spans}
    if recipe.head.kind != "token":
        found = {one.label for one in tune}
    if "" in found:
        raise UserError(f"{recipe.name}: an example has no label; a {recipe.head.kind} head learns labels")
    least = 1 if recipe.head.kind == "token" else 2
    if len(found) < least:
        raise UserError(f"{recipe.name}: the examples have {len(found)} labels; at least {least} are needed")
    if recipe.head.positive and recipe.head.positive not in found:
        raise UserError(
            f"head.positive: {recipe.head.positive} is none of the labels: {', '.join(sorted(found))}"
        )
    return tuple(sorted(found))


def _is_known(one: Labelled, task: Task) -> bool:
    labels = {span.label for span in one.spans} if task.kind == "token" else {one.label}
    return labels <= set(task.labels)


def fingerprints(examples: Sequence[Labelled]) -> frozenset[str]:
    """Return a hash of each example's task and id: what a head has seen, without its text."""
    keys = (f"{one.task}\0{one.id}" for one in examples)
    return frozenset(hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16] for key in keys)


def require_unseen(recipe: EncodeRecipe, select: Sequence[Labelled], seen: Seen) -> None:
    """Raise UserError where the head that a recipe begins from learned from an example that is to choose."""
    judges = () if recipe.data.learn_select else select
    known = [one for one in judges if not seen.tune.isdisjoint(fingerprints([one]))]
    if known:
        raise UserError(
            f"base.path: the head there learned from {len(known)} of the {len(select)} examples of select, "
            f"such as {known[0].id}: they would measure what was learned; begin from one that learned from "
            "tune alone, or select by other examples"
        )
