"""Tables of scores, costs and tasks for people and for machines."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posology.cli.show import print_json, print_table, say, warn

if TYPE_CHECKING:
    from posology.evaluate.cost import CostSettings, Figure
    from posology.evaluate.forecast import Forecast
    from posology.evaluate.summary import RunSummary
    from posology.evaluate.task import Task

__all__ = [
    "cost_settings",
    "data_of",
    "goes_on",
    "interval",
    "left_words",
    "print_forecasts",
    "print_summaries",
    "print_tasks",
    "shown",
    "signed_interval",
]

_COLUMNS = [
    "task", "arm", "measure", "score", "95 % interval", "n", "no answer", "p50 / p95 s", "tokens/s",
    "J per item",
]  # fmt: skip
_UNANSWERED = {"parse": "not readable", "length": "too long", "engine": "engine failed"}
_LEAST = 0.001  # of a cost; smaller ones are shown as smaller, and stand in summary.json


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
    return f" (about {_duration(seconds)} left)"


def print_summaries(summaries: Sequence["RunSummary"], *, as_json: bool) -> None:
    """Print what arms scored and cost, the primary measure of each."""
    if as_json:
        from posology.evaluate.summary import summary_record

        print_json([{"folder": str(one.folder)} | summary_record(one) for one in summaries])
        return
    print_table("Scores", _COLUMNS, [_row(one) for one in summaries])


def _row(one: "RunSummary") -> list[object]:
    score, cost = one.scores[0], one.cost
    missing = [f"{many} {_UNANSWERED.get(kind, kind)}" for kind, many in one.failures.items() if many]
    energy = f"{_figure(cost.energy)} {cost.energy.basis}" if cost.energy.value is not None else "unavailable"
    return [
        one.task, one.arm.name, score.name, shown(score.value), interval(score.low, score.high), score.n,
        ", ".join(missing) or "none", f"{_figure(cost.latency_p50)} / {_figure(cost.latency_p95)}",
        _figure(cost.tokens_per_s), energy,
    ]  # fmt: skip


def _figure(figure: "Figure") -> str:
    if figure.value is None:
        return "-"
    return _digits(figure.value)


def _digits(value: float) -> str:
    if 0 < abs(value) < _LEAST:
        return f"< {_LEAST:g}"
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def print_tasks(data: Path | None, *, as_json: bool) -> None:
    """Print the tasks with their numbers of items and whether their data are in the data folder."""
    from posology.evaluate.splits import committed_split
    from posology.evaluate.tasks import TASKS

    data = data or (Path(named) if (named := os.environ.get("POSOLOGY_DATA")) else None)
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
    columns = ["task", "family", "language", "report", "select", "tune", "measure", "here", "data set"]
    table = [
        [row["task"], row["family"], row["language"],
         *(row["n"].get(part, "") for part in ("report", "select", "tune")), row["measure"],
         "unknown" if row["here"] is None else "yes" if row["here"] else "no", row["about"]]
        for row in rows
    ]  # fmt: skip
    print_table("Tasks", columns, table)


def print_forecasts(found: Sequence["Forecast"], *, as_json: bool) -> None:
    """Print what an evaluation would take, with its sum."""
    if as_json:
        print_json([one.as_json() for one in found])
        return
    columns = ["task", "arm", "items", "prompt tokens", "tokens are", "answer tokens, at most", "seconds",
               "Wh", "at a cloud's list price, USD"]  # fmt: skip
    rows = [
        [one.task, one.arm, one.items, _whole(one.prompt_tokens), one.counted, _whole(one.output_tokens),
         _figure(one.seconds), _watt_hours(one.energy_kwh), one.cloud]
        for one in found
    ]  # fmt: skip
    print_table("What it would take (nothing was asked)", columns, rows)
    if len(found) > 1:
        say(_together(found))
    for note in dict.fromkeys(note for one in found for note in one.notes):
        say(note)


def _watt_hours(figure: "Figure") -> str:
    return "-" if figure.value is None else _digits(figure.value * 1000)


def _together(found: Sequence["Forecast"]) -> str:
    """Say the sum of forecasts, and how many have no time."""
    asked = [one for one in found if one.prompt_tokens is not None]
    times = [one.seconds.value for one in asked if one.seconds.value is not None]
    tokens = sum((one.prompt_tokens or 0) + (one.output_tokens or 0) for one in asked)
    said = f"Together: {sum(one.items for one in found):,} answers, at most {tokens:,} tokens of models"
    if times:
        said += f", about {_duration(sum(times))} by the estimate below"
    if unknown := len(asked) - len(times):
        said += f"; for {unknown} of {len(asked)} arms of models no time can be said"
    return f"{said}. A system without a language model takes seconds."


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def goes_on(out: Path) -> Iterator[None]:
    """Say after Ctrl-C that answers are kept and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        warn(f"{out}: finished batches of answers are kept; the same command goes on after them.")
        raise


def _whole(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
