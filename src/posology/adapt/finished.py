"""A model that is done: a run killed before its work folder was gone has nothing left but to remove that."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from posology.adapt.checkpoint import Checkpoints
from posology.adapt.devices import Devices
from posology.adapt.job import Job
from posology.adapt.recipe import Recipe
from posology.adapt.recipes import render_recipe
from posology.files import require_free
from posology.manifest import Input

__all__ = ["Origin", "close_finished", "is_finished", "require_place"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a model is made from: recipe, inputs and the identity of its base, as its papers tell them."""

    recipe: Recipe
    inputs: Iterable[Input]
    base: Mapping[str, str]


_ALONE = Devices()


def require_place(recipe: Recipe, job: Job) -> None:
    """Raise OutputError unless the model can be written, or may stand there since before a kill."""
    if not _may_stand(recipe, job):
        require_free(job.out, overwrite=job.overwrite)


def close_finished(origin: Origin, job: Job, fingerprint: str, devices: Devices = _ALONE) -> bool:
    """Remove what is left of a run whose model stands there whole; say whether that was so.

    Raises OutputError where another model stands there: of other data or another base, or of an earlier run
    while this one is not over.
    """
    if not _may_stand(origin.recipe, job):
        return False
    own = _is_made_from(origin, job) and Checkpoints(job.work, fingerprint).is_over()
    if not own:
        require_free(job.out, overwrite=job.overwrite)
    devices.wait()  # all have looked
    if devices.is_first:
        Checkpoints(job.work, "").discard()
    devices.wait()
    return True


def is_finished(origin: Origin, job: Job) -> bool:
    """Say whether a model stands there that was made from this recipe, these inputs and this base."""
    return _is_of(origin.recipe, job) and _is_made_from(origin, job)


def _may_stand(recipe: Recipe, job: Job) -> bool:
    """Say whether a model of this recipe stands there beside a work folder."""
    if job.overwrite or job.restart or not job.work.is_dir():
        return False
    return _is_of(recipe, job)


def _is_of(recipe: Recipe, job: Job) -> bool:
    return _text(job, "recipe.toml") == render_recipe(recipe)


def _is_made_from(origin: Origin, job: Job) -> bool:
    try:
        papers = json.loads(_text(job, "manifest.json"))
        inputs = sorted((one["role"], one["sha256"]) for one in papers["inputs"])
        base: Any = papers["models"]["base"]
    except (ValueError, KeyError, TypeError):
        return False
    return inputs == sorted((one.role, one.sha256) for one in origin.inputs) and base == dict(origin.base)


def _text(job: Job, name: str) -> str:
    """Return a paper of the model, nothing where it is not there."""
    try:
        return (job.out / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
