"""What was asked once is not asked again; what differs in anything that decides an answer is."""

from dataclasses import replace
from pathlib import Path

import pytest

from posology.chat import (
    Choice,
    Copy,
    JsonShape,
    Message,
    ModelIdentity,
    OptionScore,
    Pattern,
    Prompt,
    Sampling,
    ScriptedGenerator,
)
from posology.errors import EngineStopped, OutputError, PromptTooLong
from posology.evaluate.arm import Learning
from posology.evaluate.cache import CachedGenerator, CompletionCache, with_cache
from posology.evaluate.evaluation import Ask
from posology.evaluate.strategy import parse_strategy
from posology.evaluate.systems import System, parse_system
from posology.evaluate.titration.run import system_digest
from tests.evaluate.made_tasks import CHOICE, choice_items

ASKED = Prompt((Message("system", "You read."), Message("user", "How urgent?")), Choice(("a", "b")), 8)


class Scoring(ScriptedGenerator):
    """Scores an option by its length."""

    def __init__(self):
        super().__init__(lambda prompt: prompt.messages[-1].content[:3])
        self.scored = []

    def score(self, prompts, options):
        self.scored += list(prompts)
        return [[OptionScore(-float(len(one)), 1) for one in some] for some in options]


@pytest.fixture
def cache(tmp_path):
    cache = CompletionCache(tmp_path / "cache")
    yield cache
    cache.close()


def scripted() -> ScriptedGenerator:
    return ScriptedGenerator(lambda prompt: f"answer to {len(prompt.messages)}")


def test_the_same_prompt_is_asked_once_in_one_call_and_ever_after(cache, tmp_path: Path) -> None:
    model = scripted()
    first = CachedGenerator(model, cache).generate([ASKED, ASKED])
    again = CachedGenerator(model, CompletionCache(tmp_path / "cache")).generate([ASKED])
    assert len(model.calls) == 1
    assert first[0] == first[1] == again[0]


OTHERS = {
    "words": replace(ASKED, messages=(*ASKED.messages[:1], Message("user", "How urgent!"))),
    "role": replace(ASKED, messages=(ASKED.messages[0], Message("assistant", "How urgent?"))),
    "order": replace(ASKED, messages=ASKED.messages[::-1]),
    "no constraint": replace(ASKED, constraint=None),
    "options": replace(ASKED, constraint=Choice(("a", "c"))),
    "order of options": replace(ASKED, constraint=Choice(("b", "a"))),
    "kind of constraint": replace(ASKED, constraint=Pattern("a|b")),
    "schema": replace(ASKED, constraint=JsonShape({"enum": ["a", "b"]})),
    "text to copy from": replace(ASKED, constraint=Copy("a b")),
    "budget": replace(ASKED, max_tokens=9),
    "sampling": replace(ASKED, sampling=Sampling(0.7, 0)),
    "seed": replace(ASKED, sampling=Sampling(0.7, 1)),
    "opening": replace(ASKED, opening="The answer is"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_prompt_that_differs_in_anything_is_asked(cache, what: str) -> None:
    model = scripted()
    cached = CachedGenerator(model, cache)
    cached.generate([ASKED, *(other for name, other in OTHERS.items() if name != what)])
    before = len(model.calls)
    cached.generate([OTHERS[what]])
    assert len(model.calls) == before + 1


def test_another_model_is_asked(cache) -> None:
    class Other(ScriptedGenerator):
        @property
        def identity(self):
            return replace(super().identity, sha256="f" * 64)

    one, two = scripted(), Other(["other"])
    CachedGenerator(one, cache).generate([ASKED])
    assert CachedGenerator(two, cache).generate([ASKED])[0].text == "other"


def test_scores_and_answers_to_one_prompt_are_kept_apart(cache) -> None:
    model = Scoring()
    cached = with_cache(model, cache)
    for _ in range(2):
        assert cached.generate([ASKED])[0].text == "How"
        assert cached.score([ASKED, ASKED], [("a", "bb"), ("a", "ccc")])[1][1].logprob == -3.0
    assert (len(model.calls), len(model.scored)) == (1, 2)


def test_a_generator_that_does_not_score_does_not_seem_to(cache) -> None:
    assert not hasattr(with_cache(scripted(), cache), "score")
    assert hasattr(with_cache(Scoring(), cache), "score")


def test_a_mixture_of_known_and_new_keeps_its_order_and_tells_progress(cache) -> None:
    model = ScriptedGenerator(lambda prompt: prompt.messages[-1].content)
    prompts = [Prompt((Message("user", f"number {n}"),)) for n in range(6)]
    cached = CachedGenerator(model, cache)
    cached.generate(prompts[1::2])
    told: list[int] = []
    found = cached.generate(prompts, progress=told.append)
    assert [one.text for one in found] == [f"number {n}" for n in range(6)]
    assert told == [4, 5, 6, 6]
    assert len(model.calls) == 6


def test_the_time_that_answers_once_took_is_told_with_their_number(cache) -> None:
    cached = CachedGenerator(scripted(), cache)
    cached.generate([ASKED])
    assert cache.take_usage().hits == 0
    cached.generate([ASKED])
    usage = cache.take_usage()
    assert usage.hits == 1
    assert usage.seconds > 0
    assert cache.take_usage().hits == 0


def test_a_prompt_that_does_not_fit_is_refused_as_without_a_cache(cache) -> None:
    model = ScriptedGenerator(["x"], window=4)
    with pytest.raises(PromptTooLong):
        CachedGenerator(model, cache).generate([replace(ASKED, max_tokens=99)])


def test_the_file_is_its_owners_alone_and_holds_no_prompt(cache, tmp_path: Path) -> None:
    CachedGenerator(scripted(), cache).generate([ASKED])
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "cache").iterdir()}
    assert modes == {0o600}
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    cache.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
    assert b"How urgent?" not in held
    assert b"answer to 2" in held


def test_a_file_that_is_no_cache_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "completions.sqlite").write_bytes(b"a thesis" * 200)
    with pytest.raises(OutputError, match="the cache cannot be used"):
        CompletionCache(tmp_path)
    assert (tmp_path / "completions.sqlite").read_bytes() == b"a thesis" * 200


def test_an_answer_with_strange_characters_is_kept(cache) -> None:
    text = "a\ud800\x00\u2028é"
    cached = CachedGenerator(ScriptedGenerator([text]), cache)
    assert [cached.generate([ASKED])[0].text for _ in range(2)] == [text, text]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "no").write_text("a file where a folder should be")
    with pytest.raises(OutputError, match="cannot be written"):
        CompletionCache(tmp_path / "no" / "cache")


GGUF = ModelIdentity(
    "smollm2-135m-instruct",
    "smollm2",
    "0123456789ab, bf16 of Q4_K",
    "0123456789abcdef" * 4,
    "transformers 5.23.0",
)
RUNG = {
    "name": "smollm2-135m-instruct",
    "kind": "generator",
    "engine": "transformers",
    "path": "/weights/smollm2.gguf",
    "family": "smollm2",
    "parameters": 134515008,
    "precision": "bf16 of Q4_1",
    "notes": "n",
}


class Named(Scoring):
    """Is called as a GGUF file of the engine transformers is."""

    identity = GGUF


def test_what_was_kept_of_a_gguf_system_is_found_under_the_same_keys_for_good(cache) -> None:
    prompt = Prompt((Message("system", "You judge."), Message("user", "Claim: x")), Choice(("Yes", "No")), 16)
    kept = with_cache(Named(), cache)
    kept.generate([prompt])
    kept.score([prompt], [("Yes", "No")])
    wanted = {
        "an answer": "f789d8f25fdcea0f986a5300e92ca083267940bfcada461f6f3cd19fc333f9ea",
        "scores of labels": "15ec04e9edb711c606e016951e5f888c143ff3369795c41e3e4294ea7439286b",
    }
    assert len(cache.find([bytes.fromhex(key) for key in wanted.values()])) == 2


def test_an_arm_of_a_gguf_system_is_told_by_the_same_hashes_for_good() -> None:
    """A study of days goes on where it was only while these stay."""
    spec = parse_system(RUNG, "ladder 1")
    digest = "9450dbe2442ff83902905e796af575fd4d7124ed9d3fe57cd35acb1880a55f2e"
    assert system_digest(Ask(CHOICE, spec)) == digest
    arm = System(spec, Named()).arm(parse_strategy("few:2+constrained"), CHOICE, Learning(choice_items(12)))
    assert arm.fingerprint == "4fc468238751427201969a78bc77f04740930c5cdba2fb301b8b973b74a7210d"


@pytest.mark.parametrize(
    ("kind", "digest"),
    [
        ("majority", "f7786ddd641cee6226cb874982d2c2da88726bfa990f9cf70161f1e9af2cce2a"),
        ("tf-idf", "59e522788dee6b6a4a1270fcdc676b41df0412f9a31cddf161b751d036971d90"),
        ("boosting", "6fab749b2cf89d51932342bb496c239f769b03b9fa2180fb15404de92e8a2f26"),
    ],
)
def test_a_baseline_of_a_study_is_told_by_the_same_hash_for_good(kind: str, digest: str) -> None:
    assert system_digest(Ask(CHOICE, parse_system({"name": kind, "kind": kind}, "baselines"))) == digest


class Stopping(ScriptedGenerator):
    """Fails at the third prompt of a call."""

    def generate(self, prompts, *, progress=None):
        if len(prompts) < 3:
            return super().generate(prompts, progress=progress)
        raise EngineStopped("gone", super().generate(prompts[:2], progress=progress))


def test_what_an_engine_answered_before_it_stopped_is_kept_and_told_in_order(cache) -> None:
    prompts = [replace(ASKED, max_tokens=number) for number in range(1, 6)]
    model = Stopping(lambda prompt: f"answer {prompt.max_tokens}")
    kept = CachedGenerator(model, cache)
    kept.generate([prompts[1]])
    with pytest.raises(EngineStopped, match="gone") as caught:
        kept.generate(prompts)  # the second is known: the first and the third are answered, the fourth not
    assert [one.text for one in caught.value.answered] == ["answer 1", "answer 2", "answer 3"]
    kept.generate(prompts[:4])
    assert [prompt.max_tokens for prompt in model.calls] == [2, 1, 3, 4]


def test_an_adapter_trained_anew_in_the_same_folder_is_another_system(tmp_path):
    spec = parse_system(
        {"name": "x", "kind": "generator", "engine": "transformers", "path": "w", "adapter": str(tmp_path)},
        "t",
    )
    digests = set()
    for weights in (b"", b"1", b"2"):
        (tmp_path / "adapter.safetensors").write_bytes(weights)
        digests.add(system_digest(Ask(CHOICE, spec)))
    assert len(digests) == 3
    assert system_digest(Ask(CHOICE, spec)) in digests
