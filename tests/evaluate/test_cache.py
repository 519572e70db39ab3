"""What was asked once is not asked again; what differs in anything that decides an answer is."""

from dataclasses import replace
from pathlib import Path

import pytest

from posology.chat import (
    Choice,
    Copy,
    JsonShape,
    Message,
    OptionScore,
    Pattern,
    Prompt,
    Sampling,
    ScriptedGenerator,
)
from posology.errors import OutputError, PromptTooLong
from posology.evaluate.cache import CachedGenerator, CompletionCache, with_cache

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
