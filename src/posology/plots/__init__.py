"""Plots as accessible SVG text: intervals, bars, lines over time, histograms, doses and fronts.

Each function returns one ``<svg role="img">`` with its title and a description that says every number.
There is no style attribute, script or id: pages under a strict content security policy take it as it is,
any number of times. Everything is drawn in ``currentColor``, so it follows the page's light or dark text; the
classes ``plot``, ``plot-grid``, ``plot-mark``, ``plot-range`` and ``plot-text`` are there for style sheets,
and ``plot-hue-0`` to ``plot-hue-7`` for series: what a hue tells apart, dashes or shapes tell apart too.
``limits`` are the least that an axis shows: it grows where a number lies beyond. A table of the same numbers
beside the plot is the caller's.
"""

from posology.plots.doses import Dot, Level, dose_plot
from posology.plots.fronts import Spot, front_plot
from posology.plots.lines import Line, histogram, line_plot
from posology.plots.panels import Panel, panel_plot
from posology.plots.rows import Bar, Interval, bar_plot, interval_plot
from posology.plots.standing import alone

__all__ = [
    "Bar",
    "Dot",
    "Interval",
    "Level",
    "Line",
    "Panel",
    "Spot",
    "alone",
    "bar_plot",
    "dose_plot",
    "front_plot",
    "histogram",
    "interval_plot",
    "line_plot",
    "panel_plot",
]
