"""Template sentences: what the letter says of each finding, made of nothing but its evidence.

A template sentence joins quotes with fixed words, so that every number, date, code, drug and name in it
stands in a source it cites. It is what the letter falls back on where a model's sentence fails.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from posology.policies import Finding, Leaf
from posology.priorauth.narrative import TEMPLATE, DraftSentence, Section
from posology.priorauth.phrases import entries_words, entry_of, one_line
from posology.priorauth.request import Request
from posology.priorauth.statements import is_confirmation
from posology.quotes import Evidence, EvidenceKind, Status

__all__ = [
    "bare_sentence",
    "exclusion_lead",
    "fact_sentences",
    "opening_sentence",
    "policy_evidence",
    "policy_sentence",
    "request_sentences",
    "section_of",
]

_TREATMENT = re.compile(
    r"\b(treat\w*|therap\w*|trial|tried|fail\w*|medicat\w*|conservative|unsuccessful\w*|intoleran\w*|regimen)\b",
    re.I,
)
_TREATMENT_TYPES = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")


def section_of(leaf: Leaf, finding: Finding) -> Section:
    """Choose the section in which a finding is told."""
    if any(e.source.split("/")[0] in _TREATMENT_TYPES for e in finding.evidence):
        return "prior_treatment"
    return "prior_treatment" if _TREATMENT.search(leaf.question or leaf.text) else "medical_necessity"


def policy_evidence(leaf: Leaf, policy_id: str) -> tuple[Evidence, ...]:
    """Return the payer's wording behind a leaf as evidence, where the policy quotes it."""
    if not leaf.source_quote:
        return ()
    return (Evidence(EvidenceKind.POLICY, policy_id, leaf.source_quote, label="the policy's wording"),)


def fact_sentences(leaf: Leaf, evidence: Sequence[Evidence], section: Section) -> tuple[DraftSentence, ...]:
    """Word the evidence of one finding: a sentence for the entries of one kind, a sentence a quote."""
    return tuple(
        DraftSentence(
            section,
            _sentence(_fact(groups)),
            tuple(e for group in groups for e in group),
            TEMPLATE,
            leaf.id,
            tuple(e for group in groups for e in decisive(group)),
        )
        for groups in _of_one_kind(_by_source(_asked(leaf, evidence)))
    )


def policy_sentence(
    leaf: Leaf, section: Section, policy_id: str, *, lead: str = "the policy asks"
) -> tuple[DraftSentence, ...]:
    """Quote the payer's wording behind a finding, where the policy quotes it."""
    return tuple(
        DraftSentence(section, _sentence(f"{lead}: “{one_line(row.quote)}”"), (row,), TEMPLATE, leaf.id)
        for row in policy_evidence(leaf, policy_id)
    )


def exclusion_lead(finding: Finding, *, whole: bool) -> str:
    """Say of an exclusion whether it applies; of one that is only part of it, whether that part does."""
    if not whole:
        found = "so" if finding.status is Status.MET else "not so"
        return f"one condition of an exclusion, found {found} here"
    if finding.status is Status.MET:
        return "an exclusion of the policy that applies here"
    return "an exclusion of the policy that does not apply here"


def bare_sentence(draft: DraftSentence) -> DraftSentence:
    """Say the same with nothing but quotes: the fallback where a check objects to a template's words."""
    quotes = "; ".join(f"“{one_line(e.quote)}”" for e in draft.cites if e.kind is not EvidenceKind.POLICY)
    return replace(draft, text=_sentence(f"in the record: {quotes}")) if quotes else draft


def decisive(group: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the evidence of one entry that a letter may not omit: its value or its name.

    A note is quoted word for word, so that nothing of it can be left out.
    """
    if group[0].kind is EvidenceKind.TEXT:
        return ()
    for evidence in group:
        if evidence.path.startswith(("value", "component")):
            return (evidence,)
    return tuple(group[:1])


def opening_sentence(age: Evidence | None, sex: Evidence | None) -> tuple[DraftSentence, ...]:
    """Say how old the patient is, and of which sex, where the chart says so."""
    facts = [e for e in (age, sex) if e is not None]
    if not facts:
        return ()
    words = [f"{age.quote} old" if age else "", sex.quote if sex else ""]
    text = f"The patient is {' and '.join(word for word in words if word)}."
    return (DraftSentence("clinical_summary", text, tuple(facts)),)


def request_sentences(
    request: Request, name: Evidence | None, called: Evidence | None = None
) -> tuple[DraftSentence, ...]:
    """Say what is asked for, for whom and when; ``called`` is what the chart's order calls the service."""
    service = _said(request, f"{request.service.system} {request.service.code}", "the service requested")
    day = _said(request, request.day.isoformat(), "the date of service")
    whom = f" for {name.quote}" if name else ""
    cites = (service, day) + ((name,) if name else ())
    text = f"Authorization is requested for {service.quote}{whom}, date of service {day.quote}."
    sentences = [DraftSentence("request", text, cites)]
    if called:
        text = f"The chart's order names the service “{one_line(called.quote)}”."
        sentences.append(DraftSentence("request", text, (called,)))
    details = request.details
    if details.quantity is not None:
        quantity = _said(
            request, f"{details.quantity.value:g} {details.quantity.unit}".strip(), "the quantity"
        )
        sentences.append(
            DraftSentence("request", f"The quantity requested is {quantity.quote}.", (quantity,))
        )
    place = " ".join(part for part in (details.side, details.body_site) if part)
    if place:
        site = _said(request, place, "the body site")
        sentences.append(DraftSentence("request", f"The body site is: {site.quote}.", (site,)))
    if details.urgency == "expedited" and details.urgency_reason:
        why = _said(request, details.urgency_reason, "the reason for an expedited review")
        sentences.append(
            DraftSentence("request", _sentence(f"An expedited review is requested: “{why.quote}”"), (why,))
        )
    return tuple(sentences)


def _said(request: Request, quote: str, label: str) -> Evidence:
    return Evidence(EvidenceKind.HUMAN, request.source, quote, label=label)


def _asked(leaf: Leaf, evidence: Sequence[Evidence]) -> list[Evidence]:
    """Leave out the patient's sex where the policy's test does not ask for it."""
    aged = any(e.kind is EvidenceKind.DERIVED for e in evidence)
    return [e for e in evidence if not (aged and e.path == "gender" and "gender" not in (leaf.test or ""))]


Group = list[Evidence]


def _by_source(evidence: Iterable[Evidence]) -> list[Group]:
    """Sort evidence by its entry; what an entry refers to, such as a drug, is part of it."""
    rows = [item for item in evidence if item.kind is not EvidenceKind.POLICY]
    groups: dict[tuple[str, ...], Group] = {}
    for number, item in enumerate(rows):
        entry = _entry_source(rows, number)
        quoted = item.kind in (EvidenceKind.TEXT, EvidenceKind.DERIVED) or item.date is not None
        alone = item.kind is not EvidenceKind.STRUCTURED and quoted
        key = (entry, item.kind, str(item.start), item.quote) if alone else (entry,)
        groups.setdefault(key, []).append(item)
    return list(groups.values())


def _entry_source(rows: Sequence[Evidence], number: int) -> str:
    """Return the entry that a row belongs to: of a drug that is referred to, that which follows or leads."""
    item = rows[number]
    if item.source.split("/")[0] not in ("Medication", "Device") and "#" not in item.source:
        return item.source
    others = [e.source for e in (*rows[number + 1 :], *reversed(rows[:number])) if e.source != item.source]
    return next((s for s in others if s.split("/")[0].startswith(("Medication", "Device"))), item.source)


def _of_one_kind(groups: Sequence[Group]) -> list[list[Group]]:
    """Join entries of one kind, such as the sessions of a therapy, so that one sentence tells them."""
    joined: dict[object, list[Group]] = {}
    for number, group in enumerate(groups):
        kind = entry_of(group).key if group[0].kind is EvidenceKind.STRUCTURED else number
        joined.setdefault(kind, []).append(group)
    return list(joined.values())


def _fact(groups: Sequence[Group]) -> str:
    first = groups[0][0]
    if first.kind is EvidenceKind.TEXT:
        when = f" of {first.date}" if first.date else ""
        return f"the note{when} states: “{_LIST_MARK.sub('', one_line(first.quote))}”"
    if first.kind is EvidenceKind.HUMAN:
        return _stated(groups[0])
    if first.kind is EvidenceKind.DERIVED:
        if first.label == "age":
            return f"the patient is {first.quote} old on the date of service"
        return f"{first.how or first.label or 'computed from the record'}: {first.quote}"
    if first.path == "gender":
        return f"the patient's sex on record is {first.quote}"
    return entries_words([entry_of(group) for group in groups])


_LIST_MARK = re.compile(r"^[-*•]\s+")


def _stated(group: Group) -> str:
    """Say what a person stated, or what the request itself says."""
    first = group[0]
    if is_confirmation(first):
        return one_line(first.quote)
    if first.how:
        when = f" ({first.date})" if first.date else ""
        return f"stated by {first.how}{when}: “{one_line(first.quote)}”"
    said = [f"{_THE.sub('', e.label)} {one_line(e.quote)}" for e in group]
    return f"the request says: {', '.join(said)}"


_THE = re.compile(r"^the ")


def _sentence(text: str) -> str:
    """Begin with a capital and end with one full stop, also where a quote brings its own."""
    ended = text.endswith((".”", "!”", "?”"))
    return text[:1].upper() + text[1:] + ("" if ended else ".")
