"""posology evaluate: systems answer the items of tasks; each arm leaves a folder of scores and costs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posology.cli.options import BatchSize, CacheFolder, ConfigFile, DataFolder, Grid, Watts
from posology.cli.scores import (
    cost_settings,
    data_of,
    goes_on,
    left_words,
    print_forecasts,
    print_summaries,
    print_tasks,
)
from posology.cli.show import JsonFlag, progress, say, warn
from posology.errors import UserError

if TYPE_CHECKING:
    from posology.evaluate.evaluation import Ask, Bench
    from posology.evaluate.runner import RunPlan, RunProgress
    from posology.evaluate.systems import SystemSpec
    from posology.evaluate.task import Task

__all__ = ["evaluate"]

_OUT = Path("evaluation")


def evaluate(  # noqa: PLR0913 - one option each
    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            help="Tasks by name (--list shows them), or your own as a file.toml.", metavar="TASK..."
        ),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option(help="majority, prior, rules, tf-idf or boosting; may be given again.", metavar="NAME"),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A model: weights or a trained head by path, or a name; may be given again.",
            metavar="MODEL",
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="What runs the models: transformers, openvino or openai.", metavar="ENGINE")
    ] = "transformers",
    base_url: Annotated[
        str, typer.Option(help="The server's address, for the engine openai.", metavar="URL")
    ] = "",
    window: Annotated[
        int, typer.Option(min=0, help="The window in tokens of a server that does not tell it.", metavar="N")
    ] = 0,
    answers: Annotated[
        list[Path] | None,
        typer.Option(help="Recorded answers as a system; may be given again.", metavar="FILE.jsonl"),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            help="How models are asked: zero (the default), few+constrained and others; may be given again.",
            metavar="STRATEGY",
        ),
    ] = None,
    number: Annotated[
        int | None, typer.Option("--n", min=1, help="Ask the first N items of the part; all by default.")
    ] = None,
    part: Annotated[
        str, typer.Option(help="The items to score on: report or select.", metavar="PART")
    ] = "report",
    out: Annotated[Path, typer.Option(help="The folder of the results.", metavar="DIR")] = _OUT,
    data: DataFolder = None,
    seed: Annotated[int, typer.Option(help="Of the intervals; the same seed gives the same numbers.")] = 0,
    batch: BatchSize = 64,
    cache: CacheFolder = None,
    watts: Watts = None,
    grid: Grid = "",
    config: ConfigFile = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results of another run.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say items, tokens, time and cost; ask nothing.")
    ] = False,
    costs: Annotated[
        Path | None,
        typer.Option(help="Compare cloud and on-premise by a file of costs.", metavar="FILE.toml"),
    ] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the tasks and end.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Score systems on clinical tasks; run the same command again to go on after a stop."""
    from posology.evaluate.evaluation import Bench, plan_asks
    from posology.evaluate.forecast import forecast_of

    if list_all:
        print_tasks(data, as_json=as_json)
        return
    money = _money(costs)
    chosen = _tasks(tasks or [])
    specs = _specs(system or [], model or [], answers or [], engine, base_url, window)
    asks, left_out = plan_asks(chosen, specs, _strategies(strategy or ["zero"]))
    plan = _plan(part, batch, seed, overwrite=overwrite, costs=(watts, grid))
    bench = Bench(data_of(chosen, data), out, plan, number, _settings(config))
    asks, more = bench.sift(asks)
    for reason in (*left_out, *more):
        warn(f"Left out: {reason}")
    if dry_run:
        print_forecasts([forecast_of(ask, bench) for ask in asks], as_json=as_json)
        return
    if cache is not None:
        from dataclasses import replace

        from posology.evaluate.cache import CompletionCache

        bench.plan = replace(plan, cache=CompletionCache(cache))
    _run(asks, bench, as_json=as_json)
    if not as_json:
        for line in money:
            say(line)


def _money(costs: Path | None) -> list[str]:
    from posology.evaluate.cost import arithmetic, read_money

    return [] if costs is None else arithmetic(read_money(costs))


def _run(asks: Sequence["Ask"], bench: "Bench", *, as_json: bool) -> None:
    from posology.evaluate.evaluation import run_asks
    from posology.evaluate.splits import note_on_split

    with progress(quiet=as_json) as steps:

        def tell(ask: "Ask", moment: "RunProgress") -> None:
            steps(f"{ask.task.name}, {ask.name}{left_words(moment.seconds_left)}", moment.done, moment.total)

        with goes_on(bench.out):
            summaries = list(run_asks(asks, bench, tell))
    print_summaries(summaries, as_json=as_json)
    if as_json:
        return
    for note in dict.fromkeys(note_on_split(ask.task) for ask in asks):
        if note:
            say(note)
    say(f"Results: {bench.out} (items.jsonl, summary.json and manifest.json in TASK/ARM)")


def _tasks(names: Sequence[str]) -> list["Task"]:
    from posology.evaluate.own import read_own_task
    from posology.evaluate.tasks import find_task

    if not names:
        raise UserError(
            "name a task, such as posology evaluate healthver --system majority; --list shows all"
        )
    return [read_own_task(Path(name)) if name.endswith(".toml") else find_task(name) for name in names]


def _specs(
    systems: Sequence[str],
    models: Sequence[str],
    answers: Sequence[Path],
    engine: str,
    base_url: str,
    window: int,
) -> list["SystemSpec"]:
    from posology.declarations import nearest_words
    from posology.evaluate.chosen import model_spec, recorded_spec, system_spec
    from posology.evaluate.systems import ENGINES

    if models and engine not in ENGINES:
        raise UserError(f"--engine {engine}: there is no such engine{nearest_words(engine, ENGINES)}")
    specs = [system_spec(name) for name in systems]
    specs += [model_spec(name, engine, base_url, window) for name in models]
    specs += [recorded_spec(path) for path in answers]
    if not specs:
        raise UserError(
            "name a system: --system majority, --model PATH --engine transformers, or --answers FILE.jsonl"
        )
    return specs


def _strategies(names: Sequence[str]) -> list[Any]:
    from posology.evaluate.strategy import parse_strategy

    return list(dict.fromkeys(parse_strategy(name) for name in names))


def _plan(part: str, batch: int, seed: int, *, overwrite: bool, costs: tuple[float | None, str]) -> "RunPlan":
    from posology.evaluate.runner import RunPlan
    from posology.evaluate.task import Part

    if part not in (Part.REPORT, Part.SELECT):
        raise UserError(f"--part {part}: report or select; systems learn from the rest")
    return RunPlan(Part(part), batch, seed, overwrite, cost=cost_settings(*costs))


def _settings(config: Path | None) -> Any:
    from posology.config import load_settings

    return load_settings(config)
