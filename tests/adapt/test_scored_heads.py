"""The report card of a head: its scores beside the best that needs no model, on the same items."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from posology.adapt.card import UNSCORED, scored_card
from posology.adapt.encoders.run import INT8, run_encode
from posology.adapt.tuned import read_tuned
from tests.adapt.made_encoder import NEEDS_HEADS, job, recipe, texts, write_encoder
from tests.cli.cli_runs import run

pytestmark = NEEDS_HEADS

HELPS = """
posology = "task/1"
name = "helps"
kind = "choice"
labels = ["no", "yes"]
instruction = "Does it help?"
file = "items.jsonl"
"""
TUNE = [one for filler in (0, 2) for one in texts(12, f"t{filler}-", filler)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a trained head and a task of other texts that it can answer."""
    folder = tmp_path_factory.mktemp("heads")
    made = recipe(write_encoder(folder / "base"), "sequence", top='about = "Says whether it helps."')
    run_encode(made, job(folder / "head", TUNE, texts(12, "s", filler=1)))
    rows = [
        {"id": f"i{n}", "text": f"{'fever and cough ' * (1 + n // 6)}{one.first}", "gold": one.label}
        for n, one in enumerate(texts(72, "r"))
    ]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "helps.toml").write_text(HELPS)
    return folder


@pytest.fixture(scope="module")
def scores(home: Path) -> dict[str, Any]:
    """Return the head's scores, written into its folder by the command."""
    assert UNSCORED in (home / "head" / "card.md").read_text()
    ran = run("adapt", "score", home / "head", "--task", home / "helps.toml", "--watts", 50)
    assert ran.code == 0, ran.err
    assert "Forgetting" not in ran.out
    found: dict[str, Any] = json.loads((home / "head" / "scores.json").read_text())
    return found


def test_scores_are_those_of_posology_evaluate_of_the_head_and_of_counting_words(
    home: Path, scores: dict, tmp_path: Path
) -> None:
    words = ["--model", home / "head", "--system", "tf-idf", "--n", 100, "--out", tmp_path / "out", "--json"]
    ran = run("evaluate", home / "helps.toml", *words)
    assert ran.code == 0, ran.err
    theirs = {one["arm"]["name"]: one["measures"] for one in json.loads(ran.out)}
    (task,) = scores["tasks"]
    assert set(task["arms"]) == {"tuned", "counting"}
    assert task["arms"]["tuned"]["measures"] == theirs["head"]
    assert task["arms"]["counting"]["measures"] == theirs["tf-idf"]
    difference = theirs["head"][0]["value"] - theirs["tf-idf"][0]["value"]
    assert task["differences"]["counting"]["difference"] == pytest.approx(difference, abs=1e-6)
    assert scores["model"]["kind"] == "encode"


def test_the_card_tells_data_cost_of_training_and_scores_and_nothing_of_forgetting(
    home: Path, scores: dict
) -> None:
    told = (home / "head" / "card.md").read_text()
    found = scores["tasks"][0]["arms"]["tuned"]["measures"][0]
    assert f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]" in told
    assert "| helps | counting or rules: tf-idf | 0 |" in told
    assert "head less counting or rules" in told
    assert "energy: not measured" in told
    assert UNSCORED not in told
    assert "Forgetting" not in told
    titles = ("## What it learned from", "## How it learned", "## Scores", "## Limits")
    order = [told.index(one) for one in titles]
    assert order == sorted(order)
    assert scored_card(told, scores) == told


def test_entities_have_a_row_for_each_kind(scores: dict) -> None:
    told = copy.deepcopy(scores)
    for arm in told["tasks"][0]["arms"].values():
        primary = arm["measures"][0]
        arm["measures"] += [
            primary | {"name": f"{primary['name']}: {kind}", "value": value, "low": None, "high": None}
            for kind, value in (("Chemical", 0.9), ("Disease", 0.8))
        ]
    card = scored_card("# head\n", told)
    assert "| helps | macro-F1: Chemical | " in card
    assert "| 0.900 | 0.900 | - |" in card


def test_what_nothing_else_can_answer_is_scored_alone(scores: dict) -> None:
    told = copy.deepcopy(scores)
    (task,) = told["tasks"]
    del task["arms"]["counting"], task["differences"]["counting"]
    rows = [
        row for row in scored_card("# head\n", told).splitlines() if row.startswith("| helps | macro-F1 |")
    ]
    assert len(rows) == 1
    assert rows[0].endswith("| - | - |")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--text", "HOME/items.jsonl"], "a head writes no text"),
        (["--base", "HOME/base"], "leave --base out"),
        (["--task", "pubmedqa"], "no data folder"),
    ],
)
def test_what_a_head_cannot_be_asked_is_refused(
    home: Path, scores: dict, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.delenv("POSOLOGY_DATA", raising=False)
    before = (home / "head" / "card.md").read_bytes()
    task = [] if "--task" in words else ["--task", home / "helps.toml"]
    ran = run("adapt", "score", home / "head", *task, *(one.replace("HOME", str(home)) for one in words))
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())
    assert (home / "head" / "card.md").read_bytes() == before


def test_a_head_in_int8_tells_its_base_although_it_was_made_of_another_head(home: Path) -> None:
    whole, small = read_tuned(home / "head"), read_tuned(home / "head" / INT8)
    assert small.is_head
    assert small.base == whole.base
    assert len(small.base["sha256"]) == 64
