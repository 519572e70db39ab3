"""The table of criteria: the payer's words, the finding, why, and what speaks against it."""

import re
from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

from posology.errors import UserError
from posology.priorauth.letter.reading import rows_of, text_of, texts_of
from posology.priorauth.letter.sources import Citations
from posology.priorauth.letter.view import Cited, CriteriaGroup, CriterionRow, Tone

__all__ = ["build_groups", "is_against", "is_exclusion", "status_words"]

_CAPTIONS = {
    "all": "All of these together",
    "any": "Any one of these is enough",
    "at_least": "A stated number of these is enough",
    "none": "None of these may apply",
}
_EXCLUSIONS = "Exclusions: one that applies rules the request out"
_STATUS = {"met": "Met", "not_met": "Not met", "unknown": "Unknown"}
_EXCLUSION_STATUS = {"met": "Applies", "not_met": "Does not apply", "unknown": "Unknown"}


def is_exclusion(row: Mapping[str, Any]) -> bool:
    """Tell whether a criterion counts against the request when it is met."""
    return text_of(row, "path").startswith("exclusion") or _innermost(text_of(row, "path")) == "none"


def is_against(row: Mapping[str, Any]) -> bool:
    """Tell whether a finding speaks against the request."""
    return text_of(row, "status") == ("met" if is_exclusion(row) else "not_met")


def status_words(row: Mapping[str, Any]) -> str:
    """Return a finding in words: Met, Not met, Unknown; for an exclusion Applies, Does not apply."""
    status = text_of(row, "status")
    words = _EXCLUSION_STATUS if is_exclusion(row) else _STATUS
    if status not in words:
        raise UserError(
            f"packet.json: criterion {text_of(row, 'id')} has the status {status!r}; known: met, not_met, unknown"
        )
    return words[status]


def build_groups(
    packet: Mapping[str, Any], citations: Citations, to_confirm: Collection[str]
) -> tuple[CriteriaGroup, ...]:
    """Group the criteria by the branch of the policy's tree that they stand under."""
    rows = rows_of(packet, "criteria")
    return tuple(
        CriteriaGroup(caption, tuple(_row(row, citations, to_confirm) for row in group))
        for (caption, _), group in groupby(rows, key=_branch)
    )


def _branch(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the caption of a row's group, and the branch that makes it a group of its own."""
    path = text_of(row, "path")
    kind, parent = _innermost(path), path.rpartition(".")[0]
    nested = "." in path
    if path.startswith("exclusion"):
        inner = _CAPTIONS[kind] if kind in ("all", "any", "at_least") and nested else ""
        return (f"{_EXCLUSIONS}. {inner}" if inner else _EXCLUSIONS), parent if inner else ""
    if kind == "all" and not nested:
        return "", ""
    return _CAPTIONS.get(kind, ""), parent + kind


def _innermost(path: str) -> str:
    """Return the kind of the branch a leaf stands in: ``any`` for ``all[1].any[0]``."""
    match = re.fullmatch(r"(?:.*\.)?([a-z_]+)(?:\[\d+\])?", path)
    return match[1] if match else ""


def _row(row: Mapping[str, Any], citations: Citations, to_confirm: Collection[str]) -> CriterionRow:
    identifier = text_of(row, "id")
    evidence = texts_of(row, "evidence")
    quoted = [key for key in evidence if text_of(citations.rows[key], "kind") == "policy"]
    return CriterionRow(
        identifier,
        text_of(row, "text") or identifier,
        " … ".join(text_of(citations.rows[key], "quote") for key in quoted),
        status_words(row),
        _tone(row),
        "to be confirmed" if identifier in to_confirm else "",
        Cited(text_of(row, "reason"), citations.marks(evidence)),
        citations.marks(texts_of(row, "contrary")),
    )


def _tone(row: Mapping[str, Any]) -> Tone:
    if text_of(row, "status") == "unknown":
        return "open"
    return "bad" if is_against(row) else "good"
