"""The Pareto plot: scores against what an answer costs, and which of them nothing else beats in both."""

from collections.abc import Sequence
from dataclasses import dataclass

from posology.plots.drawing import (
    HEIGHT,
    LETTER,
    TOP,
    WIDTH,
    Limits,
    Scale,
    number_of,
    place_of,
    range_of,
    said,
    svg_of,
    text_of,
    ticks_below,
    ticks_beside,
    upright,
)
from posology.plots.marks import legend_of, mark_key, shape_of

__all__ = ["Spot", "front_plot"]

_LEFT = 56.0
_WIDE = 20.0  # times the least from which on an axis is logarithmic


@dataclass(frozen=True, slots=True)
class Spot:
    """One system: what it costs, what it scores, and whether it is on the front."""

    label: str
    family: str
    cost: float
    value: float
    front: bool


def front_plot(
    spots: Sequence[Spot], *, title: str, axis: str, cost_axis: str, limits: Limits | None = None
) -> str:
    """Draw scores against costs: the front filled, joined by steps and numbered, the rest hollow."""
    families = list(dict.fromkeys(spot.family for spot in spots))
    values = upright([spot.value for spot in spots], limits)
    along = _costs([spot.cost for spot in spots])
    bottom = TOP + HEIGHT
    shown = f"{cost_axis}, logarithmic" if along.logarithmic else cost_axis
    body = ticks_beside(values, along, axis) + ticks_below(along, bottom, shown)
    if not spots:
        body.append(text_of("no values", (along.start + along.end) / 2, TOP + HEIGHT / 2, anchor="middle"))
    front = sorted((spot for spot in spots if spot.front), key=lambda spot: (spot.cost, spot.value))
    body += _steps([(along.at(spot.cost), values.at(spot.value)) for spot in front])
    for spot in sorted(spots, key=lambda spot: spot.front):  # the front is drawn last: above the rest
        place = (along.at(spot.cost), values.at(spot.value))
        body.append(shape_of(families.index(spot.family), *place, filled=spot.front))
    body += _numbers([(along.at(spot.cost), values.at(spot.value)) for spot in front])
    keys = [mark_key(number, name) for number, name in enumerate(families)]
    legend, end = legend_of(keys, bottom + 62)
    names, end = _names(front, end)
    words = [_spot_words(spot) for spot in spots]
    return svg_of(end + 4, title, said(f"{axis} against {cost_axis}", words), [*body, *legend, *names])


def _costs(costs: Sequence[float]) -> Scale:
    if costs and min(costs) > 0 and max(costs) >= _WIDE * min(costs):
        factor = (max(costs) / min(costs)) ** 0.05
        return Scale(min(costs) / factor, max(costs) * factor, _LEFT, WIDTH - 28, logarithmic=True)
    low, high = range_of([0.0, *costs], None)
    return Scale(low, high, _LEFT, WIDTH - 28)


def _steps(places: Sequence[tuple[float, float]]) -> list[str]:
    if len(places) < 2:
        return []
    path = f"M{place_of(places[0][0])} {place_of(places[0][1])}"
    path += "".join(f"H{place_of(x)}V{place_of(y)}" for x, y in places[1:])
    return [
        f'<path class="plot-range" d="{path}" fill="none" stroke="currentColor" stroke-opacity="0.5"'
        ' stroke-dasharray="4 3"/>'
    ]


def _numbers(places: Sequence[tuple[float, float]]) -> list[str]:
    """Number the front from the cheapest on: above each mark, or below where the one before is too near."""
    marks: list[str] = []
    taken: list[tuple[float, float]] = []
    for number, (x, y) in enumerate(places, start=1):
        tries = [(x, y - 10), (x, y + 20), (x - 14, y + 4), (x + 14, y + 4), (x, y - 24)]
        free = [
            place
            for place in tries
            if all(abs(place[0] - a) > 13 or abs(place[1] - b) > 12 for a, b in taken)
        ]
        at = free[0] if free else tries[0]
        taken.append(at)
        marks.append(text_of(str(number), at[0], at[1], ' font-weight="600"', anchor="middle"))
    return marks


def _names(front: Sequence[Spot], top: float) -> tuple[list[str], float]:
    """Name the numbers of the front below the plot, in two columns where the names allow."""
    words = [f"{number}  {spot.label}" for number, spot in enumerate(front, start=1)]
    columns = 2 if max((len(one) for one in words), default=0) * LETTER < WIDTH / 2 - 20 else 1
    body = []
    for place, one in enumerate(words):
        x = 12 + (place % columns) * WIDTH / 2
        body.append(text_of(one, x, top + 4 + place // columns * 18))
    return body, top + -(-len(words) // columns) * 18


def _spot_words(spot: Spot) -> str:
    end = ", on the front" if spot.front else ""
    return f"{spot.label}: {number_of(spot.value)} at {spot.cost:.4g}{end}"
