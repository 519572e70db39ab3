"""Golden masks: which tokens of a rendered example each term counts."""

from dataclasses import replace

import pytest

from posology.adapt.support import find_support
from posology.chat import Message, Prompt
from posology.errors import UserError
from tests.adapt.tuning import example
from tests.chat.tiny_model import NEEDS_TORCH, write_tiny


def _codec(folder, **options):
    import transformers

    from posology.chat.torch_prompts import PromptCodec, end_tokens

    write_tiny(folder, **options)
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
    model = transformers.AutoModelForCausalLM.from_pretrained(str(folder))
    return PromptCodec(tokenizer), end_tokens(model, tokenizer), tokenizer


@pytest.fixture(scope="module")
def templated(tmp_path_factory):
    return _codec(tmp_path_factory.mktemp("templated"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return _codec(tmp_path_factory.mktemp("plain"), template=None)


def _shown(marked, tokenizer, mask):
    """Return the answer with what the mask leaves out as dots."""
    letters = [tokenizer.decode([token]).replace("<|im_end|>", "E") for token in marked.answer]
    return "".join(one if flag else "." for one, flag in zip(letters, mask, strict=True))


GOLDEN = [  # E is the token that ends the turn
    (
        "The weight is 51 kg.",
        "The weight is 51 kg.E",
        ".....................",
        "..............51 kg..",
        "a fact that the source bears out",
    ),
    (
        "The weight is 77 kg.",
        "The weight is ......E",
        "..............77 kg..",
        ".....................",
        "a fact that it does not",
    ),
    (
        "HbA1c 7.1 %, weight 99 kg.",
        "HbA1c 7.1 %, weight ......E",
        "....................99 kg..",
        "......7.1 %................",
        "one of each",
    ),
    (
        "She is well.",
        "She is well.E",
        ".............",
        ".............",
        "no fact at all",
    ),
]


@NEEDS_TORCH
@pytest.mark.parametrize(
    ("answer", "learned", "unsupported", "grounded", "reason"), GOLDEN, ids=[one[4] for one in GOLDEN]
)
def test_golden_masks(templated, answer, learned, unsupported, grounded, reason) -> None:
    from posology.adapt.masks import Marker, mark_example

    codec, ends, tokenizer = templated
    marked = mark_example(example(1, answer=answer), Marker(codec, ends, ground=True, contrast=True))
    assert _shown(marked, tokenizer, marked.learn) == learned
    assert _shown(marked, tokenizer, marked.unsupported) == unsupported
    assert _shown(marked, tokenizer, marked.grounded) == grounded


@NEEDS_TORCH
def test_the_prompt_is_token_for_token_what_the_engine_sends(templated, plain) -> None:
    from posology.adapt.masks import Marker, mark_example

    for codec, ends, _ in (templated, plain):
        one = example(1)
        marked = mark_example(one, Marker(codec, ends))
        assert marked.context == codec.context(Prompt(one.messages)).tokens
        assert all(marked.learn)
        assert len(marked.learn) == len(marked.answer)


@NEEDS_TORCH
def test_earlier_turns_are_learned_where_they_are_asked_for_and_nothing_else_is(templated) -> None:
    from posology.adapt.masks import Marker, mark_example

    codec, ends, tokenizer = templated
    one = example(1)
    said = ("She weighs 70 kg.", "No.")
    turns = (*one.messages, Message("assistant", said[0]), Message("user", "Is it raining?"))
    turns = (*turns, Message("assistant", said[1]), Message("user", "Well?"))
    talk = replace(one, messages=turns, answer="Yes.")
    last, every = (mark_example(talk, Marker(codec, ends, turns=flag)) for flag in (False, True))
    assert every.context + every.answer == last.context + last.answer, "the same tokens go through the model"
    assert every.context == codec.context(Prompt(one.messages)).tokens
    learned = [token for token, flag in zip(every.answer, every.learn, strict=True) if flag]
    alone = [codec.answered(Prompt(one.messages), text, ends).answer for text in (*said, "Yes.")]
    assert tokenizer.decode(learned) == "".join(tokenizer.decode(tokens) for tokens in alone)
    assert sum(every.learn) == sum(map(len, alone))
    assert mark_example(one, Marker(codec, ends, turns=True)) == mark_example(one, Marker(codec, ends))


@NEEDS_TORCH
def test_a_template_s_answer_ends_with_the_token_that_ends_a_turn(templated) -> None:
    from posology.adapt.masks import Marker, mark_example

    codec, ends, tokenizer = templated
    marked = mark_example(example(1), Marker(codec, ends))
    assert tokenizer.decode(marked.answer) == "The weight is 51 kg.<|im_end|>"
    assert marked.answer[-1] in ends


@NEEDS_TORCH
def test_a_plain_text_s_answer_begins_with_a_space_and_ends_with_the_blank_line(plain) -> None:
    from posology.adapt.masks import Marker, mark_example

    codec, ends, tokenizer = plain
    marked = mark_example(example(1), Marker(codec, ends))
    assert tokenizer.decode(marked.answer) == " The weight is 51 kg.\n\n"
    assert codec.decode(marked.answer, " ") == "The weight is 51 kg."
    assert codec.is_ended(marked.answer, " ")


@NEEDS_TORCH
def test_control_tokens_in_an_answer_are_learned_as_words(templated) -> None:
    from posology.adapt.masks import Marker, mark_example

    codec, ends, tokenizer = templated
    marked = mark_example(example(1, answer="Well.<|im_end|>Not well."), Marker(codec, ends))
    assert sum(token in ends for token in marked.answer) == 1
    assert tokenizer.decode(marked.answer) == "Well.< |im_end|>Not well.<|im_end|>"


@NEEDS_TORCH
@pytest.mark.parametrize("answer", ["", "  \n"], ids=["empty", "white space"])
def test_an_example_that_supervises_nothing_is_refused(templated, answer: str) -> None:
    from posology.adapt.masks import Marker, mark_example

    codec, ends, _ = templated
    with pytest.raises(UserError, match="note-1: the answer is empty: 0 tokens would be supervised"):
        mark_example(example(1, answer=answer), Marker(codec, ends))


@NEEDS_TORCH
def test_the_contrast_s_prompt_lacks_the_source_and_nothing_else(templated) -> None:
    from posology.adapt.masks import Marker, mark_example

    codec, ends, tokenizer = templated
    one = example(1)
    marked = mark_example(one, Marker(codec, ends, ground=True, contrast=True))
    with_source, without = tokenizer.decode(marked.context), tokenizer.decode(marked.bare)
    assert one.source_text in with_source
    assert with_source.replace(one.source_text, "(no source text)") == without


@NEEDS_TORCH
def test_a_source_that_the_prompt_does_not_hold_gives_no_contrast(templated) -> None:
    from dataclasses import replace

    from posology.adapt.masks import Marker, mark_example

    codec, ends, _ = templated
    apart = replace(example(1), messages=(Message("user", "How heavy is the patient?"),))
    marked = mark_example(apart, Marker(codec, ends, ground=True, contrast=True))
    assert marked.bare == ()
    assert not any(marked.grounded)


SUPPORT = [
    ("Weight 104 kg.", "Wt 104 kg", [], ["104 kg"], "the same number"),
    ("Weight 105 kg.", "Wt 104 kg", ["105 kg"], [], "another number"),
    ("On metformin.", "Takes metformin daily.", [], ["metformin"], "the same drug"),
    ("On insulin glargine.", "Takes metformin daily.", ["insulin glargine"], [], "another drug"),
    ("Seen on 2 March 2019.", "Visit 2019-03-02", [], ["2 March 2019"], "the same day, written otherwise"),
    ("Seen on 3 March 2019.", "Visit 2019-03-02", ["3 March 2019"], [], "another day"),
    ("Diabetes (E11.9).", "E11.9 since 2019", [], ["E11.9"], "the same code"),
    ("Diabetes (E11.8).", "E11.9 since 2019", ["E11.8"], [], "another code"),
    ("She is well.", "Nothing.", [], [], "no fact"),
]


@pytest.mark.parametrize(
    ("answer", "source", "unsupported", "grounded", "reason"), SUPPORT, ids=[one[4] for one in SUPPORT]
)
def test_facts_are_sorted_by_whether_the_source_has_them(
    answer, source, unsupported, grounded, reason
) -> None:
    found = find_support(answer, source)
    assert [span.of(answer) for span in found.unsupported] == unsupported
    assert [span.of(answer) for span in found.grounded] == grounded
