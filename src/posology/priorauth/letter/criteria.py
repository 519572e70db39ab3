"""The table of criteria: the payer's words, the finding, why, and what speaks against it."""

import re
from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

from posology.errors import UserError
from posology.priorauth.letter.reading import rows_of, text_of, texts_of
from posology.priorauth.letter.sources import Citations
from posology.priorauth.letter.view import Cited, CriteriaGroup, CriterionRow, Tone

__all__ = ["against_rows", "build_groups", "is_against", "is_exclusion", "status_words"]

_CAPTIONS = {
    "all": "All of these together",
    "any": "Any one of these is enough",
    "at_least": "A stated number of these is enough",
    "none": "None of these may apply",
    "exclusions": "Exclusions: one that applies rules the request out",
}
_FURTHER = "Required as well"
_STATUS = {"met": "Met", "not_met": "Not met", "unknown": "Unknown"}
_EXCLUSION_STATUS = {"met": "Applies", "not_met": "Does not apply", "unknown": "Unknown"}


def is_exclusion(row: Mapping[str, Any]) -> bool:
    """Tell whether a criterion counts against the request when it is met."""
    negations = len(re.findall(r"(?:^|\.)(?:exclusions|none)\b", text_of(row, "path")))
    return negations % 2 == 1


def is_against(row: Mapping[str, Any]) -> bool:
    """Tell whether a finding speaks against the request."""
    return text_of(row, "status") == ("met" if is_exclusion(row) else "not_met")


def against_rows(packet: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the findings that decide against the request: not those that another alternative makes good.

    A packet that does not say which decide shows all that speak against it.
    """
    rows = [row for row in rows_of(packet, "criteria") if is_against(row)]
    deciding = [row for row in rows if row.get("decides") is True]
    return deciding or rows


def status_words(row: Mapping[str, Any]) -> str:
    """Return a finding in words: Met, Not met, Unknown; for an exclusion Applies, Does not apply."""
    status = text_of(row, "status")
    words = _EXCLUSION_STATUS if is_exclusion(row) else _STATUS
    if status not in words:
        raise UserError(
            f"packet.json: criterion {text_of(row, 'id')} has the status {status!r}; "
            "known: met, not_met, unknown"
        )
    return words[status]


def build_groups(
    packet: Mapping[str, Any], citations: Citations, to_confirm: Collection[str]
) -> tuple[CriteriaGroup, ...]:
    """Group the criteria by the branch of the policy's tree that they stand under."""
    groups: list[CriteriaGroup] = []
    seen: set[str] = set()
    for branch, members in groupby(rows_of(packet, "criteria"), key=_branch):
        rows = list(members)
        caption = _caption(text_of(rows[0], "path")) or (_FURTHER if groups else "")
        again = ", continued" if branch in seen and caption != _FURTHER else ""
        seen.add(branch)
        groups.append(CriteriaGroup(caption + again, tuple(_row(row, citations, to_confirm) for row in rows)))
    return tuple(groups)


def _branch(row: Mapping[str, Any]) -> str:
    """Return the branch that a criterion stands under; the lone leaves of the exclusions share one."""
    path = text_of(row, "path")
    return "exclusions" if re.fullmatch(r"exclusions\[\d+\]", path) else re.sub(r"\[\d+\]$", "", path)


def _caption(path: str) -> str:
    """Say how the criteria of a branch count: ``all[1].any`` is "Any one of these is enough"."""
    steps = [re.fullmatch(r"([a-z_]+)(?:\[(\d+)\])?", step) for step in path.split(".")]
    known = [(step[1], int(step[2] or 0)) for step in steps if step]
    if not known or known[-1][0] not in _CAPTIONS:
        return ""
    words = _CAPTIONS[known[-1][0]]
    if len(known) == 1:
        return "" if known[0][0] == "all" else words
    low = words[0].lower() + words[1:]
    choices = [depth for depth, (kind, _) in enumerate(known[:-1]) if kind in ("any", "at_least")]
    if choices:
        place = known[choices[-1]][1] + 1
        direct = choices[-1] == len(known) - 2
        return f"Alternative {place}: {low}" if direct else f"Within alternative {place}: {low}"
    return f"Exclusion: {low}" if known[0][0] == "exclusions" else words


def _row(row: Mapping[str, Any], citations: Citations, to_confirm: Collection[str]) -> CriterionRow:
    identifier = text_of(row, "id")
    evidence = texts_of(row, "evidence")
    quoted = texts_of(row, "policy_wording")
    return CriterionRow(
        identifier,
        text_of(row, "text") or identifier,
        tuple(Cited(text_of(citations.rows[key], "quote"), citations.marks([key])) for key in quoted),
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
