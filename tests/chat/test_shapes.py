"""Shapes of answers: what is allowed, how it is checked, and that grammar and check agree."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from posology.chat import Choice, JsonShape
from posology.chat.shapes import find_fault, flatten_schema, grammar_of, object_schema, parse_answer
from posology.errors import InternalError


def shape(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


FLAT = shape(
    status={"enum": ["met", "unknown"]},
    quote={"type": "string", "maxLength": 5},
    cites={"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2},
    sure={"type": "boolean"},
)
GOOD = {"status": "met", "quote": "abc", "cites": [1], "sure": True}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({}, ""),
        ({"status": "yes"}, "answer.status is none of the allowed values"),
        ({"quote": "abcdef"}, "the length of answer.quote is above 5"),
        ({"quote": None}, "answer.quote is not of type string"),
        ({"cites": []}, "the length of answer.cites is below 1"),
        ({"cites": [1, 2, 3]}, "the length of answer.cites is above 2"),
        ({"cites": [0]}, "answer.cites[0] is below 1"),
        ({"cites": [True]}, "answer.cites[0] is not of type integer"),
        ({"cites": [1.0]}, "answer.cites[0] is not of type integer"),
        ({"sure": 1}, "answer.sure is not of type boolean"),
        ({"more": 1}, "answer holds a key that is not asked for"),
    ],
)
def test_each_breach_of_a_shape_is_named(change, fault):
    assert find_fault(GOOD | change, flatten_schema(FLAT)) == fault


def test_a_missing_key_is_named():
    assert find_fault({"status": "met"}, flatten_schema(FLAT)) == "answer lacks quote"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 100_000, "nested too deeply|no JSON"),
        ('{"a": NaN}', "NaN"),
        ('{"a": 1, "a": 2}', "twice"),
        ("```json\n{}\n```", "no JSON"),
        ('{"a": 1} tail', "no JSON"),
        ("1", "not of type object"),
    ],
    ids=range(8),
)
def test_what_is_no_plain_json_is_refused_without_quoting_it(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse_answer(text, JsonShape(FLAT))
    assert "tail" not in str(caught.value)


def test_a_choice_is_exactly_one_option():
    assert parse_answer("met", Choice(("met", "unknown"))) == "met"
    for text in ("Met", "met ", "", "met."):
        with pytest.raises(ValueError, match="none of the options"):
            parse_answer(text, Choice(("met", "unknown")))


REFUSED = [
    ({"allOf": [{"type": "string"}]}, "the type None"),
    ({"type": "string", "pattern": "a"}, "pattern"),
    ({"type": "array", "items": {"type": "string"}}, "maxItems"),
    ({"type": "array", "maxItems": 3}, "items"),
    ({"type": "array", "items": {"type": "null"}, "maxItems": 3, "uniqueItems": True}, "uniqueItems"),
    ({"type": "object", "properties": {"a": {"type": "null"}}, "required": []}, "require each"),
    ({"type": "object"}, "require each"),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, "recursive"),
    ({"$ref": "#/$defs/B"}, "missing"),
    ({"type": "date"}, "'date'"),
]


@pytest.mark.parametrize(("schema", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_a_schema_that_some_engine_would_ignore_is_refused(schema, message):
    with pytest.raises(InternalError, match=message):
        flatten_schema(schema)


class Citation(BaseModel):
    model_config = ConfigDict(extra="forbid")
    source: int = Field(ge=1)


class Sentence(BaseModel):
    """A sentence."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=40)
    cites: list[Citation] = Field(max_length=2)
    note: str | None


def test_the_schema_of_a_pydantic_model_is_understood():
    flat = flatten_schema(Sentence.model_json_schema())
    assert find_fault({"text": "a", "cites": [{"source": 1}], "note": None}, flat) == ""
    assert "$ref" not in json.dumps(flat)


def test_grammars_leave_no_free_space():
    assert grammar_of(Choice(('a"b', "c"))) == r'root ::= "a\"b" | "c"'
    assert " \\n" not in grammar_of(JsonShape(FLAT))


def test_a_choice_without_options_is_our_fault():
    with pytest.raises(InternalError):
        grammar_of(Choice(()))


def test_anything_but_an_object_is_wrapped_for_servers():
    assert object_schema(Choice(("a",)))["properties"] == {"answer": {"enum": ["a"]}}
    assert object_schema(JsonShape(FLAT)) == flatten_schema(FLAT)
    wrapped = object_schema(JsonShape({"type": "array", "items": {"type": "null"}, "maxItems": 1}))
    assert list(wrapped["properties"]) == ["answer"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def pydantic_accepts(value):
    try:
        Sentence.model_validate(value, strict=True)
    except ValueError:
        return False
    return True


@settings(max_examples=200)
@given(
    st.fixed_dictionaries(
        {
            "text": VALUES | st.text(max_size=60),
            "cites": VALUES | st.lists(st.fixed_dictionaries({"source": st.integers(-1, 3)}), max_size=3),
            "note": VALUES,
        }
    )
    | VALUES
)
def test_the_check_agrees_with_pydantic(value):
    ours = find_fault(value, flatten_schema(Sentence.model_json_schema())) == ""
    assert ours is pydantic_accepts(value)
