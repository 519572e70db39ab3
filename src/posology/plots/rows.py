"""Plots of one row each: values with their intervals, and bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from posology.plots.drawing import (
    LONGEST,
    PALE,
    ROW,
    TOP,
    Limits,
    Scale,
    across,
    label,
    number_of,
    place_of,
    said,
    stroke,
    svg_of,
    text_of,
    ticks_below,
)

__all__ = ["Bar", "Interval", "bar_plot", "interval_plot"]


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


def interval_plot(
    rows: Sequence[Interval],
    *,
    title: str,
    axis: str,
    limits: Limits | None = None,
    marked: Sequence[float] = (),
    letters: int = LONGEST,
) -> str:
    """Draw a dot with its range for each row, as in a forest plot.

    ``marked`` values get a line across; a row's label is cut behind so many ``letters``.
    """
    numbers = [n for row in rows for n in (row.value, row.low, row.high) if n is not None]
    scale = across([*numbers, *marked], limits, [row.label for row in rows], letters)
    body = ticks_below(scale, _bottom(len(rows)), axis) + _nothing_in(rows, scale)
    for value in marked:
        x = scale.at(value)
        body.append(stroke((x, TOP), (x, _bottom(len(rows))), "plot-range"))
    for number, row in enumerate(rows):
        body += _row_label(row.label, number, scale, letters)
        body += _interval_marks(row, _middle(number), scale)
    return svg_of(_bottom(len(rows)) + 44, title, said(axis, [_interval_words(row) for row in rows]), body)


def bar_plot(rows: Sequence[Bar], *, title: str, axis: str, limits: Limits | None = None) -> str:
    """Draw a horizontal bar from zero for each row, its number at its end."""
    numbers = [row.value for row in rows if row.value is not None]
    scale = across([0.0, *numbers], limits, [row.label for row in rows])
    body = ticks_below(scale, _bottom(len(rows)), axis) + _nothing_in(rows, scale)
    for number, row in enumerate(rows):
        body += _row_label(row.label, number, scale)
        body += _bar_marks(row, _middle(number), scale)
    words = [f"{row.label}: {number_of(row.value)}" for row in rows]
    return svg_of(_bottom(len(rows)) + 44, title, said(axis, words), body)


def _interval_words(row: Interval) -> str:
    if row.value is None or row.low is None or row.high is None:
        return f"{row.label}: {number_of(row.value)}"
    return f"{row.label}: {number_of(row.value)} ({number_of(row.low)} to {number_of(row.high)})"


def _interval_marks(row: Interval, y: float, scale: Scale) -> list[str]:
    if row.value is None:
        return [text_of("no value", scale.start + 6, y + 4, PALE)]
    marks = []
    if row.low is not None and row.high is not None:
        left, right = scale.at(row.low), scale.at(row.high)
        marks = [stroke((left, y), (right, y), "plot-range", width=2)]
        marks += [stroke((x, y - 5), (x, y + 5), "plot-range", width=2) for x in (left, right)]
    x = scale.at(row.value)
    return [*marks, f'<circle class="plot-mark" cx="{place_of(x)}" cy="{place_of(y)}" r="5"/>']


def _bar_marks(row: Bar, y: float, scale: Scale) -> list[str]:
    zero = scale.at(0.0)
    if row.value is None:
        return [text_of("no value", zero + 6, y + 4, PALE)]
    x = scale.at(row.value)
    left, width = min(zero, x), abs(x - zero)
    beside = (x + 6, "start") if x < scale.end - 40 else (x - 6, "end")
    bar = (
        f'<rect class="plot-mark" x="{place_of(left)}" y="{place_of(y - 8)}" width="{place_of(width)}"'
        ' height="16" fill-opacity="0.35" stroke="currentColor"/>'
    )
    return [bar, text_of(number_of(row.value), beside[0], y + 4, anchor=beside[1])]


def _nothing_in(rows: Sequence[object], scale: Scale) -> list[str]:
    return [] if rows else [text_of("no values", scale.start + 6, _middle(0) + 4, PALE)]


def _row_label(words: str, number: int, scale: Scale, letters: int = LONGEST) -> list[str]:
    return [label(words, scale.start - 12, _middle(number) + 4, anchor="end", letters=letters)]


def _middle(number: int) -> float:
    return TOP + ROW * (number + 0.5)


def _bottom(rows: int) -> float:
    return TOP + ROW * max(1, rows)
