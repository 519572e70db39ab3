"""Dose-response plots of many tasks side by side, small, with one legend: what a study shows at a glance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from posology.plots.doses import Dot
from posology.plots.drawing import (
    LETTER,
    PALE,
    WIDTH,
    Limits,
    Scale,
    number_of,
    place_of,
    power_of,
    range_of,
    said,
    short,
    stroke,
    svg_of,
    text_of,
    ticks_of,
)
from posology.plots.marks import DASHED, hued, legend_of, line_key, mark_key, shape_of

__all__ = ["Panel", "panel_plot"]

_FIRST = 34.0  # below the title of the whole
_HEAD = 38.0  # title and note of a panel
_ROOM = 104.0  # height of the values of a panel
_FOOT = 34.0  # its ticks below
_LEFT, _RIGHT = 34.0, 12.0
_SMALL = 0.7  # of a mark
_TICK = 32.0  # between labels of doses
_LEVELS = ("4 3", "1 3", "none")


@dataclass(frozen=True, slots=True)
class Panel:
    """One task: scores by dose, and ``levels`` by the name that the legend gives them.

    ``note`` stands below the title, such as the measure.
    """

    title: str
    note: str
    dots: Sequence[Dot]
    levels: Mapping[str, float]


def panel_plot(
    panels: Sequence[Panel],
    *,
    title: str,
    focus: str = "",
    columns: int = 3,
    limits: Limits | None = (0.0, 1.0),
) -> str:
    """Draw a panel a task, all over the same doses; only the series ``focus`` has its intervals."""
    series = _numbered([dot.series for panel in panels for dot in panel.dots], panels)
    families = list(dict.fromkeys(dot.family for panel in panels for dot in panel.dots))
    levels = list(dict.fromkeys(name for panel in panels for name in panel.levels))
    doses = sorted({dot.dose for panel in panels for dot in panel.dots})
    wide, high = WIDTH / columns, _HEAD + _ROOM + _FOOT
    drawer = _Drawer(series, families, levels, doses, focus, limits)
    body: list[str] = []
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        body += drawer.draw(panel, column * wide, _FIRST + row * high, wide)
    rows = -(-len(panels) // columns)
    keys = [line_key(series[name], name) for name in sorted(series, key=lambda name: series[name])]
    keys += [mark_key(number, name) for number, name in enumerate(families)]
    keys += [([_level(number, 26.0)], name) for number, name in enumerate(levels)]
    legend, end = legend_of(keys, _FIRST + rows * high + 12)
    words = [_words(panel) for panel in panels]
    return svg_of(end + 4, title, said("scores against parameters", words), [*body, *legend])


def _numbered(names: Sequence[str], panels: Sequence[Panel]) -> dict[str, int]:
    """Return the number of each series' hue: as its dots say, else the first that is free."""
    hues = {dot.series: dot.hue for panel in panels for dot in panel.dots if dot.hue is not None}
    free = (number for number in count() if number not in hues.values())
    return {name: hues[name] if name in hues else next(free) for name in dict.fromkeys(names)}


@dataclass(frozen=True, slots=True)
class _Drawer:
    series: Mapping[str, int]
    families: Sequence[str]
    levels: Sequence[str]
    doses: Sequence[float]
    focus: str
    limits: Limits | None

    def draw(self, panel: Panel, left: float, top: float, wide: float) -> list[str]:
        """Draw one panel with its upper left corner at a place."""
        numbers = [n for dot in panel.dots for n in (dot.value, *self._ends(dot)) if n is not None]
        low, high = range_of([*numbers, *panel.levels.values()], self.limits)
        start, end, bottom = left + _LEFT, left + wide - _RIGHT, top + _HEAD + _ROOM
        values = Scale(low, high, bottom, top + _HEAD)
        letters = int((wide - 16) / LETTER)
        body = [
            text_of(short(panel.title, letters), left + 12, top + 12, ' font-weight="600"', whole=panel.title)
        ]
        body.append(text_of(short(panel.note, letters), left + 12, top + 27, PALE, whole=panel.note))
        for tick in ticks_of(values)[:: max(1, len(ticks_of(values)) // 4)]:
            body.append(stroke((start, values.at(tick)), (end, values.at(tick)), "plot-grid"))
            body.append(text_of(number_of(tick), start - 6, values.at(tick) + 4, anchor="end"))
        for name, value in panel.levels.items():
            place = f'transform="translate({place_of(start)} {place_of(values.at(value))})"'
            body.append(f"<g {place}>{_level(self.levels.index(name), end - start)}</g>")
        if not self.doses:
            return body
        along = _along(self.doses, start, end)
        taken = start - 2 * _TICK
        for dose in self.doses:
            if along.at(dose) - taken >= _TICK:  # a label that would touch the one before is left out
                taken = along.at(dose)
                body.append(text_of(power_of(dose), taken, bottom + 16, ' font-size="10"', anchor="middle"))
        for name in sorted(self.series, key=lambda one: one == self.focus):
            body += self._line([dot for dot in panel.dots if dot.series == name], name, along, values)
        return body

    def _ends(self, dot: Dot) -> tuple[float | None, float | None]:
        return (dot.low, dot.high) if dot.series == self.focus else (None, None)

    def _line(self, dots: Sequence[Dot], name: str, along: Scale, values: Scale) -> list[str]:
        own = sorted(dots, key=lambda dot: dot.dose)
        marks = []
        if len(own) > 1:
            path = "L".join(f"{place_of(along.at(one.dose))} {place_of(values.at(one.value))}" for one in own)
            marks.append(
                f'<path class="plot-range" d="M{path}" fill="none" stroke="currentColor"'
                f' stroke-width="{2 if name == self.focus else 1.2}"'
                f' stroke-dasharray="{DASHED[self.series[name] % len(DASHED)]}"/>'
            )
        for dot in own:
            x, (low, high) = along.at(dot.dose), self._ends(dot)
            if low is not None and high is not None:
                marks.append(stroke((x, values.at(low)), (x, values.at(high)), "plot-range", width=2))
            place = f"translate({place_of(x)} {place_of(values.at(dot.value))}) scale({_SMALL})"
            shape = shape_of(self.families.index(dot.family), 0, 0, filled=name == self.focus)
            marks.append(f'<g transform="{place}">{shape}</g>')
        return hued(self.series[name], marks)


def _along(doses: Sequence[float], start: float, end: float) -> Scale:
    low, high = doses[0], doses[-1]
    if high < low * 2:  # a single dose stands in the middle
        low, high = low / 2, high * 2
    room = 16.0
    factor = (high / low) ** (room / (end - start - 2 * room))
    return Scale(low / factor, high * factor, start, end, logarithmic=True)


def _level(number: int, length: float) -> str:
    dash = _LEVELS[number % len(_LEVELS)]
    return (
        f'<path class="plot-range" d="M0 0H{place_of(length)}" fill="none" stroke="currentColor"'
        f' stroke-width="1.2" stroke-dasharray="{dash}"/>'
    )


def _words(panel: Panel) -> str:
    scores = [f"{dot.label} {number_of(dot.value)}" for dot in panel.dots]
    scores += [f"{name} {number_of(value)}" for name, value in panel.levels.items()]
    return f"{panel.title} ({panel.note}): {', '.join(scores) or 'no values'}"
