"""Answers copied from a text and answers of a pattern: the check, the grammar, and that they agree."""

import importlib.util
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.chat import Copy, Pattern
from posology.chat.copies import find_copy_fault, flat_words
from posology.chat.patterns import pattern_rule
from posology.chat.shapes import grammar_of, object_schema, parse_answer
from posology.errors import EngineError, InternalError

NOTE = "He took aspirin (5.5 mg)\n daily;  no low-back pain."
LABELLED = Copy(NOTE, ("drug", "disease"), max_items=2, max_words=3)

GOOD = [
    ("none", "the word that says there are none"),
    ("drug: aspirin", "one word"),
    ("drug: aspirin\ndisease: low-back pain", "two lines"),
    ("drug: mg) daily", "a line break of the text is a space"),
    ("disease: pain.", "punctuation belongs to the text"),
]
BAD = [
    ("", "begins with none of the labels"),
    ("aspirin", "begins with none of the labels"),
    ("dose: aspirin", "begins with none of the labels"),
    ("drug: ", "holds no words"),
    ("drug:  aspirin", "holds no words, or spaces that stand alone"),
    ("drug: Aspirin", "is not copied"),
    ("drug: aspir", "is not copied"),
    ("drug: back  pain", "spaces that stand alone"),
    ("drug: He took aspirin (5.5", "more than 3 words"),
    ("drug: He\ndrug: He\ndrug: He", "3 lines, 2 are allowed"),
    ("drug: pain. He", "is not copied"),
]


@pytest.mark.parametrize(("answer", "why"), GOOD)
def test_words_of_the_text_are_accepted(answer, why):
    assert find_copy_fault(answer, LABELLED) == "", why
    assert parse_answer(answer, LABELLED) == answer


@pytest.mark.parametrize(("answer", "why"), BAD)
def test_anything_else_is_refused_without_quoting_it(answer, why):
    fault = find_copy_fault(answer, LABELLED)
    assert why in fault
    with pytest.raises(ValueError, match=re.escape(fault)):
        parse_answer(answer, LABELLED)
    assert "spirin" not in fault


def test_the_grammar_of_a_copy_names_the_spans_of_the_text():
    grammar = grammar_of(Copy("a (b) c", ("x",), max_items=2, max_words=2))
    assert grammar == (
        'root ::= "none" | line ("\\n" line){0,1}\nline ::= ("x") ": " span\n'
        'span ::= "a" | "a (b" | "b" | "b) c" | "c"'
    )


def test_every_span_of_the_grammar_passes_the_check():
    copy = Copy(NOTE, max_words=4)
    spans = re.findall(r'"((?:[^"\\]|\\.)*)"', grammar_of(copy).split("span ::= ")[1])
    assert len(spans) > 20
    assert [span for span in spans if find_copy_fault(span, copy)] == []


def test_a_long_text_is_too_much_for_a_grammar_that_names_each_span():
    with pytest.raises(EngineError, match=r"600 words has [0-9]+ possible spans.*transformers"):
        grammar_of(Copy(" ".join(f"w{place}" for place in range(600))))


def test_an_empty_text_has_nothing_to_copy():
    assert grammar_of(Copy(" \n")) == 'root ::= "none"'


CODES = r"[A-Z][0-9]{2}(?:\.[0-9]{1,2})?(\n[A-Z][0-9]{2}){0,2}"


def test_a_pattern_holds_for_the_whole_answer():
    assert parse_answer("A10\nB20", Pattern(CODES)) == "A10\nB20"
    for bad in ("A10 ", "a10", "A10\n", ""):
        with pytest.raises(ValueError, match="does not have the form"):
            parse_answer(bad, Pattern(CODES))


PATTERNS = [
    (CODES, '[A-Z] [0-9]{2} ("." [0-9]{1,2})? ("\\n" [A-Z] [0-9]{2}){0,2}'),
    (r"yes|no(t)?", '"y" "e" "s" | "n" "o" ("t")?'),
    (r"\d+\s\w*", "[0-9]+ [ \\t\\n\\r] [a-zA-Z0-9_]*"),
    (r"[^\d\-\]]/", '[^0-9\\-\\]] "/"'),
    (r"a|", '"a" | ""'),
    (r"\"x\\", '"\\"" "x" "\\\\"'),
]


@pytest.mark.parametrize(("regex", "rule"), PATTERNS)
def test_a_pattern_becomes_a_rule(regex, rule):
    assert pattern_rule(regex) == rule


@pytest.mark.parametrize("regex", ["(?=a)b", "a+?", r"(a)\1", "^a", "a$", r"\bword", "(?P<n>a)", "(a", "[b"])
def test_what_not_every_engine_honours_is_an_error(regex):
    with pytest.raises(InternalError, match="pattern"):
        pattern_rule(regex)


def test_a_server_without_grammars_takes_neither():
    for constraint, name in ((LABELLED, "copy"), (Pattern("a"), "pattern")):
        with pytest.raises(EngineError, match=f"held to a {name}; use vLLM"):
            object_schema(constraint)


@pytest.mark.skipif(importlib.util.find_spec("llguidance") is None, reason="needs the extra torch")
@given(
    st.lists(st.sampled_from(("a", "b1", "-", " ", "\n", "(", "é", ".", '"', "/")), max_size=14), st.data()
)
@settings(max_examples=80, deadline=None)
def test_the_check_accepts_what_the_grammar_of_llguidance_accepts(pieces, data):
    from llguidance import LLMatcher, LLTokenizer

    from posology.chat.torch_grammar import lark_of

    text = "".join(pieces)
    copy = Copy(text, ("x", "y z"), max_items=2, max_words=2)
    tokens = LLTokenizer("byte")
    matcher = LLMatcher(tokens, LLMatcher.grammar_from_lark(lark_of(copy, " ")), log_level=0)
    assert not matcher.is_error()
    assert matcher.consume_token(ord(" "))
    answer = b""
    for _ in range(60):
        mask = matcher.compute_bitmask()
        allowed = [one for one in range(256) if mask[one // 8] >> (one % 8) & 1]
        if matcher.is_stopped() or (matcher.is_accepting() and data.draw(st.booleans())) or not allowed:
            break
        byte = data.draw(st.sampled_from(allowed))
        assert matcher.consume_token(byte)
        answer += bytes([byte])
    if matcher.is_accepting() or matcher.is_stopped():
        assert find_copy_fault(answer.decode(), copy) == "", (flat_words(text), answer)
