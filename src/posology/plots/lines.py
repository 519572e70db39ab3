"""Plots of values over days, and of how many values there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from posology.plots.drawing import (
    DASHES,
    HEIGHT,
    LETTER,
    RIGHT,
    TOP,
    WIDTH,
    Limits,
    Scale,
    label,
    number_of,
    place_of,
    range_of,
    said,
    short,
    svg_of,
    text_of,
    ticks_below,
    ticks_beside,
    upright,
)

__all__ = ["Line", "histogram", "line_plot"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a value a day, in the order of the days."""

    label: str
    points: tuple[tuple[date, float], ...]


def line_plot(
    lines: Sequence[Line], *, title: str, axis: str, step: bool = False, limits: Limits | None = None
) -> str:
    """Draw values over days, joined by straight lines or, as counts are, by steps.

    Up to four lines are told apart by their dashes and by a label at their end.
    """
    if len(lines) > len(DASHES):
        raise ValueError(f"{len(lines)} lines in one plot: draw up to {len(DASHES)}")
    points = [point for line in lines for point in line.points]
    values = upright([value for _, value in points], limits)
    days = [day.toordinal() for day, _ in points] or [0]
    ends = max([len(short(line.label)) for line in lines], default=0)
    along = Scale(min(days), max(days) + (min(days) == max(days)), 56, WIDTH - 16 - ends * LETTER)
    body = ticks_beside(values, along, axis) + _days_below(along, bool(points))
    for line, dash in zip(lines, DASHES, strict=False):
        body += _line_marks(line, dash, along, values, step=step)
    words = [_line_words(line) for line in lines]
    return svg_of(HEIGHT + 68, title, said(axis, words), body)


def histogram(
    values: Sequence[float], *, title: str, axis: str, bins: int = 10, limits: Limits | None = None
) -> str:
    """Draw how many values fall into each of equally wide bins; the last bin holds its upper end."""
    if bins < 1:
        raise ValueError("a histogram has at least one bin")
    low, high = range_of(values, limits)
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    heights = upright([0.0, float(max(counts))], None)
    along = Scale(low, high, 56, WIDTH - RIGHT)
    body = ticks_beside(heights, along, "count") + ticks_below(along, TOP + HEIGHT, axis, grid=False)
    edges = [low + (high - low) * number / bins for number in range(bins + 1)]
    for number, count in enumerate(counts if values else []):
        if count:
            body += _box(along.at(edges[number]) + 1, along.at(edges[number + 1]) - 1, heights.at(count))
    words = [f"{number_of(edges[n])} to {number_of(edges[n + 1])}: {count}" for n, count in enumerate(counts)]
    return svg_of(HEIGHT + 84, title, said(axis, words if values else []), body)


def _line_words(line: Line) -> str:
    points = ", ".join(f"{day.isoformat()} {number_of(value)}" for day, value in line.points)
    return f"{line.label}: {points or 'no value'}"


def _line_marks(line: Line, dash: str, along: Scale, values: Scale, *, step: bool) -> list[str]:
    places = [(along.at(day.toordinal()), values.at(value)) for day, value in line.points]
    if not places:
        return []
    path = f"M{place_of(places[0][0])} {place_of(places[0][1])}"
    for x, y in places[1:]:
        path += f"H{place_of(x)}V{place_of(y)}" if step else f"L{place_of(x)} {place_of(y)}"
    x, y = places[-1]
    dots = [f'<circle class="plot-mark" cx="{place_of(x)}" cy="{place_of(y)}" r="3"/>' for x, y in places]
    drawn = f'fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="{dash}"'
    return [f'<path class="plot-range" d="{path}" {drawn}/>', *dots, label(line.label, x + 8, y + 4)]


def _box(left: float, right: float, top: float) -> list[str]:
    bottom = TOP + HEIGHT
    return [
        f'<rect class="plot-mark" x="{place_of(left)}" y="{place_of(top)}" width="{place_of(right - left)}"'
        f' height="{place_of(bottom - top)}" fill-opacity="0.35" stroke="currentColor"/>'
    ]


def _days_below(along: Scale, any_day: bool) -> list[str]:
    if not any_day:
        return [text_of("no values", (along.start + along.end) / 2, TOP + HEIGHT / 2, anchor="middle")]
    first, last = int(along.low), int(along.high)
    days = sorted({first + (last - first) * part // 4 for part in range(5)})
    return [
        text_of(date.fromordinal(day).isoformat(), along.at(day), TOP + HEIGHT + 20, anchor="middle")
        for day in days
    ]
