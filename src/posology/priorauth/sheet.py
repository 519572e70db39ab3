"""A packet opened for review: what its record says, as values that an act can change."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from posology.chat import Generator, Reads
from posology.errors import ChartError, PolicyError, RequestError, SettingsError
from posology.evidence import Embedder, SupportChecker
from posology.policies import Code, Finding, Leaf, Policy
from posology.priorauth.answers import answered_details
from posology.priorauth.deciding import Criterion, Said
from posology.priorauth.record import patient_block
from posology.priorauth.request import Request, RequestFile
from posology.priorauth.subject import subject_of
from posology.priorauth.table import EvidenceTable
from posology.priorauth.tree import all_leaves
from posology.quotes import Status
from posology.records import Chart, Document

__all__ = ["Desk", "Row", "Sheet", "marks_of", "open_sheet", "request_of", "require_same", "sha256_of"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Desk:
    """What lies beside a packet in review: the chart as uploaded, the policy, the request, the models.

    ``request`` is the request as drafted; what was answered since stands in the record. ``attachments``
    are the documents that earlier acts supplied. A ``writer`` reads notes again; sentences are told by
    templates.
    """

    chart: Chart
    policy: Policy
    request: Request
    checker: SupportChecker | None
    practice: Mapping[str, Any]
    writer: Generator | None = None
    attachments: tuple[Document, ...] = ()
    embedder: Embedder | None = None
    reads: Reads = "named"

    @property
    def whole_chart(self) -> Chart:
        """Return the chart with the documents that were attached in the review."""
        return replace(self.chart, documents=(*self.chart.documents, *self.attachments))

    def __repr__(self) -> str:
        """Show the policy only: the rest is patient data."""
        return f"Desk({self.policy.id})"


@dataclass(frozen=True)
class Sheet:
    """The parts of a record that acts change; sentences are rows of the packet."""

    table: EvidenceTable
    criteria: Mapping[str, Criterion]
    narrative: tuple[Row, ...]
    withheld: tuple[Row, ...]
    withdrawn: tuple[Row, ...]
    answers: tuple[Row, ...]
    attachments: tuple[Row, ...]
    numbered: tuple[int, int]  # the last numbers given to a sentence and to a withheld one

    @property
    def findings(self) -> dict[str, Finding]:
        """Return the finding of each criterion that counts now."""
        return {key: criterion.finding for key, criterion in self.criteria.items()}

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Sheet({len(self.criteria)} criteria, {len(self.narrative)} sentences)"


def open_sheet(record: Mapping[str, Any], policy: Policy) -> Sheet:
    """Read a record back into the values that acts change."""
    table = EvidenceTable(record["evidence"])
    rows = {row["id"]: row for row in record["criteria"]}
    missing = [leaf.id for leaf in all_leaves(policy) if leaf.id not in rows]
    if missing:
        raise PolicyError(
            f"packet.json: it has no criterion {missing[0]!r}, which the policy has; draft anew"
        )
    narrative, withheld = record["narrative"], record["withheld"]
    if any("id" not in row for row in (*narrative, *withheld)):
        raise RequestError(
            "packet.json: its sentences have no ids, so it is of an earlier version; draft anew"
        )
    numbered = record.get("numbered") or {}
    return Sheet(
        table=table,
        criteria={leaf.id: _criterion(rows[leaf.id], leaf, table) for leaf in all_leaves(policy)},
        narrative=tuple(narrative),
        withheld=tuple(withheld),
        withdrawn=tuple(record.get("withdrawn") or ()),
        answers=tuple(record.get("answers") or ()),
        attachments=tuple(record.get("attachments") or ()),
        numbered=(numbered.get("sentences", len(narrative)), numbered.get("withheld", len(withheld))),
    )


def _criterion(row: Row, leaf: Leaf, table: EvidenceTable) -> Criterion:
    finding = _finding(row, table)
    return Criterion(
        leaf,
        finding,
        _finding(row["read"], table) if row.get("read") else finding,
        tuple(_said(one, table) for one in row.get("said") or ()),
        table.items(row.get("rejected") or ()),
        row.get("decision"),
    )


def _said(row: Row, table: EvidenceTable) -> Said:
    return Said(table.items([row["evidence"]])[0], Status(row["status"]))


def _finding(row: Mapping[str, Any], table: EvidenceTable) -> Finding:
    return Finding(
        Status(row["status"]),
        row["basis"],
        table.items(row["evidence"]),
        table.items(row["contrary"]),
        row["reason"],
        tuple(row["looked"]),
        row["decided_by"],
    )


def marks_of(criterion: Criterion, table: EvidenceTable) -> Row:
    """Return what a criterion's row holds beside its finding once a person has acted on it."""
    marks: Row = {}
    if criterion.read != criterion.finding:
        marks["read"] = _finding_row(criterion.read, table)
    if criterion.said:
        marks["said"] = [
            {"evidence": table.identify([one.evidence])[0], "status": str(one.status)}
            for one in criterion.said
        ]
    if criterion.rejected:
        marks["rejected"] = table.identify(criterion.rejected)
    return marks | ({"decision": criterion.decision} if criterion.decision else {})


def _finding_row(finding: Finding, table: EvidenceTable) -> Row:
    return {
        "status": str(finding.status),
        "basis": finding.basis,
        "evidence": table.identify(finding.evidence),
        "contrary": table.identify(finding.contrary),
        "reason": finding.reason,
        "looked": list(finding.looked),
        "decided_by": finding.decided_by,
    }


def request_of(record: Mapping[str, Any], details: RequestFile) -> Request:
    """Return the request of a record: ``details`` as drafted, with what was answered since."""
    asked = record["request"]
    service = Code(asked["service"]["system"], asked["service"]["code"])
    answers = record.get("answers") or ()
    return Request(service, date.fromisoformat(asked["date"]), answered_details(details, answers))


def require_same(record: Mapping[str, Any], desk: Desk) -> None:
    """Refuse a desk that is not that of the record: its policy, patient, request, texts, validator."""
    asked, policy = record["request"], desk.policy
    if asked["policy"]["sha256"] != policy.sha256 or asked["policy"]["id"] != policy.id:
        raise PolicyError(f"{policy.id}: the policy file has changed since the draft; draft anew")
    drafted = request_of(record, RequestFile())
    if (drafted.service, drafted.day) != (desk.request.service, desk.request.day):
        raise RequestError(
            "request: the service or the date of service is not that of the packet; draft anew"
        )
    subject = subject_of(desk.chart, desk.request, policy.payer)
    if _particulars(record["patient"]) != _particulars(patient_block(subject)):
        raise ChartError(f"{desk.chart.patient.reference}: the chart is not of the packet's patient")
    if record["validator"] and desk.checker is None:
        raise SettingsError(
            f"validator: the packet was checked by {record['validator']}, and no validator is open now; "
            "name one in the profile"
        )
    _require_texts(record, desk)


def _require_texts(record: Mapping[str, Any], desk: Desk) -> None:
    """Refuse a chart or attachments whose text is not the one that the record quotes."""
    given = {document.source: sha256_of(document.text) for document in desk.attachments}
    for row in record.get("attachments") or ():
        if given.get(row["source"]) != row["sha256"]:
            raise ChartError(
                f"{row['source']}: the text of this attachment is missing or is not the one supplied"
            )
    texts = {document.source: document.text for document in desk.whole_chart.documents}
    for row in record["evidence"]:
        if row["kind"] == "text" and texts.get(row["source"], "")[row["start"] : row["end"]] != row["quote"]:
            raise ChartError(
                f"{row['source']}: evidence {row['id']} does not stand where the packet quotes it; "
                "this is not the chart that was drafted from"
            )


def _particulars(patient: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(patient[key] for key in ("reference", "name", "birth_date", "sex"))


def sha256_of(text: str) -> str:
    """Return the hash of a document's text."""
    return hashlib.sha256(text.encode()).hexdigest()
