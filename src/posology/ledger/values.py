"""What a value in the ledger may look like: ids, counts, hashes, names of models; never free text.

Each rule is narrow enough that a sentence of a chart cannot pass: no rule allows a space.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "ADDRESS",
    "CODE",
    "COUNT",
    "DIGESTS",
    "FLAG",
    "HASH",
    "ID",
    "MEDIA_TYPE",
    "METHOD",
    "MODEL",
    "OBJECT",
    "ROUTE",
    "SIGNATURE",
    "TIME",
    "VERSION",
    "Rule",
    "any_of",
    "listed",
    "mapped",
    "one_of",
]

MAX_ITEMS = 2000  # of a list or mapping in one entry


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value must be, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


def _text(words: str, pattern: str) -> Rule:
    matches = re.compile(pattern, re.ASCII).fullmatch
    return Rule(words, lambda value: isinstance(value, str) and matches(value) is not None)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


ID = _text("an id (letters, digits and . _ : -)", r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
CODE = _text("a code (lower-case words joined by . _ -)", r"(?=.{1,64}\Z)[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*")
HASH = _text("a SHA-256 or key of 64 hexadecimal digits", r"[0-9a-f]{64}")
SIGNATURE = _text("a signature of 128 hexadecimal digits", r"[0-9a-f]{128}")
MODEL = _text("the name of a model or engine", r"[A-Za-z0-9][A-Za-z0-9._:/+@-]{0,127}")
VERSION = _text("a version", r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
ROUTE = _text("a route with its parameters in braces", r"/[A-Za-z0-9._~{}:/-]{0,199}")
METHOD = _text("an HTTP method", r"[A-Z]{3,7}")
MEDIA_TYPE = _text("a media type", r"[a-z]{1,20}/[a-z0-9][a-z0-9.+-]{0,99}")
ADDRESS = _text("a host or address, with or without a port", r"[A-Za-z0-9\[][A-Za-z0-9.:\[\]-]{0,254}")
TIME = _text("a date and time of ISO 8601", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
OBJECT = _text("a row as table/id", r"[a-z][a-z0-9_]{0,62}/[A-Za-z0-9][A-Za-z0-9._:-]{0,255}")
COUNT = Rule("a whole number from 0 to 2^53 - 1", _is_count)
FLAG = Rule("true or false", lambda value: isinstance(value, bool))
DIGESTS = Rule(
    "a mapping from table/id to a SHA-256",
    lambda value: (
        isinstance(value, Mapping) and all(map(OBJECT.holds, value)) and all(map(HASH.holds, value.values()))
    ),
)


def one_of(*choices: str) -> Rule:
    """Return the rule of a closed choice."""
    return Rule(f"one of {', '.join(choices)}", lambda value: isinstance(value, str) and value in choices)


def any_of(*rules: Rule) -> Rule:
    """Return the rule that one of these rules holds."""
    words = " or ".join(rule.words for rule in rules)
    return Rule(words, lambda value: any(rule.holds(value) for rule in rules))


def listed(rule: Rule) -> Rule:
    """Return the rule of a list of such values."""

    def holds(value: Any) -> bool:
        return isinstance(value, list | tuple) and len(value) <= MAX_ITEMS and all(map(rule.holds, value))

    return Rule(f"a list, each {rule.words}", holds)


def mapped(key: Rule, rule: Rule) -> Rule:
    """Return the rule of a mapping from such keys to such values."""

    def holds(value: Any) -> bool:
        return (
            isinstance(value, Mapping)
            and len(value) <= MAX_ITEMS
            and all(key.holds(name) and rule.holds(item) for name, item in value.items())
        )

    return Rule(f"a mapping from {key.words} to {rule.words}", holds)
