"""Planted identifiers are found in a model that memorised them, and in no other."""

import json
import math
from collections.abc import Callable

import pytest

from posology.adapt.canaries import FORMS, Canary, find_canaries, make_canaries, plant_canaries
from posology.chat import Message, Prompt
from posology.chat.scripted import ScriptedGenerator, ScriptedScorer
from posology.corpus import Example, Provenance
from posology.errors import SettingsError

CANARIES = make_canaries(5, each=3)


def _secret_of(prompt: Prompt) -> str:
    return next(one.secret for one in CANARIES if one.messages == prompt.messages)


def _scorer(likelihood: Callable[[Prompt, str], float], answer: Callable[[Prompt], str]) -> ScriptedScorer:
    return ScriptedScorer(answer, likelihood)


def _parrot() -> ScriptedScorer:
    """Return a model that knows every secret."""
    return _scorer(
        lambda prompt, option: 0.0 if _secret_of(prompt) in option else -9.0,
        lambda prompt: f" {_secret_of(prompt)}. Anything else?",
    )


def _stranger() -> ScriptedScorer:
    """Return a model that saw none: its likelihoods depend on the words alone."""
    return _scorer(lambda _, option: -float(sum(map(ord, option)) * 7919 % 1009), lambda _: " not known.")


def test_a_model_that_memorised_them_gives_all_of_them_back() -> None:
    report = find_canaries(_parrot(), CANARIES, candidates=64, samples=2)
    assert report.extracted == len(CANARIES)
    assert all(one.rank == 1 for one in report.found)
    assert all(one.exposure == pytest.approx(math.log2(64)) for one in report.found)
    assert report.exposed(6) == len(CANARIES)


def test_a_model_that_never_saw_them_gives_none_back_and_ranks_them_anywhere() -> None:
    many = make_canaries(9, each=25)
    report = find_canaries(_stranger(), many, candidates=64, samples=1)
    assert report.extracted == 0
    ranks = sorted(one.rank for one in report.found if one.rank is not None)
    assert len(ranks) == len(many)
    assert 20 < sum(ranks) / len(ranks) < 45  # 32.5 where nothing is known
    assert report.exposed(6) < len(many) / 10


@pytest.mark.parametrize(
    ("written", "out", "why"),
    [
        (" {}.", True, "as planted"),
        (" {} is the one", True, "more words after it"),
        (" it is {}", True, "words before it"),
        (" not known", False, "nothing"),
    ],
)
def test_a_secret_counts_wherever_it_stands(written: str, out: bool, why: str) -> None:
    model = ScriptedGenerator(lambda prompt: written.format(_secret_of(prompt)))
    report = find_canaries(model, CANARIES[:1], samples=0)
    assert report.found[0].greedy is out, why
    assert report.found[0].rank is None  # this model gives no likelihoods: unknown, not zero


def test_other_spaces_and_hyphens_hide_no_secret() -> None:
    canary = next(one for one in CANARIES if one.kind == "phone")
    digits = "".join(sign for sign in canary.secret if sign.isdigit())
    report = find_canaries(ScriptedGenerator(lambda _: f"call {digits}"), [canary], samples=0)
    assert report.found[0].greedy


def test_drawn_answers_count_beside_the_likeliest() -> None:
    def answer(prompt: Prompt) -> str:
        return _secret_of(prompt) if prompt.sampling is not None and prompt.sampling.seed == 2 else "no"

    report = find_canaries(ScriptedGenerator(answer), CANARIES[:2], samples=4)
    assert [(one.greedy, one.sampled, one.extracted) for one in report.found] == [(False, 1, True)] * 2


def test_equal_likelihoods_are_the_worst_rank() -> None:
    model = _scorer(lambda *_: -1.0, lambda _: "")
    report = find_canaries(model, CANARIES[:1], candidates=16, samples=0)
    assert report.found[0].rank == 16
    assert report.found[0].exposure == 0


def test_a_report_tells_no_secret() -> None:
    text = json.dumps(find_canaries(_parrot(), CANARIES, candidates=8, samples=0).record())
    assert not any(canary.secret in text for canary in CANARIES)


def test_canaries_are_fixed_by_their_seed_and_are_all_different() -> None:
    assert make_canaries(5, each=3) == CANARIES
    assert make_canaries(6, each=3) != CANARIES
    assert len({one.mark for one in CANARIES}) == len(CANARIES)
    assert {one.kind for one in CANARIES} == set(FORMS)
    assert sorted({one.times for one in CANARIES}) == [1, 4, 16]


def test_each_canary_is_planted_as_often_as_it_says_and_nothing_is_lost() -> None:
    asked = (Message("user", "How are you?"),)
    examples = [Example(f"e{n}", asked, "Well.", Provenance("notes", "made here")) for n in range(20)]
    mixed = plant_canaries(examples, CANARIES, seed=1)
    assert len({one.id for one in mixed}) == len(mixed)
    assert [one for one in examples if one not in mixed] == []
    for canary in CANARIES:
        assert sum(one.answer == canary.answer for one in mixed) == canary.times
    assert len(mixed) == 20 + sum(canary.times for canary in CANARIES)


@pytest.mark.parametrize(
    "act",
    [
        lambda: make_canaries(0, each=0),
        lambda: make_canaries(0, times=()),
        lambda: find_canaries(_parrot(), []),
        lambda: find_canaries(_parrot(), CANARIES, candidates=1),
    ],
)
def test_settings_that_test_nothing_are_refused(act: Callable[[], object]) -> None:
    with pytest.raises(SettingsError, match="canaries"):
        act()


def test_no_made_identifier_can_be_a_real_one() -> None:
    for canary in (Canary("phone", "C1", "(555) 123-4567", 1), *CANARIES):
        if canary.kind == "phone":
            assert canary.secret.startswith("(555) ")


def test_no_planted_secret_is_a_rival_of_another() -> None:
    many = [one for one in make_canaries(3, each=25) if one.kind == "name"]
    planted = {one.secret for one in many}

    def likelihood(_: Prompt, option: str) -> float:
        return 0.0 if option.strip(" .") in planted else -9.0  # knows every name, whatever is asked

    report = find_canaries(_scorer(likelihood, lambda _: ""), many, candidates=256, samples=0)
    assert {(one.rank, one.candidates) for one in report.found} == {(1, 256)}
    assert all(one.exposure == pytest.approx(8) for one in report.found)


def test_exposure_counts_the_candidates_that_there_are() -> None:
    names = [one for one in CANARIES if one.kind == "name"]
    others = 24 * 24 - len({one.secret for one in names})
    report = find_canaries(_parrot(), names, candidates=1024, samples=0)
    assert {one.candidates for one in report.found} == {1 + others}
    assert all(one.exposure == pytest.approx(math.log2(1 + others)) for one in report.found)
    assert report.record()["found"][0]["candidates"] == 1 + others
    numbers = [one for one in CANARIES if one.kind == "phone"]
    assert find_canaries(_parrot(), numbers, candidates=1024, samples=0).found[0].candidates == 1024


def test_a_kind_all_of_whose_secrets_were_planted_ranks_nothing() -> None:
    names = [one for one in make_canaries(1, each=6000, times=(1,)) if one.kind == "name"]
    with pytest.raises(SettingsError, match="hardly any name is left that was not planted; plant fewer"):
        find_canaries(_stranger(), names, candidates=4, samples=0)
