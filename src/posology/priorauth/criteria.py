"""Criteria: structured data first, text where a leaf asks, contrary evidence for both."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from posology.chat import Generator, Reads
from posology.evidence import Embedder, Passage, PassageIndex, split_passages
from posology.policies import Finding, Leaf, Policy, combine, judge_structured
from posology.priorauth.contrary import find_contrary
from posology.priorauth.reading import read_leaves
from posology.priorauth.request import Attestation, Request
from posology.priorauth.statements import decided_by_person, statement_evidence
from posology.priorauth.tree import all_leaves
from posology.quotes import Evidence, Status
from posology.records import Chart

__all__ = ["build_index", "judge_criteria", "judge_leaves"]


def build_index(
    chart: Chart, embedder: Embedder, day: date, *, without: Sequence[Evidence] = ()
) -> PassageIndex:
    """Index the text that counts: nothing dated after the date of service, no sentence of ``without``."""
    documents = [d for d in chart.documents if d.date is None or d.date.on_or_before(day) is not False]
    passages = [_without(passage, without) for passage in split_passages(documents)]
    return PassageIndex([passage for passage in passages if passage.sentences], embedder)


def _without(passage: Passage, quotes: Sequence[Evidence]) -> Passage:
    """Leave out the sentences that were quoted and rejected."""
    spans = [quote.span for quote in quotes if quote.source == passage.source and quote.span is not None]
    kept = tuple(s for s in passage.sentences if not any(s.overlaps(span) for span in spans))
    return passage if kept == passage.sentences else replace(passage, sentences=kept)


def judge_criteria(
    policy: Policy,
    chart: Chart,
    request: Request,
    index: PassageIndex,
    writer: Generator | None,
    *,
    reads: Reads = "named",
) -> dict[str, Finding]:
    """Decide every leaf of a policy, exclusions too; a person's statement outranks what was read.

    ``reads``: which sentences the writer judges, as in read_leaves.
    """
    leaves = all_leaves(policy)
    structured = judge_structured(policy, chart, request.as_resource(), request.day)
    findings = judge_leaves(leaves, structured, request, index, writer, reads=reads)
    return findings | _attested(leaves, findings, request)


def judge_leaves(
    leaves: Sequence[Leaf],
    structured: Mapping[str, Finding],
    request: Request,
    index: PassageIndex,
    writer: Generator | None,
    *,
    reads: Reads = "named",
) -> dict[str, Finding]:
    """Decide some leaves from what structured data say of them and from the chart's text."""
    findings: dict[str, Finding] = {}
    asked = [leaf for leaf in leaves if leaf.question]
    read = read_leaves(asked, index, writer, request.day, reads=reads)
    for leaf in leaves:
        finding = structured[leaf.id]
        if leaf.id in read:
            finding = combine(finding, read[leaf.id]) if leaf.find else read[leaf.id]
        elif finding.basis in ("structured", "absence"):
            finding = replace(finding, contrary=finding.contrary + find_contrary(leaf, finding, index))
        findings[leaf.id] = finding
    return findings


def _attested(
    leaves: Sequence[Leaf], findings: Mapping[str, Finding], request: Request
) -> dict[str, Finding]:
    by_id = {leaf.id: leaf for leaf in leaves}
    return {
        statement.criterion: _stated(by_id[statement.criterion], statement, findings, request)
        for statement in request.details.attestations
    }


def _stated(leaf: Leaf, statement: Attestation, findings: Mapping[str, Finding], request: Request) -> Finding:
    """Let a person's statement decide, as the request file has it."""
    status = Status.MET if statement.answer == leaf.expect else Status.NOT_MET
    said = statement_evidence(request.source, statement.statement, statement.by, statement.date)
    return decided_by_person(findings[leaf.id], status, said)
