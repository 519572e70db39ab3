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
from posology.adapt.tuned import find_tuned_base, read_tuned
from posology.corpus import Provenance, Record
from posology.corpus.jsonl import write_jsonl
from posology.errors import UserError
from tests.adapt.tiny_words import CLINICAL, PLAIN, byte_level, decoder_folder, records
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
    assert "what the model forgot is unknown" in told


def test_a_stopped_run_goes_on_after_the_answers_that_it_has(home: Path, tmp_path: Path) -> None:
    from posology.evaluate.own import read_own_task
    from posology.evaluate.reportcard import ScoreOrder, score_model

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
    assert told["difference"]["low"] is None  # one document has no interval


def test_text_that_the_model_learned_from_is_refused(home: Path) -> None:
    tuned = read_tuned(home / "out")
    text = read_plain_text(home / "plain.jsonl", tuned)
    with pytest.raises(UserError, match="learned from this file"):
        read_plain_text(home / "plain.jsonl", replace(tuned, inputs=frozenset({text.sha256})))


def test_whole_weights_that_went_on_learning_show_their_own_held_out_text_too(tmp_path: Path) -> None:
    from posology.adapt.job import Job
    from posology.adapt.pretrain import run_pretrain
    from posology.adapt.recipes import parse_recipe

    for name, texts in (("notes", (CLINICAL,)), ("plain", (PLAIN,))):
        (tmp_path / name).mkdir()
        write_jsonl(tmp_path / name / "records.jsonl", records(texts, times=8))
    decoder_folder(tmp_path / "base", byte_level((PLAIN, CLINICAL)))
    recipe = parse_recipe(
        'posology = "recipe/1"\nkind = "pretrain"\nname = "goes-on"\n[texts]\ndomain = ["notes"]\n'
        'general = ["plain"]\nheld = 0.3\n[base]\npath = "base"\nthreads = 1\ndtype = "float32"\n'
        "[rows]\ntokens = 64\n[forgetting]\nmost = 5.0\n[optimizer]\nlr = 0.003\nbatch = 4\nsteps = 4\n",
        "recipe.toml",
    )
    model = run_pretrain(recipe, Job(tmp_path / "out", tmp_path))
    (tmp_path / "text.txt").write_text(PLAIN)
    ran = scored(model, "--text", tmp_path / "text.txt", "--json")
    assert ran.code == 0, ran.err
    scores = json.loads(ran.out)
    assert scores["model"] == {"name": "goes-on", "kind": "pretrain", "adapter": False}
    assert scores["held_out"] == json.loads((model / "report.json").read_text())["held_out"]
    assert scores["forgetting"][0]["difference"]["value"] != 0
    told = (model / "card.md").read_text()
    assert "Its own run's held-out text" in told
    assert "Not measured: no task was named" in told
    assert UNSCORED in told  # no task was scored


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
