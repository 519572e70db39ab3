"""The dose-response plot: scores of models against their size on a logarithmic axis.

Points are joined by straight segments; no curve is fitted: a handful of models of several families
bears none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from posology.plots.drawing import (
    HEIGHT,
    LETTER,
    TOP,
    WIDTH,
    Limits,
    Scale,
    number_of,
    place_of,
    said,
    stroke,
    svg_of,
    text_of,
    ticks_below,
    ticks_beside,
    upright,
)
from posology.plots.marks import DASHED, apart, hued, legend_of, line_key, mark_key, shape_of

__all__ = ["Dot", "Level", "dose_plot"]

_LEFT = 56.0
_LONGEST = 20  # letters of a level's label
_BESIDE = 7.0  # between the marks of two series at one dose


@dataclass(frozen=True, slots=True)
class Dot:
    """The score of one dose: ``series`` is its line, such as a strategy; ``family`` its shape.

    ``hue``: of its series, the same number in several plots; its place among the series where none is given.
    """

    label: str
    series: str
    family: str
    dose: float  # above 0
    value: float
    low: float | None = None
    high: float | None = None
    hue: int | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A score without a dose, drawn across the plot: a baseline, or what is required."""

    label: str
    value: float
    required: bool = False


def dose_plot(
    dots: Sequence[Dot],
    levels: Sequence[Level] = (),
    *,
    title: str,
    axis: str,
    dose_axis: str = "parameters",
    limits: Limits | None = None,
) -> str:
    """Draw scores with intervals against doses: a line and a hue a series, a shape a family."""
    hues = _hues(dots)
    series = sorted(hues, key=lambda name: hues[name])
    families = list(dict.fromkeys(dot.family for dot in dots))
    numbers = [n for dot in dots for n in (dot.value, dot.low, dot.high) if n is not None]
    values = upright([*numbers, *(level.value for level in levels)], limits)
    along = _doses([dot.dose for dot in dots], levels, len(series))
    bottom = TOP + HEIGHT
    body = ticks_beside(values, along, axis) + ticks_below(along, bottom, dose_axis)
    if not dots:
        body.append(text_of("no values", (along.start + along.end) / 2, TOP + HEIGHT / 2, anchor="middle"))
    body += _level_marks(levels, along, values)
    for number, name in enumerate(series):
        shift = (number - (len(series) - 1) / 2) * _BESIDE
        own = sorted((dot for dot in dots if dot.series == name), key=lambda dot: dot.dose)
        places = [(along.at(dot.dose) + shift, dot) for dot in own]
        marks = _series_marks(places, values, DASHED[hues[name] % len(DASHED)], families)
        body += hued(hues[name], marks)
    keys = [line_key(hues[name], name) for name in series]
    keys += [mark_key(number, name) for number, name in enumerate(families)]
    legend, end = legend_of(keys, bottom + 62)
    words = [_dot_words(dot) for dot in dots]
    words += [f"{level.label}: {number_of(level.value)}" for level in levels]
    return svg_of(end + 4, title, said(f"{axis} against {dose_axis}", words), [*body, *legend])


def _hues(dots: Sequence[Dot]) -> dict[str, int]:
    """Return the number of every series' hue: as its dots say, else the first that is free."""
    hues = {dot.series: dot.hue for dot in dots if dot.hue is not None}
    free = (number for number in count() if number not in hues.values())
    for name in dict.fromkeys(dot.series for dot in dots if dot.hue is None):
        if name not in hues:
            hues[name] = next(free)
    return hues


def _doses(doses: Sequence[float], levels: Sequence[Level], series: int) -> Scale:
    if any(dose <= 0 for dose in doses):
        raise ValueError("a dose on a logarithmic axis is above zero")
    low, high = (min(doses), max(doses)) if doses else (1e8, 1e9)
    if high < low * 4:  # a single dose stands in the middle
        low, high = low / 2, high * 2
    beside = max((len(_cut(level.label)) for level in levels), default=0) * LETTER
    room = 14 + series * _BESIDE / 2
    return _padded(low, high, _LEFT, WIDTH - 16 - beside, room)


def _padded(low: float, high: float, start: float, end: float, room: float) -> Scale:
    """Return a logarithmic scale whose extremes stand a little inside its ends."""
    share = room / (end - start - 2 * room)
    factor = (high / low) ** share
    return Scale(low / factor, high * factor, start, end, logarithmic=True)


def _level_marks(levels: Sequence[Level], along: Scale, values: Scale) -> list[str]:
    heights = apart([values.at(level.value) for level in levels])
    marks = []
    for level, height in zip(levels, heights, strict=True):
        y = values.at(level.value)
        ends = f'd="M{place_of(along.start)} {place_of(y)}H{place_of(along.end)}" fill="none"'
        kind = 'stroke-width="2"' if level.required else 'stroke-dasharray="1 3"'
        marks.append(f'<path class="plot-range" {ends} stroke="currentColor" {kind}/>')
        marks.append(text_of(_cut(level.label), along.end + 6, height + 4, whole=level.label))
    return marks


def _series_marks(
    places: Sequence[tuple[float, Dot]], values: Scale, dash: str, families: Sequence[str]
) -> list[str]:
    marks = []
    if len(places) > 1:
        path = "L".join(f"{place_of(x)} {place_of(values.at(dot.value))}" for x, dot in places)
        marks.append(
            f'<path class="plot-range" d="M{path}" fill="none" stroke="currentColor" stroke-width="1.5"'
            f' stroke-dasharray="{dash}" stroke-opacity="0.8"/>'
        )
    for x, dot in places:
        if dot.low is not None and dot.high is not None:
            marks.append(stroke((x, values.at(dot.low)), (x, values.at(dot.high)), "plot-range"))
        marks.append(shape_of(families.index(dot.family), x, values.at(dot.value)))
    return marks


def _dot_words(dot: Dot) -> str:
    interval = "" if dot.low is None else f" ({number_of(dot.low)} to {number_of(dot.high)})"
    size = f"{dot.dose:,.0f}" if dot.dose >= 1 else f"{dot.dose:.{2 - math.floor(math.log10(dot.dose))}f}"
    return f"{dot.label}, {size}: {number_of(dot.value)}{interval}"


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + "…"
