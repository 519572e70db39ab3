"""FHIRPath on one resource: strict parsing, three-valued truth, and no run-away.

The library (fhirpathpy) accepts wrong syntax in silence, so expressions are parsed strictly first. What it
cannot evaluate is a failure, and a failure is unknown, never false.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from posology.policies.patterns import INVOCATIONS, PatternFailure, require_safe

__all__ = ["FhirPathFailure", "evaluate", "keeps", "leading_type", "parse_fhirpath", "selects", "truth"]

LONGEST = 2000  # characters of an expression
_PATTERN = re.compile(r"\b(matches|replaceMatches|matchesFull)\s*\(\s*('(?:[^'\\]|\\.)*')?")
_REFUSED = {
    "memberOf": "memberOf() is not supported: name a value set under codes",
    "subsumes": "subsumes() is not supported: name a value set with a prefix",
    "trace": "trace() would write patient data to the log",
    "repeat": "repeat() may run without end",
    "toQuantity": "quantities are compared by compare, which converts units",
    "hasValue": "hasValue() is not supported: use exists()",
    **{
        name: f"{name}() is not supported: use count, compare or pick"
        for name in ("sum", "min", "max", "avg")
    },
    **{name: f"{name}() is not supported" for name in ("encode", "decode")},
    **{name: f"{name}() differs from day to day: use %date" for name in ("today", "now", "timeOfDay")},
}
_QUANTITY = re.compile(r"\d\s*''")  # a number with a unit, once texts are emptied
_TYPE = re.compile(r"\s*([A-Z][A-Za-z]+)\s*(?:\.|$)")


class FhirPathFailure(ValueError):
    """An expression that does not parse, or that the library cannot evaluate; it never shows patient text."""


@lru_cache(maxsize=1024)
def parse_fhirpath(expression: str) -> None:
    """Raise FhirPathFailure, with place and reason, unless the expression is FHIRPath that may be run."""
    if len(expression) > LONGEST:
        raise FhirPathFailure(f"longer than {LONGEST} characters")
    _parse_strictly(expression)
    outside = re.sub(r"'(?:[^'\\]|\\.)*'", "''", expression)
    for name, why in _REFUSED.items():
        if re.search(rf"\b{name}\s*\(", outside):
            raise FhirPathFailure(why)
    if _QUANTITY.search(outside):
        raise FhirPathFailure(
            "a quantity such as 30 'kg': values are compared by compare, which converts units; "
            "lengths of time are written 12 months"
        )
    for match in _PATTERN.finditer(expression):
        if match[2] is None:
            raise FhirPathFailure(f"{match[1]}() needs a literal pattern")
        _require_safe(match[2][1:-1])


def _require_safe(literal: str) -> None:
    try:
        require_safe(_unescaped(literal))
    except PatternFailure as cause:
        raise FhirPathFailure(str(cause)) from cause


def _unescaped(literal: str) -> str:
    """Return the text that a FHIRPath literal stands for."""
    plain = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}

    def one(match: re.Match[str]) -> str:
        return chr(int(match[1][1:], 16)) if len(match[1]) == 5 else plain.get(match[1], match[1])

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", one, literal)


def _parse_strictly(expression: str) -> None:
    import fhirpathpy.parser as grammar
    from antlr4 import CommonTokenStream, InputStream, Token

    lexer = grammar.FHIRPathLexer(InputStream(expression))
    listener = _listener()
    lexer.removeErrorListeners()
    lexer.addErrorListener(listener)
    tokens = CommonTokenStream(lexer)
    parser = grammar.FHIRPathParser(tokens)
    parser.removeErrorListeners()
    parser.addErrorListener(listener)
    try:
        parser.expression()
    except RecursionError as cause:
        raise FhirPathFailure("nested too deeply") from cause
    rest = tokens.LT(1)
    if rest.type != Token.EOF:
        raise FhirPathFailure(f"column {rest.column + 1}: the expression goes on with {rest.text!r}")


@lru_cache(maxsize=1)
def _listener() -> Any:
    from antlr4.error.ErrorListener import ErrorListener

    class Raise(ErrorListener):  # type: ignore[misc]
        def syntaxError(self, *found: Any) -> None:  # the name and form that ANTLR calls
            _, _, line, column, msg, _ = found
            raise FhirPathFailure(f"line {line}, column {column + 1}: {msg}")

    return Raise()


@lru_cache(maxsize=1024)
def _compile(expression: str) -> Callable[..., list[Any]]:
    import fhirpathpy
    from fhirpathpy.models import models

    parse_fhirpath(expression)
    plain = _without_resolve(expression)
    compiled: Callable[..., list[Any]] = fhirpathpy.compile(
        plain, models["r4"], {"userInvocationTable": INVOCATIONS}
    )
    return compiled


def _without_resolve(expression: str) -> str:
    """Drop ``.resolve()``: a Reference of a linked body already holds its target's fields."""
    parts = re.split(r"('(?:[^'\\]|\\.)*')", expression)
    return "".join(part if part.startswith("'") else re.sub(r"\.resolve\(\s*\)", "", part) for part in parts)


def evaluate(expression: str, resource: Mapping[str, Any], variables: Mapping[str, object]) -> list[Any]:
    """Evaluate an expression on a linked body; ``date`` variables are passed as FHIRPath dates.

    A variable that is not known (``None``) is an empty collection.
    """
    compiled = _compile(expression)
    try:
        names = {name: _value(value) for name, value in variables.items()}
        return list(compiled(_with_decimals(resource), names))
    except Exception as cause:  # the library raises whatever Python raises
        raise FhirPathFailure(f"cannot be evaluated ({type(cause).__name__})") from cause


def _with_decimals(value: Any) -> Any:
    """Return a body whose fractions are decimals, as FHIR means them: 0.3 is 0.3."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, Mapping):
        return {name: _with_decimals(child) for name, child in value.items()}
    return [_with_decimals(child) for child in value] if isinstance(value, list) else value


def _value(value: object) -> object:
    from fhirpathpy.engine.nodes import FP_DateTime

    if value is None:
        return []
    return FP_DateTime(value.isoformat()) if isinstance(value, date) else value


def truth(expression: str, resource: Mapping[str, Any], variables: Mapping[str, object]) -> bool | None:
    """Return what a test says: true, false, or ``None`` for empty, error or anything but one boolean."""
    try:
        found = evaluate(expression, resource, variables)
    except FhirPathFailure:
        return None
    return found[0] if len(found) == 1 and isinstance(found[0], bool) else None


def keeps(expression: str, resource: Mapping[str, Any], variables: Mapping[str, object]) -> bool | None:
    """Tell whether a filter keeps a resource: empty does not, as in ``where()``; an error is ``None``."""
    try:
        found = evaluate(expression, resource, variables)
    except FhirPathFailure:
        return None
    if not found:
        return False
    return found[0] if len(found) == 1 and isinstance(found[0], bool) else None


def selects(expression: str, resource: Mapping[str, Any], variables: Mapping[str, object]) -> bool | None:
    """Tell whether a whole ``find`` expression selects a resource; ``None`` where it cannot be evaluated."""
    kind = leading_type(expression)
    if kind is not None and kind not in (resource.get("resourceType"), "Resource", "DomainResource"):
        return False
    try:
        found = evaluate(expression, resource, variables)
    except FhirPathFailure:
        return None
    if len(found) == 1 and isinstance(found[0], bool):
        return found[0]
    return bool(found)


def leading_type(expression: str) -> str | None:
    """Return the resource type that an expression begins with, or ``None``.

    >>> leading_type("Observation.where(status = 'final')")
    'Observation'
    """
    match = _TYPE.match(expression)
    return match[1] if match else None
