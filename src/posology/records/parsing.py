"""JSON as FHIR needs it: UTF-8, no key twice, no number that is none, decimals as they were written."""

import json
import re
from typing import Any

from posology.errors import ChartError

__all__ = ["MAX_DEPTH", "WrittenNumber", "parse_json", "parse_ndjson", "require_json_start"]

MAX_DEPTH = 128
_NAME = re.compile(r"[A-Za-z_]\w{0,63}")
_LITERALS = ("true", "false", "null")
_LONE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SIGNS = (
    (b"<", "XML; only FHIR R4 in JSON is read"),
    (b"MSH|", "HL7 v2; only FHIR R4 in JSON is read"),
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"\x1f\x8b", "gzip data; unpack it first"),
    (b"%PDF", "a PDF; a note needs a folder with the FHIR Patient beside it"),
    (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
)


class WrittenNumber(float):
    """A decimal that remembers how it was written: ``str`` gives ``41.20``, arithmetic 41.2."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, value: str | float) -> "WrittenNumber":
        """Keep the text beside the value."""
        number = super().__new__(cls, value)
        number.text = str(value)
        return number

    def __str__(self) -> str:
        """Return the number as it was written."""
        return self.text


def require_json_start(head: bytes, name: str) -> None:
    """Raise unless the first bytes of a file can begin a JSON object or list."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        if len(head) < 4096:
            raise ChartError(f"{name}: the file is empty")
        raise ChartError(f"{name}: not JSON (it begins with nothing but white space)")
    for sign, what in _SIGNS:
        if start.startswith(sign):
            raise ChartError(f"{name}: not JSON but {what}")
    if start[:1] not in (b"{", b"["):
        raise ChartError(f"{name}: not JSON (it begins with neither an object nor a list)")


def parse_json(data: bytes, name: str) -> Any:
    """Parse the bytes of a JSON file strictly; ``name`` stands in messages."""
    require_json_start(data[:4096], name)
    text = _decode(data, name)
    try:
        value = json.loads(
            text,
            object_pairs_hook=lambda pairs: _unique(pairs, name),
            parse_float=lambda number: _finite(number, name),
            parse_constant=lambda constant: _refuse_constant(constant, name),
        )
    except json.JSONDecodeError as cause:
        raise _syntax_error(cause, text, name) from None
    except RecursionError:
        raise ChartError(f"{name}: nested too deeply (more than {MAX_DEPTH} levels)") from None
    except ValueError:
        raise ChartError(f"{name}: holds a whole number of thousands of digits") from None
    _require_shallow(value, name)
    if _LONE_SURROGATE.search(text):
        _require_encodable(value, name)
    return value


def parse_ndjson(data: bytes, name: str) -> list[Any]:
    """Parse a file of one JSON value a line; blank lines are passed over."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [parse_json(line, f"{name} line {number}") for number, line in enumerate(lines, 1) if line.strip()]


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        if cause.reason == "unexpected end of data":
            raise ChartError(f"{name}: the file ends in the middle; fetch it again") from None
        raise ChartError(f"{name}: not UTF-8 (byte {cause.start}); save it as UTF-8") from None


def _unique(pairs: list[tuple[str, Any]], name: str) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        shown = f'the key "{twice}"' if _NAME.fullmatch(twice) else "a key"
        raise ChartError(f"{name}: {shown} stands twice in one object; which one counts is unknown")
    return found


def _finite(number: str, name: str) -> WrittenNumber:
    value = WrittenNumber(number)
    if value in (float("inf"), float("-inf")):
        raise ChartError(f"{name}: a number is too large to be read")
    return value


def _refuse_constant(constant: str, name: str) -> Any:
    raise ChartError(f"{name}: {constant} is not a JSON number")


def _syntax_error(cause: json.JSONDecodeError, text: str, name: str) -> ChartError:
    where = f"line {cause.lineno}, column {cause.colno}"
    rest = text[cause.pos : cause.pos + 8].strip()
    cut = (
        cause.msg.startswith("Unterminated string")
        or not rest
        or (cause.pos + 8 > len(text) and any(word.startswith(rest) for word in _LITERALS))
        or ("escape" in cause.msg and cause.pos + 6 > len(text))
    )
    if cut:
        return ChartError(f"{name}: the file ends in the middle ({where}); fetch it again")
    return ChartError(f"{name}: not JSON ({where}: {cause.msg})")


def _require_shallow(value: Any, name: str) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ChartError(f"{name}: nested too deeply (more than {MAX_DEPTH} levels)")
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]


def _require_encodable(value: Any, name: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ChartError(f"{name}: holds half of a character pair (a lone \\ud800 escape)") from None
