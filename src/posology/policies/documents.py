"""The documents that a payer wants attached: which are there, and which are missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from posology.policies.candidates import Scope, find_candidates
from posology.policies.policy import Leaf, Policy, RequiredDocument
from posology.records.chart import Chart

__all__ = ["DocumentFindings", "FoundDocument", "find_documents"]


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document of the chart that a payer asks for."""

    id: str
    source: str
    title: str
    date: str | None


@dataclass(frozen=True, slots=True)
class DocumentFindings:
    """What a payer asks to be attached: found in the chart, or missing from it."""

    found: tuple[FoundDocument, ...]
    missing: tuple[RequiredDocument, ...]


def find_documents(
    policy: Policy, chart: Chart, day: date, request: Mapping[str, Any] | None = None
) -> DocumentFindings:
    """Look for each required document; one without ``find`` is missing until a person attaches it."""
    scope = Scope(policy, chart, request or {}, day)
    found: list[FoundDocument] = []
    missing: list[RequiredDocument] = []
    for document in policy.documents:
        leaf = Leaf(id=document.id, text=document.text, find=document.find, state="ever")
        candidates = find_candidates(leaf, scope, {}).sure if document.find is not None else ()
        if not candidates:
            missing.append(document)
            continue
        best = max(candidates, key=lambda c: c.oldest)
        title = best.match.name if best.match else "untitled document"
        when = best.when.text if best.when else None
        found.append(FoundDocument(document.id, best.resource.reference, title, when))
    return DocumentFindings(tuple(found), tuple(missing))
