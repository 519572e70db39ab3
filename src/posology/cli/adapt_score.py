"""posology adapt score: a tuned model beside its base, on the same items and texts; written into its card."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from posology.cli.options import DataFolder, Watts
from posology.cli.show import JsonFlag, print_json, print_table, progress, say, warn
from posology.errors import UserError

if TYPE_CHECKING:
    from posology.adapt.tuned import TunedModel
    from posology.evaluate.task import Part, Task

__all__ = ["register"]

_Model = Annotated[Path, typer.Argument(help="A model of posology adapt run.", metavar="MODEL")]
_Task = Annotated[
    list[str] | None,
    typer.Option(
        help="A task by name, or your own as a file.toml; may be given again. Default: the recipe's.",
        metavar="NAME",
    ),
]
_Number = Annotated[int, typer.Option("--n", min=1, help="Ask the first N items of each task.")]
_Part = Annotated[str, typer.Option(help="The items to score on: report or select.", metavar="PART")]
_Text = Annotated[
    list[Path] | None,
    typer.Option(
        help="Text to measure forgetting on: a file, a JSONL corpus or a folder; may be given again.",
        metavar="PATH",
    ),
]
_TextTokens = Annotated[
    int, typer.Option(min=2, help="Read so many tokens of each text at most.", metavar="N")
]
_Base = Annotated[
    str, typer.Option(help="The base, where the model's papers do not lead to it.", metavar="PATH|NAME")
]
_Seed = Annotated[int, typer.Option(help="Of the intervals; the same seed gives the same numbers.")]
_Out = Annotated[
    Path | None,
    typer.Option(help="Write the scores here and leave the model's folder as it is.", metavar="FILE.json"),
]


def register(app: typer.Typer) -> None:
    """Add the command on scores to the commands of ``posology adapt``."""
    app.command()(score)


def score(  # noqa: PLR0913 - one option each
    model: _Model,
    task: _Task = None,
    number: _Number = 100,
    part: _Part = "report",
    data: DataFolder = None,
    text: _Text = None,
    text_tokens: _TextTokens = 20_000,
    base: _Base = "",
    watts: Watts = None,
    seed: _Seed = 0,
    out: _Out = None,
    as_json: JsonFlag = False,
) -> None:
    """Score a tuned model beside its base, or a head beside counting words, and write its card.

    The same command goes on after a stop.
    """
    from datetime import UTC, datetime

    from posology.adapt.tuned import find_tuned_base, read_tuned
    from posology.cli.scores import cost_settings, data_of, goes_on
    from posology.evaluate.reportcard import (
        ScoreOrder,
        read_scores,
        require_scorable,
        score_model,
        with_earlier,
        work_folder,
        write_scores,
    )

    tuned, wanted = read_tuned(model), _part(part)
    tasks = _tasks(task, tuned)
    require_scorable(tuned, tasks, wanted)
    folder = data_of(tasks, data) if tasks else Path()
    earlier = {} if out else read_scores(tuned)
    if tuned.is_head and base:
        raise UserError(f"{model}: a head is held against counting words or rules; leave --base out")
    below = None if tuned.is_head else find_tuned_base(tuned, base)
    order = ScoreOrder(
        tuned, below, tasks, folder, tuple(text or ()), wanted, number, text_tokens,
        seed, cost_settings(watts, ""), datetime.now(UTC).date().isoformat(),
    )  # fmt: skip
    with progress(quiet=as_json) as steps, goes_on(work_folder(tuned)):
        scores = with_earlier(score_model(order, steps), earlier)
    written = write_scores(order, scores, out)
    if as_json:
        print_json(scores)
        return
    _show(scores)
    say(f"Scores: {written}" + ("" if out else f"; the card: {tuned.folder / 'card.md'}"))
    if tasks:
        say(f"Answers: {work_folder(tuned)} (may hold words of patients; delete it when they were read)")


def _part(name: str) -> "Part":
    from posology.evaluate.task import Part

    if name not in (Part.REPORT, Part.SELECT):
        raise UserError(f"--part {name}: report or select; the model learned from the rest")
    return Part(name)


def _tasks(names: Sequence[str] | None, tuned: "TunedModel") -> "tuple[Task, ...]":
    """Return the tasks that are named, else those of the recipe."""
    from posology.evaluate.own import read_own_task
    from posology.evaluate.tasks import find_task

    return tuple(
        read_own_task(Path(name)) if name.endswith(".toml") else find_task(name)
        for name in names or dict.fromkeys(tuned.tasks)
    )


def _asked(scores: dict[str, Any], half: str) -> str:
    """Return the date of a half for its title: it may be of another day than the other one."""
    told = scores["asked"].get(half, {}).get("on")
    return f" ({told})" if told else ""


def _show(scores: dict[str, Any]) -> None:
    from posology.cli.scores import interval, shown, signed_interval

    rows: list[Sequence[object]] = []
    for one in scores["tasks"]:
        for role, arm in one["arms"].items():
            found, apart = arm["measures"][0], one["differences"].get(role)
            row: list[object] = [one["task"], arm["arm"]["name"], found["name"], shown(found["value"])]
            row += [interval(found["low"], found["high"]), found["n"]]
            if apart is None:
                rows.append([*row, "", "", "", ""])
                continue
            value = apart["difference"]
            row += ["-" if value is None else f"{value:+.3f}", signed_interval(apart["low"], apart["high"])]
            rows.append([*row, shown(apart["p_holm"], 4), apart["says"]])
        for note in one["told"]:
            warn(note)
    if rows:
        columns = ["task", "arm", "measure", "score", "95 % interval", "n", "tuned less it",
                   "95 % interval", "p (Holm)", "tuned"]  # fmt: skip
        print_table(f"Scores{_asked(scores, 'tasks')}", columns, rows)
    texts = [
        [one["text"], one["documents"], one["tokens"], f"{one['base']['nats']['value']:.4f}",
         f"{one['tuned']['nats']['value']:.4f}", f"{one['difference']['value']:+.4f}",
         signed_interval(one["difference"]["low"], one["difference"]["high"])]
        for one in scores["forgetting"]
    ]  # fmt: skip
    if texts:
        columns = ["text", "documents", "tokens", "base", "tuned", "difference", "95 % interval"]
        print_table(f"Loss on text, nats a token{_asked(scores, 'forgetting')}", columns, texts)
    elif scores["model"]["kind"] != "encode":
        say("Forgetting: not measured; name a text with --text.")
