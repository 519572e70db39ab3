"""Patterns of answers: a small part of regular expressions, as a check and as a grammar.

Known: characters, escapes (``\\d \\w \\s \\n \\t`` and those of marks), classes, groups without a capture or
with one, alternatives, and the repetitions ``? * + {n} {m,n}``. Anything else is an error, never ignored.
"""

import re

from posology.chat.literals import literal
from posology.errors import InternalError

__all__ = ["find_pattern_fault", "pattern_rule"]

_CLASSES = {"d": "0-9", "w": "a-zA-Z0-9_", "s": " \\t\\n\\r"}
_SIGNS = {"n": "\n", "t": "\t", "r": "\r"}
_REPEAT = re.compile(r"[?*+]|\{\d+(?:,\d+)?\}")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")


def find_pattern_fault(text: str, regex: str) -> str:
    """Return that an answer does not match its pattern, or ""."""
    return "" if re.fullmatch(regex, text) else "the answer does not have the form asked for"


def pattern_rule(regex: str) -> str:
    """Return the body of an EBNF rule of the pattern."""
    try:
        re.compile(regex)
    except re.error as cause:
        raise InternalError(f"an answer's pattern is no regular expression ({cause.msg})") from cause
    body, rest = _alternatives(regex)
    if rest:
        raise _unknown(rest)
    return body


def _unknown(rest: str) -> InternalError:
    return InternalError(f"an answer's pattern holds {rest[:3]!r}, which not every engine honours")


def _alternatives(rest: str) -> tuple[str, str]:
    """Read up to the group's end: the rule so far, and what stands after it."""
    parts: list[str] = []
    branch: list[str] = []
    while rest and rest[0] != ")":
        if rest[0] == "|":
            parts.append(" ".join(branch) or '""')
            branch, rest = [], rest[1:]
            continue
        piece, rest = _piece(rest)
        repeat = _REPEAT.match(rest)
        if repeat:
            rest = rest[repeat.end() :]
            if rest[:1] in ("?", "+"):
                raise _unknown(repeat[0] + rest)
        branch.append(piece + (repeat[0] if repeat else ""))
    parts.append(" ".join(branch) or '""')
    return " | ".join(parts), rest


def _piece(rest: str) -> tuple[str, str]:
    """Read one character, class or group."""
    if rest[0] == "(":
        inner = rest[3:] if rest.startswith("(?:") else rest[1:]
        if inner.startswith("?"):
            raise _unknown(rest)
        body, after = _alternatives(inner)
        return f"({body})", after[1:]
    if rest[0] == "[":
        found = _CLASS.match(rest)
        if found is None:
            raise _unknown(rest)
        return _class(found[0]), rest[found.end() :]
    if rest[0] == "\\":
        return _escape(rest[1]), rest[2:]
    if rest[0] == ".":
        return "[^\\n]", rest[1:]
    if rest[0] in "^$*+?{":
        raise _unknown(rest)
    return literal(rest[0]), rest[1:]


def _escape(sign: str) -> str:
    if sign in _CLASSES:
        return f"[{_CLASSES[sign]}]"
    if sign in _SIGNS:
        return literal(_SIGNS[sign])
    if sign.isalnum():
        raise _unknown("\\" + sign)
    return literal(sign)


def _class(text: str) -> str:
    def spelt(found: re.Match[str]) -> str:
        sign = found[1]
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign in _SIGNS or sign in "\\]-^[":
            return found[0]
        if sign.isalnum():
            raise _unknown(found[0])
        return sign

    return re.sub(r"\\(.)", spelt, text)
