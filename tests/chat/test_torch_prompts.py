"""What a base model is sent, and which prompts share a beginning."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.chat import Message, Prompt
from posology.chat.torch_prefixes import GRAIN, SHARED_TOKENS, Prefix, PrefixStore, plan_prefixes
from posology.chat.torch_prompts import PromptCodec


class Letters:
    """A tokenizer of one token a character, but for ``: `` which is one."""

    chat_template = None

    def __call__(self, text, add_special_tokens=False):
        return {"input_ids": [ord(letter) for letter in text.replace(": ", "\x01")]}

    def decode(self, tokens, **_):
        return "".join(map(chr, tokens)).replace("\x01", ": ")


def codec():
    return PromptCodec(Letters())


TALK = (
    Message("system", "Be short."),
    Message("user", "Is it so?"),
    Message("assistant", "no"),
    Message("user", "And now?"),
)


def test_a_base_model_reads_system_then_question_and_answer_pairs():
    context = codec().context(Prompt(TALK))
    text = Letters().decode(context.tokens)
    assert text == "Be short.\n\nIs it so?\nAnswer: no\n\nAnd now?\nAnswer:"
    assert context.lead == " "


def test_an_opening_stands_after_the_word_answer():
    context = codec().context(Prompt(TALK, opening='{"a": "'))
    assert Letters().decode(context.tokens).endswith('\nAnswer: {"a": "')
    assert context.lead == ""


def test_spaces_at_the_contexts_end_are_the_options():
    context, (tail,) = codec().pairs(Prompt(TALK, opening="So: "), ["yes"])
    assert Letters().decode(context.tokens).endswith("So:")
    assert Letters().decode(tail) == " yes" or Letters().decode(tail) == "yes"


def test_the_answer_of_a_base_model_ends_at_a_blank_line():
    tokens = [ord(letter) for letter in " yes\n\nIs it?\nAnswer: no"]
    assert codec().decode(tokens, " ") == "yes"
    assert codec().is_ended(tokens, " ")
    assert not codec().is_ended([ord(letter) for letter in " \n\nyes\n"], " ")


def test_two_questions_on_one_chart_share_it_and_all_share_the_examples():
    shots, chart, other = tuple(range(200)), tuple(range(300, 400)), tuple(range(500, 640))
    sequences = [
        shots + chart + (1, 2),
        shots + other + (3,),
        shots + chart + (4,),
        (*shots, 9, 9),
        (7,) * 300,
    ]
    chart_end = 300 // GRAIN * GRAIN
    assert plan_prefixes(sequences) == [chart_end, 192, chart_end, 192, 0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from((0, 40, 64, 100, 170)), st.lists(st.integers(0, 2), min_size=1, max_size=90)
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_what_is_planned_as_shared_is_shared(drawn):
    sequences = [tuple(range(10, 10 + size)) + tuple(rest) for size, rest in drawn]
    planned = plan_prefixes(sequences)
    for tokens, count in zip(sequences, planned, strict=True):
        assert count == 0 or count >= SHARED_TOKENS
        assert count < len(tokens)
        same = [other for other in sequences if other[:count] == tokens[:count]]
        assert count == 0 or len(same) >= 2


def test_the_store_keeps_what_was_used_last():
    store = PrefixStore(300)
    prefixes = [Prefix((place,) * 130, {}) for place in range(3)]
    for prefix in prefixes:
        store.keep(prefix)
    assert store.find((0,) * 130) == (None, 0)
    assert store.find((2,) * 130)[1] == 130
    assert store.find((2,) * 128 + (5,) * 9)[1] == 128


@pytest.mark.parametrize("same", [0, 5, 127])
def test_less_than_a_piece_in_common_is_computed_anew(same):
    store = PrefixStore(300)
    store.keep(Prefix((1,) * 130, {}))
    assert store.find((1,) * same + (2,) * 100) == (None, 0)
