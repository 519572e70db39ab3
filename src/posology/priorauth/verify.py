"""Checks dispose: every sentence passes the fact checks and the validator, or it is withheld."""

from collections.abc import Mapping, Sequence
from typing import Any

from posology.evidence import ChartFacts, Source, SupportChecker, check_absence, check_facts
from posology.priorauth.narrative import CheckedSentence, DraftSentence, Withheld
from posology.quotes import Evidence, EvidenceKind
from posology.records import Chart, sentence_spans

__all__ = ["check_sentences", "source_of"]


def check_sentences(
    drafts: Sequence[DraftSentence], chart: Chart, facts: ChartFacts, checker: SupportChecker | None
) -> list[CheckedSentence | Withheld]:
    """Check sentences against the sources they cite, in order.

    The fact checks come first; what fails them is not shown to the validator. A sentence must also hold
    its decisive evidence. Without a validator what passes is ``unchecked``.
    """
    cited = [[source_of(evidence, chart) for evidence in draft.cites] for draft in drafts]
    results = [_facts(draft, sources, facts) for draft, sources in zip(drafts, cited, strict=True)]
    if checker is None:
        return [_settle(draft, checks, "unchecked") for draft, checks in zip(drafts, results, strict=True)]
    passing = [i for i, checks in enumerate(results) if all(check["ok"] for check in checks)]
    pairs = [(drafts[i].text, [source.text for source in cited[i]]) for i in passing]
    for i, score in zip(passing, checker.score_many(pairs), strict=True):
        results[i].append(_support(checker, score))
    return [_settle(draft, checks, "supported") for draft, checks in zip(drafts, results, strict=True)]


def source_of(evidence: Evidence, chart: Chart) -> Source:
    """Return a piece of evidence as the checks see it: its quote, and the sentence around it."""
    context = ""
    document = chart.document(evidence.source) if evidence.kind is EvidenceKind.TEXT else None
    span = evidence.span
    if document is not None and span is not None:
        around = [s for s in sentence_spans(document.text) if s.overlaps(span)]
        if around:
            context = document.text[around[0].start : around[-1].end]
    return Source(
        text=evidence.quote,
        context=context,
        date=evidence.date or "",
        kind=str(evidence.kind),
        label=evidence.label,
    )


def _facts(draft: DraftSentence, sources: Sequence[Source], facts: ChartFacts) -> list[Mapping[str, Any]]:
    checks: list[Mapping[str, Any]] = []
    for result in check_facts(draft.text, sources, facts=facts):
        checks.append({"check": result.check, "ok": result.ok} | ({"why": result.why} if result.why else {}))
    missing = check_absence([draft.text], draft.must_hold) if draft.must_hold else ()
    checks.append({"check": "absence", "ok": not missing} | ({"why": missing[0].why} if missing else {}))
    return checks


def _support(checker: SupportChecker, score: float) -> Mapping[str, Any]:
    ok = score >= checker.threshold
    record: dict[str, Any] = {
        "check": "support",
        "by": checker.identity.name,
        "ok": ok,
        "score": round(score, 3),
    }
    return record if ok else record | {"why": "support: the validator finds no support in the cited sources"}


def _settle(
    draft: DraftSentence, checks: Sequence[Mapping[str, Any]], verdict: Any
) -> CheckedSentence | Withheld:
    failed = [check for check in checks if not check["ok"]]
    if failed:
        return Withheld(draft, "; ".join(str(check["why"]) for check in failed))
    return CheckedSentence(draft, verdict, tuple(checks))
