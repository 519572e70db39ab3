"""Preference tuning: the loss is DPO's, the reference is the model without its adapter, falls end the run."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from posology.adapt.job import Job
from posology.adapt.objective.preferring import (
    MarkedPair,
    PreferenceObjective,
    preference_loss,
    reference_of,
)
from posology.adapt.prefer import run_prefer
from posology.adapt.preference import read_ratings
from posology.adapt.preference.answering import with_room, written_examples
from posology.adapt.preference.material import PairMaterial, gather_pairs, split_by_group
from posology.adapt.recipe import Base, Lora
from posology.adapt.recipes import parse_recipe, read_recipe
from posology.adapt.recipes.prefer import PreferRecipe
from posology.chat import Message
from posology.corpus import Preference, Provenance
from posology.corpus.jsonl import write_jsonl
from posology.errors import ModelError, UserError
from tests.adapt.tuning import example
from tests.chat.tiny_model import write_tiny

pytest.importorskip("torch")
pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's

RECIPE = """
posology = "recipe/1"
kind = "prefer"
name = "faithful weights"
[data]
pairs = ["preferences.jsonl"]
select_share = 0.3
[base]
path = "tiny"
dtype = "float32"
[lora]
rank = 4
alpha = 8
[contrast]
beta = 0.5
supervised = 0.2
[optimizer]
lr = 0.02
batch = 4
steps = 6
[stop]
every = 3
checkpoint = 2
"""


def _pair(number: int, licence: str = "made here") -> Preference:
    weight = 50 + number
    return Preference(
        f"n{number}/1",
        (Message("user", f"Weight {weight} kg. How heavy?"),),
        f"The weight is {weight} kg.",
        f"The weight is {weight + 7} kg.",
        Provenance("made notes", licence, group=f"patient {number}"),
        "number",
    )


def write_pairs(folder: Path) -> Path:
    """Write a model and pairs; return the folder."""
    write_tiny(folder / "tiny")
    write_jsonl(folder / "preferences.jsonl", [_pair(number) for number in range(12)])
    return folder


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    return write_pairs(tmp_path)


def _recipe(text: str = RECIPE) -> PreferRecipe:
    recipe = parse_recipe(text, "prefer.toml")
    assert isinstance(recipe, PreferRecipe)
    return recipe


def _job(folder: Path) -> Job:
    return Job(folder / "out", folder, home=folder / "home")


def test_the_loss_is_trls() -> None:
    import torch

    chosen, rejected = torch.tensor([0.4, -1.0]), torch.tensor([-0.2, 0.5])
    mine = preference_loss(torch, chosen, rejected, 0.3)
    wanted = [math.log(1 + math.exp(-0.3 * (a - b))) for a, b in ((0.4, -0.2), (-1.0, 0.5))]
    assert mine.tolist() == pytest.approx(wanted, rel=1e-5)
    assert float(preference_loss(torch, chosen[:1], chosen[:1], 0.3)) == pytest.approx(math.log(2))


def test_the_reference_is_the_model_with_its_adapter_off(bench: Path) -> None:
    from posology.adapt.network import open_network

    network = open_network(Base(path="tiny", dtype="float32"), Lora(rank=4), _job(bench), seed=0)
    pairs = [MarkedPair("a", (5, 6, 7), (8, 9, 2), (8, 10, 2)), MarkedPair("b", (5, 4), (3,), (9, 9, 9, 2))]
    before = reference_of(network, pairs, 4096)
    with network.torch.no_grad():
        for name, values in network.trained.items():
            if "lora_B" in name:
                values.add_(0.3)
    again = reference_of(network, pairs, 4096)
    assert [value for pair in again for value in pair] == pytest.approx([v for pair in before for v in pair])
    objective = PreferenceObjective(network, pairs, before, beta=0.5, supervised=0.0)
    assert abs(objective.losses([0, 1]).parts["chosen"]) > 1e-3  # now the adapter is on

    with network.torch.no_grad():  # one by one, by transformers' own head
        ids = network.torch.tensor([[5, 6, 7, 8, 9, 2]])
        with network.wrapped.disable_adapter():
            logp = network.core(ids).logits.log_softmax(-1)[0]
    assert before[0][0] == pytest.approx(float(logp[2, 8] + logp[3, 9] + logp[4, 2]), abs=1e-4)


def test_pairs_computed_together_cost_what_they_cost_apart(bench: Path) -> None:
    from posology.adapt.network import open_network

    network = open_network(Base(path="tiny", dtype="float32"), Lora(rank=2), _job(bench), seed=0)
    pairs = [MarkedPair("a", (5, 6, 7), (8, 9, 2), (8, 2)), MarkedPair("b", (5, 4), (3,), (9, 9, 9, 2))]
    objective = PreferenceObjective(network, pairs, [(-1.0, -2.0), (-3.0, -1.0)], beta=0.5, supervised=0.3)
    both = objective.losses([0, 1])
    apart = [objective.losses([row]) for row in (0, 1)]
    assert float(both.total.detach()) == pytest.approx(
        sum(float(one.total.detach()) for one in apart), rel=1e-4
    )
    assert both.parts["right"] == sum(one.parts["right"] for one in apart)


def test_faithful_answers_gain_on_faulty_ones(bench: Path) -> None:
    folder = run_prefer(_recipe(), _job(bench))
    report = json.loads((folder / "report.json").read_text())
    before, after = report["select_before"], report["select_after"]
    assert before["preference"] == pytest.approx(math.log(2), rel=1e-3)  # nothing learned: a coin
    assert after["answer"] < before["answer"]
    assert after["chosen"] > 0
    assert report["faults"] == {"number": report["pairs"]}
    assert (folder / "adapter.safetensors").is_file()
    assert "moved the right way" in (folder / "card.md").read_text()


def test_inventions_and_omissions_of_written_answers_are_counted_before_and_after(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from posology.adapt import prefer

    written = iter(
        [["The weight is 7 kg.", ""], None]
    )  # before: an invention and nothing; after: as preferred
    real = prefer.write_answers

    def write(network: Any, examples: Any, *more: Any) -> list[str]:
        made = real(network, examples, *more)
        assert len(made) == len(examples) == 2
        given = next(written)
        return [one.answer for one in examples] if given is None else given

    monkeypatch.setattr(prefer, "write_answers", write)
    text = RECIPE.replace("supervised = 0.2", "supervised = 0.2\nwritten = 2\nanswer_tokens = 6")
    folder = run_prefer(_recipe(text), replace(_job(bench), watts=30.0))
    report = json.loads((folder / "report.json").read_text())
    before, after = report["written_before"], report["written_after"]
    assert (before["answers"], before["invented"], before["omitted"], before["empty"]) == (2, 1, 2, 1)
    assert (after["answers"], after["invented"], after["omitted"], after["wanted"]) == (2, 0, 0, 2)
    assert report["energy_wh"] == pytest.approx(
        30.0 * report["seconds"] / 3600, abs=30.0 * 0.001 / 3600
    )  # rounded
    card = (folder / "card.md").read_text()
    assert "| of them omitted | 2 | 0 |" in card
    assert "Wh, from the stated draw" in card


def test_only_prompts_that_bear_out_the_preferred_answer_are_answered_each_once() -> None:
    bare = replace(_pair(2), messages=(Message("user", "Write the letter of medical necessity."),))
    silent = replace(_pair(3), chosen="The patient is heavy.")
    system = replace(_pair(4), messages=(Message("system", "Weight 54 kg."), Message("user", "How heavy?")))
    again = replace(_pair(1), rejected="The weight is 77 kg.")
    found = list(written_examples([_pair(1), again, bare, silent, system]))
    assert [one.id for one in found] == ["n1/1", "n4/1"]
    assert found[0].source_text == "Weight 51 kg. How heavy?"
    assert found[0].answer == "The weight is 51 kg."


def test_a_prompt_that_leaves_an_answer_no_room_is_left_out(bench: Path) -> None:
    from posology.adapt.network import open_network

    network = open_network(Base(path="tiny", dtype="float32"), Lora(rank=2), _job(bench), seed=0)
    long = replace(_pair(4), messages=(Message("user", f"Weight 54 kg. {'word ' * 4000}"),))
    examples = list(written_examples([_pair(1), long]))
    assert len(examples) == 2
    assert [one.id for one in with_room(network, examples, 6)] == ["n1/1"]


def test_what_only_measures_does_not_change_which_checkpoint_is_gone_on_from(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from posology.adapt import prefer

    marks = []
    real = prefer.fingerprint_of
    monkeypatch.setattr(prefer, "fingerprint_of", lambda *of: marks.append(real(*of)) or marks[-1])
    for number, keys in enumerate(
        ("written = 0", "written = 1\nanswer_tokens = 4", "written = 0\nbeta = 0.4")
    ):
        text = RECIPE.replace("beta = 0.5", keys if "beta" in keys else f"beta = 0.5\n{keys}")
        run_prefer(_recipe(text), replace(_job(bench), out=bench / f"out{number}"))
    assert marks[0] == marks[1]
    assert marks[2] != marks[0]


def test_no_answers_are_written_where_the_recipe_wants_none(bench: Path) -> None:
    text = RECIPE.replace("supervised = 0.2", "supervised = 0.2\nwritten = 0")
    folder = run_prefer(_recipe(text), _job(bench))
    report = json.loads((folder / "report.json").read_text())
    assert report["written_before"] is report["written_after"] is report["energy_wh"] is None
    assert "was not measured" in (folder / "card.md").read_text()


def test_a_fall_of_faithful_answers_ends_the_run_and_keeps_no_such_weights(bench: Path) -> None:
    text = RECIPE.replace("supervised = 0.2", "supervised = 0.0\nfall = 0.0").replace("lr = 0.02", "lr = 3.0")
    with pytest.raises(ModelError, match=r"faithful answers became less likely.*raise contrast"):
        run_prefer(_recipe(text), _job(bench))
    assert not (bench / "out").exists()


def test_pairs_of_a_group_are_on_one_side() -> None:
    pairs = [_pair(number // 3) for number in range(60)]
    tune, select = split_by_group(pairs, 0.3)
    assert len(tune) + len(select) == 60
    assert select
    groups = {pair.provenance.group for pair in tune} & {pair.provenance.group for pair in select}
    assert not groups


MIXED = """
corpora = ["tune.jsonl"]
select = ["select.jsonl"]
"""


def _mixed(folder: Path, provenance: Provenance, data: str) -> PairMaterial:
    """Gather pairs that are read beside made ones; one select example has this provenance."""
    write_jsonl(folder / "tune.jsonl", [example(number) for number in range(4)])
    chosen = [example(30), replace(example(31), provenance=provenance)]
    write_jsonl(folder / "select.jsonl", chosen)
    recipe = _recipe(RECIPE.replace('pairs = ["preferences.jsonl"]\n', f"{MIXED}{data}\n"))
    return gather_pairs(recipe, _job(folder))


def test_pairs_of_a_file_share_no_patient_with_the_pairs_that_select(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "preferences.jsonl", [_pair(number) for number in range(8, 12)])
    data = 'pairs = ["preferences.jsonl"]'
    told = r"pair note-31/1 of made notes: its group is in tune and in select \(groups in both: 1\)"
    with pytest.raises(UserError, match=told):
        _mixed(tmp_path, Provenance("made notes", "made here", group="patient 9"), data)
    apart = _mixed(tmp_path, Provenance("made notes", "made here", group="patient 31"), data)
    assert len(apart.tune) == 8
    assert len(apart.select) == 2
    elsewhere = _mixed(tmp_path, Provenance("other notes", "made here", group="patient 9"), data)
    assert len(elsewhere.select) == 2  # another source's patient 9 is another patient


def test_ratings_share_no_case_with_the_pairs_that_select(tmp_path: Path) -> None:
    header = {"posology": "ratings/1", "consent": "IRB 7", "year": 2026, "comparisons": 1, "ratings": 1}
    lines = (header, _rating("one", "draft"))
    (tmp_path / "ratings.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    data = 'ratings = ["ratings.jsonl"]'
    with pytest.raises(UserError, match=r"of ratings of ratings\.jsonl: its group is in tune and in select"):
        _mixed(tmp_path, Provenance("ratings of ratings.jsonl", "made here", group="one"), data)
    assert len(_mixed(tmp_path, Provenance("made notes", "made here", group="one"), data).tune) == 5


def test_a_licence_that_forbids_it_stops_the_run(bench: Path) -> None:
    write_jsonl(bench / "preferences.jsonl", [_pair(1, "CC-BY-NC-4.0"), _pair(2)])
    (bench / "tiny" / "README.md").write_text("---\nlicense: mit\n---\n")
    with pytest.raises(UserError, match=r"made notes \(CC-BY-NC-4\.0\): 1 pairs"):
        run_prefer(_recipe(RECIPE.replace("[base]", 'purpose = "ship"\n[base]')), _job(bench))


def test_a_recipe_without_data_is_refused() -> None:
    with pytest.raises(UserError, match="name tasks, corpora, pairs or ratings"):
        _recipe(RECIPE.replace('pairs = ["preferences.jsonl"]', ""))


def _rating(case: str, preferred: str, blind: bool = True) -> dict[str, Any]:
    return {
        "case": case,
        "rater": "r",
        "policy": "cpap",
        "blind": blind,
        "preferred": preferred,
        "draft": {"text": f"draft of {case}", "scores": {}, "marks": []},
        "manual": {"text": f"manual of {case}", "scores": {}, "marks": []},
    }


def test_reviewers_preferences_become_pairs_by_majority_and_carry_their_consent(tmp_path: Path) -> None:
    header = {"posology": "ratings/1", "consent": "IRB 7", "year": 2026, "comparisons": 4, "ratings": 6}
    ratings = [
        _rating("one", "draft"), _rating("one", "draft"), _rating("one", "manual"),
        _rating("tied", "draft"), _rating("tied", "manual"),
        _rating("open", "neither"), _rating("seen", "draft", blind=False),
    ]  # fmt: skip
    path = tmp_path / "ratings.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in (header, *ratings)))
    made = read_ratings(path)
    assert [(one.chosen, one.rejected) for one in made.pairs] == [("draft of one", "manual of one")]
    assert made.pairs[0].provenance == Provenance("ratings of ratings.jsonl", "not stated", "IRB 7", "one")
    assert dict(made.rejected) == {
        "tied": "no rater preferred one letter, or as many each",
        "open": "no rater preferred one letter, or as many each",
        "seen": "no blind rating",
    }
    assert len(read_ratings(path, blind_only=False).pairs) == 2


@pytest.mark.parametrize("text", ["", "no json\n", '{"posology": "ratings/2", "consent": "x"}\n'])
def test_another_file_is_no_export_of_ratings(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(UserError, match="export of ratings"):
        read_ratings(tmp_path / "x.jsonl")


def test_the_recipes_that_ship_are_read(repo_root: Path) -> None:
    for path in sorted((repo_root / "recipes").glob("prefer-*.toml")):
        assert isinstance(read_recipe(path), PreferRecipe)


def test_examples_beyond_an_answers_limit_are_counted_and_a_balance_of_pairs_is_refused(
    tmp_path: Path,
) -> None:
    write_tiny(tmp_path / "tiny")
    answer = "The weight is 51 kg."
    write_jsonl(tmp_path / "tune.jsonl", [replace(example(1), id=f"n{n}", answer=answer) for n in range(6)])
    text = RECIPE.replace('pairs = ["preferences.jsonl"]', 'corpora = ["tune.jsonl"]\nanswer_limit = 2')
    recipe = parse_recipe(text.replace("select_share = 0.3", "select_share = 0.0"), "p.toml")
    assert isinstance(recipe, PreferRecipe)
    found = gather_pairs(recipe, Job(tmp_path / "out", tmp_path))
    assert found.left_out["more than 2 of the same answer"] == 4
    with pytest.raises(UserError, match="pairs weigh alike"):
        parse_recipe(text.replace("answer_limit = 2", 'balance = "roots"'), "p.toml")
