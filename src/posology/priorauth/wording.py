"""Template sentences: what the letter says of each finding, made of nothing but its evidence.

A template sentence joins quotes with fixed words, so that every number, date, code, drug and name in it
stands in a source it cites. It is what the letter falls back on where a model's sentence fails.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from posology.policies import Finding, Leaf
from posology.priorauth.narrative import TEMPLATE, DraftSentence, Section
from posology.priorauth.request import Request
from posology.quotes import Evidence, EvidenceKind

__all__ = [
    "fact_sentences",
    "opening_sentence",
    "policy_evidence",
    "policy_sentence",
    "request_sentences",
    "said_details",
    "section_of",
]

_TREATMENT = re.compile(
    r"\b(treat\w*|therap\w*|trial|tried|fail\w*|medicat\w*|conservative|unsuccessful\w*|intoleran\w*|regimen)\b",
    re.I,
)
_TREATMENT_TYPES = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")
_DATE_WORDS = {
    "onset": "onset",
    "abatement": "abated",
    "performed": "performed",
    "authoredOn": "ordered",
    "effective": "dated",
    "occurrence": "given",
    "recordedDate": "recorded",
    "start": "from",
    "end": "until",
    "issued": "issued",
    "birthDate": "born",
}


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


def fact_sentences(leaf: Leaf, finding: Finding, section: Section) -> tuple[DraftSentence, ...]:
    """Word the evidence of one finding, a sentence a source."""
    return tuple(
        DraftSentence(section, _sentence(_fact(group)), tuple(group), TEMPLATE, leaf.id, decisive(group))
        for group in _by_source(finding.evidence)
    )


def policy_sentence(
    leaf: Leaf, section: Section, policy_id: str, *, exclusion: bool
) -> tuple[DraftSentence, ...]:
    """Quote the payer's wording behind a finding, where the policy quotes it."""
    lead = "the policy's wording of this exclusion" if exclusion else "the policy asks"
    return tuple(
        DraftSentence(
            section,
            _sentence(f"{lead}: “{_one_line(wording.quote)}”"),
            (wording,),
            "template",
            leaf.id,
        )
        for wording in policy_evidence(leaf, policy_id)
    )


def bare_sentence(draft: DraftSentence) -> DraftSentence:
    """Say the same with nothing but quotes: the fallback where a check objects to a template's words."""
    quotes = "; ".join(f"“{_one_line(e.quote)}”" for e in draft.cites if e.kind is not EvidenceKind.POLICY)
    return replace(draft, text=_sentence(f"in the record: {quotes}")) if quotes else draft


def decisive(group: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the evidence of one source that a letter may not omit: its value or its name."""
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
    text = f"The patient is {', '.join(word for word in words if word)}."
    return (DraftSentence("clinical_summary", text, tuple(facts)),)


def request_sentences(request: Request, name: Evidence | None) -> tuple[DraftSentence, ...]:
    """Say what is asked for, for whom and when."""
    service = _said(request, f"{request.service.system} {request.service.code}", "the service requested")
    day = _said(request, request.day.isoformat(), "the date of service")
    whom = f" for {name.quote}" if name else ""
    cites = (service, day) + ((name,) if name else ())
    text = f"Authorization is requested for {service.quote}{whom}, date of service {day.quote}."
    sentences = [DraftSentence("request", text, cites)]
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
            DraftSentence("request", f"An expedited review is requested: “{why.quote}”.", (why,))
        )
    return tuple(sentences)


def _said(request: Request, quote: str, label: str) -> Evidence:
    return Evidence(EvidenceKind.HUMAN, request.source, quote, label=label)


def _by_source(evidence: Iterable[Evidence]) -> list[list[Evidence]]:
    groups: dict[tuple[str, ...], list[Evidence]] = {}
    for item in evidence:
        if item.kind is EvidenceKind.POLICY:
            continue
        alone = item.kind is not EvidenceKind.STRUCTURED
        key = (item.source, item.kind, str(item.start), item.quote) if alone else (item.source,)
        groups.setdefault(key, []).append(item)
    return list(groups.values())


def _fact(group: Sequence[Evidence]) -> str:
    first = group[0]
    if first.kind is EvidenceKind.TEXT:
        when = f" of {first.date}" if first.date else ""
        return f"the note{when} states: “{_one_line(first.quote)}”"
    if first.kind is EvidenceKind.HUMAN:
        when = f" ({first.date})" if first.date else ""
        return f"stated by {first.how or 'a person'}{when}: “{_one_line(first.quote)}”"
    if first.kind is EvidenceKind.DERIVED:
        return f"{first.how or first.label or 'computed from the record'}: {first.quote}"
    return _structured(group)


def _structured(group: Sequence[Evidence]) -> str:
    """Join a resource's evidence: its name, code, value, state and dates, in that order."""
    names, values, _ = _parts(group)
    head = names[0].quote if names else group[0].label or group[0].quote
    codes = _codes(group)
    text = head + (f" ({', '.join(e.quote for e in codes)})" if codes else "")
    text += f": {', '.join(e.quote for e in values)}" if values else ""
    details = _details(group, head)
    return f"the record shows {text}" + (f"; {', '.join(details)}" if details else "")


def said_details(group: Sequence[Evidence]) -> str:
    """Say the code, state and dates of one source, for a sentence that a model wrote without them."""
    names, _, _ = _parts(group)
    return ", ".join([e.quote for e in _codes(group)] + _details(group, names[0].quote if names else ""))


Parts = tuple[list[Evidence], list[Evidence], list[Evidence]]


def _parts(group: Sequence[Evidence]) -> Parts:
    """Return the names, values and dates among a source's evidence."""
    names = [e for e in group if re.search(r"(text|display)$", e.path) and not e.path.startswith("value")]
    values = [e for e in group if e.path.startswith(("value", "component", "gender")) and e not in names]
    return names, values, [e for e in group if _date_word(e)]


def _codes(group: Sequence[Evidence]) -> list[Evidence]:
    values = _parts(group)[1]
    return [e for e in group if e.path.endswith(".code") and "tatus" not in e.path and e not in values]


def _details(group: Sequence[Evidence], head: str) -> list[str]:
    names, values, dates = _parts(group)
    told = {id(e) for e in (*names, *values, *dates, *_codes(group))}
    states = [e.quote for e in group if id(e) not in told and e.quote != head]
    said = [f"{_date_word(e)} {e.quote[:10]}" for e in dates]
    when = group[0].date
    begun = [f"dated {when}"] if when and not any(e.quote.startswith(when) for e in dates) else []
    return states + begun + said


def _date_word(evidence: Evidence) -> str:
    if not re.match(r"\d{4}(-\d{2}){0,2}", evidence.quote):
        return ""
    last = evidence.path.rsplit(".", 1)[-1]
    return next((word for key, word in _DATE_WORDS.items() if last.startswith(key)), "")


def _one_line(quote: str) -> str:
    return " ".join(quote.split())


def _sentence(text: str) -> str:
    """Begin with a capital and end with one full stop, also where a quote brings its own."""
    ended = text.endswith((".”", "!”", "?”"))
    return text[:1].upper() + text[1:] + ("" if ended else ".")
