"""A patient's chart: every resource that was read, every document's text, and what could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from posology.records.dates import PartialDate

__all__ = ["Chart", "Document", "Resource", "Unread"]


@dataclass(frozen=True)
class Resource:
    """One FHIR resource.

    ``reference`` is ``Type/id`` (a resource without id gets ``Type/entry-N``, N its place in the chart);
    ``body`` is the JSON as it was read; ``linked`` the same with each Reference that could be followed
    enriched by the fields of its target (one level; ``reference`` and ``display`` stay), which is what
    FHIRPath expressions see; ``restricted`` says why the resource is labelled restricted, or is empty.
    """

    reference: str
    type: str
    body: Mapping[str, Any]
    linked: Mapping[str, Any]
    file: str = ""
    restricted: str = ""

    def __repr__(self) -> str:
        """Show the reference only: the body is patient data."""
        return f"Resource({self.reference})"


@dataclass(frozen=True)
class Document:
    """The text of a note, report, attachment or narrative.

    ``source`` is what a quote names: the reference of the resource that holds the text; a second text
    of the same resource has a suffix (``DocumentReference/xyz#2``), a note file its path inside the
    folder (``notes/visit.txt``). ``text`` is exactly what ``posology chart text`` prints: offsets count
    its characters. ``date`` is the day of the document where known; ``kind`` one of note, report,
    section, narrative, annotation; ``restricted`` as in Resource.
    """

    source: str
    title: str
    kind: str
    text: str
    date: PartialDate | None = None
    codes: tuple[Mapping[str, Any], ...] = ()
    restricted: str = ""

    def __repr__(self) -> str:
        """Show the source and the length only: the text is patient data."""
        return f"Document({self.source}, {len(self.text)} characters)"


@dataclass(frozen=True, slots=True)
class Unread:
    """Something in the chart that was not read, and why; ``source`` is a reference or a file."""

    source: str
    why: str


@dataclass(frozen=True)
class Chart:
    """One patient's chart. Resources keep the order in which they were read."""

    patient: Resource
    resources: tuple[Resource, ...]
    documents: tuple[Document, ...]
    unread: tuple[Unread, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)  # file name -> SHA-256 of its bytes

    @cached_property
    def by_reference(self) -> Mapping[str, Resource]:
        """Every resource by its ``Type/id`` reference."""
        return {resource.reference: resource for resource in self.resources}

    @cached_property
    def by_type(self) -> Mapping[str, tuple[Resource, ...]]:
        """Every resource by its type, in the chart's order."""
        groups: dict[str, list[Resource]] = {}
        for resource in self.resources:
            groups.setdefault(resource.type, []).append(resource)
        return {kind: tuple(group) for kind, group in groups.items()}

    def of_type(self, kind: str) -> tuple[Resource, ...]:
        """Return the resources of one type."""
        return self.by_type.get(kind, ())

    def target(self, reference: object) -> Resource | None:
        """Return the resource that a Reference inside a ``linked`` body leads to, or ``None``."""
        if not isinstance(reference, Mapping) or not isinstance(reference.get("id"), str):
            return None
        kind, identifier = str(reference.get("resourceType")), reference["id"]
        found = self.by_reference.get(f"{kind}/{identifier}")
        if found is not None:
            return found
        contained = [r for r in self.of_type(kind) if r.reference.endswith(f"#{identifier}")]
        return contained[0] if len(contained) == 1 else None

    def document(self, source: str) -> Document | None:
        """Return the document that a quote names, or ``None``."""
        return next((d for d in self.documents if d.source == source), None)

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Chart({len(self.resources)} resources, {len(self.documents)} documents)"
