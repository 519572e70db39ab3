"""A recipe tunes a small random model, and the engine asks what was made."""

import json
from dataclasses import replace

import pytest

from posology.errors import ModelError, OutputError, UserError
from tests.adapt.tuning import example, job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH

pytestmark = NEEDS_TORCH


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return write_bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def tuned(bench):
    from posology.adapt.tune import run_tune

    return run_tune(recipe_of(), job_of(bench, "tuned"))


def _losses(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def test_a_model_folder_holds_all_that_a_reader_needs(tuned) -> None:
    assert sorted(path.name for path in tuned.iterdir()) == [
        "adapter.safetensors",
        "adapter_config.json",
        "card.md",
        "log.jsonl",
        "manifest.json",
        "recipe.toml",
        "report.json",
        "seen.json",
    ]
    report = json.loads((tuned / "report.json").read_text())
    assert report["steps"] == 6
    assert report["select_after"] < report["select_before"]
    assert report["licences"] == {"made here": 8}
    manifest = json.loads((tuned / "manifest.json").read_text())
    assert manifest["models"]["base"]["sha256"]
    assert not list(tuned.parent.glob("tuned.work*"))


def test_the_log_tells_loss_by_term_rate_tokens_and_seconds_of_every_step(tuned) -> None:
    lines = [json.loads(line) for line in (tuned / "log.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == [1, 2, 3, 4, 5, 6]
    assert set(steps[0]) == {"step", "loss", "answer", "lr", "norm", "tokens", "seconds"}
    assert [line["step"] for line in lines if "select" in line] == [0, 3, 6]


def test_the_same_recipe_gives_the_same_weights_and_another_seed_others(bench, tuned) -> None:
    from posology.adapt.tune import run_tune

    again = run_tune(recipe_of(), job_of(bench, "again"))
    assert (again / "adapter.safetensors").read_bytes() == (tuned / "adapter.safetensors").read_bytes()
    other = run_tune(recipe_of({"seed": 1}), job_of(bench, "other"))
    assert (other / "adapter.safetensors").read_bytes() != (tuned / "adapter.safetensors").read_bytes()


def test_the_engine_opens_the_folder_and_finds_the_answers_likelier(bench, tuned) -> None:
    from posology.chat import Prompt
    from posology.chat.torch_engine import TransformersOptions, open_transformers
    from posology.chat.torch_weights import transformers_weights
    from tests.chat.test_torch_engine import IDENTITY

    one = example(31)
    found = []
    for path in (bench / "tiny", tuned):
        weights = transformers_weights(path, home=bench / "home")
        options = TransformersOptions(dtype="float32", adapter=weights.adapter)
        engine = open_transformers(weights.path, IDENTITY, 0, options)
        found.append(engine.score([Prompt(one.messages)], [[one.answer]])[0][0].logprob)
    assert found[1] > found[0] + 5


def test_the_engine_computes_what_the_training_measured(bench, tuned) -> None:
    from posology.chat import Prompt
    from posology.chat.torch_engine import TransformersOptions, open_transformers
    from posology.chat.torch_weights import transformers_weights
    from posology.corpus.jsonl import read_examples
    from tests.chat.test_torch_engine import IDENTITY

    weights = transformers_weights(tuned, home=bench / "home")
    options = TransformersOptions(dtype="float32", adapter=weights.adapter)
    engine = open_transformers(weights.path, IDENTITY, 0, options)
    examples = list(read_examples(bench / "select.jsonl"))
    ended = [f"{one.answer}<|im_end|>" for one in examples]
    scores = engine.score([Prompt(one.messages) for one in examples], [[answer] for answer in ended])
    mean = -sum(one[0].logprob for one in scores) / sum(one[0].tokens for one in scores)
    assert mean == pytest.approx(json.loads((tuned / "report.json").read_text())["select_after"], abs=1e-4)


def test_an_adapter_with_another_base_than_it_was_made_for_is_refused(bench, tuned, tmp_path) -> None:
    import shutil

    from posology.chat.torch_weights import transformers_weights

    copy = shutil.copytree(tuned, tmp_path / "copy")
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["models"]["base"]["sha256"] = "0" * 64
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="the adapter was made for other weights"):
        transformers_weights(copy)


def test_full_tuning_writes_a_whole_model_that_opens_by_itself(bench) -> None:
    from posology.adapt.tune import run_tune
    from posology.chat.torch_weights import transformers_weights

    made = run_tune(recipe_of({"lora": {"rank": 0}, "optimizer": {"lr": 0.003}}), job_of(bench, "whole"))
    report = json.loads((made / "report.json").read_text())
    assert report["trained_parameters"] == report["parameters"]
    assert report["select_after"] < report["select_before"]
    assert transformers_weights(made).path == made


def test_only_the_upper_layers_get_adapters_where_the_recipe_says_so(bench) -> None:
    from safetensors import safe_open

    from posology.adapt.tune import run_tune

    made = run_tune(recipe_of({"lora": {"upper_layers": 1}}), job_of(bench, "upper"))
    with safe_open(str(made / "adapter.safetensors"), "pt") as tensors:
        assert all(".layers.1." in name for name in tensors.keys())  # noqa: SIM118 - no mapping


def test_pieces_of_a_step_change_nothing_that_is_learned(bench, tuned) -> None:
    from posology.adapt.tune import run_tune

    small = run_tune(recipe_of({"optimizer": {"micro_tokens": 150}}), job_of(bench, "small"))
    assert _losses(small) == pytest.approx(_losses(tuned), abs=1e-3)


def test_training_ends_early_where_select_gets_worse_and_keeps_the_best(tmp_path) -> None:
    from posology.adapt.tune import run_tune
    from posology.corpus.jsonl import write_jsonl

    folder = write_bench(tmp_path)
    far = [example(number, answer="qqqq zzzz " * 3) for number in (60, 61)]
    write_jsonl(folder / "select.jsonl", far)
    changes = {"optimizer": {"steps": 40, "lr": 0.05}, "stop": {"every": 2, "patience": 2}}
    made = run_tune(recipe_of(changes), job_of(folder))
    report = json.loads((made / "report.json").read_text())
    assert report["steps"] < 40
    assert report["ended"] == "2 measurements without a lower loss"
    assert report["best_step"] == report["steps"] - 4


def test_the_weights_of_the_last_step_are_kept_where_the_recipe_says_so(tmp_path) -> None:
    from posology.adapt.tune import run_tune
    from posology.corpus.jsonl import write_jsonl

    folder = write_bench(tmp_path)
    far = [example(number, answer="qqqq zzzz " * 3) for number in (60, 61)]
    write_jsonl(folder / "select.jsonl", far)
    changes = {"optimizer": {"steps": 12, "lr": 0.05}, "stop": {"every": 2, "patience": 0, "take": "last"}}
    last = run_tune(recipe_of(changes), job_of(folder, "last"))
    report = json.loads((last / "report.json").read_text())
    assert report["kept_step"] == 12 != report["best_step"]
    assert "(step 12); **no better than the base**" in (last / "card.md").read_text()
    changes["stop"]["take"] = "best"
    best = run_tune(recipe_of(changes), job_of(folder, "best"))
    report = json.loads((best / "report.json").read_text())
    assert report["kept_step"] == report["best_step"] != 12
    assert (best / "adapter.safetensors").read_bytes() != (last / "adapter.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("balance", "weights"),
    [
        ("none", {"yes": 1.0, "no": 1.0}),
        ("roots", {"yes": 8 / (6 + 2 * 3**0.5), "no": 8 * 3**0.5 / (6 + 2 * 3**0.5)}),
        ("answers", {"yes": 2 / 3, "no": 2.0}),
    ],
)
def test_answers_weigh_as_the_recipe_balances_and_select_as_what_is_learned(bench, balance, weights) -> None:
    from posology.adapt.material import gather_material
    from posology.corpus.jsonl import write_jsonl

    for name, start, answers in (
        ("uneven", 100, ["yes"] * 6 + ["no"] * 2),
        ("seen", 200, ["yes", "no", "perhaps"]),
    ):
        write_jsonl(
            bench / f"{name}.jsonl",
            [example(number, answer=answer) for number, answer in enumerate(answers, start)],
        )
    data = recipe_of(
        {"data": {"corpora": ["uneven.jsonl"], "select": ["seen.jsonl"], "balance": balance}}
    ).data
    found = gather_material(data, job_of(bench), recipe_of().tests)
    assert [one.weight for one in found.tune] == pytest.approx([weights[one.answer] for one in found.tune])
    assert sum(one.weight for one in found.tune) == pytest.approx(8)
    assert [one.weight for one in found.select] == pytest.approx([weights["yes"], weights["no"], 1.0])


def test_no_more_of_an_answer_is_learned_than_the_recipe_allows_and_the_rest_is_counted(bench) -> None:
    from posology.adapt.material import gather_material
    from posology.corpus.jsonl import write_jsonl

    answers = ["none"] * 5 + ["effect"] * 2 + ["advise"]
    made = [example(number, answer=answer) for number, answer in enumerate(answers, 300)]
    write_jsonl(bench / "many.jsonl", made)
    data = recipe_of({"data": {"corpora": ["many.jsonl"], "answer_limit": 2}}).data
    found = gather_material(data, job_of(bench), recipe_of().tests)
    assert [one.answer for one in found.tune] == ["none", "none", "effect", "effect", "advise"]
    assert found.left_out == {"more than 2 of the same answer": 3}


def test_a_model_to_be_given_away_learns_from_no_record_that_forbids_it(bench, tmp_path) -> None:
    from posology.adapt.tune import run_tune
    from posology.corpus.jsonl import write_jsonl

    folder = write_bench(tmp_path)
    write_jsonl(folder / "tune.jsonl", [example(1), example(2, licence="CC BY-NC 4.0")])
    (folder / "tiny" / "README.md").write_text("---\nlicense: mit\n---\n")
    with pytest.raises(UserError, match=r"made notes \(CC BY-NC 4.0\): 1 example"):
        run_tune(recipe_of({"data": {"purpose": "ship"}}), job_of(folder))
    assert not (folder / "out").exists()


def test_a_patient_on_both_sides_of_the_split_is_refused(tmp_path) -> None:
    from posology.adapt.tune import run_tune
    from posology.corpus.jsonl import write_jsonl

    folder = write_bench(tmp_path)
    write_jsonl(folder / "select.jsonl", [example(40, group="patient 1")])
    with pytest.raises(UserError, match=r"its group is in tune and in select \(groups in both: 1\)"):
        run_tune(recipe_of(), job_of(folder))


def test_examples_that_are_too_long_are_left_out_and_counted(tmp_path) -> None:
    from posology.adapt.tune import prepare
    from posology.corpus.jsonl import write_jsonl

    folder = write_bench(tmp_path)
    long = replace(example(5), id="long", answer="word " * 60)
    write_jsonl(folder / "tune.jsonl", [*(example(number) for number in range(4)), long])
    prepared = prepare(recipe_of({"data": {"max_tokens": 300}}), job_of(folder))
    assert len(prepared.tune) == 4
    assert prepared.material.left_out == {"longer than 300 tokens": 1}


def test_nothing_is_asked_of_the_model_where_the_folder_is_taken(bench, tuned) -> None:
    from posology.adapt.tune import run_tune

    with pytest.raises(OutputError, match="the folder is not empty; name another or pass --overwrite"):
        run_tune(recipe_of(), job_of(bench, "tuned"))


def test_an_ablation_runs_the_recipe_with_and_without_each_term_over_the_same_examples(bench) -> None:
    from posology.adapt.ablation import ablate

    recipe = recipe_of({"objective": {"ground": {"on": True}}, "optimizer": {"steps": 2}})
    folder = ablate(recipe, job_of(bench, "ablation"))
    rows = json.loads((folder / "ablation.json").read_text())["arms"]
    assert [row["arm"] for row in rows] == ["all", "without-answer", "without-ground"]
    assert {row["steps"] for row in rows} == {2}
    assert rows[2]["tokens"] < rows[0]["tokens"] == rows[1]["tokens"]
    assert "contrast" not in rows[2]
    assert (folder / "ablation.md").read_text().count("\n| ") == 4


def test_an_ablation_of_one_term_is_refused(bench) -> None:
    from posology.adapt.ablation import ablations

    with pytest.raises(UserError, match="one term is on; an ablation needs two"):
        ablations(recipe_of())


def test_an_ablation_leaves_out_the_terms_that_are_named(bench) -> None:
    from posology.adapt.ablation import ablations

    recipe = recipe_of({"objective": {"ground": {"on": True}}})
    assert list(ablations(recipe, ["ground"])) == ["all", "without-ground"]
    with pytest.raises(UserError, match="no term distill is on; on are answer, ground"):
        ablations(recipe, ["distill"])


def test_an_ablation_keeps_an_arm_of_the_same_recipe_data_and_base_and_no_other(tmp_path) -> None:
    from posology.adapt.ablation import ablate
    from posology.corpus.jsonl import write_jsonl

    folder = write_bench(tmp_path, tune=4)
    told = {"objective": {"ground": {"on": True}}, "optimizer": {"steps": 1}}
    ablate(recipe_of(told), job_of(folder, "arms"), ["ground"])
    made = (folder / "arms" / "all" / "manifest.json").read_bytes()
    ablate(recipe_of(told), job_of(folder, "arms"), ["ground"])
    assert (folder / "arms" / "all" / "manifest.json").read_bytes() == made
    table = (folder / "arms" / "ablation.md").read_bytes()
    refused = r"arms/all: holds an arm of another recipe, other data or another base: .* name another --out"
    with pytest.raises(UserError, match=refused):
        ablate(recipe_of({**told, "optimizer": {"steps": 1, "lr": 0.5}}), job_of(folder, "arms"), ["ground"])
    write_jsonl(folder / "tune.jsonl", [example(number) for number in range(5)])
    with pytest.raises(UserError, match=refused):
        ablate(recipe_of(told), job_of(folder, "arms"), ["ground"])
    assert (folder / "arms" / "ablation.md").read_bytes() == table


def test_a_base_that_is_an_adapter_is_tuned_whole_and_no_second_adapter_is_put_on_it(bench, tuned) -> None:
    from posology.adapt.network import open_network
    from posology.adapt.recipe import Base, Lora
    from posology.adapt.tune import run_tune

    on_top = {"base": {"path": "tuned"}}
    with pytest.raises(ModelError, match=r"is an adapter: .*posology adapt export .* --to transformers"):
        run_tune(recipe_of(on_top), job_of(bench, "on-top"))
    whole = {**on_top, "lora": {"rank": 0}, "optimizer": {"steps": 1, "lr": 0.0}}
    made = run_tune(recipe_of(whole), job_of(bench, "whole-of-adapter"))
    job = job_of(bench)
    opened = [
        open_network(Base(path=name, dtype="float32"), Lora(rank=0), job, seed=0).core.state_dict()
        for name in ("whole-of-adapter", "tuned", "tiny")
    ]
    name = next(name for name in opened[0] if name.endswith("q_proj.weight"))
    assert (opened[0][name] - opened[1][name]).abs().max() < 1e-6  # learned at a rate of 0: the adapter's own
    assert (opened[0][name] - opened[2][name]).abs().max() > 1e-4
    assert made.name == "whole-of-adapter"
