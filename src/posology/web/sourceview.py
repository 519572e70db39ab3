"""The source beside the letter: a document around its quote, or an entry with its quoted element."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.errors import NotFound
from posology.policies import Policy
from posology.review.sources import SourceText

__all__ = [
    "Line",
    "SourceView",
    "build_policy_view",
    "build_source_view",
    "build_statement_view",
    "evidence_row",
    "source_named",
]

_DERIVED = {"age": "birthDate", "patient's name": "name"}  # what is computed, and the element it comes from


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """One element of an entry; ``quoted`` where the packet quotes it, ``first`` the first such."""

    path: str
    value: str
    quoted: bool
    first: bool


@dataclass(frozen=True, slots=True, repr=False)
class SourceView:
    """What the page shows of a source: the text before, in and after the quote, or the entry's elements."""

    kind: str
    title: str
    reference: str
    date: str
    before: str = ""
    quote: str = ""
    after: str = ""
    start: int = 0
    end: int = 0
    length: int = 0
    lines: tuple[Line, ...] = ()


def evidence_row(record: Mapping[str, Any], identifier: str) -> Mapping[str, Any]:
    """Return a piece of evidence of a packet; raise NotFound where it has none of this id."""
    for row in record["evidence"]:
        if row["id"] == identifier:
            return dict(row)
    raise NotFound("packet: no such piece of evidence; it may have been taken out meanwhile")


def source_named(row: Mapping[str, Any]) -> str:
    """Return the source of the chart that a piece of evidence stands in, or was computed from."""
    derived: Sequence[str] = row.get("from") or ()
    source = str(row.get("source") or (derived[0] if derived else ""))
    if not source:
        raise NotFound("packet: this piece of evidence stands in no source of the chart")
    return source


def build_statement_view(row: Mapping[str, Any]) -> SourceView:
    """Build what the page shows of what a person stated, or the request itself says."""
    quote = str(row["quote"])
    title = str(row.get("label") or "a person's statement")
    return SourceView(
        "text", title, str(row.get("source") or ""), str(row.get("date") or ""),
        "", quote, "", 0, len(quote), len(quote),
    )  # fmt: skip


def build_policy_view(policy: Policy | None, row: Mapping[str, Any]) -> SourceView:
    """Build what the page shows of the payer's wording: its source around the quote, else the quote alone."""
    quote = str(row["quote"])
    text = policy.source_text if policy else ""
    start = re.search(r"\s+".join(re.escape(word) for word in quote.split()), text)
    if policy is None or start is None:
        return build_statement_view(row)
    found = start.span()
    return SourceView(
        "text", policy.source_title, f"{policy.id}, version {policy.version}", "",
        text[: found[0]], text[slice(*found)], text[found[1] :], *found, len(text),
    )  # fmt: skip


def build_source_view(source: SourceText, row: Mapping[str, Any]) -> SourceView:
    """Build what the page shows of a source for one piece of evidence."""
    if source.kind == "text":
        start, end = int(row.get("start") or 0), int(row.get("end") or 0)
        text = source.text
        return SourceView(
            "text", source.title or source.source, source.source, source.date,
            text[:start], text[start:end], text[end:], start, end, len(text),
        )  # fmt: skip
    path = str(row.get("path") or _DERIVED.get(str(row.get("label")), ""))
    lines, first = [], True
    for name, value in source.fields:
        quoted = bool(path) and (name == path or name.startswith((f"{path}.", f"{path}[")))
        lines.append(Line(name, value, quoted, quoted and first))
        first = first and not quoted
    date = source.date or str(row.get("date") or "")
    return SourceView("structured", source.title, source.source, date, lines=tuple(lines))
