"""Result folders side by side: paired differences on the same items, corrected for their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.declarations import nearest_words
from posology.errors import UserError
from posology.evaluate.estimates import Verdict, compare_arms, non_inferior
from posology.evaluate.items import Item, Outcome
from posology.evaluate.results import read_manifest, read_outcomes, read_summary
from posology.evaluate.scorers import AnyMeasure, Measure, measures_of, score_item
from posology.evaluate.task import Task
from posology.statistics import Difference, holm

__all__ = ["Pair", "compare_folders", "comparison_record", "holm_corrected"]

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Pair:
    """An arm against the reference. ``wins`` and ``losses`` count items that the arm scores higher or lower.

    ``p_holm``: the p-value corrected for all comparisons made at once. ``verdict`` is None without a margin.
    """

    arm: str
    reference: str
    measure: str
    better: int
    difference: Difference  # arm less reference
    p_holm: float | None
    wins: int | None
    losses: int | None
    ties: int | None
    verdict: Verdict | None
    folder: Path
    reference_folder: Path


@dataclass(frozen=True, slots=True)
class _Side:
    folder: Path
    name: str
    outcomes: list[Outcome]


def _find_measure(task: Task, name: str | None) -> AnyMeasure:
    """Return a measure of a task, its primary one by default; raise UserError with the nearest name."""
    measures = {measure.name: measure for measure in measures_of(task)}
    if name is None:
        return next(iter(measures.values()))
    if name not in measures:
        raise UserError(f"{task.name} has no measure {name!r}{nearest_words(name, measures)}")
    return measures[name]


def compare_folders(
    folders: Sequence[Path],
    task: Task,
    *,
    measure: str | None = None,
    margin: float | None = None,
    items: Mapping[str, Item] | None = None,
    seed: int = 0,
) -> list[Pair]:
    """Compare every folder with the first one, the reference, on the same items.

    ``margin``: how much worse an arm may be and still count as non-inferior, in the measure's own unit.
    ``items``: where a measure reads the items' texts, which result folders do not hold.
    """
    chosen = _find_measure(task, measure)
    if margin is not None and margin <= 0:
        raise UserError(f"--margin {margin:g}: a margin is above 0, in the unit of {chosen.name}")
    if margin is not None and not chosen.better:
        raise UserError(f"{chosen.name} has no better side: there is no non-inferiority")
    _require_alike(folders, task)
    sides = [_side(folder, task, items) for folder in folders]
    _require_texts(chosen, sides)
    reference, others = sides[0], sides[1:]
    found = [compare_arms(chosen, one.outcomes, reference.outcomes, seed=seed) for one in others]
    corrected = holm_corrected(found)
    return [
        _pair(one, reference, chosen, task, (difference, p, margin))
        for one, difference, p in zip(others, found, corrected, strict=True)
    ]


def _pair(
    one: _Side,
    reference: _Side,
    measure: AnyMeasure,
    task: Task,
    result: tuple[Difference, float | None, float | None],
) -> Pair:
    difference, p_holm, margin = result
    counts = _counted(task, one.outcomes, reference.outcomes)
    wins, losses, ties = counts or (None, None, None)
    verdict = None if margin is None else non_inferior(difference, margin, better=measure.better)
    return Pair(
        one.name, reference.name, measure.name, measure.better, difference, p_holm, wins, losses, ties,
        verdict, one.folder, reference.folder,
    )  # fmt: skip


def holm_corrected(found: Sequence[Difference]) -> list[float | None]:
    """Return Holm's p-values of differences in their places; one without a p-value takes no part."""
    corrected = iter(holm([one.p_value for one in found if one.p_value is not None]))
    return [None if one.p_value is None else next(corrected) for one in found]


def _counted(task: Task, first: Sequence[Outcome], second: Sequence[Outcome]) -> tuple[int, int, int] | None:
    """Count the items that the first scores higher, lower and the same; None where items have no score."""
    other = {one.item.id: one for one in second}
    pairs = [(score_item(task, one).value, score_item(task, other[one.item.id]).value) for one in first]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not known:
        return None
    wins, losses = sum(a > b for a, b in known), sum(a < b for a, b in known)
    return wins, losses, len(known) - wins - losses


def _side(folder: Path, task: Task, items: Mapping[str, Item] | None) -> _Side:
    name = str(read_summary(folder)["arm"]["name"])
    return _Side(folder, name, read_outcomes(folder, task, items))


def _require_texts(measure: AnyMeasure, sides: Sequence[_Side]) -> None:
    if not isinstance(measure, Measure) or not measure.reads_text:
        return
    if any(not outcome.item.text for side in sides for outcome in side.outcomes):
        raise UserError(f"{measure.name} needs the texts of the items: name the data folder with --data")


def _require_alike(folders: Sequence[Path], task: Task) -> None:
    """Raise unless the folders are finished results of one task and part, and of the same items."""
    if len(folders) < 2:
        raise UserError("name two result folders or more: the first is the reference")
    settings = [read_manifest(folder)["settings"] for folder in folders]
    for folder, one in zip(folders, settings, strict=True):
        for key, words in (("task", "task"), ("part", "part"), ("n", "number of items")):
            if one.get(key) != settings[0].get(key):
                raise UserError(
                    f"{folder}: its {words} is {one.get(key)}, of {folders[0]} {settings[0].get(key)}; "
                    "only answers to the same items can be compared"
                )
        if one.get("items_sha256") != settings[0].get("items_sha256"):
            raise UserError(
                f"{folder}: its items are others than those of {folders[0]} (ids, texts or gold answers "
                "differ); only answers to the same items can be compared"
            )
        if one.get("task") != task.name:
            raise UserError(f"{folder}: holds results of the task {one.get('task')}, not of {task.name}")


def comparison_record(pair: Pair) -> dict[str, Any]:
    """Return a comparison as JSON."""
    found = pair.difference
    numbers = {
        "difference": found.value, "low": found.low, "high": found.high,
        "p": found.p_value, "p_holm": pair.p_holm,
    }  # fmt: skip
    return {
        "arm": pair.arm,
        "reference": pair.reference,
        "measure": pair.measure,
        "n": found.n,
        **{key: None if value is None else round(value, _DIGITS) for key, value in numbers.items()},
        "wins": pair.wins,
        "losses": pair.losses,
        "ties": pair.ties,
        "verdict": pair.verdict,
        "folder": str(pair.folder),
        "reference_folder": str(pair.reference_folder),
    }
