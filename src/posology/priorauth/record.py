"""packet.json: the record of a draft, as formats.md defines it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from posology.evidence import SupportChecker
from posology.policies import DocumentFindings, Finding, FoundDocument, Leaf, Policy
from posology.priorauth.administrative import Administrative
from posology.priorauth.conclusion import Conclusion
from posology.priorauth.gaps import criterion_gaps
from posology.priorauth.narrative import CheckedSentence, Withheld
from posology.priorauth.packet import EvidenceTable
from posology.priorauth.request import Request
from posology.priorauth.subject import Subject
from posology.priorauth.tree import all_leaves, deciding_ids, leaf_paths
from posology.priorauth.wording import policy_evidence
from posology.quotes import Evidence, EvidenceKind
from posology.records import Chart, newest_date

__all__ = ["build_record"]


def build_record(  # noqa: PLR0913 - the parts of a packet, each by its name
    *,
    chart: Chart,
    request: Request,
    subject: Subject,
    policy: Policy,
    findings: Mapping[str, Finding],
    conclusion: Conclusion,
    documents: DocumentFindings,
    administrative: Administrative,
    told: Sequence[CheckedSentence],
    withheld: Sequence[Withheld],
    validator: SupportChecker | None,
) -> dict[str, Any]:
    """Assemble the packet's record; evidence is numbered in the order in which it is first cited."""
    table = EvidenceTable()
    paths = leaf_paths(policy)
    criteria = [
        _criterion(leaf, findings[leaf.id], paths[leaf.id], table, policy) for leaf in all_leaves(policy)
    ]
    _mark_deciding(criteria, policy, findings)
    narrative = [_sentence(sentence, table) for sentence in told]
    quoted = {evidence.source for sentence in told for evidence in sentence.draft.cites}
    attachments = [_attachment(document, cited=document.source in quoted) for document in documents.found]
    diagnoses = [_diagnosis(row, table) for row in administrative.block["diagnoses"]]
    return {
        "posology": "packet/1",
        "request": _request(request, policy),
        "policy": _policy(policy),
        "patient": _patient(subject),
        "conclusion": conclusion.outcome,
        "provisional": conclusion.provisional,
        "findings_to_confirm": list(conclusion.to_confirm),
        "criteria": criteria,
        "evidence": table.as_json(),
        "narrative": narrative,
        "withheld": [_withheld(item) for item in withheld],
        "gaps": _gaps(policy, findings, documents, administrative),
        "unread": [asdict(item) for item in chart.unread],
        "administrative": administrative.block | {"diagnoses": diagnoses, "attachments": attachments},
        "validator": validator.identity.name if validator else None,
        "stale": _stale(chart, request.day),
        "restricted_used": any(resource.restricted for resource in chart.resources),
    }


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


def _patient(subject: Subject) -> dict[str, Any]:
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


def _sentence(sentence: CheckedSentence, table: EvidenceTable) -> dict[str, Any]:
    draft = sentence.draft
    return {
        "section": draft.section,
        "sentence": draft.text,
        "cites": table.identify(draft.cites),
        "verdict": sentence.verdict,
        "written_by": draft.written_by,
        "criterion": draft.criterion or None,
        "checks": [dict(check) for check in sentence.checks],
    }


def _withheld(item: Withheld) -> dict[str, Any]:
    draft = item.draft
    return {
        "sentence": draft.text,
        "why": item.why,
        "section": draft.section,
        "criterion": draft.criterion or None,
        "written_by": draft.written_by,
    }


def _attachment(found: FoundDocument, *, cited: bool) -> dict[str, Any]:
    return {"id": found.id, "source": found.source, "title": found.title, "date": found.date, "cited": cited}


def _gaps(
    policy: Policy,
    findings: Mapping[str, Finding],
    documents: DocumentFindings,
    administrative: Administrative,
) -> list[dict[str, str]]:
    gaps = criterion_gaps(policy, findings)
    for document in documents.missing:
        ask = f"{document.text}: attach the document, or add it to the chart."
        gaps.append({"kind": "document", "id": document.id, "ask": ask})
    return gaps + [{"kind": "administrative", "id": gap.id, "ask": gap.ask} for gap in administrative.gaps]


def _stale(chart: Chart, day: date) -> str | None:
    newest = newest_date(chart, until=day)
    if newest is None or (newest.year + 1, newest.month, newest.day) >= (day.year, day.month, day.day):
        return None
    return f"No entry of the chart is dated after {newest}, over a year before the date of service {day}."
