"""Plots as accessible SVG text: intervals, bars, lines over time, and histograms.

Each function returns one ``<svg role="img">`` with its title and a description that says every number.
There is no style attribute, script or id: pages under a strict content security policy take it as it is,
any number of times. Everything is drawn in ``currentColor``, so it follows the page's light or dark text; the
classes ``plot``, ``plot-grid``, ``plot-mark``, ``plot-range`` and ``plot-text`` are there for style sheets.
``limits`` are the least that an axis shows: it grows where a number lies beyond. A table of the same numbers
beside the plot is the caller's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

__all__ = ["Bar", "Interval", "Line", "bar_plot", "histogram", "interval_plot", "line_plot"]

Limits = tuple[float, float]
Place = tuple[float, float]

_WIDTH = 640.0
_ROW = 28.0
_LETTER = 6.8  # width of a letter of 12 units, on average
_LONGEST = 34  # letters of a row's label
_RIGHT = 28.0
_TOP = 36.0  # below the title
_HEIGHT = 220.0  # of a line plot or histogram, its axis' name included
_PALE = ' fill-opacity="0.75"'
_DASHES = ("none", "7 4", "2 3", "9 3 2 3")


@dataclass(frozen=True, slots=True)
class Interval:
    """One row: a value between ``low`` and ``high``; ``None`` where there is none."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; a value of ``None`` is said in words, not drawn as nothing."""

    label: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a value a day, in the order of the days."""

    label: str
    points: tuple[tuple[date, float], ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places along one axis."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def interval_plot(rows: Sequence[Interval], *, title: str, axis: str, limits: Limits | None = None) -> str:
    """Draw a dot with its range for each row, as in a forest plot."""
    numbers = [n for row in rows for n in (row.value, row.low, row.high) if n is not None]
    scale = _across(numbers, limits, [row.label for row in rows])
    body = _ticks_below(scale, _bottom(len(rows)), axis) + _nothing_in(rows, scale)
    for number, row in enumerate(rows):
        body += _row_label(row.label, number, scale)
        body += _interval_marks(row, _middle(number), scale)
    return _svg(_bottom(len(rows)) + 44, title, _said(axis, [_interval_words(row) for row in rows]), body)


def bar_plot(rows: Sequence[Bar], *, title: str, axis: str, limits: Limits | None = None) -> str:
    """Draw a horizontal bar from zero for each row, its number at its end."""
    numbers = [row.value for row in rows if row.value is not None]
    scale = _across([0.0, *numbers], limits, [row.label for row in rows])
    body = _ticks_below(scale, _bottom(len(rows)), axis) + _nothing_in(rows, scale)
    for number, row in enumerate(rows):
        body += _row_label(row.label, number, scale)
        body += _bar_marks(row, _middle(number), scale)
    words = [f"{row.label}: {_number(row.value)}" for row in rows]
    return _svg(_bottom(len(rows)) + 44, title, _said(axis, words), body)


def line_plot(
    lines: Sequence[Line], *, title: str, axis: str, step: bool = False, limits: Limits | None = None
) -> str:
    """Draw values over days, joined by straight lines or, as counts are, by steps.

    Up to four lines are told apart by their dashes and by a label at their end.
    """
    if len(lines) > len(_DASHES):
        raise ValueError(f"{len(lines)} lines in one plot: draw up to {len(_DASHES)}")
    points = [point for line in lines for point in line.points]
    upright = _upright([value for _, value in points], limits)
    days = [day.toordinal() for day, _ in points] or [0]
    ends = max([len(_short(line.label)) for line in lines], default=0)
    along = _Scale(min(days), max(days) + (min(days) == max(days)), 56, _WIDTH - 16 - ends * _LETTER)
    body = _ticks_beside(upright, along, axis) + _days_below(along, bool(points))
    for line, dash in zip(lines, _DASHES, strict=False):
        body += _line_marks(line, dash, along, upright, step=step)
    words = [_line_words(line) for line in lines]
    return _svg(_HEIGHT + 68, title, _said(axis, words), body)


def histogram(
    values: Sequence[float], *, title: str, axis: str, bins: int = 10, limits: Limits | None = None
) -> str:
    """Draw how many values fall into each of equally wide bins; the last bin holds its upper end."""
    if bins < 1:
        raise ValueError("a histogram has at least one bin")
    low, high = _range(values, limits)
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    upright = _upright([0.0, float(max(counts))], None)
    along = _Scale(low, high, 56, _WIDTH - _RIGHT)
    body = _ticks_beside(upright, along, "count") + _ticks_below(along, _TOP + _HEIGHT, axis, grid=False)
    edges = [low + (high - low) * number / bins for number in range(bins + 1)]
    for number, count in enumerate(counts if values else []):
        if count:
            body += _box(along.at(edges[number]) + 1, along.at(edges[number + 1]) - 1, upright.at(count))
    words = [f"{_number(edges[n])} to {_number(edges[n + 1])}: {count}" for n, count in enumerate(counts)]
    return _svg(_HEIGHT + 84, title, _said(axis, words if values else []), body)


def _svg(height: float, title: str, description: str, body: Sequence[str]) -> str:
    size = f"0 0 {_place(_WIDTH)} {_place(height)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" class="plot" viewBox="{size}" width="100%"'
        ' fill="currentColor" stroke="none" font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(description)}</desc>",
        _text(title, 12, 20, ' font-weight="600"'),
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _said(axis: str, words: Sequence[str]) -> str:
    return f"{axis}. " + ("; ".join(words) + "." if words else "No values.")


def _interval_words(row: Interval) -> str:
    if row.value is None or row.low is None or row.high is None:
        return f"{row.label}: {_number(row.value)}"
    return f"{row.label}: {_number(row.value)} ({_number(row.low)} to {_number(row.high)})"


def _line_words(line: Line) -> str:
    points = ", ".join(f"{day.isoformat()} {_number(value)}" for day, value in line.points)
    return f"{line.label}: {points or 'no value'}"


def _interval_marks(row: Interval, y: float, scale: _Scale) -> list[str]:
    if row.value is None:
        return [_text("no value", scale.start + 6, y + 4, _PALE)]
    marks = []
    if row.low is not None and row.high is not None:
        left, right = scale.at(row.low), scale.at(row.high)
        marks = [_stroke((left, y), (right, y), "plot-range", width=2)]
        marks += [_stroke((x, y - 5), (x, y + 5), "plot-range", width=2) for x in (left, right)]
    x = scale.at(row.value)
    return [*marks, f'<circle class="plot-mark" cx="{_place(x)}" cy="{_place(y)}" r="5"/>']


def _bar_marks(row: Bar, y: float, scale: _Scale) -> list[str]:
    zero = scale.at(0.0)
    if row.value is None:
        return [_text("no value", zero + 6, y + 4, _PALE)]
    x = scale.at(row.value)
    left, width = min(zero, x), abs(x - zero)
    beside = (x + 6, "start") if x < scale.end - 40 else (x - 6, "end")
    bar = (
        f'<rect class="plot-mark" x="{_place(left)}" y="{_place(y - 8)}" width="{_place(width)}" height="16"'
        ' fill-opacity="0.35" stroke="currentColor"/>'
    )
    return [bar, _text(_number(row.value), beside[0], y + 4, anchor=beside[1])]


def _line_marks(line: Line, dash: str, along: _Scale, upright: _Scale, *, step: bool) -> list[str]:
    places = [(along.at(day.toordinal()), upright.at(value)) for day, value in line.points]
    if not places:
        return []
    path = f"M{_place(places[0][0])} {_place(places[0][1])}"
    for x, y in places[1:]:
        path += f"H{_place(x)}V{_place(y)}" if step else f"L{_place(x)} {_place(y)}"
    x, y = places[-1]
    dots = [f'<circle class="plot-mark" cx="{_place(x)}" cy="{_place(y)}" r="3"/>' for x, y in places]
    stroke = f'fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="{dash}"'
    return [f'<path class="plot-range" d="{path}" {stroke}/>', *dots, _label(line.label, x + 8, y + 4)]


def _box(left: float, right: float, top: float) -> list[str]:
    bottom = _TOP + _HEIGHT
    return [
        f'<rect class="plot-mark" x="{_place(left)}" y="{_place(top)}" width="{_place(right - left)}"'
        f' height="{_place(bottom - top)}" fill-opacity="0.35" stroke="currentColor"/>'
    ]


def _nothing_in(rows: Sequence[object], scale: _Scale) -> list[str]:
    return [] if rows else [_text("no values", scale.start + 6, _middle(0) + 4, _PALE)]


def _row_label(label: str, number: int, scale: _Scale) -> list[str]:
    return [_label(label, scale.start - 12, _middle(number) + 4, anchor="end")]


def _ticks_below(scale: _Scale, bottom: float, axis: str, *, grid: bool = True) -> list[str]:
    marks = []
    for tick in _ticks(scale.low, scale.high):
        x = scale.at(tick)
        marks.append(_stroke((x, _TOP if grid else bottom), (x, bottom + 4), "plot-grid"))
        marks.append(_text(_number(tick), x, bottom + 18, anchor="middle"))
    return [*marks, _text(axis, (scale.start + scale.end) / 2, bottom + 36, anchor="middle")]


def _ticks_beside(upright: _Scale, along: _Scale, axis: str) -> list[str]:
    marks = [_text(axis, 12, _TOP + 2, _PALE)]
    for tick in _ticks(upright.low, upright.high):
        y = upright.at(tick)
        marks.append(_stroke((along.start, y), (along.end, y), "plot-grid"))
        marks.append(_text(_number(tick), along.start - 8, y + 4, anchor="end"))
    return marks


def _days_below(along: _Scale, any_day: bool) -> list[str]:
    if not any_day:
        return [_text("no values", (along.start + along.end) / 2, _TOP + _HEIGHT / 2, anchor="middle")]
    first, last = int(along.low), int(along.high)
    days = sorted({first + (last - first) * part // 4 for part in range(5)})
    return [
        _text(date.fromordinal(day).isoformat(), along.at(day), _TOP + _HEIGHT + 20, anchor="middle")
        for day in days
    ]


def _label(label: str, x: float, y: float, *, anchor: str = "start") -> str:
    """Return a label, cut where it is too long; the whole one is shown on hovering."""
    return _text(_short(label), x, y, anchor=anchor, whole=label)


def _text(
    text: str, x: float, y: float, attributes: str = "", *, anchor: str = "start", whole: str = ""
) -> str:
    title = f"<title>{escape(whole)}</title>" if whole and whole != text else ""
    place = f'x="{_place(x)}" y="{_place(y)}" text-anchor="{anchor}"'
    return f'<text class="plot-text" {place}{attributes}>{title}{escape(text)}</text>'


def _stroke(start: Place, end: Place, css: str, *, width: int = 1) -> str:
    (x1, y1), (x2, y2) = start, end
    ends = f'x1="{_place(x1)}" y1="{_place(y1)}" x2="{_place(x2)}" y2="{_place(y2)}"'
    pale = ' stroke-opacity="0.25"' if css == "plot-grid" else ""
    return f'<line class="{css}" {ends} stroke="currentColor" stroke-width="{width}"{pale}/>'


def _across(numbers: Sequence[float], limits: Limits | None, labels: Sequence[str]) -> _Scale:
    low, high = _range(numbers, limits)
    widest = max((len(_short(label)) for label in labels), default=0)
    return _Scale(low, high, 28 + widest * _LETTER, _WIDTH - _RIGHT)


def _upright(numbers: Sequence[float], limits: Limits | None) -> _Scale:
    low, high = _range(numbers, limits)
    return _Scale(low, high, _TOP + _HEIGHT, _TOP + 24)


def _range(numbers: Sequence[float], limits: Limits | None) -> Limits:
    """Return the limits, or round ones, grown to hold all numbers and never of no width."""
    if limits is not None and not limits[0] < limits[1]:
        raise ValueError("the limits of an axis are two different numbers, the lower first")
    if limits is not None and all(limits[0] <= number <= limits[1] for number in numbers):
        return limits
    held = [*numbers, *(limits or ())]
    if not held:
        return 0.0, 1.0
    low, high = min(held), max(held)
    if low == high:
        low, high = (low - 1, high + 1) if low else (0.0, 1.0)
    step = _step(high - low)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _ticks(low: float, high: float) -> list[float]:
    step = _step(high - low)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _step(width: float) -> float:
    """Return 1, 2 or 5 times a power of ten that divides the width into four to ten parts."""
    if not (math.isfinite(width) and width > 0):
        raise ValueError("a plot shows finite numbers only")
    power = 10.0 ** math.floor(math.log10(width / 4))
    return next(power * factor for factor in (5, 2, 1) if width / (power * factor) >= 4)


def _middle(number: int) -> float:
    return _TOP + _ROW * (number + 0.5)


def _bottom(rows: int) -> float:
    return _TOP + _ROW * max(1, rows)


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1].rstrip() + "…"


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{round(value, 4):.10g}"


def _place(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
