"""The terms against formulas written out anew, and the sums against the model's own loss."""

import math

import pytest

from tests.adapt.tuning import example, job_of, recipe_of, write_bench
from tests.chat.tiny_model import NEEDS_TORCH

pytestmark = NEEDS_TORCH


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    from posology.adapt.tune import prepare

    folder = write_bench(tmp_path_factory.mktemp("bench"))
    changes = {"objective": {"ground": {"on": True}}}
    return prepare(recipe_of(changes), job_of(folder))


def _logits(seed, rows=5, width=7):
    import torch

    made = torch.Generator().manual_seed(seed)
    return torch.randn((rows, width), generator=made, dtype=torch.float64) * 2


def _softmax(row, temperature):
    powers = [math.exp(value / temperature) for value in row]
    return [power / sum(powers) for power in powers]


def _kl(p, q):
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_a_divergence_is_its_formula_summed_in_plain_python(beta: float, temperature: float) -> None:
    import torch

    from posology.adapt.objective.terms import divergence

    teacher, student = _logits(1), _logits(2)
    weights = torch.tensor([1.0, 0.0, 2.0, 0.5, 1.0])
    expected = 0.0
    for row, weight in enumerate(weights.tolist()):
        p = _softmax(teacher[row].tolist(), temperature)
        q = _softmax(student[row].tolist(), temperature)
        mean = [beta * a + (1 - beta) * b for a, b in zip(p, q, strict=True)]
        one = {0.0: _kl(p, q), 1.0: _kl(q, p)}.get(beta, beta * _kl(p, mean) + (1 - beta) * _kl(q, mean))
        expected += weight * one * temperature**2
    found = float(divergence(teacher, student, weights, beta=beta, temperature=temperature))
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_cache_of_every_token_but_one_tells_the_whole_divergence_and_a_short_one_less() -> None:
    import torch

    from posology.adapt.objective.terms import divergence, tail_divergence

    teacher, student, weights = _logits(3), _logits(4), torch.ones(5)
    full = float(divergence(teacher, student, weights, beta=0.0, temperature=1.0))
    told = []
    for kept in (6, 3, 1):
        top = teacher.log_softmax(-1).topk(kept, -1)
        told.append(float(tail_divergence(top.values, top.indices, student, weights, temperature=1.0)))
    assert told[0] == pytest.approx(full, rel=1e-4)
    assert full >= told[1] >= told[2] >= 0


def test_a_teacher_that_is_the_student_is_at_no_distance() -> None:
    import torch

    from posology.adapt.objective.terms import divergence

    same = _logits(5)
    for beta in (0.0, 0.5, 1.0):
        assert float(divergence(same, same, torch.ones(5), beta=beta, temperature=1.5)) == pytest.approx(
            0, abs=1e-5
        )


def test_unlikelihood_and_contrast_are_their_formulas() -> None:
    import torch

    from posology.adapt.objective.terms import contrast, unlikelihood

    logp, targets = _logits(6).log_softmax(-1), torch.tensor([0, 3, 2, 6, 1])
    weights = torch.tensor([1.0, 0.0, 1.0, 2.0, 0.0])
    said = [math.exp(float(logp[row, target])) for row, target in enumerate(targets.tolist())]
    expected = -sum(w * math.log(1 - q) for w, q in zip(weights.tolist(), said, strict=True))
    assert float(unlikelihood(logp, targets, weights)) == pytest.approx(expected, rel=1e-5)
    one, other = torch.tensor([-1.0, -5.0]), torch.tensor([-4.0, -4.5])
    assert float(contrast(one, other, torch.ones(2), 2.0)) == pytest.approx(0 + 2.5)


def test_certainty_of_a_wrong_token_costs_much_but_not_without_end() -> None:
    import torch

    from posology.adapt.objective.terms import unlikelihood

    certain = torch.tensor([[50.0, 0.0]]).log_softmax(-1)
    cost = float(unlikelihood(certain, torch.tensor([0]), torch.ones(1)))
    assert 10 < cost < 20


def test_the_answer_term_is_the_loss_that_the_model_itself_computes(bench) -> None:
    import torch

    from posology.adapt.objective.answers import AnswerObjective

    objective = AnswerObjective(bench.network, bench.tune, recipe_of().objective)
    one = bench.tune[0]
    labels = [-100] * len(one.context) + list(one.answer)
    tokens = torch.tensor([[*one.context, *one.answer]])
    with torch.no_grad():
        theirs = bench.network.core(input_ids=tokens, labels=torch.tensor([labels])).loss
        ours = objective.losses([0])
    assert float(ours.total) / objective.count([0]) == pytest.approx(float(theirs), rel=1e-4)
    assert ours.parts == {"answer": pytest.approx(float(theirs) * len(one.answer), rel=1e-4)}


def test_examples_count_the_same_alone_and_together(bench) -> None:
    import torch

    from posology.adapt.objective.answers import AnswerObjective

    objective = AnswerObjective(bench.network, bench.tune, bench_terms())
    with torch.no_grad():
        together = objective.losses([0, 1, 5]).parts
        alone = [objective.losses([row]).parts for row in (0, 1, 5)]
    for name, value in together.items():
        assert value == pytest.approx(sum(parts[name] for parts in alone), rel=1e-3)


def bench_terms():
    return recipe_of({"objective": {"ground": {"on": True}}}).objective


def test_tiles_change_neither_sums_nor_gradients(bench) -> None:
    from posology.adapt.objective.answers import AnswerObjective

    def gradients(tile):
        objective = AnswerObjective(bench.network, bench.tune, bench_terms(), tile=tile)
        objective.losses([0, 1, 2]).total.backward()
        found = {name: one.grad.clone() for name, one in bench.network.trained.items()}
        for one in bench.network.trained.values():
            one.grad = None
        return found

    whole, tiled = gradients(1024), gradients(7)
    for name, one in whole.items():
        assert float((one - tiled[name]).abs().max()) < 1e-4, name


def test_terms_that_are_off_are_neither_computed_nor_told(bench) -> None:
    from posology.adapt.objective.answers import AnswerObjective

    plain = AnswerObjective(bench.network, bench.tune, recipe_of().objective)
    assert list(plain.losses([0]).parts) == ["answer"]
    grounded = AnswerObjective(bench.network, bench.tune, bench_terms())
    assert list(grounded.losses([0]).parts) == ["answer", "unlikelihood", "contrast"]
    assert grounded.losses([0]).tokens > plain.losses([0]).tokens


def test_a_weight_multiplies_what_an_example_counts_above_and_below_the_line(bench) -> None:
    from dataclasses import replace

    import torch

    from posology.adapt.objective.answers import AnswerObjective

    heavy = [replace(bench.tune[0], weight=3.0)]
    terms = recipe_of().objective
    with torch.no_grad():
        one = AnswerObjective(bench.network, bench.tune, terms)
        three = AnswerObjective(bench.network, heavy, terms)
        assert float(three.losses([0]).total) == pytest.approx(3 * float(one.losses([0]).total), rel=1e-5)
    assert three.count([0]) == 3 * one.count([0])


def test_unsupported_facts_are_made_unlikely_and_not_learned(bench) -> None:
    from posology.adapt.masks import Marker, mark_example

    marker = Marker(bench.network.codec, bench.network.ends, ground=True, contrast=True)
    marked = mark_example(example(1, answer="The weight is 77 kg."), marker)
    assert sum(marked.unsupported) == len("77 kg")
    assert not any(a and b for a, b in zip(marked.learn, marked.unsupported, strict=True))
