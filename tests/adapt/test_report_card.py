"""The report card of a tuned model: scores beside its base's on the same items, and what it forgot."""

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posology.adapt.card import UNSCORED, scored_card
from posology.adapt.forgetting import measure_forgetting, read_plain_text
from posology.adapt.tuned import TunedModel, find_tuned_base, read_tuned
from posology.corpus import Provenance, Record
from posology.corpus.jsonl import write_jsonl
from posology.errors import UserError
from posology.evaluate.reportcard import ScoreOrder, says, score_model, with_earlier
from tests.adapt.tuning import job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH, write_tiny
from tests.cli.cli_runs import Ran, run

pytestmark = [
    NEEDS_TORCH,
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning"),  # peft's
]
pytest.importorskip("peft")

TEXTS = (
    "The cat sat on the mat. It was a cold day.",
    "We saw a boat and a bird on the water.",
    "Tea. " * 130,
)
URGENCY = """
posology = "task/1"
name = "urgency"
kind = "choice"
labels = ["routine", "urgent"]
instruction = "How urgent?"
file = "items.jsonl"
"""
SUMMARY = """
posology = "task/1"
name = "summary"
kind = "text"
instruction = "Say it in a word."
file = "notes.jsonl"
max_tokens = 4
"""


def write_tasks(folder: Path) -> None:
    """Write a task with labels and one with written texts, too small for five examples."""
    for name, task, rows in (
        ("items", URGENCY, [(f"Knee pain, day {n}.", ("routine", "urgent")[n % 2]) for n in range(40)]),
        ("notes", SUMMARY, [(f"Cough, day {n}.", f"cough {n}") for n in range(8)]),
    ):
        lines = [{"id": f"i{n}", "text": text, "gold": gold} for n, (text, gold) in enumerate(rows)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
        (folder / f"{task.split('name = ')[1].split(chr(34))[1]}.toml").write_text(task)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a base, a model tuned from it, tasks and texts."""
    from posology.adapt.tune import run_tune

    folder = write_bench(tmp_path_factory.mktemp("card"))
    run_tune(recipe_of({"optimizer": {"lr": 0.05}, "stop": {"take": "last"}}), job_of(folder))
    write_tasks(folder)
    write_jsonl(
        folder / "plain.jsonl",
        [
            Record(f"t{n}", text, Provenance("made", "made here", group=f"g{n}"))
            for n, text in enumerate(TEXTS)
        ],
    )
    return folder


def scored(model: Path, *more: object) -> Ran:
    return run("adapt", "score", model, *more)


@pytest.fixture(scope="module")
def card(home: Path) -> dict[str, Any]:
    """Return the scores of the tuned model, written into its folder by the command."""
    ran = scored(
        home / "out", "--task", home / "urgency.toml", "--task", home / "summary.toml", "--n", 12,
        "--text", home / "plain.jsonl", "--watts", 50,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads((home / "out" / "scores.json").read_text())
    return found


def copied(home: Path, to: Path) -> Path:
    """Return a copy of the tuned model that a test may change."""
    shutil.copytree(home / "out", to / "copy")
    return to / "copy"


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_scores_are_those_of_posology_evaluate_of_both_models(home: Path, card: dict, tmp_path: Path) -> None:
    for model, strategy, role in (
        ("out", "tuned+constrained", "tuned"),
        ("tiny", "tuned+constrained", "same"),
        ("tiny", "few+constrained", "few"),
    ):
        ran = run(
            "evaluate", home / "urgency.toml", "--model", home / model, "--strategy", strategy, "--n", 12,
            "--out", tmp_path / role, "--json",
        )  # fmt: skip
        assert ran.code == 0, ran.err
        theirs = json.loads(ran.out)[0]["measures"]
        assert card["tasks"][0]["arms"][role]["measures"] == theirs


def test_all_arms_of_a_task_answered_the_same_items(home: Path, card: dict) -> None:
    for one in card["tasks"]:
        folders = list((home / "out.scores" / one["task"]).iterdir())
        assert len(folders) == len(one["arms"])
        asked = [
            [json.loads(line)["id"] for line in (f / "items.jsonl").read_text().splitlines()] for f in folders
        ]
        assert all(ids == asked[0] and len(ids) == one["n"] for ids in asked)
        hashes = {json.loads((f / "manifest.json").read_text())["settings"]["items_sha256"] for f in folders}
        assert hashes == {one["items_sha256"]}


def test_differences_are_those_of_posology_compare_with_holm_over_the_card(home: Path, card: dict) -> None:
    from posology.statistics import holm

    work = home / "out.scores" / "urgency"
    ran = run(
        "compare", work / "base_tuned+constrained", work / "tuned_tuned+constrained", "--task",
        home / "urgency.toml", "--json",
    )  # fmt: skip
    theirs, ours = json.loads(ran.out)[0], card["tasks"][0]["differences"]["same"]
    for key in ("difference", "low", "high", "p", "wins", "losses", "ties", "n"):
        assert ours[key] == theirs[key]
    told = [apart for one in card["tasks"] for apart in one["differences"].values()]
    assert len(told) == 3
    assert [one["p_holm"] for one in told] == pytest.approx(holm([one["p"] for one in told]), abs=1e-6)


def test_written_texts_are_held_to_no_form_and_an_arm_without_examples_is_told(card: dict) -> None:
    urgency, summary = card["tasks"]
    ways = {role: one["arm"]["strategy"] for role, one in urgency["arms"].items()}
    assert ways == {"tuned": "tuned+constrained", "same": "tuned+constrained", "few": "few+constrained"}
    assert {role: one["arm"]["strategy"] for role, one in summary["arms"].items()} == {
        "tuned": "tuned",
        "same": "tuned",
    }
    assert any("base few on summary: few: 5 examples are asked for" in note for note in summary["told"])


def test_the_card_tells_scores_cost_and_forgetting_and_no_longer_asks_to_be_scored(
    home: Path, card: dict
) -> None:
    told = (home / "out" / "card.md").read_text()
    found = card["tasks"][0]["arms"]["tuned"]["measures"][0]
    assert (
        f"| urgency | macro-F1 | 12 | {found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]" in told
    )
    assert "| urgency | base, few-shot | 0 |" in told
    assert "(modelled)" in told
    assert "| plain.jsonl | 3 |" in told
    assert "nothing shows that it has not learned them" in told  # the run knew no test texts
    assert "The split of urgency is not committed" in told
    assert UNSCORED not in told
    order = [
        told.index(one) for one in ("## What it learned from", "## Scores", "## Forgetting", "## Limits")
    ]
    assert order == sorted(order)
    assert card["posology"] == "scores/1"
    assert card["base"]["sha256"] == read_tuned(home / "out").base["sha256"]


def test_scoring_again_asks_nothing_anew_and_replaces(home: Path, card: dict, tmp_path: Path) -> None:
    model = copied(home, tmp_path)
    shutil.copytree(home / "out.scores", tmp_path / "copy.scores")
    assert scored(model, "--task", home / "urgency.toml", "--n", 12).code == 0
    again = json.loads((model / "scores.json").read_text())
    for role, arm in again["tasks"][0]["arms"].items():
        assert arm["cost"]["cached"] == 12
        assert arm["measures"] == card["tasks"][0]["arms"][role]["measures"]
    told = (model / "card.md").read_text()
    assert told.count("## Scores") == told.count("## Forgetting") == 1
    assert "summary" not in told


def test_a_stopped_run_goes_on_after_the_answers_that_it_has(home: Path, tmp_path: Path) -> None:
    from posology.evaluate.own import read_own_task

    tuned = read_tuned(copied(home, tmp_path))
    order = ScoreOrder(tuned, home / "tiny", (read_own_task(home / "urgency.toml"),), n=6)

    def stop(stage: str, done: int | None = None, total: int | None = None) -> None:
        if "few" in stage and done == 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_model(order, stop)
    arms = score_model(order, lambda *_: None)["tasks"][0]["arms"]
    assert {role: arm["cost"]["cached"] for role, arm in arms.items()} == {"tuned": 6, "same": 6, "few": 0}


def test_scores_can_go_elsewhere_and_the_model_stays_as_it_is(home: Path, tmp_path: Path) -> None:
    model = copied(home, tmp_path)
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    ran = scored(model, "--text", home / "plain.jsonl", "--out", tmp_path / "other.json", "--json")
    assert ran.code == 0, ran.err
    assert json.loads((tmp_path / "other.json").read_text()) == json.loads(ran.out)
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "said", "why"),
    [
        (["--task", "healthverr"], "there is no task 'healthverr'; did you mean healthver", "unknown task"),
        (["--task", "healthver"], "no data folder", "its data is nowhere"),
        ([], "nothing to measure", "the recipe names no task"),
        (["--task", "HOME/urgency.toml", "--part", "tune"], "report or select", "learned from"),
        (["--text", "HOME/tune.jsonl"], "no text here", "examples are no records"),
        (["--text", "HOME/nowhere"], "no such file or folder", "not there"),
        (["--text", "HOME/plain.jsonl", "--base", "HOME/other"], "SHA-256 begins", "other weights"),
        (["--text", "HOME/plain.jsonl", "--base", "HOME/retold"], "chat template", "asked otherwise"),
        (["--text", "HOME/plain.jsonl", "--base", "HOME/gone"], "gone", "no such base"),
    ],
)
def test_what_cannot_be_scored_is_refused_and_nothing_is_written(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str, why: str
) -> None:
    monkeypatch.delenv("POSOLOGY_DATA", raising=False)
    if not (home / "other").exists():
        write_tiny(home / "retold", template="{{ messages[0].content }}")
        write_tiny(home / "other", sliding=True)
    model = copied(home, tmp_path)
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    ran = scored(model, *(one.replace("HOME", str(home)) for one in words))
    assert (ran.code, ran.out) == (2, ""), why
    assert said in " ".join(ran.err.split()), why
    assert "Traceback" not in ran.err
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before


def test_the_tasks_of_the_recipe_are_scored_where_none_is_named(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POSOLOGY_DATA", raising=False)
    model = copied(home, tmp_path)
    recipe = (model / "recipe.toml").read_text()
    (model / "recipe.toml").write_text(recipe.replace("tasks = []", 'tasks = ["healthver"]'))
    assert read_tuned(model).tasks == ("healthver",)
    assert "no data folder" in scored(model).err
    (tmp_path / "data").mkdir()
    assert "the data of the task healthver is not there" in " ".join(
        scored(model, "--data", tmp_path / "data").err.split()
    )


@pytest.mark.parametrize(
    ("not_scored", "part", "allowed", "why"),
    [
        ([], "report", True, "all test texts were looked for"),
        (["urgency"], "report", False, "none of its texts was looked for"),
        (["urgency"], "select", False, "none of its texts was looked for"),
        (["urgency/select"], "report", True, "those of report were"),
        (["urgency/select"], "select", False, "those of select were not"),
        (["urgent"], "report", True, "another task"),
    ],
)
def test_a_task_whose_texts_were_not_looked_for_is_never_scored(
    home: Path, tmp_path: Path, not_scored: list[str], part: str, allowed: bool, why: str
) -> None:
    model = copied(home, tmp_path)
    changed(model / "report.json", lambda one: one["tests"].update(not_scored=not_scored))
    assert read_tuned(model).may_score("urgency", part) == allowed, why
    if not allowed:
        ran = scored(model, "--task", home / "urgency.toml", "--part", part)
        assert ran.code == 2
        assert "must not be scored on urgency" in ran.err


def test_a_task_is_screened_where_the_report_names_its_part(home: Path) -> None:
    tuned = read_tuned(home / "out")
    tests = {"of": ["urgency, report"]}
    held = replace(tuned, report={"tests": tests})
    assert held.has_screened("urgency", "report")
    assert not held.has_screened("urgency", "select")
    assert not replace(tuned, report={}).has_screened("urgency", "report")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda model: (model / "recipe.toml").unlink(), "no recipe.toml"),
        (lambda model: (model / "manifest.json").unlink(), "cannot be read"),
        (lambda model: (model / "report.json").write_text("["), "are not those of a model"),
        (
            lambda model: changed(model / "manifest.json", lambda one: one["models"].pop("base")),
            "are not those",
        ),
        (
            lambda model: changed(
                model / "manifest.json", lambda one: one["models"]["base"].update(sha256="")
            ),
            "does not tell the hash",
        ),
        (
            lambda model: (model / "recipe.toml").write_text(
                'posology = "recipe/1"\nkind = "vocabulary"\nname = "words"\n[data]\ncorpora = ["a"]\n'
                '[base]\nmodel = "smollm2-135m-instruct"\n'
            ),
            "a model of the kind vocabulary",
        ),
    ],
)
def test_a_folder_that_is_no_tuned_model_is_refused(
    home: Path, tmp_path: Path, change: Any, said: str
) -> None:
    model = copied(home, tmp_path)
    change(model)
    with pytest.raises(UserError, match=said):
        read_tuned(model)


def test_a_base_that_was_moved_is_found_by_name_and_known_by_its_hash(home: Path, tmp_path: Path) -> None:
    model = copied(home, tmp_path)
    shutil.copytree(home / "tiny", tmp_path / "moved")
    changed(model / "adapter_config.json", lambda one: one.update(base_model_name_or_path="nowhere"))
    tuned = read_tuned(model)
    with pytest.raises(UserError, match="name it with --base"):
        find_tuned_base(tuned)
    assert find_tuned_base(tuned, str(tmp_path / "moved")) == tmp_path / "moved"


def test_a_task_that_is_named_twice_is_refused(home: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_tasks(tmp_path / name)
    model = copied(home, tmp_path)
    ran = scored(model, "--task", tmp_path / "a" / "urgency.toml", "--task", tmp_path / "b" / "urgency.toml")
    assert ran.code == 2
    assert "the task urgency is named twice; name each once" in ran.err
    assert not (tmp_path / "copy.scores").exists()


def test_an_own_task_with_the_name_of_one_that_ships_is_refused(home: Path, tmp_path: Path) -> None:
    model = copied(home, tmp_path)
    changed(model / "report.json", lambda one: one["tests"].update(of=["healthver, report"]))
    shutil.copy(home / "items.jsonl", tmp_path / "items.jsonl")
    (tmp_path / "own.toml").write_text(URGENCY.replace('"urgency"', '"healthver"'))
    ran = scored(model, "--task", tmp_path / "own.toml")
    assert ran.code == 2
    assert "healthver: a task of this name ships; give your own another name" in ran.err
    assert (
        "healthver is named twice"
        in scored(model, "--task", tmp_path / "own.toml", "--task", "healthver").err
    )


def test_the_half_that_is_not_asked_again_stays_with_what_it_rests_on(home: Path, tmp_path: Path) -> None:
    model = copied(home, tmp_path)
    for name in ("scores.json", "card.md"):
        (model / name).unlink(missing_ok=True)
    task = ["--task", home / "urgency.toml", "--part", "select"]
    assert scored(model, *task, "--n", 2, "--seed", 3).code == 0
    first = json.loads((model / "scores.json").read_text())
    on = first["asked"]["tasks"]["on"]
    assert first["asked"] == {"tasks": {"on": on, "part": "select", "n": 2, "seed": 3}}
    assert "what the model forgot is unknown" in (model / "card.md").read_text()
    changed(model / "scores.json", lambda one: one["asked"]["tasks"].update(on="2024-02-29"))
    ran = scored(model, "--text", home / "plain.jsonl", "--text-tokens", 60, "--json")
    assert ran.code == 0, ran.err
    second = json.loads((model / "scores.json").read_text())
    assert second == json.loads(ran.out)
    assert second["tasks"] == first["tasks"]
    assert second["asked"] == {
        "tasks": {"on": "2024-02-29", "part": "select", "n": 2, "seed": 3},
        "forgetting": {"on": second["asked"]["forgetting"]["on"], "text_tokens": 60, "seed": 0},
    }
    told = (model / "card.md").read_text()
    assert "Scored on 2024-02-29. On the first 2 items, or all, of the part select" in told
    assert "at most 60 tokens of each" in told
    assert "Not measured" not in told
    assert scored(model, *task, "--n", 3).code == 0
    third = json.loads((model / "scores.json").read_text())
    assert (third["forgetting"], third["tasks"][0]["n"]) == (second["forgetting"], 3)
    assert third["asked"]["forgetting"] == second["asked"]["forgetting"]


def test_what_is_not_asked_again_is_not_kept_of_another_base(card: dict) -> None:
    now = card | {"asked": {"forgetting": card["asked"]["forgetting"]}, "tasks": []}
    assert with_earlier(now, card)["tasks"] == card["tasks"]
    assert with_earlier(now, card | {"base": {"sha256": "0"}}) == now
    assert with_earlier(now, {}) == now


@pytest.mark.parametrize("held", ["[", "[]", '{"posology": "scores/1"}', '{"posology": "scores/0"}'])
def test_scores_that_cannot_be_read_are_refused_before_anything_is_asked(
    home: Path, tmp_path: Path, held: str
) -> None:
    model = copied(home, tmp_path)
    (model / "scores.json").write_text(held)
    ran = scored(model, "--task", home / "urgency.toml")
    assert ran.code == 2
    assert "holds no scores of the form scores/1" in ran.err
    assert not (tmp_path / "copy.scores").exists()
    assert (model / "scores.json").read_text() == held


class Torn(TunedModel):
    """Takes itself for an adapter though its folder holds none."""

    is_adapter = property(lambda self: True)


def test_a_model_that_cannot_be_asked_is_refused_before_its_base_is_asked(home: Path, tmp_path: Path) -> None:
    from posology.evaluate.own import read_own_task

    model = copied(home, tmp_path)
    tuned = read_tuned(model)
    (model / "adapter_config.json").unlink()
    torn = Torn(tuned.folder, tuned.recipe, tuned.report, tuned.base, tuned.inputs)
    heard: list[object] = []
    order = ScoreOrder(torn, home / "tiny", (read_own_task(home / "urgency.toml"),), n=2)
    with pytest.raises(
        UserError, match=r"copy cannot be asked about urgency: tuned .*no adapter.*nothing was"
    ):
        score_model(order, lambda *told: heard.append(told))
    assert heard == []


@pytest.mark.parametrize(
    ("low", "high", "p_holm", "better", "said", "why"),
    [
        (0.1, 0.3, 0.01, 1, "won", "both say so"),
        (-0.3, -0.1, 0.05, 1, "lost", "0.05 is enough"),
        (-0.3, -0.1, 0.01, -1, "won", "less is better"),
        (0.1, 0.3, 0.06, 1, "open", "with all comparisons counted it may be chance"),
        (0.1, 0.3, None, 1, "open", "no p-value"),
        (-0.1, 0.3, 0.01, 1, "open", "0 lies inside the interval"),
        (None, None, 0.01, 1, "open", "no interval"),
        (0.1, 0.3, 0.01, 0, "open", "the measure has no better side"),
    ],
)
def test_a_row_is_won_or_lost_where_interval_and_corrected_p_agree(
    low: float | None, high: float | None, p_holm: float | None, better: int, said: str, why: str
) -> None:
    from posology.evaluate.comparison import Pair
    from posology.statistics import Difference

    difference = Difference(0.2, 12, low, high, 0.01)
    pair = Pair("a", "b", "F1", better, difference, p_holm, 1, 1, 1, None, Path(), Path())
    assert says(pair) == said, why


def reference_nats(model: Any, folder: Path) -> tuple[float, int]:
    """Return the summed loss of the texts by transformers' own loss, and the tokens; pieces of 512 bytes."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
    total, count = 0.0, 0
    for text in TEXTS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        size = math.ceil(len(ids) / math.ceil(len(ids) / 512))
        for at in range(0, len(ids), size):
            part = torch.tensor([ids[at : at + size]])
            with torch.no_grad():
                total += float(model(part, labels=part).loss) * (part.shape[1] - 1)
            count += part.shape[1] - 1
    return total, count


def opened(folder: Path) -> Any:
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(str(folder))
    return model.float().eval()


def test_forgetting_is_the_difference_of_the_losses_that_transformers_and_peft_compute(
    home: Path, card: dict, tmp_path: Path
) -> None:
    from peft import PeftModel

    model = copied(home, tmp_path)
    (model / "adapter.safetensors").rename(model / "adapter_model.safetensors")  # peft's own name
    before, tokens = reference_nats(opened(home / "tiny"), home / "tiny")
    adapted = PeftModel.from_pretrained(opened(home / "tiny"), str(model)).eval()
    after, _ = reference_nats(adapted, home / "tiny")
    (told,) = card["forgetting"]
    assert told["tokens"] == tokens
    assert told["base"]["nats"]["value"] == pytest.approx(before / tokens, abs=1e-4)
    assert told["tuned"]["nats"]["value"] == pytest.approx(after / tokens, abs=1e-4)
    assert told["difference"]["value"] == pytest.approx((after - before) / tokens, abs=1e-4)
    assert abs(told["difference"]["value"]) > 0.01
    assert told["difference"]["low"] <= told["difference"]["value"] <= told["difference"]["high"]
    size = sum(len(text) for text in TEXTS)
    assert told["base"]["bits_a_byte"] == pytest.approx(before / size / math.log(2), rel=1e-3)
    assert told["base"]["perplexity"]["value"] == pytest.approx(math.exp(before / tokens), rel=1e-3)


def test_a_model_that_was_not_changed_forgot_nothing(home: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = copied(home, tmp_path)
    tensors = load_file(model / "adapter.safetensors")
    still = {name: one * 0 if "lora_B" in name else one for name, one in tensors.items()}
    save_file(still, str(model / "adapter.safetensors"))
    tuned = read_tuned(model)
    text = read_plain_text(home / "plain.jsonl", tuned)
    (told,) = measure_forgetting(tuned, find_tuned_base(tuned), [text], most_tokens=20_000)
    assert told["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert told["base"] == told["tuned"]


def test_text_comes_from_files_and_folders_and_what_is_not_measured_is_counted(
    home: Path, tmp_path: Path
) -> None:
    tuned = read_tuned(home / "out")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("A cold day.")
    (tmp_path / "notes" / "b.md").write_text("A warm day.")
    (tmp_path / "notes" / "c.txt").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "notes" / "d.txt").write_text(" \n")
    found = read_plain_text(tmp_path / "notes", tuned)
    assert [words for _, words in found.documents] == ["A cold day.", "A warm day."]
    assert sum(found.left_out.values()) == 2
    assert "cold" not in repr(found)
    assert len(read_plain_text(tmp_path / "notes" / "a.txt", tuned).documents) == 1
    (tmp_path / "corpus").mkdir()
    shutil.copy(home / "plain.jsonl", tmp_path / "corpus" / "records.jsonl")
    corpus = read_plain_text(tmp_path / "corpus", tuned)
    assert [group for group, _ in corpus.documents] == ["g0", "g1", "g2"]
    (told,) = measure_forgetting(tuned, home / "tiny", [corpus], most_tokens=20)
    assert (told["documents"], told["tokens"], told["bytes"]) == (1, 20, 21)
    assert told["left_out"] == {"too short, or beyond 20 tokens": 2}
    assert told["tokens_beyond"] == len(TEXTS[0]) - 21
    assert told["difference"]["low"] is None  # one document has no interval


def test_what_lies_beyond_the_limit_within_a_document_is_counted_and_told(
    home: Path, card: dict, tmp_path: Path
) -> None:
    tuned = read_tuned(home / "out")
    (tmp_path / "long.txt").write_text("Tea is hot. " * 4_000)
    text = read_plain_text(tmp_path / "long.txt", tuned)
    (told,) = measure_forgetting(tuned, home / "tiny", [text], most_tokens=100)
    assert (told["documents"], told["tokens"], told["bytes"]) == (1, 100, 101)
    assert (told["left_out"], told["tokens_beyond"]) == ({}, 48_000 - 101)
    assert card["forgetting"][0]["tokens_beyond"] == 0
    assert "long.txt: left out: 47,899 tokens of documents" in scored_card("", card | {"forgetting": [told]})


def test_a_card_is_the_same_however_often_it_is_written_and_keeps_all_else(card: dict) -> None:
    old = f"# mine\n\nText.\n\n## Scores\n\nKept: by a person.\n\n## Limits\n\nNot good: {UNSCORED}.\n"
    once = scored_card(old, card)
    assert scored_card(once, card) == once
    bare = scored_card(once, card | {"tasks": [], "forgetting": []})
    assert once.count("## Scores") == 2
    assert "Kept: by a person." in once
    assert "Kept: by a person." in bare
    assert UNSCORED in bare
    assert bare.count("Not measured") == 2
    assert "\n\n\n" not in once
    earlier = old.replace("posology adapt score", "posology evaluate")
    assert scored_card(earlier, card) == once
