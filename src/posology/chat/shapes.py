"""Shapes of an answer: a small bounded part of JSON schema, as a grammar and as a check.

The grammar leaves a model no free white space and no other order of keys: a small model that may write
white space between tokens fills its whole budget with it. What comes back is checked again here, because
servers ignore schemas without saying so.

Known words: type (object, array, string, integer, number, boolean, null), properties, required,
additionalProperties false, items, minItems, maxItems, minLength, maxLength, minimum, maximum, enum, const,
anyOf, $ref to $defs, title, description. Anything else is an error, never ignored.
"""

import json
from collections.abc import Mapping
from typing import Any

from posology.chat.copies import copy_rule, find_copy_fault
from posology.chat.generator import Choice, Constraint, Copy, Pattern
from posology.chat.literals import literal
from posology.chat.patterns import find_pattern_fault, pattern_rule
from posology.errors import EngineError, InternalError

__all__ = ["find_fault", "flatten_schema", "grammar_of", "object_schema", "parse_answer", "require_choice"]

LONGEST_COUNTED = 64  # characters up to which a grammar counts them
TEXT_LIMIT = 400  # characters of a string that names no maxLength
_NOTES = {"title", "description", "default", "examples"}
_WORDS = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems"},
    "string": {"minLength", "maxLength"},
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "boolean": set[str](),
    "null": set[str](),
}
_CHARACTER = r'([^"\\\x00-\x1F] | "\\" ["\\/bfnrt])'


def flatten_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with references inlined, notes dropped and every word known; raise otherwise."""
    return _flat(schema, schema.get("$defs", {}), ())


def _flat(node: Any, definitions: Mapping[str, Any], trail: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        raise InternalError("an answer's schema holds a part that is no object")
    if "$ref" in node:
        name = str(node["$ref"]).removeprefix("#/$defs/")
        if name not in definitions or name in trail:
            raise InternalError(f"an answer's schema refers to {name!r}, which is missing or recursive")
        return _flat(definitions[name], definitions, (*trail, name))
    words = {key: value for key, value in node.items() if key not in _NOTES and key != "$defs"}
    for exclusive in ("enum", "const", "anyOf"):
        if exclusive in words:
            return _flat_exclusive(exclusive, words, definitions, trail)
    kind = words.pop("type", None)
    if kind not in _WORDS:
        raise InternalError(f"an answer's schema has the type {kind!r}; known: {', '.join(_WORDS)}")
    _require_known(words, _WORDS[kind])
    flat = {"type": kind, **words}
    if kind == "object":
        properties = words.get("properties", {})
        if not properties or set(words.get("required", ())) != set(properties):
            raise InternalError("an answer's object must have properties and require each of them")
        flat["properties"] = {key: _flat(part, definitions, trail) for key, part in properties.items()}
        flat |= {"required": list(properties), "additionalProperties": False}
    if kind == "array":
        if "maxItems" not in words or "items" not in words:
            raise InternalError("an answer's array must have items and maxItems")
        flat["items"] = _flat(words["items"], definitions, trail)
    return flat


def _flat_exclusive(
    word: str, words: dict[str, Any], definitions: Mapping[str, Any], trail: tuple[str, ...]
) -> dict[str, Any]:
    _require_known(words, {word, "type"})
    if word == "anyOf":
        return {"anyOf": [_flat(part, definitions, trail) for part in words["anyOf"]]}
    return {"enum": list(words["enum"]) if word == "enum" else [words["const"]]}


def _require_known(words: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(words) - known)
    if unknown:
        raise InternalError(f"an answer's schema uses {', '.join(unknown)}, which not every engine honours")


def grammar_of(constraint: Constraint) -> str:
    """Return the grammar (EBNF as xgrammar and llama.cpp read it) that allows exactly such answers."""
    if isinstance(constraint, Choice):
        require_choice(constraint)
        return "root ::= " + " | ".join(literal(option) for option in constraint.options)
    if isinstance(constraint, Copy):
        return "root ::= " + copy_rule(constraint)
    if isinstance(constraint, Pattern):
        return "root ::= " + pattern_rule(constraint.regex)
    return "root ::= " + _rule(flatten_schema(constraint.schema))


def require_choice(choice: Choice) -> None:
    """Raise unless a choice has options, none of them empty."""
    if not choice.options or "" in choice.options:
        raise InternalError("a choice needs options, none of them empty")


def _json_literal(value: object) -> str:
    return literal(json.dumps(value, ensure_ascii=False))


def _rule(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return "(" + " | ".join(_json_literal(value) for value in node["enum"]) + ")"
    if "anyOf" in node:
        return "(" + " | ".join(_rule(part) for part in node["anyOf"]) + ")"
    if node["type"] == "object":
        return _object_rule(node["properties"])
    if node["type"] == "array":
        return _array_rule(_rule(node["items"]), int(node.get("minItems", 0)), int(node["maxItems"]))
    if node["type"] == "string":
        least, most = int(node.get("minLength", 0)), int(node.get("maxLength", TEXT_LIMIT))
        # a bounded repetition costs the grammar engine time with its bound (320: 15 times as long), so long
        # texts are bounded by the prompt's token budget instead, and their length is checked afterwards
        bounds = f"{{{least},{most}}}" if most <= LONGEST_COUNTED else "*" if least == 0 else "+"
        return rf'"\"" {_CHARACTER}{bounds} "\""'
    simple = {
        "integer": '"-"? ("0" | [1-9] [0-9]{0,8})',
        "number": '"-"? ("0" | [1-9] [0-9]{0,8}) ("." [0-9]{1,6})?',
        "boolean": '("true" | "false")',
        "null": '"null"',
    }
    rule = simple[node["type"]]
    return rule.removeprefix('"-"? ') if node.get("minimum", -1) >= 0 else rule


def _object_rule(properties: Mapping[str, Any]) -> str:
    parts: list[str] = []
    for place, (key, part) in enumerate(properties.items()):
        lead = "{" if place == 0 else ", "
        parts += [literal(lead + json.dumps(key, ensure_ascii=False) + ": "), _rule(part)]
    return " ".join([*parts, '"}"'])


def _array_rule(item: str, least: int, most: int) -> str:
    if most == 0:
        return '"[]"'
    more = f'(", " {item}){{{max(least - 1, 0)},{most - 1}}}' if most > 1 else ""
    filled = f'"[" {item} {more} "]"'
    return filled if least > 0 else f'("[]" | {filled})'


def object_schema(constraint: Constraint) -> dict[str, Any]:
    """Return the constraint as the schema of one JSON object, for servers that want one.

    A choice becomes ``{"answer": one of the options}``; any other value than an object likewise.
    """
    if isinstance(constraint, Choice):
        inner: dict[str, Any] = {"enum": list(constraint.options)}
    elif isinstance(constraint, Copy | Pattern):
        raise EngineError(
            "this server takes no grammar, so an answer cannot be held to a "
            f"{type(constraint).__name__.lower()}; use vLLM, llama.cpp's server or the engine transformers"
        )
    else:
        inner = flatten_schema(constraint.schema)
        if inner.get("type") == "object":
            return inner
    properties = {"answer": inner}
    return {"type": "object", "properties": properties, "required": ["answer"], "additionalProperties": False}


def parse_answer(text: str, constraint: Constraint | None) -> Any:
    """Return the answer's value; raise ValueError, without quoting the answer, where it breaks its form."""
    if constraint is None:
        return text
    if isinstance(constraint, Choice):
        if text not in constraint.options:
            raise ValueError("the answer is none of the options")
        return text
    if isinstance(constraint, Copy | Pattern):
        fault = (
            find_copy_fault(text, constraint)
            if isinstance(constraint, Copy)
            else find_pattern_fault(text, constraint.regex)
        )
        if fault:
            raise ValueError(fault)
        return text
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as cause:
        raise ValueError(f"the answer is no JSON (character {cause.pos} of {len(text)})") from None
    except RecursionError:
        raise ValueError("the answer is nested too deeply") from None
    fault = find_fault(value, flatten_schema(constraint.schema))
    if fault:
        raise ValueError(fault)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("the answer holds a key twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"the answer holds {name}, which is no JSON")


def find_fault(value: Any, node: Mapping[str, Any], path: str = "answer") -> str:
    """Return what is wrong with a value under a flattened schema in one phrase, or ""."""
    if "enum" in node:
        same = any(type(value) is type(option) and value == option for option in node["enum"])
        return "" if same else f"{path} is none of the allowed values"
    if "anyOf" in node:
        faults = [find_fault(value, part, path) for part in node["anyOf"]]
        return "" if "" in faults else f"{path} has none of the allowed forms"
    kind = node["type"]
    if not _is_kind(value, kind):
        return f"{path} is not of type {kind}"
    if kind == "object":
        return _object_fault(value, node["properties"], path)
    if kind == "array":
        return _array_fault(value, node, path)
    if kind == "string":
        return _range_fault(len(value), node.get("minLength"), node.get("maxLength"), f"the length of {path}")
    if kind in ("integer", "number"):
        return _range_fault(value, node.get("minimum"), node.get("maximum"), path)
    return ""


def _is_kind(value: Any, kind: str) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "null": (type(None),),
    }
    return isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _object_fault(value: Mapping[str, Any], properties: Mapping[str, Any], path: str) -> str:
    missing = [key for key in properties if key not in value]
    if missing:
        return f"{path} lacks {missing[0]}"
    if len(value) > len(properties):
        return f"{path} holds a key that is not asked for"
    faults = (find_fault(value[key], part, f"{path}.{key}") for key, part in properties.items())
    return next((fault for fault in faults if fault), "")


def _array_fault(value: list[Any], node: Mapping[str, Any], path: str) -> str:
    size = _range_fault(len(value), node.get("minItems"), node["maxItems"], f"the length of {path}")
    if size:
        return size
    faults = (find_fault(item, node["items"], f"{path}[{place}]") for place, item in enumerate(value))
    return next((fault for fault in faults if fault), "")


def _range_fault(number: float, least: float | None, most: float | None, what: str) -> str:
    if least is not None and number < least:
        return f"{what} is below {least}"
    if most is not None and number > most:
        return f"{what} is above {most}"
    return ""
