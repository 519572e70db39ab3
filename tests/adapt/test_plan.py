"""What a plan says is what a run then does."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.adapt.batches import Order, pieces, share_of
from posology.adapt.loop import learning_rate, total_steps
from posology.adapt.plan import require_room
from posology.adapt.recipe import Optimizer
from posology.errors import OutputError
from tests.adapt.tuning import job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH

if TYPE_CHECKING:
    from posology.adapt.plan import Plan

LENGTHS = st.lists(st.integers(1, 50), min_size=1, max_size=40)


@settings(max_examples=40)
@given(lengths=LENGTHS, batch=st.integers(1, 8), seed=st.integers(0, 3))
def test_every_example_is_seen_once_an_epoch_and_like_lengths_together(lengths, batch, seed) -> None:
    order = Order(lengths, batch, seed)
    for epoch in (0, 1):
        steps = range(epoch * order.steps_per_epoch, (epoch + 1) * order.steps_per_epoch)
        seen = [row for step in steps for row in order.step(step)]
        assert sorted(seen) == list(range(len(lengths)))
    again = Order(lengths, batch, seed)
    assert again.step(order.steps_per_epoch) == order.step(order.steps_per_epoch)


@settings(max_examples=40)
@given(lengths=LENGTHS, most=st.integers(1, 120))
def test_pieces_hold_every_example_once_within_their_bound(lengths, most) -> None:
    found = pieces(range(len(lengths)), lengths, most)
    assert sorted(row for piece in found for row in piece) == list(range(len(lengths)))
    assert all(len(piece) == 1 or len(piece) * max(lengths[row] for row in piece) <= most for piece in found)


@settings(max_examples=20)
@given(lengths=LENGTHS, processes=st.integers(1, 4))
def test_processes_share_a_step_without_overlap(lengths, processes) -> None:
    rows = list(range(len(lengths)))
    shares = [share_of(rows, lengths, process, processes) for process in range(processes)]
    assert sorted(row for share in shares for row in share) == rows
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_the_rate_rises_then_falls_and_is_never_zero(schedule) -> None:
    optimizer = Optimizer(lr=1.0, schedule=schedule, warmup=0.2)
    rates = [learning_rate(optimizer, step, 50) for step in range(1, 51)]
    assert rates[:10] == pytest.approx([step / 10 for step in range(1, 11)])
    assert rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert min(rates) > 0


def test_epochs_become_steps() -> None:
    assert total_steps(Optimizer(epochs=2.0, batch=16), 33) == 6
    assert total_steps(Optimizer(epochs=0.01, batch=16), 33) == 1
    assert total_steps(Optimizer(steps=7, epochs=9.0), 33) == 7


def test_a_disk_without_room_is_said_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"needs 1000000000.00 GB of disk, .* are free; make room"):
        require_room(tmp_path / "out", 10**18)
    require_room(tmp_path / "not" / "there" / "yet", 1)


@NEEDS_TORCH
def test_a_plan_counts_the_tokens_that_the_run_then_reports(tmp_path: Path) -> None:
    from dataclasses import replace

    from posology.adapt.running import plan_recipe, run_recipe

    folder = write_bench(tmp_path)
    job = replace(job_of(folder), watts=100.0)
    plan = plan_recipe(recipe_of(), job)
    assert not (folder / "out").exists()
    assert not (folder / "out.work").exists()
    made = run_recipe(recipe_of(), job)
    report = json.loads((made / "report.json").read_text())
    measured = plan.tokens - report["tokens"]
    assert plan.steps == report["steps"]
    assert plan.examples == report["examples"]
    assert 0 < measured < report["tokens"]  # three measurements on three examples
    assert plan.memory_bytes is not None
    assert plan.memory_bytes > 0
    assert plan.seconds is not None
    assert plan.energy_wh == pytest.approx(plan.seconds * 100 / 3600)
    written = sum(path.stat().st_size for path in made.iterdir())
    assert plan.disk_bytes is not None
    assert plan.disk_bytes > written


@NEEDS_TORCH
def test_a_stated_speed_is_taken_and_what_was_not_measured_stays_unknown(tmp_path: Path) -> None:
    from dataclasses import replace

    from posology.adapt.running import plan_recipe

    folder = write_bench(tmp_path)
    plan = plan_recipe(recipe_of(), replace(job_of(folder), tokens_per_second=100.0))
    assert plan.memory_bytes is None
    assert plan.energy_wh is None
    assert plan.seconds is not None
    assert plan.seconds < plan.tokens / 100
    assert [(one.basis, one.how) for one in plan.lines if one.what == "memory"] == [
        ("unknown", "nothing was run")
    ]


def _planned_and_made(recipe: Any, folder: Path) -> "tuple[Plan, dict[str, Any], Path]":
    """Plan a recipe, then make it; return the plan, the report and the folder."""
    from posology.adapt.job import Job
    from posology.adapt.running import plan_recipe, run_recipe

    job = Job(folder / "out", folder, home=folder / "home", watts=50.0)
    plan = plan_recipe(recipe, job)
    assert not (folder / "out").exists()
    assert not (folder / "out.work").exists()
    made = run_recipe(recipe, job)
    written = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    assert plan.disk_bytes is not None
    assert plan.disk_bytes > written
    assert plan.seconds is not None
    assert plan.seconds > 0
    assert plan.memory_bytes is not None
    assert plan.energy_wh == pytest.approx(plan.seconds * 50 / 3600)
    assert [one.what for one in plan.lines] == [
        "examples", "steps", "tokens", "time", "memory", "disk", "energy",
    ]  # fmt: skip
    assert all(one.how for one in plan.lines)
    assert [one.basis for one in plan.lines if one.what == "memory"] == ["modelled"], "a sum is reckoned"
    return plan, json.loads((made / "report.json").read_text()), made


def _learned(plan: "Plan") -> int:
    """Return the tokens that are learned from, as the line of tokens tells them."""
    (how,) = [one.how for one in plan.lines if one.what == "tokens"]
    return int(how.split(" learned")[0].replace(",", ""))


@NEEDS_TORCH
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's
def test_a_plan_of_preferences_counts_what_the_run_then_reports(tmp_path: Path) -> None:
    from posology.adapt.recipes import parse_recipe
    from tests.adapt.test_prefer import RECIPE, write_pairs

    write_pairs(tmp_path)
    recipe = parse_recipe(RECIPE, "r.toml")
    plan, report, _ = _planned_and_made(recipe, tmp_path)
    assert plan.steps == report["steps"]
    assert plan.examples == report["pairs"]
    assert _learned(plan) == report["tokens"]
    assert "for the reference" in plan.lines[2].how


@NEEDS_TORCH
def test_a_plan_of_continued_training_counts_what_the_run_then_reports(tmp_path: Path) -> None:
    from posology.adapt.recipes import parse_recipe
    from tests.adapt.test_pretrain import RECIPE, write_corpora

    write_corpora(tmp_path)
    recipe = parse_recipe(RECIPE.format(most=9.0, lr=0.001), "r.toml")
    plan, report, _ = _planned_and_made(recipe, tmp_path)
    assert plan.steps == report["steps"]
    assert plan.examples == report["rows"]
    assert _learned(plan) == report["tokens"]


@NEEDS_TORCH
def test_a_plan_of_an_embedder_counts_what_the_run_then_reports(tmp_path: Path) -> None:
    from posology.adapt.recipes import parse_recipe
    from tests.adapt.test_embed import RECIPE, write_made

    write_made(tmp_path)
    told = RECIPE.format(purpose="ship", static="true", lr=0.1, anchor="")
    plan, report, _ = _planned_and_made(parse_recipe(told, "r.toml"), tmp_path)
    assert plan.steps == report["steps"]
    assert plan.examples == report["pairs"]["tune"]


@NEEDS_TORCH
def test_a_plan_of_a_vocabulary_counts_texts_and_weights(tmp_path: Path) -> None:
    from posology.adapt.recipes import parse_recipe
    from tests.adapt.test_vocabulary import RECIPE, write_notes

    write_notes(tmp_path)
    plan, report, made = _planned_and_made(parse_recipe(RECIPE, "r.toml"), tmp_path)
    assert plan.tokens == report["before"]["whole"]["tokens"]
    assert plan.disk_bytes is not None
    assert plan.disk_bytes - 64_000_000 > (made / "model.safetensors").stat().st_size - 100_000


@NEEDS_TORCH
def test_the_command_shows_each_line_with_what_it_is_and_its_arithmetic(tmp_path: Path, monkeypatch) -> None:
    from typer.testing import CliRunner

    from posology.adapt.recipes import render_recipe
    from posology.cli.app import app

    folder = write_bench(tmp_path)
    (folder / "recipe.toml").write_text(render_recipe(recipe_of()))
    monkeypatch.delenv("POSOLOGY_DATA", raising=False)
    asked = ["adapt", "plan", str(folder / "recipe.toml"), "--watts", "80"]
    shown = CliRunner().invoke(app, asked, env={"COLUMNS": "400", "POSOLOGY_HOME": str(folder / "home")})
    assert shown.exit_code == 0, shown.output
    assert "no test text is looked for" in shown.output
    for told in ("counted", "modelled", "measured", "80 W as stated / 3600", "bytes of AdamW", "2 best + 3"):
        assert told in shown.output, told
