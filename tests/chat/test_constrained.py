"""Asking: an answer is checked again, asked for once more, then unknown."""

import json

import pytest

from posology.chat import Choice, JsonShape, Message, Prompt, ScriptedGenerator, ask
from posology.errors import EngineError, PromptTooLong

YES_NO = Choice(("yes", "no"))
SHAPE = JsonShape(
    {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
)


def prompt(constraint=YES_NO, max_tokens=16, text="Does the note say so?"):
    return Prompt((Message("user", text),), constraint, max_tokens)


def test_a_good_answer_takes_one_attempt():
    (answer,) = ask(ScriptedGenerator(["yes"]), [prompt()], parse=str)
    assert (answer.value, answer.attempts, answer.why) == ("yes", 1, "")


def test_a_broken_answer_is_asked_for_once_more_with_the_reason():
    generator = ScriptedGenerator(["perhaps", "no"])
    (answer,) = ask(generator, [prompt()], parse=str)
    assert (answer.value, answer.attempts) == ("no", 2)
    assert "none of the options" in generator.calls[1].messages[-1].content


def test_two_broken_answers_are_unknown_with_the_reason():
    (answer,) = ask(ScriptedGenerator(["perhaps", "maybe"]), [prompt()], parse=str)
    assert (answer.value, answer.attempts) == (None, 2)
    assert answer.why == "the answer is none of the options"


def test_only_the_broken_ones_are_asked_again_and_order_is_kept():
    generator = ScriptedGenerator(["yes", "?", "no", "yes"])
    answers = ask(generator, [prompt(), prompt(), prompt()], parse=str)
    assert [answer.value for answer in answers] == ["yes", "yes", "no"]
    assert len(generator.calls) == 4


def test_a_cut_answer_is_not_used_even_if_it_parses():
    generator = ScriptedGenerator(['{"n": 1} and more words', '{"n": 1} and more words'])
    (answer,) = ask(generator, [prompt(SHAPE, max_tokens=2)], parse=lambda value: value["n"])
    assert answer.value is None
    assert "cut after 2 tokens" in answer.why


def test_what_parse_refuses_counts_as_broken():
    def even(value):
        if value["n"] % 2:
            raise ValueError("n is odd")
        return value["n"]

    (answer,) = ask(ScriptedGenerator(['{"n": 1}', '{"n": 2}']), [prompt(SHAPE)], parse=even)
    assert (answer.value, answer.attempts) == (2, 2)


def test_false_and_zero_are_values_not_unknown():
    (answer,) = ask(ScriptedGenerator(['{"n": 0}']), [prompt(SHAPE)], parse=lambda value: value["n"])
    assert (answer.value, answer.attempts, answer.why) == (0, 1, "")


def test_a_second_try_that_does_not_fit_is_not_made():
    generator = ScriptedGenerator(["perhaps"], window=22)
    (answer,) = ask(generator, [prompt()], parse=str)
    assert (answer.value, answer.attempts) == (None, 1)


def test_a_prompt_that_does_not_fit_is_the_callers_error():
    with pytest.raises(PromptTooLong):
        ask(ScriptedGenerator(["yes"], window=10), [prompt()], parse=str)


def test_a_script_that_is_used_up_says_so():
    with pytest.raises(EngineError, match="holds 0 answers"):
        ask(ScriptedGenerator([]), [prompt()], parse=str)


def test_repr_never_shows_the_answer():
    (answer,) = ask(ScriptedGenerator(['{"n": 42}']), [prompt(SHAPE)], parse=json.dumps)
    assert "42" not in repr(answer)
