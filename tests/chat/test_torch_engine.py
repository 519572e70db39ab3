"""The transformers engine on a random model: what stands beside a prompt never changes its answer."""

import json
import math
import random

import pytest

from posology.chat import (
    Choice,
    Copy,
    JsonShape,
    Message,
    ModelIdentity,
    Pattern,
    Prompt,
    Sampling,
    run_canaries,
)
from posology.chat.shapes import parse_answer
from posology.errors import EngineError, ModelError, PromptTooLong
from tests.chat.tiny_model import NEEDS_TORCH, write_tiny

pytestmark = NEEDS_TORCH
IDENTITY = ModelIdentity("tiny", "llama", "1", "", "transformers")
SHOTS = "Cough and fever; the answer is yes. Rash without fever; the answer is no. " * 3
NOTE = 'He took "aspirin", 5.5 mg a day.\n  No fever; no low-back pain.'
STATUS = Choice(("met", "not_met", "unknown"))
SHAPE = JsonShape(
    {
        "type": "object",
        "properties": {"quote": {"type": "string", "maxLength": 8}, "cites": {"enum": [1, 2]}},
        "required": ["quote", "cites"],
    }
)


def opened(folder, **options):
    from posology.chat.torch_engine import TransformersOptions, open_transformers

    return open_transformers(
        folder, IDENTITY, 0, TransformersOptions(**{"dtype": "float32", "threads": 1, **options})
    )


@pytest.fixture(scope="module", params=["template", "plain", "sliding"])
def folder(request, tmp_path_factory):
    target = tmp_path_factory.mktemp(request.param)
    kinds = {"template": {}, "plain": {"template": None}, "sliding": {"sliding": True}}
    return write_tiny(target, **kinds[request.param])


@pytest.fixture(scope="module")
def engine(folder):
    return opened(folder)


@pytest.fixture(scope="module")
def lone(folder):
    return opened(folder, share_prefixes=False, batch_size=1)


def prompt(text, constraint=None, max_tokens=12, **more):
    return Prompt((Message("system", SHOTS), Message("user", text)), constraint, max_tokens, **more)


def mixed():
    chart = "The chart says that the patient was seen twice for a cough and once for pain. " * 2
    return [
        prompt("hello"),
        prompt("a question that is quite a bit longer than the other ones are"),
        prompt("status?", STATUS),
        prompt(f"{chart} first question", STATUS),
        prompt(f"{chart} second", max_tokens=20),
        prompt("list", Copy(NOTE, ("drug", "disease"), max_items=3, max_words=3), 60),
        prompt("code", Pattern(r"[A-Z][0-9]{2}(\n[A-Z][0-9]{2}){0,2}"), 30),
        prompt("json", SHAPE, 60),
        prompt("drawn", sampling=Sampling(1.0, 3)),
        prompt("begun", STATUS, opening="The status is"),
        Prompt((Message("user", "short"),), None, 6),
    ]


def test_one_by_one_and_together_with_shared_beginnings_give_the_same_answers(engine, lone):
    together, alone = engine.generate(mixed()), lone.generate(mixed())
    assert [done.text for done in together] == [done.text for done in alone]
    assert [done.finish for done in together] == [done.finish for done in alone]
    for left, right in zip(together, alone, strict=True):
        assert left.logprob == pytest.approx(right.logprob, abs=1e-3)


def test_a_shared_beginning_is_computed_once(engine, lone):
    prompts = [prompt(f"question {letter}", max_tokens=1) for letter in "abcdefgh"]
    before = engine.computed_tokens, lone.computed_tokens
    engine.generate(prompts)
    lone.generate(prompts)
    shared, each = engine.computed_tokens - before[0], lone.computed_tokens - before[1]
    assert each == sum(lone.count_tokens(one) for one in prompts)
    assert shared < each / 3


def test_answers_do_not_depend_on_earlier_calls(folder, engine):
    engine.generate([prompt("something else"), prompt("something quite else")])
    fresh = opened(folder)
    assert engine.generate(mixed()) == fresh.generate(mixed())


def test_logits_in_bfloat16_agree_with_and_without_sharing(folder):
    shared, alone = opened(folder, dtype="bfloat16"), opened(folder, dtype="bfloat16", share_prefixes=False)
    prompts, options = mixed()[:3], [("y", "n")] * 3
    pairs = zip(shared.score(prompts, options), alone.score(prompts, options), strict=True)
    for left, right in pairs:
        for one, other in zip(left, right, strict=True):
            assert one.logprob == pytest.approx(other.logprob, abs=0.25)


def naive_logprob(engine, context, tail):
    import torch

    ids = torch.tensor([[*context, *tail]])
    with torch.no_grad():
        logits = engine._loaded.model(ids).logits[0].float()
    scores = torch.log_softmax(logits, -1)
    return sum(float(scores[len(context) + place - 1, token]) for place, token in enumerate(tail))


def test_a_score_is_the_sum_of_log_softmax_over_the_options_tokens(engine):
    prompts = mixed()[:5]
    options = [("yes", "no", "it may be so"), ("A",), ("B", "C"), ("met", "not_met"), (" yes", "no.")]
    for one, texts, scores in zip(prompts, options, engine.score(prompts, options), strict=True):
        context, tails = engine._codec.pairs(one, texts)
        for tail, score in zip(tails, scores, strict=True):
            assert score.tokens == len(tail)
            expected = naive_logprob(engine, context.tokens, tail)
            assert score.logprob == pytest.approx(expected, abs=1e-3)


def test_a_completions_log_probability_is_its_score(engine):
    (done,) = engine.generate([prompt("status?", STATUS)])
    ((score,),) = engine.score([prompt("status?")], [(done.text,)])
    lead = engine._codec.context(prompt("status?")).lead
    assert done.finish == "stop"
    assert done.output_tokens == score.tokens == len(done.text) + len(lead)
    assert done.logprob == pytest.approx(score.logprob, abs=1e-3)


def test_every_canary_is_right(engine):
    assert [result for result in run_canaries(engine) if not result.ok] == []


@pytest.mark.parametrize("seed", range(4))
def test_constrained_answers_keep_their_form(engine, seed):
    dice = random.Random(seed)
    words = NOTE.split()
    dice.shuffle(words)
    forms = [
        Copy(" ".join(words), ("drug", "disease"), max_items=2, max_words=3),
        Copy("\n".join(words), max_items=2, max_words=2),
        Pattern(r"[A-Z][0-9]{2}(\.[0-9]{1,2})?/?"),
        STATUS,
        SHAPE,
    ]
    prompts = [prompt("go", form, 90, sampling=Sampling(1.5, seed)) for form in forms]
    for form, done in zip(forms, engine.generate(prompts), strict=True):
        assert done.finish == "stop"
        parse_answer(done.text, form)


def test_nothing_can_be_copied_from_an_empty_text(engine):
    (done,) = engine.generate([prompt("list", Copy("  \n", ("drug",)))])
    assert (done.text, done.finish) == ("none", "stop")


def test_a_drawn_answer_is_that_of_its_seed_alone(engine):
    first, again, other = engine.generate(
        [prompt("x", max_tokens=20, sampling=Sampling(1.0, seed)) for seed in (1, 1, 2)]
    )
    (lonely,) = engine.generate([prompt("x", max_tokens=20, sampling=Sampling(1.0, 1))])
    assert first.text == again.text == lonely.text != other.text
    cold, greedy = engine.generate([prompt("x", sampling=Sampling(0.0, 5)), prompt("x")])
    assert cold.text == greedy.text


def test_the_opening_is_read_but_not_returned(engine):
    plain, begun = prompt("status?"), prompt("status?", opening="The status is")
    assert engine.count_tokens(begun) > engine.count_tokens(plain)
    context = engine._codec.context(begun)
    assert bytes(context.tokens[-2:]) or context.lead == " "
    (done,) = engine.generate([prompt("status?", STATUS, opening="The status is")])
    assert done.text in STATUS.options


def test_progress_counts_every_answer(engine):
    told = []
    engine.generate(mixed(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == len(mixed())


def test_a_prompt_that_does_not_fit_is_refused_before_anything_is_computed(engine):
    before = engine.computed_tokens
    long = prompt("word " * 400)
    with pytest.raises(PromptTooLong, match=r"prompt 2 has [0-9]+ tokens and asks for 12; the window"):
        engine.generate([prompt("hello"), long])
    with pytest.raises(PromptTooLong, match="prompt 1"):
        engine.score([prompt("a")], [("no", "x" * 1000)])
    assert engine.computed_tokens == before


def test_ctrl_c_leaves_the_engine_usable(engine):
    class Pressed(KeyboardInterrupt):
        pass

    def press(_):
        raise Pressed

    with pytest.raises(Pressed):
        engine.generate(mixed(), progress=press)
    assert engine.generate([prompt("hello")]) == engine.generate([prompt("hello")])


def test_an_empty_option_and_an_empty_prompt_are_errors(engine):
    with pytest.raises(EngineError, match="without text"):
        engine.score([prompt("a")], [("yes", "")])
    with pytest.raises(EngineError, match="without messages"):
        engine.generate([Prompt(())])


def test_a_pattern_the_engine_does_not_know_is_named_without_its_text(engine):
    with pytest.raises(EngineError, match=r"Pattern\) cannot be held to"):
        engine.generate([prompt("a", Pattern(r"(?=secret)x"))])


def test_a_template_that_refuses_the_messages_says_so(tmp_path):
    folder = write_tiny(tmp_path, template="{{ raise_exception('System role not supported') }}")
    with pytest.raises(EngineError, match=r"chat template does not take these messages \(system, user\)"):
        opened(folder).generate([prompt("hello")])


def test_a_folder_without_a_model_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="cannot load these weights"):
        opened(tmp_path)


def test_scores_are_probabilities(engine):
    ((scores,),) = [engine.score([prompt("a")], [tuple("abcdefghij")])]
    assert all(score.logprob < 0 and math.isfinite(score.logprob) for score in scores)


def test_an_answer_that_ends_at_once_stands_beside_others_that_go_on(tmp_path):
    engine = opened(write_tiny(tmp_path))
    prompts = [prompt(text, max_tokens=6) for text in ("Cough?", "Fever, and a rash?", "No pain.", "x")]
    firsts = [_likeliest(engine, one) for one in prompts]
    end = next(token for token in firsts if firsts.count(token) == 1)
    path = tmp_path / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"eos_token_id": [config["eos_token_id"], end]}))
    answers = opened(tmp_path).generate(prompts)
    ended = answers.pop(firsts.index(end))
    assert (ended.text, ended.finish, ended.output_tokens) == ("", "stop", 0)
    assert all(answer.output_tokens for answer in answers)
    alone = opened(tmp_path, batch_size=1)
    others = [one for one, token in zip(prompts, firsts, strict=True) if token != end]
    assert [one.text for one in answers] == [alone.generate([one])[0].text for one in others]


def _likeliest(engine, one):
    import torch

    with torch.no_grad():
        logits = engine._loaded.model(torch.tensor([engine._codec.context(one).tokens])).logits
    return int(logits[0, -1].argmax())
