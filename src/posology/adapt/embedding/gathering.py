"""The pairs of a run, gathered and gated: parts that share no group, licences that allow what is meant."""

from dataclasses import dataclass, field
from typing import Any

from posology.adapt.embedding.pairs import Pair, read_pairs
from posology.adapt.job import Job
from posology.adapt.recipes.embed import EmbedRecipe
from posology.adapt.screening import Screen
from posology.corpus.licences import require_shippable
from posology.corpus.parts import require_apart
from posology.errors import UserError
from posology.manifest import Input, hash_file

__all__ = ["PairMaterial", "gather_pairs"]


@dataclass(frozen=True, slots=True)
class PairMaterial:
    """What is learned from, what says when to stop, and what is scored on."""

    tune: list[Pair]
    select: list[Pair]
    report: list[Pair]
    inputs: list[Input]
    tests: dict[str, Any] = field(default_factory=dict)  # what was held against which test texts


def gather_pairs(recipe: EmbedRecipe, job: Job) -> PairMaterial:
    """Read the pairs of a recipe; raise UserError where nothing can or may be learned from them."""
    inputs: list[Input] = []
    found = {}
    for part in ("tune", "select", "report"):
        rows: list[Pair] = []
        for name in getattr(recipe.pairs, part):
            path = job.place(name)
            path = path / f"pairs-{part}.jsonl" if path.is_dir() else path
            inputs.append(hash_file(part, path))
            rows += read_pairs(path)
        found[part] = rows
    if not found["tune"]:
        raise UserError("pairs.tune: there is no pair to learn from: name files, or folders of `adapt pairs`")
    require_apart(found, "pair")
    if recipe.pairs.purpose == "ship":
        require_shippable((one.provenance for one in found["tune"]), "pairs", key="pairs.purpose")
    screen = Screen(recipe.tests, job)
    tune = screen.keep(found["tune"], _text, "pairs", [*found["select"], *found["report"]])
    return PairMaterial(tune, found["select"], found["report"], inputs, screen.record())


def _text(pair: Pair) -> str:
    return f"{pair.query}\n{pair.passage}"
