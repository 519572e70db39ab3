"""Texts as they stand in a grammar (EBNF as xgrammar and llama.cpp read it)."""

__all__ = ["literal"]


def literal(text: str) -> str:
    """Return a text in quotation marks, escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + escaped.replace("\t", "\\t") + '"'
