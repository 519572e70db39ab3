"""Preferences on policy: refused without a GPU, planned without figures, and a model folder where allowed."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from posology.adapt.card import UNSCORED
from posology.adapt.encoders.saving import read_seen
from posology.adapt.job import Job
from posology.adapt.prefer import plan_prefer, run_prefer
from posology.adapt.preference.answering import check_answers, write_answers
from posology.adapt.preference.policy import run_policy
from posology.adapt.recipe import Base, Lora
from posology.adapt.recipes import parse_recipe, render_recipe
from posology.adapt.recipes.prefer import PreferRecipe
from posology.chat import Message
from posology.corpus import Example, Provenance
from posology.corpus.jsonl import write_jsonl
from posology.errors import ModelError, UserError
from tests.adapt.tuning import example
from tests.chat.tiny_model import write_tiny

pytest.importorskip("torch")
pytest.importorskip("peft")

RECIPE = """
posology = "recipe/1"
kind = "prefer"
name = "rewarded weights"
[data]
corpora = ["tune.jsonl"]
select = ["select.jsonl"]
[base]
path = "tiny"
dtype = "float32"
threads = 1
[lora]
rank = 4
alpha = 8
[policy]
on = true
answers = 4
answer_tokens = 40
[optimizer]
lr = 0.01
batch = 2
steps = 2
micro_tokens = 600
"""


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    write_tiny(tmp_path / "tiny")
    bare = Example("bare", (Message("user", "?"),), "1 kg.", Provenance("made notes", "made here", group="b"))
    tune = [example(number, answer="Nothing.") for number in range(4)]  # any number drawn is an invention
    write_jsonl(tmp_path / "tune.jsonl", [*tune, bare])
    write_jsonl(tmp_path / "select.jsonl", [example(number) for number in range(30, 33)])
    return tmp_path


def _recipe(text: str = RECIPE) -> PreferRecipe:
    recipe = parse_recipe(text, "policy.toml")
    assert isinstance(recipe, PreferRecipe)
    return recipe


def _job(folder: Path) -> Job:
    return Job(folder / "out", folder, home=folder / "home")


def _papers(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "report.json").read_text())


def test_without_a_gpu_it_is_refused_and_says_what_is_needed(bench: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ModelError, match=r"policy\.on: needs an NVIDIA GPU, .*none here \(there also TRL"):
        run_prefer(_recipe(), _job(bench))
    assert not (bench / "out").exists()
    with pytest.raises(ModelError, match=r"base\.device says cpu"):
        run_prefer(_recipe(RECIPE.replace("threads = 1", 'threads = 1\ndevice = "cpu"')), _job(bench))


def test_a_plan_counts_what_is_drawn_and_knows_neither_time_nor_memory(bench: Path) -> None:
    plan = plan_prefer(_recipe(), _job(bench))
    told = {line.what: line for line in plan.lines}
    assert (plan.examples, plan.steps, told["answers drawn"].value) == (4, 2, 2 * 2 * 4)
    assert plan.seconds is None
    assert plan.memory_bytes is None
    assert told["time"].basis == told["memory"].basis == "unknown"
    assert plan.disk_bytes is not None
    assert plan.tokens > 16 * 40
    import torch

    if not torch.cuda.is_available():
        assert any("cannot be measured or run here" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("old", "new", "message", "why"),
    [
        ('corpora = ["tune.jsonl"]', 'pairs = ["p"]', r"data\.pairs: of no meaning", "pairs have no source"),
        ("[policy]", "[contrast]\nbeta = 0.3\n[policy]", "contrast: of no meaning", "DPO's"),
        ("[policy]", "[stop]\nevery = 3\n[policy]", "stop: of no meaning", "nothing ends it early"),
        ("[data]", '[data]\nbalance = "answers"', r"data\.balance: of no meaning", "weights of examples"),
        ("answers = 4", "answers = 1", "policy.answers", "nothing to compare an answer with"),
    ],
)
def test_keys_that_mean_nothing_on_policy_are_refused(old: str, new: str, message: str, why: str) -> None:
    with pytest.raises(UserError, match=message):
        _recipe(RECIPE.replace(old, new))
    assert parse_recipe(render_recipe(_recipe()), "again.toml") == _recipe(), why


def test_inventions_and_omissions_are_counted_beside_each_other() -> None:
    ones = [example(0), example(1), example(2)]  # 50, 51 and 52 kg
    found = check_answers(ones, ["The weight is 50 kg.", "The weight is 99 kg.", ""])
    assert found is not None
    assert (found.answers, found.faulty, found.empty, found.invented, found.omitted) == (3, 1, 1, 1, 2)
    assert found.record()["faulty_share"] == pytest.approx(1 / 3)
    assert found.record()["omitted_share"] == pytest.approx(2 / 3)
    assert check_answers([], []) is None


def test_answers_written_together_are_those_written_alone(bench: Path) -> None:
    from posology.adapt.network import open_network

    recipe = _recipe()
    network = open_network(recipe.base, recipe.lora, _job(bench), seed=0)
    ones = [example(number, answer="x") for number in (1, 100, 2)]
    together = write_answers(network, ones, 12, 4096)
    assert together == [write_answers(network, [one], 12, 1)[0] for one in ones]


@pytest.mark.filterwarnings("ignore:.(is_)?gradient_checkpointing. is deprecated:FutureWarning")  # TRL, peft
@pytest.mark.parametrize("rank", [4, 0])
def test_two_steps_of_trl_leave_a_folder_that_opens_again(bench: Path, rank: int) -> None:
    pytest.importorskip("trl")
    folder = run_policy(_recipe(RECIPE.replace("rank = 4", f"rank = {rank}")), _job(bench), allow_cpu=True)
    report = _papers(folder)
    assert (report["steps"], report["answers_drawn"], report["examples"]) == (2, 16, 4)
    assert report["left_out"] == {"no source text: what is faithful is not known": 1}
    for measured in (report["select_before"], report["select_after"]):
        assert measured["answers"] == 3
        assert -1 <= measured["reward"] <= 1
        assert measured["omitted"] == measured["wanted"] == 3  # random letters tell no weight
    assert report["tokens"] > 0
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 1, 2, 2]
    assert lines[1]["learning_rate"] == pytest.approx(0.01)
    assert {"reward", "loss", "kl"} <= set(lines[2])
    assert lines[1]["reward_std"] > 0  # so that something is learned
    card = (folder / "card.md").read_text()
    assert "TRL's GRPO" in card
    assert UNSCORED in card
    assert "| of them omitted | 3 | 3 |" in card
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["models"]["base"]["sha256"]
    assert (folder / "adapter.safetensors").is_file() is bool(rank)
    assert read_seen(folder).tune

    assert_opens_again(folder, rank, report["parameters"])


def assert_opens_again(folder: Path, rank: int, parameters: int) -> None:
    from posology.adapt.network import open_network
    from posology.chat.torch_adapter import find_adapter

    found = find_adapter(folder)
    assert (found.rank if found else 0) == rank
    if found:
        learned = load_file(str(folder / "adapter.safetensors"))
        assert any(bool(one.any()) for name, one in learned.items() if "lora_B" in name)  # begins at zero
        return
    base = Base(path="out", dtype="float32")
    assert open_network(base, Lora(rank=0), _job(folder.parent), seed=0).parameters == parameters
    before, after = (load_file(str(one / "model.safetensors")) for one in (folder.parent / "tiny", folder))
    assert any((before[name] != after[name]).any() for name in before)


def test_a_base_that_is_an_adapter_is_refused_for_its_start_would_be_another_model(bench: Path) -> None:
    from posology.adapt.tune import run_tune
    from tests.adapt.tuning import job_of, recipe_of

    run_tune(recipe_of({"optimizer": {"steps": 1}}), job_of(bench, "taught"))
    whole = RECIPE.replace('"tiny"', '"taught"').replace("rank = 4", "rank = 0")
    with pytest.raises(ModelError, match="is an adapter: make whole weights of it first"):
        run_policy(_recipe(whole), _job(bench), allow_cpu=True)


def test_trl_asks_in_the_words_that_every_prompt_here_has(bench: Path) -> None:
    trl = pytest.importorskip("trl")
    from posology.adapt.network import open_network
    from posology.adapt.preference.grpo import Drawing, _settings, rows_of
    from posology.chat import Prompt
    from tests.chat.tiny_model import TEMPLATE

    thinking = "{% if enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}"
    write_tiny(bench / "tiny", template=TEMPLATE.replace("assistant\n{%", "assistant\n" + thinking + "{%"))
    recipe = _recipe()
    network = open_network(recipe.base, recipe.lora, _job(bench), seed=0)
    drawing = Drawing(policy=recipe.policy, optimizer=recipe.optimizer, steps=1, at_once=1)
    given = _settings(network, drawing)["chat_template_kwargs"]
    one = example(1)
    mine = network.codec.context(Prompt(one.messages)).tokens
    theirs = network.tokenizer.apply_chat_template(
        rows_of([one])[0]["prompt"], add_generation_prompt=True, return_dict=True, **given
    )["input_ids"]
    assert "<think>" in network.tokenizer.decode(mine)
    assert list(mine) == list(theirs)
    assert "chat_template_kwargs" in trl.GRPOConfig.__dataclass_fields__


def test_examples_of_select_that_cannot_be_measured_are_counted_as_such(bench: Path) -> None:
    bare = Example("b", (Message("user", "?"),), "1 kg.", Provenance("made notes", "made here", group="z"))
    write_jsonl(bench / "select.jsonl", [bare])
    from posology.adapt.preference.policy import _prepare

    prepared = _prepare(_recipe(), _job(bench))
    assert prepared.left_out["select: no source text: what is faithful is not known"] == 1
    assert prepared.select == []
