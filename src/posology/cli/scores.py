"""Tables of scores, costs and tasks for people and for machines."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posology.cli.show import print_json, print_table, say

if TYPE_CHECKING:
    from posology.evaluate.cost import CostSettings, Figure
    from posology.evaluate.evaluation import Ask, Bench
    from posology.evaluate.summary import RunSummary
    from posology.evaluate.task import Task

__all__ = [
    "cost_settings",
    "data_of",
    "interval",
    "left_words",
    "print_forecasts",
    "print_summaries",
    "print_tasks",
    "shown",
    "signed_interval",
]

_COLUMNS = [
    "task", "arm", "measure", "score", "95 % interval", "n", "parse failures", "other", "abstained",
    "p50 / p95 s", "tokens/s", "J per item",
]  # fmt: skip


def data_of(tasks: Sequence["Task"], given: Path | None) -> Path:
    """Return the data folder; a user's own task needs none, for it names its file itself."""
    from posology.evaluate.splits import data_folder

    if given is None and all(Path(task.folder).is_absolute() for task in tasks):
        return Path.cwd()
    return data_folder(given)


def cost_settings(watts: float | None, grid: str) -> "CostSettings":
    """Return what modelled energy and carbon rest on, from the options --watts and --grid."""
    from posology.evaluate.cost import CostSettings, find_grid, stated_power

    power = None if watts is None else stated_power(watts)
    return CostSettings(power, find_grid(grid).region if grid else "")


def shown(value: float | None, digits: int = 3) -> str:
    """Return a number for a table, "-" for none."""
    return "-" if value is None else f"{value:,.{digits}f}"


def interval(low: float | None, high: float | None) -> str:
    """Return an interval for a table."""
    return "-" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def signed_interval(low: float | None, high: float | None) -> str:
    """Return the interval of a difference for a table."""
    return "-" if low is None or high is None else f"{low:+.3f} to {high:+.3f}"


def left_words(seconds: float | None) -> str:
    """Say how much time is left, in words; nothing where it is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f" (about {seconds:.0f} s left)"
    return (
        f" (about {seconds / 60:.0f} min left)" if seconds < 5400 else f" (about {seconds / 3600:.1f} h left)"
    )


def print_summaries(summaries: Sequence["RunSummary"], *, as_json: bool) -> None:
    """Print what arms scored and cost, the primary measure of each."""
    if as_json:
        from posology.evaluate.summary import summary_record

        print_json([{"folder": str(one.folder)} | summary_record(one) for one in summaries])
        return
    print_table("Scores", _COLUMNS, [_row(one) for one in summaries])


def _row(one: "RunSummary") -> list[object]:
    score, cost, failures = one.scores[0], one.cost, one.failures
    other = sum(many for kind, many in failures.items() if kind not in ("parse", "abstained"))
    energy = f"{_figure(cost.energy)} {cost.energy.basis}" if cost.energy.value is not None else "unavailable"
    return [
        one.task, one.arm.name, score.name, shown(score.value), interval(score.low, score.high), score.n,
        failures["parse"], other, failures["abstained"],
        f"{_figure(cost.latency_p50)} / {_figure(cost.latency_p95)}", _figure(cost.tokens_per_s), energy,
    ]  # fmt: skip


def _figure(figure: "Figure") -> str:
    if figure.value is None:
        return "-"
    digits = f"{figure.value:.3g}"
    return f"{figure.value:,.0f}" if "e+" in digits or abs(figure.value) >= 1000 else digits


def print_tasks(data: Path | None, *, as_json: bool) -> None:
    """Print the tasks with the number of items to report on, where the split is committed."""
    from posology.evaluate.splits import committed_split
    from posology.evaluate.tasks import TASKS

    rows: list[dict[str, Any]] = []
    for name, task in TASKS.items():
        parts = (committed_split(name) or {}).get("parts", {})
        counts = {part: row["n"] for part, row in parts.items()}
        rows.append(
            {
                "task": name, "family": str(task.family), "language": task.language, "n": counts,
                "measure": task.metric, "here": None if data is None else (data / task.folder).exists(),
                "licence": task.card.licence, "about": task.card.title,
            }
        )  # fmt: skip
    if as_json:
        print_json(rows)
        return
    columns = ["task", "family", "language", "report", "select", "tune", "measure", "data set"]
    table = [
        [row["task"], row["family"], row["language"],
         *(row["n"].get(part, "") for part in ("report", "select", "tune")), row["measure"], row["about"]]
        for row in rows
    ]  # fmt: skip
    print_table("Tasks", columns, table)


def print_forecasts(asks: Sequence["Ask"], bench: "Bench", *, as_json: bool) -> None:
    """Print what an evaluation would take, and ask nothing."""
    from posology.evaluate.forecast import forecast_of

    found = [forecast_of(ask, bench) for ask in asks]
    if as_json:
        print_json([one.as_json() for one in found])
        return
    columns = ["task", "arm", "items", "prompt tokens", "tokens are", "answer tokens, at most", "seconds",
               "kWh", "at a cloud's list price, USD"]  # fmt: skip
    rows = [
        [one.task, one.arm, one.items, _whole(one.prompt_tokens), one.counted, _whole(one.output_tokens),
         _figure(one.seconds), _figure(one.energy_kwh), one.cloud]
        for one in found
    ]  # fmt: skip
    print_table("What it would take (nothing was asked)", columns, rows)
    for note in dict.fromkeys(note for one in found for note in one.notes):
        say(note)


def _whole(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
