"""posology adapt: a recipe makes a model; what it needs is said before the start."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.show import JsonFlag, print_json, progress, say

if TYPE_CHECKING:
    from posology.adapt.job import Job

__all__ = ["app"]

app = typer.Typer(help="Make a small model good at a job, from a recipe.", no_args_is_help=True)

_Recipe = Annotated[Path, typer.Argument(help="The recipe.", metavar="RECIPE.toml")]
_Data = Annotated[
    Path | None, typer.Option(help="The folder of data sets; else POSOLOGY_DATA.", metavar="DIR")
]


@app.command()
def run(
    recipe: _Recipe,
    out: Annotated[Path, typer.Option(help="The model's folder.", metavar="DIR")],
    data: _Data = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model that is there.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew, not at the checkpoint.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make the model of a recipe; the same command goes on where a run was stopped."""
    from dataclasses import replace

    from posology.adapt.recipes import read_recipe
    from posology.adapt.running import run_recipe

    read = read_recipe(recipe)
    with progress(quiet=as_json) as steps:
        job = _job(recipe, out, data)
        made = run_recipe(read, replace(job, overwrite=overwrite, restart=restart, tell=steps))
    if as_json:
        print_json({"model": str(made)})
    else:
        say(f"Model: {made} (card.md, report.json and log.jsonl beside the weights)")


def _job(recipe: Path, out: Path, data: Path | None) -> "Job":
    from posology.adapt.job import Job
    from posology.evaluate.examples import task_examples
    from posology.evaluate.splits import data_folder

    return Job(
        out=out,
        folder=recipe.parent,
        examples=lambda task, part: task_examples(task, part, data_folder(data)),
    )
