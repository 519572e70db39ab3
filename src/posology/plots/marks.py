"""Shapes of marks, hues of series and the legend that names them."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from posology.plots.drawing import LETTER, WIDTH, place_of, text_of

__all__ = ["DASHED", "HUES", "SHAPES", "apart", "hued", "legend_of", "line_key", "mark_key", "shape_of"]

HUES = 8
DASHED = ("none", "7 4", "2 3", "9 3 2 3", "12 4", "4 2 1 2", "1 2", "14 3 3 3 3 3")
SHAPES = (
    "M{w} 0A{r} {r} 0 1 1 {e} 0A{r} {r} 0 1 1 {w} 0Z",  # circle
    "M{w} {n}H{e}V{s}H{w}Z",  # square
    "M0 {n}L{e} {s}H{w}Z",  # triangle
    "M0 {N}L{E} 0L0 {S}L{W} 0Z",  # diamond
    "M0 {s}L{e} {n}H{w}Z",  # triangle on its point
    "M{w} {n}H{e}L{w} {s}H{e}Z",  # hourglass
    "M{w} {n}V{s}L{e} {n}V{s}Z",  # bow
    "M{w} 0L{h} {n}H{k}L{e} 0L{k} {s}H{h}Z",  # hexagon
)

_RADIUS = 5.0
_LINE = 18.0  # height of a line of the legend


def shape_of(number: int, x: float, y: float, *, filled: bool = True) -> str:
    """Return a mark of the shape with this number at a place; a hollow one shows what is behind it."""
    r = _RADIUS
    path = SHAPES[number % len(SHAPES)].format(
        r=r, w=-r, e=r, n=-r, s=r, W=-r * 1.3, E=r * 1.3, N=-r * 1.3, S=r * 1.3, h=-r / 2, k=r / 2
    )
    fill = "" if filled else ' fill="none"'
    return (
        f'<path class="plot-mark" transform="translate({place_of(x)} {place_of(y)})" d="{path}"{fill}'
        ' stroke="currentColor" stroke-width="1.5"/>'
    )


def hued(number: int, marks: Iterable[str]) -> list[str]:
    """Return marks of one series: a style sheet may give its class a colour."""
    return [f'<g class="plot-hue-{number % HUES}">', *marks, "</g>"]


def line_key(number: int, words: str) -> tuple[list[str], str]:
    """Return the entry of a legend for a series that is drawn as a line."""
    dash = DASHED[number % len(DASHED)]
    line = (
        f'<path class="plot-range" d="M0 0H26" fill="none" stroke="currentColor" stroke-width="2"'
        f' stroke-dasharray="{dash}"/>'
    )
    return hued(number, [line]), words


def mark_key(number: int, words: str) -> tuple[list[str], str]:
    """Return the entry of a legend for a shape."""
    return [shape_of(number, 13, 0)], words


def legend_of(entries: Sequence[tuple[list[str], str]], top: float) -> tuple[list[str], float]:
    """Return the legend from a height on, in as many lines as it needs, and where it ends."""
    body: list[str] = []
    x, y = 12.0, top
    for marks, words in entries:
        width = 46 + len(words) * LETTER
        if x > 12 and x + width > WIDTH - 8:
            x, y = 12.0, y + _LINE
        body += [f'<g transform="translate({place_of(x)} {place_of(y)})">', *marks, "</g>"]
        body.append(text_of(words, x + 34, y + 4))
        x += width
    return body, (y + _LINE if entries else top)


def apart(places: Sequence[float], *, least: float = 14.0) -> list[float]:
    """Return heights near the given ones that are at least so far apart, in the same order."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    found = list(places)
    for before, after in pairwise(order):
        found[after] = max(found[after], found[before] + least)
    overshoot = max(found, default=0.0) - max(places, default=0.0)
    return [place - overshoot / 2 for place in found]
