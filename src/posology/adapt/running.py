"""From a recipe to its model folder, whatever its kind: ``RUNNERS`` lists who makes what."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from posology.adapt.devices import require_alone
from posology.adapt.embed import plan_embed, run_embed
from posology.adapt.encode import plan_encode, run_encode
from posology.adapt.job import Job
from posology.adapt.plan import Plan
from posology.adapt.prefer import plan_prefer, run_prefer
from posology.adapt.pretrain import plan_pretrain, run_pretrain
from posology.adapt.recipe import Recipe
from posology.adapt.tune import plan_tune, run_tune
from posology.adapt.vocabulary import plan_vocabulary, run_vocabulary

__all__ = ["PLANNERS", "RUNNERS", "TOGETHER", "plan_recipe", "run_recipe"]

RUNNERS: dict[str, Callable[[Any, Job], Path]] = {  # kind -> run_<kind>(recipe, job) -> model folder
    "embed": run_embed,
    "encode": run_encode,
    "prefer": run_prefer,
    "pretrain": run_pretrain,
    "tune": run_tune,
    "vocabulary": run_vocabulary,
}
TOGETHER = frozenset({"prefer", "pretrain", "tune"})  # kinds that several processes train together
PLANNERS: dict[str, Callable[[Any, Job], Plan]] = {  # kind -> plan_<kind>(recipe, job)
    "embed": plan_embed,
    "encode": plan_encode,
    "prefer": plan_prefer,
    "pretrain": plan_pretrain,
    "tune": plan_tune,
    "vocabulary": plan_vocabulary,
}


def run_recipe(recipe: Recipe, job: Job) -> Path:
    """Make the model of a recipe and return its folder.

    Raises UserError where several processes were started for a kind that runs in one.
    """
    if recipe.kind not in TOGETHER:
        require_alone(f"{recipe.name}: a recipe of kind {recipe.kind}")
    return RUNNERS[recipe.kind](recipe, job)


def plan_recipe(recipe: Recipe, job: Job) -> Plan:
    """Say what a recipe needs before it starts; nothing is written."""
    return PLANNERS[recipe.kind](recipe, job)
