"""De-identifying a JSON value: every string, every key, and numbers that are identifiers."""

import re
from collections.abc import Mapping
from typing import Any

from posology.errors import OutputError
from posology.records.deidentify.matching import Matcher, build_matcher
from posology.records.deidentify.recognisers.ages import LABEL
from posology.records.deidentify.recognisers.urls import is_terminology
from posology.records.deidentify.replacing import deidentify_with
from posology.records.deidentify.values import KnownIdentifiers

__all__ = ["deidentify_record"]

_BINARY = re.compile(r"(?:data:[\w/+.;=-]+,)?[A-Za-z0-9+/_-]{200,}={0,2}")
_AGE = re.compile(r"(?:^|_)age(?:_years)?$", re.IGNORECASE)


def deidentify_record(value: Any, known: KnownIdentifiers) -> Any:
    """Return a JSON value of the same shape without identifiers; anything that is not JSON raises.

    Two keys that become the same raise as well: a part of a record is never exported as the whole.
    """
    return _walked(value, "", build_matcher(known))


def _walked(value: Any, key: str, matcher: Matcher) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, key, matcher)
    if isinstance(value, int | float):
        return _number(value, key, matcher)
    if isinstance(value, list | tuple):
        return [_walked(item, key, matcher) for item in value]
    if isinstance(value, Mapping):
        return _object(value, matcher)
    raise OutputError(
        f"a record for export holds a {type(value).__name__}, which is not JSON: nothing is exported"
    )


def _object(value: Mapping[Any, Any], matcher: Matcher) -> dict[str, Any]:
    coded = isinstance(value.get("system"), str) and is_terminology(value["system"])
    result: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise OutputError("a record for export has a key that is not a text: nothing is exported")
        plain = deidentify_with(key, matcher).text
        if plain in result:
            raise OutputError(
                "two keys of a record for export are the same once de-identified: nothing is exported"
            )
        is_code = coded and key == "code" and isinstance(item, str)
        result[plain] = _code(item, matcher) if is_code else _walked(item, key, matcher)
    return result


def _text(value: str, key: str, matcher: Matcher) -> str:
    if _BINARY.fullmatch(value):
        return "[BINARY]"
    if _AGE.search(key) and re.fullmatch(r"\s*(?:9\d|1[0-3]\d)\s*", value):
        return LABEL
    return deidentify_with(value, matcher).text


def _code(value: str, matcher: Matcher) -> str:
    """Keep a code of a terminology, however long, unless it is a known identifier."""
    return deidentify_with(value, matcher).text if matcher.find(value) else value


def _number(value: int | float, key: str, matcher: Matcher) -> int | float | str:
    """Keep a number, unless it is a known identifier, an age over 89, or has nine figures and more."""
    if _AGE.search(key) and 90 <= value < 140:
        return LABEL
    if isinstance(value, float) and not value.is_integer():
        return value
    plain = str(int(value))
    return deidentify_with(plain, matcher).text if len(plain) >= 9 or matcher.find(plain) else value
