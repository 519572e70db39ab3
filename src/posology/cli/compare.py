"""posology compare: arms against a reference arm, on the same items."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posology.cli.scores import data_of, shown, signed_interval
from posology.cli.show import JsonFlag, print_json, print_table, say

if TYPE_CHECKING:
    from posology.evaluate.comparison import Pair
    from posology.evaluate.items import Item
    from posology.evaluate.task import Task

__all__ = ["compare"]


def compare(
    folders: Annotated[
        list[Path],
        typer.Argument(
            help="Result folders of posology evaluate; the first is the reference.", metavar="DIR..."
        ),
    ],
    measure: Annotated[
        str | None, typer.Option(help="A measure of the task; its primary one by default.", metavar="NAME")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="How much worse still counts as non-inferior, in the measure's unit."),
    ] = None,
    task_file: Annotated[
        Path | None, typer.Option("--task", help="The file of a task of your own.", metavar="FILE.toml")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="The data folder, for measures that read the items' texts.", metavar="DIR"),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare arms with the first one: paired difference, interval, p-value, wins and losses."""
    from posology.evaluate.comparison import compare_folders, comparison_record

    folders = [_result_folder(folder) for folder in folders]
    task = _task(folders, task_file)
    items = _items(task, data)
    pairs = compare_folders(folders, task, measure=measure, margin=margin, items=items)
    if as_json:
        print_json([comparison_record(pair) for pair in pairs])
        return
    _show(pairs, margin)


def _result_folder(folder: Path) -> Path:
    """Return a result folder, by its arm's name too; raise UserError with the nearest one."""
    from posology.declarations import nearest_words
    from posology.errors import UserError
    from posology.evaluate.evaluation import arm_folder
    from posology.evaluate.results import MANIFEST

    for one in (folder, folder.with_name(arm_folder(folder.name)) if folder.name else folder):
        if (one / MANIFEST).is_file():
            return one
    if folder.is_dir():
        within = sorted(str(path.parent) for path in folder.glob(f"*/{MANIFEST}"))
        within = within or sorted(str(path.parent) for path in folder.glob(f"*/*/{MANIFEST}"))
        there = f"; it holds those of {', '.join(within)}" if within else ""
        raise UserError(f"{folder}: is no result folder of posology evaluate{there}")
    beside = [path.parent.name for path in folder.parent.glob(f"*/{MANIFEST}")]
    near = nearest_words(arm_folder(folder.name), beside) if beside else ""
    raise UserError(f"{folder}: there is no such result folder{near}")


def _task(folders: list[Path], task_file: Path | None) -> "Task":
    from posology.errors import UserError
    from posology.evaluate.own import read_own_task
    from posology.evaluate.results import read_manifest
    from posology.evaluate.tasks import TASKS

    if task_file is not None:
        return read_own_task(task_file)
    name = str(read_manifest(folders[0])["settings"].get("task"))
    if name not in TASKS:
        raise UserError(f"{folders[0]}: its task {name} is none of ours; name its file with --task FILE.toml")
    return TASKS[name]


def _items(task: "Task", data: Path | None) -> "dict[str, Item] | None":
    from posology.evaluate.splits import load_parts

    if data is None and not Path(task.folder).is_absolute():
        return None
    return {item.id: item for part in load_parts(task, data_of([task], data)).values() for item in part}


def _show(pairs: "list[Pair]", margin: float | None) -> None:
    columns = ["arm", "difference", "95 % interval", "n", "p", "p (Holm)", "wins", "losses", "ties"]
    columns += ["verdict"] if margin is not None else []
    rows = []
    for pair in pairs:
        found = pair.difference
        row: list[object] = [
            pair.arm, "-" if found.value is None else f"{found.value:+.3f}",
            signed_interval(found.low, found.high), found.n, shown(found.p_value, 4), shown(pair.p_holm, 4),
            *("-" if count is None else count for count in (pair.wins, pair.losses, pair.ties)),
        ]  # fmt: skip
        rows.append([*row, pair.verdict] if margin is not None else row)
    first = pairs[0]
    print_table(f"{first.measure}, less that of {first.reference}", columns, rows)
    say(
        "Wins: items that the arm scores higher than the reference. p: permutation of the paired answers; "
        f"Holm: corrected for {len(pairs)} comparison{'s' if len(pairs) > 1 else ''}."
    )
    if margin is not None:
        say(
            f"Non-inferior: the interval's worse end is less than {margin:g} below the reference. State a "
            "margin before you see scores."
        )
