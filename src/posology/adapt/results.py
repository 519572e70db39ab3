"""What the training of a network leaves: a model folder with its papers, and no checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from posology.adapt.checkpoint import Checkpoints, Progress
from posology.adapt.encoders.saving import Seen, write_seen
from posology.adapt.folders import Made, model_folder, write_papers
from posology.adapt.job import Job
from posology.adapt.network import Network
from posology.adapt.recipes.prefer import PreferRecipe
from posology.adapt.recipes.pretrain import PretrainRecipe
from posology.adapt.recipes.tune import TuneRecipe
from posology.adapt.unwritten import advice_on
from posology.adapt.weights import save_weights
from posology.errors import OutputError
from posology.manifest import Input

__all__ = ["Result", "write_result"]


@dataclass(frozen=True, slots=True)
class Result:
    """A network that has learned, and what is said of it."""

    recipe: TuneRecipe | PreferRecipe | PretrainRecipe
    network: Network
    progress: Progress
    inputs: Sequence[Input]
    report: Mapping[str, Any]
    card: str
    seconds: float  # of the whole run
    seen: Seen  # what it learned from, and what it was chosen by
    beside: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # other models it learned from


def write_result(result: Result, job: Job) -> None:
    """Write weights and papers to the job's folder, whole or not at all; then discard the checkpoint."""
    base, progress = result.recipe.base, result.progress
    made = Made(
        recipe=result.recipe,
        report=result.report,
        card=result.card,
        log=progress.log,
        inputs=result.inputs,
        models={"base": dict(result.network.identity), **result.beside},
        timings_s={"training": progress.seconds, "whole run": result.seconds},
    )
    try:
        with model_folder(job.out, overwrite=job.overwrite) as folder:
            save_weights(folder, result.network, base.model or str(job.place(base.path).resolve()))
            write_papers(folder, made)
            write_seen(folder, result.seen)
    except OutputError as cause:
        then = advice_on(cause.__cause__)
        raise OutputError(f"{cause}; what was learned is kept in {job.work}: {then}") from cause
    Checkpoints(job.work, "").discard()
