"""Sources of a packet as a person reads them beside the letter: notes, resources, attachments."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from posology.errors import NotFound
from posology.ledger.entries import Kind
from posology.records import Chart, Document
from posology.review.charts import load_chart
from posology.review.heads import find_packet
from posology.review.packets import OpenPacket, open_packet
from posology.review.reads import Reading, is_recorded, record_reading
from posology.store import Actor, Store
from posology.store.store import AUDIT_KEY
from posology.store.walk import READ_DIGITS

__all__ = ["SourceHead", "SourceText", "list_sources", "open_source", "source_hash"]


_TYPES = frozenset(
    (
        "AllergyIntolerance",
        "CarePlan",
        "Composition",
        "Condition",
        "Coverage",
        "DeviceRequest",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "Immunization",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Organization",
        "Patient",
        "Practitioner",
        "Procedure",
        "ServiceRequest",
        "attachment",
    )
)


@dataclass(frozen=True, slots=True, repr=False)
class SourceHead:
    """A source of the chart: its name, kind, title and date, and whether the packet quotes it."""

    source: str
    kind: Literal["text", "structured"]
    title: str
    date: str
    cited: bool


@dataclass(frozen=True, slots=True, repr=False)
class SourceText:
    """A source as it is read.

    ``text`` is what offsets of quotes count in, or of a resource its JSON; ``fields`` are a resource's
    values by the path that quotes of it name (``code.coding[0].display``).
    """

    source: str
    kind: Literal["text", "structured"]
    title: str
    date: str
    text: str
    fields: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Show the kind only."""
        return f"SourceText({self.kind}, {len(self.text)} characters)"


def list_sources(store: Store, actor: Actor, packet_id: str) -> tuple[SourceHead, ...]:
    """Return every document of a packet's chart, what was attached, and each resource that it quotes."""
    opened = open_packet(store, actor, packet_id)
    chart = load_chart(store, opened.head.chart_id)
    cited = _cited(opened.record)
    documents = [
        SourceHead(one.source, "text", one.title, one.date.text if one.date else "", one.source in cited)
        for one in (*chart.documents, *opened.attachments)
    ]
    known = {one.source for one in documents}
    resources = [
        SourceHead(name, "structured", chart.by_reference[name].type, "", True)
        for name in cited
        if name in chart.by_reference and name not in known
    ]
    return (*documents, *resources)


def _cited(record: Mapping[str, Any]) -> dict[str, None]:
    """Return the sources that evidence names, in the record's order."""
    named: dict[str, None] = {}
    for row in record["evidence"]:
        if row["kind"] != "policy":
            named |= dict.fromkeys(row.get("from") or [row.get("source") or ""])
    named.pop("", None)
    return named


def open_source(store: Store, actor: Actor, packet_id: str, source: str) -> SourceText:
    """Open a source of a packet's chart; the first reading of a session is written down before."""
    opened = open_packet(store, actor, packet_id)
    chart = load_chart(store, opened.head.chart_id)
    found = _find(source, chart, opened)
    hashed = source_hash(store, packet_id, source)
    what = f"{packet_id}.{hashed[:READ_DIGITS]}"
    with store.read() as connection:
        find_packet(connection, packet_id)
        recorded = is_recorded(connection, actor, what)
    if not recorded:
        details = {
            "source": _kind_of(source),
            "hash": hashed,
            "form": found.kind,
            "chart": opened.head.chart_id,
        }
        record_reading(store, actor, Reading(Kind.SOURCE_READ, packet_id, opened.head.version, what, details))
    return found


def source_hash(store: Store, packet_id: str, source: str) -> str:
    """Return the keyed hash by which the ledger names a source of a packet: names may identify patients."""
    with store.read() as connection:
        return store.cipher(connection, AUDIT_KEY).hash("source", f"{packet_id}\0{source}".encode())


def _kind_of(source: str) -> str:
    """Return the type that a reference begins with, where it is one that says nothing of a patient."""
    kind = source.partition("/")[0]
    return kind if kind in _TYPES else "file"


def _find(source: str, chart: Chart, opened: OpenPacket) -> SourceText:
    document = chart.document(source) or next((d for d in opened.attachments if d.source == source), None)
    if document is not None:
        return _text(document)
    resource = chart.by_reference.get(source)
    if resource is None:
        raise NotFound(f"packet {opened.head.id}: its chart has no source of this name")
    text = json.dumps(resource.body, ensure_ascii=False, indent=2)
    return SourceText(source, "structured", resource.type, "", text, tuple(_fields(resource.body, "")))


def _text(document: Document) -> SourceText:
    day = document.date.text if document.date else ""
    return SourceText(document.source, "text", document.title, day, document.text)


def _fields(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield the values of a resource by the path that leads to each."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _fields(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _fields(inner, f"{path}[{number}]")
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)
