"""The examples of a run, gathered and gated: licences, balance, length; what is left out is counted."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from posology.adapt.job import Job
from posology.adapt.masks import Marked, Marker, mark_examples
from posology.adapt.recipe import Data, Screening
from posology.adapt.screening import Screen, example_text
from posology.corpus import Example
from posology.corpus.jsonl import line_of, read_examples
from posology.corpus.licences import require_shippable
from posology.corpus.parts import require_apart
from posology.errors import UserError
from posology.manifest import Input, hash_bytes, hash_file

__all__ = ["Material", "examples_file", "gather_material", "mark_material"]

EXAMPLES = "examples.jsonl"


@dataclass(frozen=True, slots=True)
class Material:
    """What is learned from and what says when to stop."""

    tune: tuple[Example, ...]
    select: tuple[Example, ...]
    inputs: tuple[Input, ...]
    left_out: dict[str, int] = field(default_factory=dict)  # reason: how many
    tests: dict[str, Any] = field(default_factory=dict)  # what was held against which test texts

    def __repr__(self) -> str:
        """Show the sizes only."""
        return f"Material({len(self.tune)} to tune, {len(self.select)} to select)"

    @property
    def licences(self) -> dict[str, int]:
        """Return how many examples of tune bear each licence."""
        return dict(sorted(Counter(one.provenance.licence for one in self.tune).items()))

    @property
    def sources(self) -> dict[str, int]:
        """Return how many examples of tune come from each source."""
        return dict(sorted(Counter(one.provenance.source for one in self.tune).items()))


def gather_material(data: Data, job: Job, tests: Screening) -> Material:
    """Read every source of a recipe; raise UserError where nothing can or may be learned from them."""
    tune: list[Example] = []
    select: list[Example] = []
    inputs: list[Input] = []
    for task in data.tasks:
        for part, found, limit in (("tune", tune, data.limit), ("select", select, data.select_limit)):
            examples = _of_task(job, task, part)[: limit or None]
            inputs.append(_digest(f"{part}: {task}", examples))
            found += examples
    for folders, found, limit in ((data.corpora, tune, data.limit), (data.select, select, data.select_limit)):
        for name in folders:
            path = examples_file(job.place(name))
            inputs.append(hash_file("examples", path))
            found += list(read_examples(path))[: limit or None]
    if not tune:
        raise UserError("data: there is no example to learn from: name tasks or corpora")
    require_apart({"tune": tune, "select": select}, "example")
    if data.purpose == "ship":
        require_shippable((one.provenance for one in (*tune, *select)), "examples")
    screen = Screen(tests, job)
    tune = screen.keep(tune, example_text, "examples", select)
    tune, left = _capped(tune, data.answer_limit)
    weigh = _weighing(tune, data.balance)
    left_out = {f"more than {data.answer_limit} of the same answer": left} if left else {}
    return Material(
        tuple(map(weigh, tune)), tuple(map(weigh, select)), tuple(inputs), left_out, screen.record()
    )


def _of_task(job: Job, task: str, part: str) -> list[Example]:
    which: Literal["tune", "select"] = "tune" if part == "tune" else "select"
    return list(job.examples(task, which))


def examples_file(path: Path) -> Path:
    """Return the file of examples that a folder holds, or the file itself."""
    found = path / EXAMPLES if path.is_dir() else path
    if not found.is_file():
        raise UserError(f"{path}: no {EXAMPLES} here; make one with posology curate, or correct data.corpora")
    return found


def _capped(examples: Sequence[Example], most: int) -> tuple[list[Example], int]:
    """Keep the first so many examples of each answer of a task; return them, and how many were left out."""
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for one in examples:
        seen[one.task, one.answer] += 1
        if not most or seen[one.task, one.answer] <= most:
            kept.append(one)
    return kept, len(examples) - len(kept)


def _weighing(examples: Sequence[Example], balance: str) -> Callable[[Example], Example]:
    """Return what weighs an example by how often its answer is learned; the mean weight stays one.

    An answer that is not learned keeps its weight.
    """
    each = Counter((one.task, one.answer) for one in examples)
    power = {"none": 0.0, "roots": 0.5, "answers": 1.0}[balance]
    raw = {answer: count**-power for answer, count in each.items()}
    of_task = Counter(one.task for one in examples)
    mass: dict[str, float] = defaultdict(float)
    for (task, answer), count in each.items():
        mass[task] += count * raw[task, answer]

    def weigh(one: Example) -> Example:
        found = raw.get((one.task, one.answer))
        if found is None:
            return one
        return replace(one, weight=one.weight * found * of_task[one.task] / mass[one.task])

    return weigh


def _digest(role: str, examples: Sequence[Example]) -> Input:
    digest = hashlib.sha256()
    for one in examples:
        digest.update(line_of(one).encode() + b"\n")
    return hash_bytes(role, f"{len(examples)} examples", digest.digest())


def mark_material(
    examples: Sequence[Example], marker: Marker, most_tokens: int, left_out: dict[str, int]
) -> list[Marked]:
    """Turn examples into tokens; those that are too long are left out and counted in ``left_out``."""
    marked = mark_examples(examples, marker)
    fitting = [one for one in marked if max(one.tokens, len(one.bare) + len(one.answer)) <= most_tokens]
    if len(fitting) < len(marked):
        reason = f"longer than {most_tokens} tokens"
        left_out[reason] = left_out.get(reason, 0) + len(marked) - len(fitting)
    if examples and not fitting:
        raise UserError(f"data.max_tokens: every example has more than {most_tokens} tokens: raise it")
    return fitting
