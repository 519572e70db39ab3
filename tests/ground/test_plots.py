"""Plots are well-formed, say their numbers, and need no script, style or id."""

import os
import xml.etree.ElementTree as ElementTree
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.plots import (
    Bar,
    Dot,
    Interval,
    Line,
    Panel,
    Spot,
    alone,
    bar_plot,
    dose_plot,
    front_plot,
    histogram,
    interval_plot,
    line_plot,
    panel_plot,
)

SVG = "{http://www.w3.org/2000/svg}"
DRAFTED = Line("drafted", ((date(2024, 1, 2), 3), (date(2024, 2, 1), 8), (date(2024, 5, 1), 15)))
SENT = Line("sent", ((date(2024, 1, 9), 1), (date(2024, 5, 1), 11)))
DOSES = [
    Dot("small few", "few", "smollm2", 1.35e8, 0.31, 0.22, 0.4),
    Dot("large few", "few", "qwen2", 1.54e9, 0.62, 0.5, 0.71),
    Dot("small zero", "zero", "smollm2", 1.35e8, 0.1, 0.02, 0.2),
]
PANELS = [
    Panel("triage & more", "quadratic kappa", DOSES, {"majority": 0.0, "best without a model": 0.56}),
    Panel("entities", "strict F1", DOSES[:1], {"majority": 0.0}),
    Panel("nothing", "strict F1", [], {}),
    Panel("below zero", "quadratic kappa", [Dot("small zero", "zero", "smollm2", 1.35e8, -0.3)], {}),
]
PLOTS = {
    "intervals": interval_plot(
        [
            Interval("Criteria met <agreement>", 0.86, 0.8, 0.91),
            Interval("Unknown where the note is silent, and more words", 0.55, 0.31, 0.77),
            Interval("Nothing scored", None),
            Interval("One value", 0.7),
        ],
        title="Agreement & more",
        axis="share (95 % interval)",
        limits=(0, 1),
    ),
    "bars": bar_plot([Bar("met", 120), Bar("not met", -34), Bar("none", None)], title="Criteria", axis="n"),
    "lines": line_plot([DRAFTED, SENT], title="Packets", axis="packets"),
    "steps": line_plot([DRAFTED, SENT], title="Packets", axis="packets", step=True, limits=(0, 20)),
    "histogram": histogram([1.2, 2.5, 2.7, 3.1, 4.8, 12], title="Minutes", axis="minutes", bins=6),
    "panels": panel_plot(PANELS, title="Scores", focus="few"),
    "nothing": interval_plot([], title="Nothing", axis="share"),
}


@pytest.mark.parametrize("name", PLOTS)
def test_plots_are_drawn_as_before(name, repo_root):
    """Set POSOLOGY_REFRESH_GOLDEN to write the files anew after looking at the pictures."""
    path = repo_root / "tests" / "ground" / "golden" / f"{name}.svg"
    if os.environ.get("POSOLOGY_REFRESH_GOLDEN"):
        path.write_text(PLOTS[name])
    assert PLOTS[name] == path.read_text()


@pytest.mark.parametrize("svg", PLOTS.values(), ids=PLOTS)
def test_plots_are_images_with_a_title_and_a_description(svg):
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert all(child.text for child in list(root)[:2])


@pytest.mark.parametrize("svg", PLOTS.values(), ids=PLOTS)
def test_plots_pass_a_strict_content_policy_and_follow_the_colour_of_the_page(svg):
    for node in ElementTree.fromstring(svg).iter():
        assert node.tag not in {f"{SVG}script", f"{SVG}style", f"{SVG}image", f"{SVG}foreignObject"}
        assert not [name for name in node.attrib if name in ("style", "id", "href") or name.startswith("on")]
        assert {node.get("fill", "none"), node.get("stroke", "none")} <= {"none", "currentColor"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("intervals", "Criteria met <agreement>: 0.86 (0.8 to 0.91)"),
        ("intervals", "Nothing scored: no value"),
        ("intervals", "Unknown where the note is silent, and more words: 0.55"),
        ("bars", "not met: -34; none: no value"),
        ("lines", "sent: 2024-01-09 1, 2024-05-01 11"),
        ("histogram", "2 to 4: 3"),
        ("panels", "triage & more (quadratic kappa): small few 0.31, large few 0.62, small zero 0.1"),
        ("panels", "nothing (strict F1): no values"),
        ("nothing", "No values."),
    ],
)
def test_the_description_says_every_number(name, words):
    found = ElementTree.fromstring(PLOTS[name]).findtext(f"{SVG}desc")
    assert words in found


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=50)


@settings(max_examples=30)
@given(words, words, st.lists(st.floats(-1e6, 1e6), max_size=4))
def test_any_words_and_numbers_make_a_plot_within_its_frame(title, label, numbers):
    rows = [Interval(label, n, n - 1, n + 2) for n in numbers]
    plots = [
        interval_plot(rows, title=title, axis=label),
        bar_plot([Bar(label, n) for n in numbers], title=title, axis=label),
        line_plot(
            [Line(label, tuple((date(2020, 1, 1 + i), n) for i, n in enumerate(numbers)))],
            title=title,
            axis=label,
        ),
        histogram(numbers, title=title, axis=label),
    ]
    for svg in plots:
        root = ElementTree.fromstring(svg)
        width, height = (float(part) for part in root.get("viewBox").split()[2:])
        for node in root.iter():
            places = [(float(node.get(n, 0)), width) for n in ("x", "cx", "x1", "x2")]
            places += [(float(node.get(n, 0)), height) for n in ("y", "cy", "y1", "y2")]
            assert all(-0.1 <= place <= most + 0.1 for place, most in places)


def test_numbers_beyond_the_limits_widen_them():
    svg = interval_plot([Interval("alpha", 0.2, -0.3, 0.6)], title="t", axis="a", limits=(0, 1))
    assert "-0.4" in [node.text for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_histogram_counts_every_value_once():
    svg = histogram([0, 1, 1, 2, 3, 4, 4], title="t", axis="a", bins=4)
    said = ElementTree.fromstring(svg).findtext(f"{SVG}desc")
    assert said == "a. 0 to 1: 1; 1 to 2: 2; 2 to 3: 1; 3 to 4: 3."


@pytest.mark.parametrize(
    "draw",
    [
        lambda: line_plot([SENT] * 5, title="t", axis="a"),
        lambda: histogram([1.0], title="t", axis="a", bins=0),
        lambda: bar_plot([], title="t", axis="a", limits=(1, 0)),
        lambda: bar_plot([Bar("a", float("inf"))], title="t", axis="a"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw):
    with pytest.raises((ValueError, OverflowError)):
        draw()


def test_large_and_small_ticks_of_a_front_are_short_words():
    def spots(*costs):
        return [Spot(f"s{number}", "f", cost, 0.5, True) for number, cost in enumerate(costs)]

    small = front_plot(spots(2e-6, 1.0), title="t", axis="score", cost_axis="seconds")
    assert ">10⁻⁵<" in small
    assert "e-0" not in small.partition("<desc>")[0] + small.partition("</desc>")[2]
    sizes = front_plot(spots(1.0e8, 1.4e8), title="t", axis="score", cost_axis="parameters")
    assert ">100M<" in sizes
    assert "00000<" not in sizes


def test_a_series_keeps_the_hue_that_its_dots_name():
    dots = [Dot("a", "few", "f", 1e8, 0.5, hue=2), Dot("b", "zero", "f", 1e8, 0.4)]
    drawn = dose_plot(dots, title="t", axis="score")
    assert "plot-hue-2" in drawn
    assert "plot-hue-0" in drawn
    assert "plot-hue-1" not in drawn


def test_only_the_series_in_focus_has_its_intervals():
    drawn = {focus: panel_plot(PANELS, title="t", focus=focus) for focus in ("few", "zero", "")}
    found = {focus: svg.count('<line class="plot-range"') for focus, svg in drawn.items()}
    assert found == {"few": 3, "zero": 1, "": 0}


def test_a_plot_alone_is_legible_on_any_page():
    svg = alone(PLOTS["panels"])
    root = ElementTree.fromstring(svg)
    assert root.get("width") == "960"
    assert root.get("color")
    assert root.find(f"{SVG}rect").get("fill") == "#ffffff"
    assert ".plot-hue-0{color:" in root.findtext(f"{SVG}style")
    assert root.findtext(f"{SVG}desc") == ElementTree.fromstring(PLOTS["panels"]).findtext(f"{SVG}desc")
