"""The plots of a task's section of the report."""

from collections.abc import Sequence

from posology.evaluate.systems import BASELINES
from posology.evaluate.titration.analysis import Row, TaskStudy
from posology.evaluate.titration.comparisons import Compared
from posology.plots import (
    Dot,
    Interval,
    Level,
    Panel,
    Spot,
    dose_plot,
    front_plot,
    interval_plot,
    panel_plot,
)

__all__ = ["difference_pictures", "dose_picture", "front_pictures", "overview_picture"]


_LETTERS = 54  # of an arm's name: strategies are told apart by its end


def overview_picture(studies: Sequence[TaskStudy], order: Sequence[str], focus: str) -> str:
    """Draw scores against parameters, a panel a task; ``focus``: the strategy that has its intervals."""
    panels = [Panel(one.task.name, one.task.metric, _dots(one, order), _plain_levels(one)) for one in studies]
    return panel_plot(panels, title="Scores against parameters", focus=focus)


def _plain_levels(study: TaskStudy) -> dict[str, float]:
    """Return what the commonest answer scores and the best of what else needs no model."""
    sign = study.demand.better or 1
    scores = {
        row.arm.kind: value
        for row in study.rows
        if row.arm.kind in BASELINES and (value := row.estimates[study.task.metric].value) is not None
    }
    levels = {name: scores.pop(kind) for name, kind in (("majority", "majority"),) if kind in scores}
    if scores:
        levels["the best without a model"] = max(scores.values(), key=lambda score: sign * score)
    return levels


def dose_picture(study: TaskStudy, order: Sequence[str] = ()) -> str:
    """Draw the score against parameters; systems without a model are levels, unknown sizes are left out.

    ``order``: strategies, so that each has the same line and hue on every task.
    """
    dots = _dots(study, order)
    levels = [level for row in study.rows if (level := _level(row, study.task.metric)) is not None]
    if study.demand.score is not None:
        levels.append(Level("required", study.demand.score, required=True))
    title = f"{study.task.name}: {study.task.metric} against parameters, 95 % intervals"
    return dose_plot(
        dots,
        levels,
        title=title,
        axis=study.task.metric,
        dose_axis="parameters, logarithmic",
        limits=(0, 1),
    )


def _dots(study: TaskStudy, order: Sequence[str]) -> list[Dot]:
    return [dot for row in study.rows if (dot := _dot(row, study.task.metric, order)) is not None]


def _dot(row: Row, metric: str, order: Sequence[str]) -> Dot | None:
    who, found = row.arm.identity, row.estimates[metric]
    if row.arm.kind in BASELINES or not who.parameters or found.value is None:
        return None
    series = who.strategy or "as it is"
    return Dot(
        row.arm.name,
        series,
        who.family or who.system,
        float(who.parameters),
        found.value,
        found.low,
        found.high,
        order.index(series) if series in order else None,
    )


def _level(row: Row, metric: str) -> Level | None:
    value = row.estimates[metric].value
    return Level(row.arm.name, value) if row.arm.kind in BASELINES and value is not None else None


def front_pictures(study: TaskStudy) -> list[str]:
    """Draw the score against each cost that is known of two arms or more."""
    families = {row.arm.name: row.arm.identity.family or row.arm.identity.system for row in study.rows}
    plain = {row.arm.name for row in study.rows if row.arm.kind in BASELINES}
    sign = study.demand.better or 1  # a front counts more as better; the picture shows the measure itself
    pictures = []
    for front in study.fronts:
        if len({point.cost for point in front.points.values()}) < 2:
            continue  # one cost for all: nothing to weigh
        spots = [
            Spot(name, families[name], point.cost, sign * point.score, name in front.best)
            for name, point in sorted(front.points.items(), key=lambda row: row[0] in plain)
        ]
        title = f"{study.task.name}: {study.task.metric} against {front.cost}"
        pictures.append(
            front_plot(spots, title=title, axis=study.task.metric, cost_axis=front.cost, limits=(0, 1))
        )
    return pictures


def difference_pictures(study: TaskStudy) -> list[str]:
    """Draw the differences from the reference and from the best system without a model."""
    return [_forest(study, found) for found in (study.from_reference, study.from_baseline) if found]


def _forest(study: TaskStudy, found: Sequence[Compared]) -> str:
    rows = [Interval(one.arm, one.difference.value, one.difference.low, one.difference.high) for one in found]
    marked = [0.0]
    if study.demand.margin is not None and found[0].other == study.demand.reference:
        marked.append(-study.demand.margin * (study.demand.better or 1))
    return interval_plot(
        rows,
        title=f"{study.task.name}: {study.task.metric} less that of {found[0].other}",
        axis="difference on the same items, 95 % interval",
        marked=marked,
        letters=_LETTERS,
    )
