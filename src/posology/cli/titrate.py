"""posology titrate: the dose-finding study of a plan, from its arms to its report."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.options import BatchSize, CacheFolder, ConfigFile, DataFolder, Grid, Watts
from posology.cli.scores import cost_settings, data_of, goes_on, left_words, print_forecasts
from posology.cli.show import JsonFlag, count, print_json, progress, say, warn

if TYPE_CHECKING:
    from posology.evaluate.evaluation import Ask, Bench
    from posology.evaluate.forecast import Forecast
    from posology.evaluate.runner import RunPlan, RunProgress
    from posology.evaluate.titration import Plan, Results, Step, Study
    from posology.evaluate.titration.arms import Fallen

__all__ = ["titrate"]

_OUT = Path("titration")


def titrate(  # noqa: PLR0913 - one option each
    plan_file: Annotated[Path, typer.Argument(help="The plan: a TOML file.", metavar="PLAN.toml")],
    out: Annotated[Path, typer.Option(help="The folder of the study.", metavar="DIR")] = _OUT,
    data: DataFolder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say items, tokens, time and cost of every arm; ask nothing.")
    ] = False,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Write the report of what is there; ask nothing.")
    ] = False,
    with_text: Annotated[
        bool,
        typer.Option("--with-text", help="Show texts of items in the report: see the licences of the data."),
    ] = False,
    batch: BatchSize = 64,
    cache: CacheFolder = None,
    watts: Watts = None,
    grid: Grid = "",
    config: ConfigFile = None,
    as_json: JsonFlag = False,
) -> None:
    """Find the smallest effective dose; run the same command again to go on after a stop."""
    from posology.evaluate.tasks import TASKS
    from posology.evaluate.titration import load_plan, read_results, require_titration, run_plan

    plan = load_plan(plan_file, TASKS)
    bench = _bench(plan, data_of(plan.tasks, data), out, _run_plan(batch, watts, grid, cache), config)
    if dry_run:
        _forecast(plan, bench, as_json=as_json)
        return
    if report_only:
        require_titration(out)
        results = read_results(plan, bench, out)
    else:
        with progress(quiet=as_json) as steps:

            def tell(step: "Step", moment: "RunProgress", number: int, many: int) -> None:
                words = f"{number} of {many}: {step.name}{left_words(moment.seconds_left)}"
                steps(words, moment.done, moment.total)

            with goes_on(out):
                results = run_plan(plan, bench, out, tell)
    _report(plan, results, out, with_text=with_text, as_json=as_json)


def _run_plan(batch: int, watts: float | None, grid: str, cache: Path | None) -> "RunPlan":
    from posology.evaluate.cache import CompletionCache
    from posology.evaluate.runner import RunPlan

    kept = CompletionCache(cache) if cache else None
    return RunPlan(batch=batch, cost=cost_settings(watts, grid), cache=kept)


def _bench(plan: "Plan", data: Path, out: Path, run: "RunPlan", config: Path | None) -> "Bench":
    from posology.config import load_settings
    from posology.evaluate.evaluation import Bench

    return Bench(data, out, run, plan.file.n, load_settings(config))


def _forecast(plan: "Plan", bench: "Bench", *, as_json: bool) -> None:
    from posology.evaluate.forecast import forecast_of

    found = []
    for ask in plan.asks():
        reason = bench.why_not(ask)
        if not reason:
            found.append(forecast_of(ask, bench))
            found += _changed(plan, ask, bench)
        elif not as_json:
            warn(f"Does not apply: {ask.name} on {ask.task.name}: {reason}")
    print_forecasts(found, as_json=as_json)


def _changed(plan: "Plan", ask: "Ask", bench: "Bench") -> list["Forecast"]:
    """Return what the changed items of an arm would take, at most: not every item can bear every change."""
    from dataclasses import replace

    from posology.evaluate.forecast import forecast_of, repeated

    robust = plan.file.robustness
    if robust is None or not plan.tries(ask.task.name, ask.name):
        return []
    few = replace(bench, n=min(plan.file.n, robust.n))
    return [repeated(forecast_of(ask, few), len(robust.kinds))]


def _report(plan: "Plan", results: "Results", out: Path, *, with_text: bool, as_json: bool) -> None:
    from posology.evaluate.titration import analyze, write_report
    from posology.evaluate.titration.record import study_record

    study = analyze(plan, results)
    page = write_report(study, out, with_text=with_text)
    if as_json:
        print_json(study_record(study))
        return
    _say(study)
    say(f"Report: {page} (its data: study.json and CSV files beside it)")


def _say(study: "Study") -> None:
    for task in study.tasks:
        say(task.dose.sentence)
    if len(study.plan.tasks) > 1:
        say(study.dose.sentence)
    failed = [one for one in study.fallen if not one.ruled_out]
    for (where, reason), arms in _alike(failed).items():
        named = arms[0] if len(arms) == 1 else f"{count(len(arms), 'arm')}, such as {arms[0]}"
        warn(f"No result on {where}: {named}: {reason}")
    if study.plans and study.plan.sha256 not in study.plans:
        warn("The results were made with another plan than this one; the report says so.")
    if many := len(study.fallen) - len(failed):
        whose = "its" if many == 1 else "their"
        say(f"{count(many, 'arm')} of the plan cannot be on {whose} task; the report says why.")


def _alike(failed: "Sequence[Fallen]") -> dict[tuple[str, str], list[str]]:
    """Return the arms by their task and the reason why they have no result."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in failed:
        found.setdefault((one.task, one.reason), []).append(one.arm)
    return found
