"""What leaves the house: the record with nothing in it that the letter does not tell or cite."""

from collections.abc import Mapping
from typing import Any

from posology.priorauth.letter.sources import cited_ids, number_sources

__all__ = ["cited_sources", "disclosed_record"]

_KEPT = (
    "posology",
    "request",
    "policy",
    "patient",
    "conclusion",
    "provisional",
    "criteria",
    "evidence",
    "narrative",
    "administrative",
    "validator",
    "restricted_used",
)
_CRITERION = (
    "id",
    "path",
    "text",
    "status",
    "basis",
    "evidence",
    "contrary",
    "reason",
    "decided_by",
    "policy_wording",
    "decides",
)
_SENTENCE = ("id", "section", "sentence", "cites", "verdict", "written_by", "criterion", "checks")


def disclosed_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record for the payer: no withheld or withdrawn sentence, no gap, no search note, and of the
    evidence only what is cited.
    """
    kept = {key: record[key] for key in _KEPT if key in record}
    kept["criteria"] = [_only(row, _CRITERION) for row in record["criteria"]]
    kept["narrative"] = [_only(row, _SENTENCE) for row in record["narrative"]]
    cited = {key for _, key in cited_ids(kept)}
    kept["evidence"] = [row for row in record["evidence"] if row["id"] in cited]
    return kept


def _only(row: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: row[key] for key in keys if key in row}


def cited_sources(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the numbered sources of a record: each with its quotes and their places, and nothing around."""
    return [
        {
            "number": source.number,
            "evidence": list(source.ids),
            "label": source.label,
            "origin": source.origin,
            "date": source.date,
            "quotes": [{"text": quote.text, "place": quote.place} for quote in source.quotes],
        }
        for source in number_sources(record).sources()
    ]
