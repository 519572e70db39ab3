"""Answers that are kept come back as they were, without the words of the items, and are scored as before."""

import gzip
import importlib
import json
import sys
from pathlib import Path

import pytest

from posology.evaluate.items import Answer, Item, Mention, Outcome, Response
from posology.evaluate.scorers import measures_of
from posology.evaluate.tasks import TASKS

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")
sys.path.insert(0, BENCHMARKS)  # a script there reads its neighbours by their bare names
try:
    dose_seeds = importlib.import_module("dose_seeds")
finally:
    sys.path.remove(BENCHMARKS)

TEXT = "Chorea of the hands, no ataxia."


def _item(number: int, gold: Answer, text: str = TEXT) -> Item:
    return Item(f"i{number}", f"g{number // 2}", text, gold)


@pytest.mark.parametrize(
    ("task", "response"),
    [
        ("ktas_triage", Response("3", scores={"3": 0.7})),
        ("ktas_triage", Response(None, failure="parse: no label", text="perhaps")),
        ("ncbi_disease", Response((Mention(0, 6, "disease", "Chorea"), Mention(-1, -1, "disease", "gout")))),
        ("ncbi_disease", Response(())),
        ("codiesp_en", Response(("I10", "K74.60"))),
        ("openi_indiana_reports", Response("No acute disease.")),
        ("ktas_triage", Response(None, abstained=True)),
    ],
)
def test_an_answer_comes_back_as_it_was_and_holds_no_words_of_the_item(task: str, response: Response) -> None:
    item = _item(1, ())
    row = json.loads(json.dumps(dose_seeds._packed(Outcome(item, response))))
    assert "Chorea" not in json.dumps(row)
    found = dose_seeds._unpacked(row, item, TASKS[task]).response
    assert (found.answer, found.failure, found.abstained) == (
        response.answer,
        response.failure,
        response.abstained,
    )


def test_a_row_has_each_seed_their_mean_and_what_it_says_of_rivals() -> None:
    golds = ["2", "3", "4", "3"] * 10
    items = [_item(number, gold) for number, gold in enumerate(golds)]
    right = [Outcome(item, Response(str(item.gold))) for item in items]
    constant = [Outcome(item, Response("3")) for item in items]
    kappa = measures_of(TASKS["ktas_triage"])[0]
    row = dose_seeds.row_of(
        TASKS["ktas_triage"], kappa, {"seed-0": right, "seed-1": constant}, {"tf-idf": constant}, {}
    )
    assert row["measure"] == kappa.name == "quadratic kappa"
    assert row["runs"] == {"seed-0": pytest.approx(1.0), "seed-1": pytest.approx(0.0)}
    assert row["mean"] == pytest.approx(0.5)
    against = row["against"]["counting"]
    assert (against["arm"], against["says"]) == ("tf-idf", "won")
    assert against["difference"] == pytest.approx(0.5)
    assert row["against"]["1.5B"] is None
    assert against["paired"]


@pytest.mark.parametrize(
    ("told", "says"),
    [((0.2, 0.1, 0.3), "won"), ((0.95, 0.5, 1.0), "open"), ((0.2, -0.9, 1.3), "open")],
)
def test_a_rival_that_was_not_asked_again_stands_with_its_first_score_and_is_not_paired(
    told: tuple[float, float, float], says: str
) -> None:
    items = [_item(number, gold) for number, gold in enumerate(["2", "3", "4", "3"] * 10)]
    right = [Outcome(item, Response(str(item.gold))) for item in items]
    kappa, arm = measures_of(TASKS["ktas_triage"])[0], dose_seeds.RIVALS["1.5B"][0]
    first = {("ktas_triage", arm, kappa.name): told, ("pubmedqa", arm, kappa.name): (9.0, 9.0, 9.0)}
    found = dose_seeds.row_of(TASKS["ktas_triage"], kappa, {"seed-0": right}, {}, first)["against"]["1.5B"]
    assert (found["says"], found["paired"], found["arm"]) == (says, False, arm)
    assert found["difference"] == pytest.approx(1.0 - told[0])
    assert found["high"] - found["low"] >= told[2] - told[1] - 1e-9, "no narrower than the rival's own"


def test_the_scores_of_the_first_study_are_read() -> None:
    found = dose_seeds.first_scores()
    value, low, high = found["ktas_triage", dose_seeds.RIVALS["1.5B"][0], "quadratic kappa"]
    assert low < value < high


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (
            ("qwen few", "qwen few+constrained", "qwen few+constrained+calibrated"),
            "qwen few+constrained+calibrated",
        ),
        (("qwen few", "qwen few+constrained"), "qwen few+constrained"),  # entities are not calibrated
        (("qwen few",), "qwen few"),  # texts are written freely
        (("other few",), None),
    ],
)
def test_a_rival_stands_with_as_many_strategies_as_its_task_takes(
    there: tuple[str, ...], taken: str | None
) -> None:
    arms: dict[str, list[Outcome]] = {name: [] for name in there}
    found = dose_seeds._first(arms, ["qwen few+constrained+calibrated"])
    assert (found and found[0]) == taken


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (("ncbi tuned", "ncbi tuned+constrained"), "ncbi tuned+constrained"),
        (("openi tuned",), "openi tuned"),
        (("ktas_triage",), "ktas_triage"),  # a head has no strategy
        (("qwen few", "tf-idf"), None),
    ],
)
def test_what_was_tuned_is_an_adapter_or_a_head(there: tuple[str, ...], taken: str | None) -> None:
    arms = {name: [Outcome(_item(0, "2"), Response(name))] for name in there}
    found = dose_seeds._ours("ktas_triage", arms)
    assert (found and found[0].response.answer) == taken


def test_a_head_and_an_adapter_in_one_run_are_told_apart_by_a_person() -> None:
    arms = {name: [Outcome(_item(0, "2"), Response("2"))] for name in ("ktas_triage", "ktas_triage tuned")}
    with pytest.raises(SystemExit, match="keep one of them"):
        dose_seeds._ours("ktas_triage", arms)


def test_beside_the_first_study_what_was_not_trained_anew_counts_as_it_was() -> None:
    def first(task: str, score: float, rival: float | None) -> dict[str, object]:
        against: dict[str, object] = dict.fromkeys(dose_seeds.RIVALS)
        return {"task": task, "score": score, "against": against | {"1.5B": rival and {"score": rival}}}

    rows = [{"task": "a", "mean": 0.6}]
    studied = [first("a", 0.0, 0.3), first("b", 0.1, 0.4), first("c", 0.9, None)]
    found = dose_seeds.combined(rows, studied)
    assert found["trained_anew"] == ["a"]
    assert found["against"]["1.5B"] == {"tasks": 2, "mean_difference": pytest.approx(0.0)}
    assert found["against"]["encoder"] == {"tasks": 0, "mean_difference": None}


def test_a_kept_run_of_other_items_is_refused(tmp_path: Path) -> None:
    class Bench:
        def items(self, task: object) -> list[Item]:
            return [_item(1, "3")]

    arm = {"items_sha256": "of other items", "answers": [["i1", "3", "", False]]}
    told = {"tasks": {"ktas_triage": {"smollm2 tuned": arm}}}
    path = tmp_path / "seed-0.json.gz"
    path.write_bytes(gzip.compress(json.dumps(told).encode()))
    with pytest.raises(SystemExit, match="the items are not those that smollm2 tuned answered"):
        dose_seeds._read(path, Bench())
