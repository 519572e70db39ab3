"""Criteria: structured data first, text where a leaf asks, contrary evidence for both."""

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
    return findings | _attested(leaves, request)


def _attested(leaves: tuple[Leaf, ...], request: Request) -> dict[str, Finding]:
    by_id = {leaf.id: leaf for leaf in leaves}
    return {a.criterion: _statement(by_id[a.criterion], a, request) for a in request.details.attestations}


def _statement(leaf: Leaf, attestation: Attestation, request: Request) -> Finding:
    status = Status.MET if attestation.answer == leaf.expect else Status.NOT_MET
    evidence = Evidence(
        EvidenceKind.HUMAN,
        request.source,
        attestation.statement,
        date=attestation.date.isoformat(),
        how=attestation.by,
        label=f"statement by {attestation.by}",
    )
    return Finding(status, "human", (evidence,), (), "A person stated it.", (), "person")
