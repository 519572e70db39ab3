"""posology adapt: a recipe makes a model; what it needs is said before the start."""

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli import adapt_data, adapt_merge, adapt_score
from posology.cli.options import DataFolder, Watts
from posology.cli.show import JsonFlag, count, print_json, print_table, progress, say, warn

if TYPE_CHECKING:
    from posology.adapt.job import Job
    from posology.adapt.plan import Plan
    from posology.corpus.held import Held

__all__ = ["app"]

app = typer.Typer(help="Make a small model good at a job, from a recipe.", no_args_is_help=True)
adapt_data.register(app)
adapt_merge.register(app)
adapt_score.register(app)

_Recipe = Annotated[Path, typer.Argument(help="The recipe.", metavar="RECIPE.toml")]


@app.command()
def plan(
    recipe: _Recipe,
    data: DataFolder = None,
    watts: Watts = None,
    tokens_per_second: Annotated[
        float | None, typer.Option(help="A known speed, instead of measuring it.", min=0.1)
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Say what a recipe needs before the start: memory, time, disk, energy."""
    from dataclasses import replace

    from posology.adapt.recipes import read_recipe
    from posology.adapt.running import plan_recipe

    read = read_recipe(recipe)
    with progress(quiet=as_json) as steps:
        job = _job(recipe, Path(), data)
        told = plan_recipe(read, replace(job, watts=watts, tokens_per_second=tokens_per_second, tell=steps))
    if as_json:
        print_json(told.record())
        return
    print_table(f"What {read.name} needs", ("what", "how much", "is", "how it comes about"), _rows(told))
    for note in told.notes:
        say(note)


def _rows(told: "Plan") -> list[tuple[str, str, str, str]]:
    return [(line.what, _amount(line.value, line.unit), line.basis, line.how) for line in told.lines]


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "unknown"
    if unit == "bytes":
        return f"{value / 1e9:.2f} GB"
    if unit == "seconds":
        return f"{value / 60:.1f} minutes"
    return f"{value:.1f} Wh" if unit == "Wh" else f"{value:,.0f}"


@app.command()
def ablate(
    recipe: _Recipe,
    out: Annotated[Path, typer.Option(help="The folder of the arms and their table.", metavar="DIR")],
    data: DataFolder = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A term to leave out, one an arm; else each.", metavar="TERM")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a recipe of kind tune as it is and without each term, at equal tokens; arms that are done stay."""
    from dataclasses import replace

    from posology.adapt.ablation import ablate as run_ablation
    from posology.adapt.recipes import read_recipe
    from posology.adapt.recipes.tune import TuneRecipe
    from posology.errors import UserError

    read = read_recipe(recipe)
    if not isinstance(read, TuneRecipe):
        raise UserError(f"{recipe.name}: kind {read.kind}: only recipes of kind tune have terms")
    with progress(quiet=as_json) as steps:
        folder = run_ablation(read, replace(_job(recipe, out, data), tell=steps), tuple(without or ()))
    if as_json:
        print_json({"ablation": str(folder / "ablation.json")})
    else:
        say((folder / "ablation.md").read_text(encoding="utf-8"))


@app.command()
def run(  # noqa: PLR0913 - one option each
    recipe: _Recipe,
    out: Annotated[Path, typer.Option(help="The model's folder.", metavar="DIR")],
    data: DataFolder = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model that is there.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew, not at the checkpoint.")] = False,
    watts: Watts = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the model of a recipe; the same command goes on where a run was stopped."""
    from dataclasses import replace

    from posology.adapt.recipes import read_recipe
    from posology.adapt.running import run_recipe

    read = read_recipe(recipe)
    with progress(quiet=as_json) as steps:
        job = _job(recipe, out, data)
        made = run_recipe(read, replace(job, overwrite=overwrite, restart=restart, watts=watts, tell=steps))
    if as_json:
        print_json({"model": str(made)})
    else:
        say(f"Model: {made} (card.md, report.json and log.jsonl beside the weights)")


def _held(data: Path | None, not_scored: tuple[str, ...]) -> "Held | None":
    """Return the test texts of every task whose data is here; say where that is none, or not all.

    ``not_scored`` are left out: tasks, or single parts as TASK/select.
    """
    from posology.corpus.held import build_held
    from posology.evaluate.held import held_texts
    from posology.evaluate.splits import data_folder
    from posology.evaluate.tasks import TASKS

    if data is None and not os.environ.get("POSOLOGY_DATA"):
        warn("No folder of data sets is known (--data, POSOLOGY_DATA): no test text is looked for.")
        return None
    missing: list[str] = []
    left_out = {part for name in not_scored for part in _parts_named(name)}
    held = build_held(held_texts(TASKS.values(), data_folder(data), missing.append, left_out))
    if missing:
        warn(f"Test texts of {count(len(missing), 'task')} are not looked for: their data is not here.")
    return held


def _parts_named(name: str) -> tuple[str, ...]:
    """Return TASK/PART for each measured part of a task, or for the one that is named."""
    from posology.errors import UserError
    from posology.evaluate.tasks import find_task

    task, _, part = name.partition("/")
    if part not in {"", "select", "report"}:
        raise UserError(f"tests.not_scored: {name}: the parts that are measured on are select and report")
    return tuple(f"{find_task(task).name}/{one}" for one in ([part] if part else ["select", "report"]))


def _job(recipe: Path, out: Path, data: Path | None) -> "Job":
    from posology.adapt.job import Job
    from posology.evaluate.encoder_examples import task_labelled
    from posology.evaluate.examples import task_examples
    from posology.evaluate.splits import data_folder

    return Job(
        held=cache(lambda not_scored: _held(data, not_scored)),
        out=out,
        folder=recipe.parent,
        examples=lambda task, part: task_examples(task, part, data_folder(data)),
        labelled=lambda task, part: task_labelled(task, part, data_folder(data)),
        warn=cache(warn),  # the same is said once
    )
