"""packet.json: the record of a draft, as formats.md defines it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from posology.evidence import SupportChecker
from posology.policies import DocumentFindings, Finding, FoundDocument, Leaf, Policy
from posology.priorauth.administrative import Administrative
from posology.priorauth.conclusion import Conclusion, is_confirmed
from posology.priorauth.gaps import criterion_gaps
from posology.priorauth.narrative import CheckedSentence, DraftSentence, Withheld
from posology.priorauth.request import Request
from posology.priorauth.subject import Subject
from posology.priorauth.table import EvidenceTable
from posology.priorauth.tree import all_leaves, deciding_ids, leaf_paths
from posology.priorauth.wording import policy_evidence
from posology.quotes import Evidence, EvidenceKind, Status
from posology.records import Chart, newest_date

__all__ = [
    "Parts",
    "assemble_record",
    "build_record",
    "patient_block",
    "sentence_row",
    "unconfirmed",
    "withheld_row",
]

Row = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """What a packet's record is made of, its sentences apart."""

    chart: Chart
    request: Request
    subject: Subject
    policy: Policy
    findings: Mapping[str, Finding]
    conclusion: Conclusion
    documents: DocumentFindings
    administrative: Administrative
    validator: SupportChecker | None

    def __repr__(self) -> str:
        """Show the policy only: the rest is patient data."""
        return f"Parts({self.policy.id})"


def unconfirmed(record: Mapping[str, Any]) -> list[str]:
    """Return the criteria of a record that were read from notes and that no person has confirmed."""
    return [row["id"] for row in record["criteria"] if row.get("unconfirmed") is True]


def build_record(parts: Parts, told: Sequence[CheckedSentence], withheld: Sequence[Withheld]) -> Row:
    """Assemble a new packet's record; evidence is numbered in the order in which it is first cited."""
    table = EvidenceTable()
    criteria = _criteria(parts, table)
    narrative = [sentence_row(sentence, table, f"s{n}") for n, sentence in enumerate(told, start=1)]
    diagnoses = [_diagnosis(row, table) for row in parts.administrative.block["diagnoses"]]
    kept = [withheld_row(item, table, f"w{n}") for n, item in enumerate(withheld, start=1)]
    return _assembled(parts, table, (criteria, narrative, diagnoses, kept))


def assemble_record(
    parts: Parts, table: EvidenceTable, narrative: Sequence[Row], withheld: Sequence[Row]
) -> Row:
    """Assemble a record over evidence that is numbered already; the sentences are rows of a packet."""
    criteria = _criteria(parts, table)
    diagnoses = [_diagnosis(row, table) for row in parts.administrative.block["diagnoses"]]
    return _assembled(parts, table, (criteria, list(narrative), diagnoses, list(withheld)))


def _assembled(
    parts: Parts, table: EvidenceTable, rows: tuple[list[Row], list[Row], list[Row], list[Row]]
) -> Row:
    criteria, narrative, diagnoses, withheld = rows
    quoted = {item.source for row in narrative for item in table.items(row["cites"])}
    attachments = [_attachment(found, cited=found.source in quoted) for found in parts.documents.found]
    return {
        "posology": "packet/1",
        "request": _request(parts.request, parts.policy),
        "policy": _policy(parts.policy),
        "patient": patient_block(parts.subject),
        "conclusion": parts.conclusion.outcome,
        "provisional": parts.conclusion.provisional,
        "findings_to_confirm": list(parts.conclusion.to_confirm),
        "criteria": criteria,
        "evidence": table.as_json(),
        "narrative": narrative,
        "withheld": withheld,
        "gaps": _gaps(parts),
        "unread": [asdict(item) for item in parts.chart.unread],
        "administrative": parts.administrative.block | {"diagnoses": diagnoses, "attachments": attachments},
        "validator": parts.validator.identity.name if parts.validator else None,
        "stale": _stale(parts.chart, parts.request.day),
        "restricted_used": any(resource.restricted for resource in parts.chart.resources),
    }


def _criteria(parts: Parts, table: EvidenceTable) -> list[Row]:
    policy, findings, paths = parts.policy, parts.findings, leaf_paths(parts.policy)
    rows = [_criterion(leaf, findings[leaf.id], paths[leaf.id], table, policy) for leaf in all_leaves(policy)]
    _mark_deciding(rows, policy, findings)
    return rows


def _request(request: Request, policy: Policy) -> dict[str, Any]:
    return {
        "service": {"system": request.service.system, "code": request.service.code},
        "date": request.day.isoformat(),
        "policy": {"id": policy.id, "version": policy.version, "sha256": policy.sha256},
    }


def _policy(policy: Policy) -> dict[str, Any]:
    until = policy.effective_until
    return {
        "id": policy.id,
        "version": policy.version,
        "title": policy.title,
        "payer": policy.payer,
        "source_title": policy.source_title,
        "effective": {
            "from": policy.effective_from.isoformat(),
            "until": until.isoformat() if until else None,
        },
    }


def patient_block(subject: Subject) -> dict[str, Any]:
    """Return the patient as the packet names them."""
    return {
        "reference": subject.reference,
        "name": subject.name.quote if subject.name else None,
        "birth_date": subject.birth_date.quote if subject.birth_date else None,
        "sex": subject.sex.quote if subject.sex else None,
        "member_id": subject.member_id,
    }


def _criterion(
    leaf: Leaf, finding: Finding, path: str, table: EvidenceTable, policy: Policy
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": leaf.id,
        "path": path,
        "text": leaf.text,
        "status": str(finding.status),
        "basis": finding.basis,
        "evidence": table.identify(finding.evidence),
        "contrary": table.identify(finding.contrary),
        "reason": finding.reason,
        "looked": list(finding.looked),
        "decided_by": finding.decided_by,
    }
    if finding.status is not Status.UNKNOWN and not is_confirmed(leaf, finding):
        record["unconfirmed"] = True
    wording = table.identify(policy_evidence(leaf, policy.id))
    return record | ({"policy_wording": wording[0]} if wording else {})


def _mark_deciding(
    criteria: Sequence[dict[str, Any]], policy: Policy, findings: Mapping[str, Finding]
) -> None:
    """Mark the findings by which the policy is not met or an exclusion applies, if that is so."""
    deciding = deciding_ids(policy, {key: finding.status for key, finding in findings.items()})
    for row in criteria:
        if row["id"] in deciding:
            row["decides"] = True


def _diagnosis(row: Mapping[str, Any], table: EvidenceTable) -> dict[str, Any]:
    """Give a diagnosis of the header the id of the evidence that its code stands in."""
    source, code = str(row.get("source") or ""), str(row.get("code") or "")
    if not source or not code:
        return dict(row)
    kind = EvidenceKind.STRUCTURED if row.get("path") else EvidenceKind.HUMAN
    label = str(row.get("display") or "diagnosis")
    evidence = Evidence(kind, source, code, path=str(row.get("path") or ""), label=label)
    return dict(row) | {"evidence": table.identify([evidence])[0]}


def sentence_row(sentence: CheckedSentence, table: EvidenceTable, identifier: str) -> Row:
    """Return a checked sentence as the packet has it."""
    draft = sentence.draft
    row = {
        "id": identifier,
        "section": draft.section,
        "sentence": draft.text,
        "cites": table.identify(draft.cites),
        "verdict": sentence.verdict,
        "written_by": draft.written_by,
        "criterion": draft.criterion or None,
        "checks": [dict(check) for check in sentence.checks],
    }
    return row | _must_hold(draft, table)


def withheld_row(item: Withheld, table: EvidenceTable, identifier: str) -> Row:
    """Return a withheld sentence as the packet has it, with what it takes to check it again."""
    draft = item.draft
    row = {
        "id": identifier,
        "sentence": draft.text,
        "why": item.why,
        "section": draft.section,
        "criterion": draft.criterion or None,
        "written_by": draft.written_by,
        "cites": table.identify(draft.cites),
    }
    return row | _must_hold(draft, table)


def _must_hold(draft: DraftSentence, table: EvidenceTable) -> Row:
    return {"must_hold": table.identify(draft.must_hold)} if draft.must_hold else {}


def _attachment(found: FoundDocument, *, cited: bool) -> dict[str, Any]:
    return {"id": found.id, "source": found.source, "title": found.title, "date": found.date, "cited": cited}


def _gaps(parts: Parts) -> list[dict[str, str]]:
    gaps = criterion_gaps(parts.policy, parts.findings)
    for document in parts.documents.missing:
        ask = f"{document.text}: attach the document, or add it to the chart."
        gaps.append({"kind": "document", "id": document.id, "ask": ask})
    open_fields = parts.administrative.gaps
    return gaps + [{"kind": "administrative", "id": gap.id, "ask": gap.ask} for gap in open_fields]


def _stale(chart: Chart, day: date) -> str | None:
    newest = newest_date(chart, until=day)
    if newest is None or (newest.year + 1, newest.month, newest.day) >= (day.year, day.month, day.day):
        return None
    return f"No entry of the chart is dated after {newest}, over a year before the date of service {day}."
