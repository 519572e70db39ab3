"""Checks dispose: every sentence passes the fact checks and the validator, or it is withheld."""

from collections.abc import Sequence
from typing import Any

from posology.evidence import ChartFacts, Source, SupportChecker, check_absence, check_facts
from posology.priorauth.narrative import PERSON, TEMPLATE, CheckedSentence, DraftSentence, Withheld
from posology.priorauth.phrases import entry_of, own_words
from posology.priorauth.vocabulary import cut_short, foreign_words, stock_of
from posology.quotes import Evidence, EvidenceKind
from posology.records import Chart, sentence_spans

__all__ = ["check_sentences", "source_of"]


def check_sentences(
    drafts: Sequence[DraftSentence], chart: Chart, facts: ChartFacts, checker: SupportChecker | None
) -> list[CheckedSentence | Withheld]:
    """Check sentences against the sources they cite, in order.

    The fact checks come first; what fails them is not shown to the validator. A sentence must also hold
    its decisive evidence, and a model's sentence may bring no words of its own; a person's may, and needs the
    facts and the support. Without a validator what
    passes is ``unchecked``. Deterministic checks outrank both models: the validator's opinion of a template
    sentence, which is nothing but quotes in fixed words, is recorded and does not withhold it.
    """
    cited = [[source_of(evidence, chart) for evidence in draft.cites] for draft in drafts]
    results = [_facts(draft, sources, facts) for draft, sources in zip(drafts, cited, strict=True)]
    if checker is None:
        return [_settle(draft, checks, "unchecked") for draft, checks in zip(drafts, results, strict=True)]
    passing = [i for i, checks in enumerate(results) if all(check["ok"] for check in checks)]
    pairs = [(drafts[i].text, [_as_text(source) for source in cited[i]]) for i in passing]
    for i, score in zip(passing, checker.score_many(pairs), strict=True):
        results[i].append(_support(checker, score, gating=drafts[i].written_by != TEMPLATE))
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


def _facts(draft: DraftSentence, sources: Sequence[Source], facts: ChartFacts) -> list[dict[str, Any]]:
    checks: list[dict[str, Any]] = []
    for result in check_facts(draft.text, sources, facts=facts):
        checks.append({"check": result.check, "ok": result.ok} | ({"why": result.why} if result.why else {}))
    if draft.written_by not in (TEMPLATE, PERSON):
        checks.append(_words(draft, sources))
    checks.append(_absence(draft))
    return checks


def _absence(draft: DraftSentence) -> dict[str, Any]:
    """Check that a sentence holds its decisive evidence: words as quoted, numbers perhaps rounded."""
    said = " ".join(draft.text.split()).casefold()
    needed = [e for e in draft.must_hold if " ".join(e.quote.split()).casefold() not in said]
    worded = [e for e in needed if not any(character.isdigit() for character in e.quote)]
    if worded:
        why = f"absence: {worded[0].label or 'a quoted fact'} is decisive and does not stand here as quoted"
        return {"check": "absence", "ok": False, "why": why}
    missing = check_absence([draft.text], needed) if needed else ()
    return {"check": "absence", "ok": not missing} | ({"why": missing[0].why} if missing else {})


def _words(draft: DraftSentence, sources: Sequence[Source]) -> dict[str, Any]:
    """Check that a model brought no words of its own, and cut no name short.

    What the program added to its sentence is not the model's: only the words before it are looked at.
    """
    entry = entry_of(draft.cites)
    said = own_words(draft.text, draft.cites)
    stock = stock_of(entry.kind, entry.states)
    own = [_as_text(source) for source in sources]
    foreign = foreign_words(said, own, stock)
    if foreign:
        return {"check": "words", "ok": False, "why": f"words: {', '.join(foreign[:3])}: in no cited source"}
    if cut_short(said, entry.name, entry.kind):
        return {"check": "words", "ok": False, "why": "words: the name of the fact does not stand here whole"}
    return {"check": "words", "ok": True}


def _as_text(source: Source) -> str:
    """Return a source as the validator reads it: its name, quote and date."""
    name = f"{source.label}: " if source.label else ""
    return f"{name}{source.text}" + (f" ({source.date})" if source.date else "")


def _support(checker: SupportChecker, score: float, *, gating: bool) -> dict[str, Any]:
    """Record the validator's opinion; of a template, which is only quotes, a low score is no verdict."""
    shown = round(score, 3)
    if score >= checker.threshold:
        return {"check": "support", "by": checker.identity.name, "ok": True, "score": shown}
    if gating:
        why = "support: the validator finds too little support in the cited sources"
        return {"check": "support", "by": checker.identity.name, "ok": False, "score": shown, "why": why}
    note = (
        f"only quotes in fixed words; {checker.identity.name} scored it {shown}, which does not outrank that"
    )
    return {"check": "template", "ok": True, "note": note}


def _settle(
    draft: DraftSentence, checks: Sequence[dict[str, Any]], verdict: Any
) -> CheckedSentence | Withheld:
    failed = [check for check in checks if not check["ok"]]
    if failed:
        return Withheld(draft, "; ".join(str(check["why"]) for check in failed), tuple(checks))
    return CheckedSentence(draft, verdict, tuple(checks))
