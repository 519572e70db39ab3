"""Criteria: structured data first, text where a leaf asks, contrary evidence for both."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from posology.chat import Generator
from posology.evidence import Embedder, PassageIndex, split_passages
from posology.policies import Finding, Leaf, Policy, combine, judge_structured
from posology.priorauth.contrary import find_contrary
from posology.priorauth.reading import read_leaves
from posology.priorauth.request import Attestation, Request
from posology.priorauth.tree import all_leaves
from posology.quotes import Evidence, EvidenceKind, Status
from posology.records import Chart

__all__ = ["build_index", "judge_criteria"]


def build_index(chart: Chart, embedder: Embedder, day: date) -> PassageIndex:
    """Index the text that counts: nothing dated after the date of service."""
    documents = [d for d in chart.documents if d.date is None or d.date.on_or_before(day) is not False]
    return PassageIndex(split_passages(documents), embedder)


def judge_criteria(
    policy: Policy, chart: Chart, request: Request, index: PassageIndex, writer: Generator | None
) -> dict[str, Finding]:
    """Decide every leaf of a policy, exclusions too; a person's statement outranks what was read."""
    leaves = all_leaves(policy)
    findings = dict(judge_structured(policy, chart, request.as_resource(), request.day))
    asked = [leaf for leaf in leaves if leaf.question]
    read = read_leaves(asked, index, writer, request.day)
    for leaf in leaves:
        finding = findings[leaf.id]
        if leaf.id in read:
            finding = combine(finding, read[leaf.id]) if leaf.find else read[leaf.id]
        elif finding.basis in ("structured", "absence"):
            finding = replace(finding, contrary=finding.contrary + find_contrary(leaf, finding, index))
        findings[leaf.id] = finding
    return findings | _attested(leaves, findings, request)


def _attested(
    leaves: Sequence[Leaf], findings: Mapping[str, Finding], request: Request
) -> dict[str, Finding]:
    by_id = {leaf.id: leaf for leaf in leaves}
    return {
        statement.criterion: _stated(by_id[statement.criterion], statement, findings, request)
        for statement in request.details.attestations
    }


def _stated(leaf: Leaf, statement: Attestation, findings: Mapping[str, Finding], request: Request) -> Finding:
    """Let a person's statement decide; what the chart says otherwise stays in sight as contrary."""
    status = Status.MET if statement.answer == leaf.expect else Status.NOT_MET
    evidence = Evidence(
        EvidenceKind.HUMAN,
        request.source,
        statement.statement,
        date=statement.date.isoformat(),
        how=statement.by,
        label=f"statement by {statement.by}",
    )
    read = findings[leaf.id]
    against = read.contrary if read.status is status else (*read.evidence, *read.contrary)
    reason = "A person stated it."
    if read.status not in (status, Status.UNKNOWN):
        reason = "A person stated it; the chart says otherwise, which is shown as contrary."
    return Finding(status, "human", (evidence,), against, reason, (), "person")
