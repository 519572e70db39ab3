"""The report is one page without scripts or requests; its data hold the same numbers and no text."""

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from made_titration import TASKS, made_arms, made_items, made_outcomes, made_plan, made_task

from posology.evaluate.alarms import Scored, find_alarms
from posology.evaluate.items import Item, Outcome, Response
from posology.evaluate.references import standing_of
from posology.evaluate.scorers import measures_of
from posology.evaluate.task import Family
from posology.evaluate.titration import Results, analyze, render_report, write_report
from posology.evaluate.titration.arms import Fallen
from posology.evaluate.titration.fronts import Front, Point
from posology.evaluate.titration.pictures import dose_picture, front_pictures
from posology.evaluate.titration.robustness import Robust, Trial, measure_trial
from posology.evaluate.titration.tables import fallen_table, robustness_table, untried_lines
from posology.statistics import Difference, Estimate

VOID = {"meta", "link", "br", "wbr", "path", "line", "circle", "rect"}


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        values = dict(attrs)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    plan = made_plan(tmp_path_factory.mktemp("plan"))
    items = made_items(60)
    before = made_outcomes(items, 0.9, seed=1)
    after = tuple(
        replace(one, item=replace(one.item, id=f"{one.item.id}#kind=typos"))
        for one in made_outcomes(items, 0.6, seed=2)
    )
    robust = measure_trial(
        Trial("made_triage", "small zero", "typos", before, after, {"no word to mistype": 2}),
        measures_of(plan.tasks[0])[0],
        seed=0,
    )
    arms = (*made_arms(), *[one for one in made_arms("made_claims", lift=-0.3) if one.name != "middle zero"])
    fallen = (Fallen("made_claims", "middle zero", "the engine <died>"),)
    return analyze(plan, Results(arms, fallen, (robust,), ("a" * 64, plan.sha256)), rounds=200)


@pytest.fixture(scope="module")
def page(study):
    return render_report(study)


def test_the_page_is_well_formed_and_asks_for_nothing(page):
    reader = _Reader()
    reader.feed(page)
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
    assert not reader.tags & {"script", "img", "iframe", "object", "link"}
    assert not re.search(r"\bsrc=|url\(|@import|\son\w+=", page)


def test_the_page_says_its_sentences_hash_failures_and_limits(page, study):
    for words in (
        study.dose.sentence,
        *(task.dose.sentence for task in study.tasks),
        study.plan.sha256,
        "the engine &lt;died&gt;",
        "a code model",
        "The plan was changed after a run had begun",
        "with a power of 80 %",
        "no word to mistype",
    ):
        assert words in page


def test_no_text_of_items_is_shown_unless_asked(study, page, tmp_path):
    assert "has had pain" not in page
    assert "has had pain" in render_report(study, with_text=True)
    write_report(study, tmp_path)
    for path in tmp_path.iterdir():
        assert "has had pain" not in path.read_text()


def test_the_tables_hold_what_the_page_shows(study, tmp_path):
    write_report(study, tmp_path)
    record = json.loads((tmp_path / "study.json").read_text())
    rows = list(csv.DictReader(io.StringIO((tmp_path / "scores.csv").read_text())))
    mine = next(row for row in rows if row["task"] == "made_triage" and row["arm"] == "large zero")
    arm = next(one for one in record["tasks"][0]["arms"] if one["name"] == "large zero")
    assert mine["measure"] == "macro-F1"
    assert float(mine["value"]) == arm["measures"]["macro-F1"]["value"]
    assert f"{float(mine['value']):.3f}" in (tmp_path / "report.html").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {
        "report.html", "study.json", "scores.csv", "differences.csv", "costs.csv", "slices.csv",
        "robustness.csv", "overview.svg",
    }  # fmt: skip


def test_a_cost_too_small_to_read_is_said_to_be_small(page, study):
    assert study.tasks[0].rows[0].arm.figure("latency_p50").value == 1e-5
    assert "&lt; 0.001" in page
    assert not re.search(r">\d[\d.]*e-\d", page)


def test_a_strategy_has_the_same_hue_on_every_task(study):
    order = ["zero", "few+constrained"]
    later = replace(study.tasks[0], rows=study.tasks[0].rows[3:])  # here the other strategy comes first
    whole, part = dose_picture(study.tasks[0], order), dose_picture(later, order)
    keys = [
        re.findall(r'plot-hue-(\d)"><?\n?<path class="plot-range" d="M0 0H26"', one) for one in (whole, part)
    ]
    assert keys == [["0", "1"]] * 2


def test_changes_that_no_item_could_bear_are_said_once_and_leave_no_row(study):
    none = Robust(
        "made_triage", "small zero", "sex", "macro-F1", 0, Difference(None, 0), Estimate(None, 0), None,
        {"no word of a sex": 8},
    )  # fmt: skip
    both = (none, replace(none, arm="large zero"), *study.robust)
    assert untried_lines(both) == ["sex on made_triage: no item could be changed (8: no word of a sex)."]
    assert [row.cells[0] for row in robustness_table(both).rows] == ["typos"]
    assert "no item could be changed" in render_report(replace(study, robust=both))


def test_arms_that_fell_for_one_reason_share_a_line(study):
    fallen = tuple(Fallen("made_claims", f"arm {number}", "not run yet") for number in range(5))
    rows = fallen_table(replace(study, fallen=(*study.fallen, *fallen))).rows
    assert [row.cells[1] for row in rows] == ["middle zero", "5 arms: arm 0, arm 1, arm 2, arm 3, arm 4"]


def test_a_report_by_another_plan_than_the_results_says_so(study):
    assert "made with another plan than this report reads" in render_report(replace(study, plans=("b" * 64,)))


def test_one_size_of_model_has_no_front_of_sizes(study):
    task = study.tasks[0]
    small = replace(task, fronts=(Front("parameters", {"a": Point(1.0, 0.2), "b": Point(1.0, 0.3)}, ("b",)),))
    assert front_pictures(small) == []


def test_the_same_study_gives_the_same_page(study, page):
    assert render_report(study) == page


@pytest.mark.parametrize(
    ("value", "n", "size", "model", "card", "cause"),
    [
        (0.9, 100, 135_000_000, True, {"alarm": (0.8, 200_000_000)}, "too good for its size"),
        (0.9, 100, 300_000_000, True, {"alarm": (0.8, 200_000_000)}, "above far larger models"),
        (0.7, 100, 135_000_000, True, {"alarm": (0.8, 200_000_000)}, None),
        (0.9, 19, 135_000_000, True, {"alarm": (0.8, 200_000_000)}, None),  # too few items
        (1.0, 100, None, True, {}, "perfect"),
        (1.0, 100, None, False, {}, "no model needed"),
        (0.95, 100, None, False, {}, None),
        (0.95, 100, 135_000_000, True, {}, "above far larger models"),
        (0.95, 100, 1_500_000_000, True, {}, None),  # the published one is less than ten times as large
        (0.83, 100, 135_000_000, True, {}, None),  # its interval holds the published score
    ],
)
def test_a_score_that_is_too_good_raises_an_alarm(value, n, size, model, card, cause):
    task = replace(made_task(**card), family=Family.QUESTIONS)
    found = find_alarms(
        task, [Scored("x", Estimate(value, n, value - 0.05, min(1.0, value + 0.05)), size, model)]
    )
    assert [one.cause for one in found] == ([cause] if cause else [])


def test_a_published_score_stands_beside_ours_only_for_the_same_split_and_measure():
    task = TASKS["made_triage"]
    ours, official = task.card.references
    assert standing_of(task, ours) == "beside"
    assert standing_of(task, official) == "other split"
    assert standing_of(task, replace(ours, metric="BLEU")) == "other measure"
    by_source = replace(
        task, shares=replace(task.shares, tune=0.8, select=0.2, report=0.0, part_of=lambda item: None)
    )
    assert standing_of(by_source, official) == "beside"


def test_a_trial_pairs_changed_items_with_their_originals(study):
    robust = study.robust[0]
    assert robust.n == 60
    assert robust.gap.value < 0
    assert 0 < robust.changed.value < 1
    assert robust.yielded is None


def test_all_tasks_are_drawn_side_by_side_and_as_a_file_of_its_own(study, tmp_path):
    page = write_report(study, tmp_path).read_text(encoding="utf-8")
    drawn = (tmp_path / "overview.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(drawn)
    told = root.findtext("{http://www.w3.org/2000/svg}desc")
    for task in study.tasks:
        assert f"{task.task.name} ({task.task.metric}): " in told
    assert "the best without a model" in told
    assert "<title>Scores against parameters</title>" in page


def test_options_in_another_order_count_where_both_orders_are_right():
    first, second = ("A", "A", "B", "B"), ("B", "A", "B", "A")
    items = [Item(f"q{n}", f"q{n}", "", "A", options=("one", "two")) for n in range(4)]
    turned = [Item(f"q{n}#kind=options", f"q{n}", "", "B", options=("two", "one")) for n in range(4)]
    trial = Trial(
        "made",
        "arm",
        "options",
        [Outcome(item, Response(said)) for item, said in zip(items, first, strict=True)],
        [Outcome(item, Response(said)) for item, said in zip(turned, second, strict=True)],
        {},
    )
    asked = replace(made_task("made_options"), labels=(), metric="accuracy")
    accuracy = next(one for one in measures_of(asked) if one.name == "accuracy")
    found = measure_trial(trial, accuracy, seed=1, rounds=200)
    assert found.yielded.value == 0.25, "right in both orders: the first alone"
    assert found.changed.value == 0.5
