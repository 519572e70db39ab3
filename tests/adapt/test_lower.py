"""Layers that learn nothing are computed once for each example, and nothing that is learned changes by it."""

import json

import pytest

from posology.adapt.job import Job
from tests.adapt.tuning import job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH, write_tiny

pytestmark = NEEDS_TORCH


def _opened(folder, *, keep: float = 1.0):
    from posology.adapt.network import open_network
    from posology.adapt.recipe import Base, Lora

    if not (folder / "tiny").is_dir():
        write_tiny(folder / "tiny")
    job = Job(folder / "out", folder, home=folder / "home")
    lora = Lora(upper_layers=1, keep=keep)
    return open_network(Base(path="tiny", dtype="float32"), lora, job, seed=3, keep=True)


def _rows(network, lengths=(40, 12, 1)):
    torch = network.torch
    torch.manual_seed(5)
    tokens = torch.randint(5, 200, (len(lengths), max(lengths)))
    attention = torch.zeros_like(tokens)
    for row, length in enumerate(lengths):
        attention[row, :length] = 1
    return tokens, attention


def test_hidden_states_and_gradients_are_those_of_the_whole_model(tmp_path) -> None:
    kept, plain = (_opened(tmp_path, keep=keep) for keep in (1.0, 0.0))
    assert plain.kept is None
    tokens, attention = _rows(kept)
    for _ in range(2):  # computed, then taken from what is kept
        mine, theirs = kept.hidden(tokens, attention), plain.hidden(tokens, attention)
        assert mine.shape == theirs.shape
        for row, length in enumerate(attention.sum(1).tolist()):
            assert (mine[row, :length] - theirs[row, :length]).abs().max() < 1e-6
        for network, found in ((kept, mine), (plain, theirs)):
            network.logits(found[0]).logsumexp(-1).sum().backward()
        for name, one in kept.trained.items():
            assert (one.grad - plain.trained[name].grad).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("kind", "layers"),
    [
        ("llama", None),
        ("granite", None),  # multiplies embeddings inside the model, were they not given
        (
            "qwen2",
            ["full_attention", "full_attention", "sliding_attention"],
        ),  # which layer sees how far, by number
        ("qwen3", ["sliding_attention", "sliding_attention", "full_attention"]),
        ("gemma3_text", ["sliding_attention", "full_attention", "sliding_attention"]),
    ],
)
@pytest.mark.parametrize("upper", [1, 2])
def test_both_halves_of_every_family_give_what_the_whole_gives_or_are_not_taken(kind, layers, upper) -> None:
    import torch

    from posology.adapt.lower import keep_lower

    core = _random_model(kind, layers)
    kept = keep_lower(torch, core, upper, 1_000_000)
    if kind == "granite":
        assert kept is None
        return
    assert kept is not None
    assert kept.kept == 0
    tokens = torch.arange(3, 63).reshape(2, 30)
    attention = torch.ones_like(tokens)
    attention[1, 20:] = 0
    expected = core.base_model(input_ids=tokens, attention_mask=attention, use_cache=False).last_hidden_state
    assert (kept.hidden(tokens, attention) - expected)[attention.bool()].abs().max() < 1e-5


def test_a_model_whose_halves_are_not_taken_learns_as_before_and_says_so(tmp_path) -> None:
    from posology.adapt.network import open_network
    from posology.adapt.recipe import Base, Lora

    write_tiny(tmp_path / "tiny")
    _random_model("granite", None, rows=260).save_pretrained(str(tmp_path / "tiny"))
    told = []
    job = Job(tmp_path / "out", tmp_path, home=tmp_path / "home", tell=lambda said, *_: told.append(said))
    base, lora = Base(path="tiny", dtype="float32"), Lora(upper_layers=1)
    network = open_network(base, lora, job, seed=3, keep=True)
    assert network.kept is None
    assert told == ["This architecture's lower layers are computed each time"]
    assert open_network(base, lora, job, seed=3).kept is None
    assert len(told) == 1  # a kind that keeps nothing says nothing


def _random_model(kind, layers, rows=96):
    import torch

    from posology.chat.runtime import import_transformers

    transformers = import_transformers()
    torch.manual_seed(0)
    more = {"layer_types": layers, "sliding_window": 8, "use_sliding_window": True} if layers else {}
    config = transformers.AutoConfig.for_model(
        kind,
        vocab_size=rows,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        initializer_range=0.15,
        **({"embedding_multiplier": 4.0} if kind == "granite" else {}),
        **more,
    )
    return transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()


def test_an_example_passes_the_lower_layers_once_whatever_it_is_padded_with(tmp_path, monkeypatch) -> None:
    network = _opened(tmp_path)
    passed, inner = [], network.kept._compute
    monkeypatch.setattr(
        network.kept, "_compute", lambda *given: passed.append(len(given[2])) or inner(*given)
    )
    tokens, attention = _rows(network)
    together = network.hidden(tokens, attention)
    alone = network.hidden(tokens[1:2, :12], attention[1:2, :12])
    wider = network.hidden(tokens[1:], attention[1:])
    assert passed == [3, 0, 0]
    assert (alone[0, :12] - together[1, :12]).abs().max() < 1e-6
    assert (wider[0, :12] - alone[0, :12]).abs().max() < 1e-6
    assert wider.shape[1] == 40


def test_no_more_is_kept_than_the_recipe_allows_and_the_rest_is_computed_again(tmp_path) -> None:
    plain = _opened(tmp_path, keep=0.0)
    width = 32 * 4  # bytes of a token's states
    network = _opened(
        tmp_path, keep=(12 * (width + 8) + 100) / 1e9
    )  # room for the row of 12, not for that of 40
    tokens, attention = _rows(network)
    for _ in range(2):
        found, expected = network.hidden(tokens, attention), plain.hidden(tokens, attention)
        assert (found[0] - expected[0]).abs().max() < 1e-6
    assert 0 < network.kept.kept <= network.kept.most
    network.kept.forget()
    assert network.kept.kept == 0


def test_a_recipe_learns_the_same_with_and_without(tmp_path) -> None:
    from posology.adapt.tune import run_tune

    bench = write_bench(tmp_path)
    ground = {"ground": {"on": True}}
    losses = []
    for name, keep in (("kept", 1.0), ("plain", 0.0)):
        recipe = recipe_of({"lora": {"upper_layers": 1, "keep": keep}, "objective": ground})
        made = run_tune(recipe, job_of(bench, name))
        lines = [json.loads(line) for line in (made / "log.jsonl").read_text().splitlines()]
        losses.append([line.get("loss") or line["select"]["answer"] for line in lines])
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_layers_that_are_not_found_are_not_parted() -> None:
    import torch

    from posology.adapt.lower import keep_lower

    class Odd:
        base_model = torch.nn.Linear(2, 2)

    assert keep_lower(torch, Odd(), 1, 1000) is None


def test_a_plan_counts_the_memory_of_what_is_kept(tmp_path) -> None:
    from posology.adapt.tune import plan_tune, prepare, run_tune

    bench = write_bench(tmp_path)
    recipe = recipe_of({"lora": {"upper_layers": 1}})
    plan = plan_tune(recipe, job_of(bench))
    found = next(line for line in plan.lines if line.what == "memory")
    assert "MB of what the lower layers gave" in found.how
    assert "later epochs take less: the lower layers are computed in the first only" in plan.notes
    prepared = prepare(recipe, job_of(bench))
    lengths = [one.tokens for one in (*prepared.tune, *prepared.select)]
    assert prepared.network.kept.needs(lengths) == sum(lengths) * (32 * 4 + 8)
    assert run_tune(recipe, job_of(bench, "small")).is_dir()
