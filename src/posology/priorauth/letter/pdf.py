"""The letter as PDF: tagged, archivable, and byte for byte the same for the same packet."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib import resources
from typing import Any

from posology.errors import InternalError
from posology.priorauth.letter.view import LetterView

__all__ = ["render_pdf"]

_NO_GLYPH = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_FORBIDDEN = re.compile(r'the PDF contains the codepoint `"((?:[^"\\]|\\.)*)"`')
_ESCAPED = re.compile(r"\\u\{([0-9a-fA-F]+)\}|\\(.)")
_ROUNDS = 4  # a cluster of characters can hide another behind it
_NOTICE = (
    "Some characters have no glyph in the fonts of this PDF and are shown as their code points in brackets. "
    "The HTML letter has them as they are."
)


def render_pdf(view: LetterView) -> bytes:
    """Render the letter as PDF/A-2a and PDF/UA-1.

    The typesetter's own fonts are used and no others. A character that they lack is never left out: it
    is shown as its code point, and a notice says so.
    """
    missing: set[str] = set()
    for _ in range(_ROUNDS):
        document, lacking = _compile(_as_data(view, missing))
        if document is not None:
            return document
        if lacking <= missing:
            break
        missing |= lacking
    raise InternalError(
        f"letter.pdf: {len(missing)} characters without a glyph could not be replaced; "
        "use letter.html, and report this"
    )


def _compile(data: dict[str, Any]) -> tuple[bytes | None, set[str]]:
    """Return the document, or the characters that no font has."""
    import typst

    template = (resources.files(__package__) / "letter.typ").read_bytes()
    try:
        document = typst.compile(
            template,
            sys_inputs={"data": json.dumps(data)},
            format="pdf",
            pdf_standards=["ua-1", "a-2a"],
            timestamp=data["timestamp"],
            ignore_system_fonts=True,
        )
    except typst.TypstError as cause:
        lacking = _lacking(cause.diagnostic)
        if not lacking:
            raise InternalError(
                f"letter.pdf: the typesetter refused the letter: {_cause(cause.diagnostic)}"
            ) from None
        return None, lacking
    return bytes(document), set()


def _cause(diagnostic: str) -> str:
    """Return the typesetter's message without anything it quotes: that may be patient text."""
    return re.sub(r'`[^`]*`|"[^"]*"', "…", diagnostic.partition("\n")[0])


def _lacking(diagnostic: str) -> set[str]:
    quoted = _NO_GLYPH.findall(diagnostic) + _FORBIDDEN.findall(diagnostic)
    return {char for text in quoted for char in _ESCAPED.sub(_unescaped, text) if not char.isascii()}


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]


def _as_data(view: LetterView, missing: set[str]) -> dict[str, Any]:
    """Return the view as plain data, characters without a glyph written as code points."""
    if not missing:
        return asdict(view)
    table = {ord(char): f"[U+{ord(char):04X}]" for char in missing}
    noted = replace(view, notices=(*view.notices, _NOTICE))
    data: dict[str, Any] = _map_texts(asdict(noted), lambda text: text.translate(table))
    return data


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _map_texts(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_map_texts(item, change) for item in value]
    return value
