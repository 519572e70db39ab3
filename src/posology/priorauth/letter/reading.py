"""Reading a packet's record leniently: any key may be missing or null, and no text may deceive the eye."""

import unicodedata
from collections.abc import Mapping
from typing import Any

__all__ = ["NOT_IN_RECORD", "clean", "mapping_of", "rows_of", "text_of", "texts_of"]

NOT_IN_RECORD = "not in the record"

# Characters that turn the writing direction around and can make a text read as another one.
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Control, lone surrogate, private use, not assigned: nothing a font can show.
_UNSHOWABLE = frozenset(("Cc", "Cs", "Co", "Cn"))


def clean(value: object) -> str:
    """Fold white space, and write characters that cannot be seen as their code points: ``[U+202E]``."""
    if value is None:
        return ""
    folded = " ".join(str(value).split())
    if folded.isprintable():  # which no control, format, private or unassigned character is
        return folded
    return "".join(_visible(char) for char in folded)


def _visible(char: str) -> str:
    if char.isascii() and char.isprintable():
        return char
    hidden = char in _DIRECTION or unicodedata.category(char) in _UNSHOWABLE
    return f"[U+{ord(char):04X}]" if hidden else char


def mapping_of(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object under a key, empty where there is none."""
    value = record.get(key)
    return value if isinstance(value, Mapping) else {}


def rows_of(record: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """Return the objects of the list under a key, empty where there is none."""
    value = record.get(key)
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def text_of(record: Mapping[str, Any], key: str) -> str:
    """Return the cleaned text under a key, empty where there is none."""
    value = record.get(key)
    return "" if isinstance(value, Mapping | list) else clean(value)


def texts_of(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return the cleaned texts of the list or object under a key; a lone text is a list of one."""
    value = record.get(key)
    items = (
        list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else [value]
    )
    return tuple(text for text in (clean(item) for item in items) if text)
