"""The parts that plots are drawn with: scales, ticks, text, strokes, and the frame with its description."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = [
    "DASHES",
    "HEIGHT",
    "LETTER",
    "LONGEST",
    "PALE",
    "RIGHT",
    "ROW",
    "TOP",
    "WIDTH",
    "Limits",
    "Place",
    "Scale",
    "across",
    "label",
    "number_of",
    "place_of",
    "power_of",
    "range_of",
    "said",
    "short",
    "stroke",
    "svg_of",
    "text_of",
    "ticks_below",
    "ticks_beside",
    "ticks_of",
    "upright",
]

Limits = tuple[float, float]
Place = tuple[float, float]

WIDTH = 640.0
ROW = 28.0
LETTER = 6.8  # width of a letter of 12 units, on average
RIGHT = 28.0
TOP = 36.0  # below the title
HEIGHT = 220.0  # of a line plot or histogram, its axis' name included
PALE = ' fill-opacity="0.75"'
DASHES = ("none", "7 4", "2 3", "9 3 2 3")

_SMALL = 1e-3  # below it an axis counts in powers of ten
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MANY = 1e5  # from here on an axis counts in thousands, millions and more

LONGEST = 34  # letters of a row's label


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places along one axis, by their logarithm where it is logarithmic."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Return the place of a value."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def svg_of(height: float, title: str, description: str, body: Sequence[str]) -> str:
    """Return a plot with its title and a description that says every number."""
    size = f"0 0 {place_of(WIDTH)} {place_of(height)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" class="plot" viewBox="{size}" width="100%"'
        ' fill="currentColor" stroke="none" font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(description)}</desc>",
        text_of(title, 12, 20, ' font-weight="600"'),
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def said(axis: str, words: Sequence[str]) -> str:
    """Return a plot's description: its axis, then what it shows."""
    return f"{axis}. " + ("; ".join(words) + "." if words else "No values.")


def ticks_below(scale: Scale, bottom: float, axis: str, *, grid: bool = True) -> list[str]:
    """Draw the axis below a plot."""
    marks = []
    for tick in ticks_of(scale):
        x = scale.at(tick)
        marks.append(stroke((x, TOP if grid else bottom), (x, bottom + 4), "plot-grid"))
        shown = power_of(tick) if scale.logarithmic or abs(tick) >= _MANY else number_of(tick)
        marks.append(text_of(shown, x, bottom + 18, anchor="middle"))
    return [*marks, text_of(axis, (scale.start + scale.end) / 2, bottom + 36, anchor="middle")]


def ticks_beside(upright: Scale, along: Scale, axis: str) -> list[str]:
    """Draw the axis beside a plot."""
    marks = [text_of(axis, 12, TOP + 2, PALE)]
    for tick in ticks_of(upright):
        y = upright.at(tick)
        marks.append(stroke((along.start, y), (along.end, y), "plot-grid"))
        marks.append(text_of(number_of(tick), along.start - 8, y + 4, anchor="end"))
    return marks


def label(words: str, x: float, y: float, *, anchor: str = "start", letters: int = LONGEST) -> str:
    """Return a label, cut where it is too long; the whole one is shown on hovering."""
    return text_of(short(words, letters), x, y, anchor=anchor, whole=words)


def text_of(
    text: str, x: float, y: float, attributes: str = "", *, anchor: str = "start", whole: str = ""
) -> str:
    """Return a text; ``whole`` is shown on hovering where it says more."""
    title = f"<title>{escape(whole)}</title>" if whole and whole != text else ""
    place = f'x="{place_of(x)}" y="{place_of(y)}" text-anchor="{anchor}"'
    return f'<text class="plot-text" {place}{attributes}>{title}{escape(text)}</text>'


def stroke(start: Place, end: Place, css: str, *, width: int = 1) -> str:
    """Return a straight line."""
    (x1, y1), (x2, y2) = start, end
    ends = f'x1="{place_of(x1)}" y1="{place_of(y1)}" x2="{place_of(x2)}" y2="{place_of(y2)}"'
    pale = ' stroke-opacity="0.25"' if css == "plot-grid" else ""
    return f'<line class="{css}" {ends} stroke="currentColor" stroke-width="{width}"{pale}/>'


def across(
    numbers: Sequence[float], limits: Limits | None, labels: Sequence[str], letters: int = LONGEST
) -> Scale:
    """Return the scale from left to right beside labels of rows."""
    low, high = range_of(numbers, limits)
    widest = max((len(short(words, letters)) for words in labels), default=0)
    return Scale(low, high, 28 + widest * LETTER, WIDTH - RIGHT)


def upright(numbers: Sequence[float], limits: Limits | None) -> Scale:
    """Return the scale from the bottom to the top."""
    low, high = range_of(numbers, limits)
    return Scale(low, high, TOP + HEIGHT, TOP + 24)


def range_of(numbers: Sequence[float], limits: Limits | None) -> Limits:
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


def ticks_of(scale: Scale) -> list[float]:
    """Return the round values that an axis names."""
    low, high = scale.low, scale.high
    if scale.logarithmic:
        return _decades(low, high)
    step = _step(high - low)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Return powers of ten, with their doubles and fives where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    apart = max(1, math.ceil((last - first) / 8))
    factors = (1, 2, 5) if last - first <= 3 else (1,)
    found = [10.0**power * factor for power in range(first, last + 1, apart) for factor in factors]
    return [tick for tick in found if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]


def power_of(value: float) -> str:
    """Write a value of a logarithmic axis: 10⁻⁵, 0.001, 500, 20k, 135M, 1.5B."""
    if 0 < value < _SMALL * (1 - 1e-9):
        digits, _, power = f"{value:.0e}".partition("e")
        return f"{'' if digits == '1' else digits + '·'}10{str(int(power)).translate(_RAISED)}"
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size * (1 - 1e-9):
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _step(width: float) -> float:
    """Return 1, 2 or 5 times a power of ten that divides the width into four to ten parts."""
    if not (math.isfinite(width) and width > 0):
        raise ValueError("a plot shows finite numbers only")
    power = 10.0 ** math.floor(math.log10(width / 4))
    return next(power * factor for factor in (5, 2, 1) if width / (power * factor) >= 4)


def short(words: str, letters: int = LONGEST) -> str:
    """Return a label that fits beside a row."""
    return words if len(words) <= letters else words[: letters - 1].rstrip() + "…"


def number_of(value: float | None) -> str:
    """Write a number, or that there is none."""
    if value is None:
        return "no value"
    return f"{value:.3g}" if 0 < abs(value) < 0.001 else f"{round(value, 4):.10g}"


def place_of(value: float) -> str:
    """Write a place in the plot."""
    return f"{value:.1f}".removesuffix(".0")
