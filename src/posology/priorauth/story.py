"""The story of a letter: what it tells, in which order, in whose words, and what is withheld."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from posology.evidence import ChartFacts, Sex
from posology.policies import Finding, Leaf, Policy
from posology.priorauth.conclusion import Conclusion
from posology.priorauth.models import Models
from posology.priorauth.narrative import CheckedSentence, DraftSentence, Withheld
from posology.priorauth.request import Request
from posology.priorauth.subject import Subject
from posology.priorauth.verify import check_sentences
from posology.priorauth.wording import (
    fact_sentences,
    opening_sentence,
    policy_sentence,
    request_sentences,
    section_of,
)
from posology.priorauth.writing import word_findings
from posology.priorauth.tree import all_leaves, exclusion_ids
from posology.quotes import Status
from posology.records import Chart

__all__ = ["Story", "tell"]


@dataclass(frozen=True)
class Story:
    """What a letter is made from."""

    policy: Policy
    findings: Mapping[str, Finding]
    conclusion: Conclusion
    request: Request
    subject: Subject
    administrative: Mapping[str, Any]


def tell(story: Story, chart: Chart, models: Models) -> tuple[list[CheckedSentence], list[Withheld]]:
    """Write each finding, by the model where it can, check every sentence, fall back on templates."""
    facts = _chart_facts(story)
    groups = _groups(story)
    withheld: list[Withheld] = []
    told: dict[int, list[CheckedSentence]] = {}
    if models.writer is not None:
        worded = word_findings([group.facts for group in groups], models.writer)
        wanted = [(i, sentence) for i, sentence in enumerate(worded) if sentence is not None]
        results = check_sentences([sentence for _, sentence in wanted], chart, facts, models.checker)
        for (i, _), result in zip(wanted, results, strict=True):
            if isinstance(result, Withheld):
                withheld.append(result)
            else:
                told[i] = [result]
    templates = [
        (i, sentence)
        for i, group in enumerate(groups)
        for sentence in (group.wording if i in told else (*group.wording, *group.facts))
    ]
    results = check_sentences([sentence for _, sentence in templates], chart, facts, models.checker)
    for (i, _), result in zip(templates, results, strict=True):
        if isinstance(result, Withheld):
            withheld.append(result)
        else:
            told.setdefault(i, []).append(result)
    return [sentence for i in sorted(told) for sentence in told[i]], withheld


@dataclass(frozen=True)
class _Group:
    """The sentences of one finding: its facts, which a model may reword, and fixed wording."""

    facts: tuple[DraftSentence, ...]
    wording: tuple[DraftSentence, ...] = ()


def _groups(story: Story) -> list[_Group]:
    subject = story.subject
    groups = [
        _Group((), sentence_group) for sentence_group in (request_sentences(story.request, subject.name),)
    ]
    groups.append(_Group((), opening_sentence(subject.age, subject.sex)))
    against = story.conclusion.outcome == "not_supported"
    for leaf in all_leaves(story.policy):
        finding = story.findings[leaf.id]
        if _tells(leaf, finding, story):
            section = "clinical_summary" if against else section_of(leaf, finding)
            excluded = leaf.id in exclusion_ids(story.policy)
            wording = () if against else policy_sentence(leaf, section, story.policy.id, exclusion=excluded)
            groups.append(_Group(fact_sentences(leaf, finding, section), wording))
    return sorted(groups, key=_order)


def _tells(leaf: Leaf, finding: Finding, story: Story) -> bool:
    """Tell whether the letter speaks of a finding: what is met, and in a refusal also what is not."""
    if not finding.evidence:
        return False
    if leaf.id in exclusion_ids(story.policy):
        return finding.status is not Status.UNKNOWN
    return finding.status is Status.MET or (
        finding.status is Status.NOT_MET and story.conclusion.outcome == "not_supported"
    )


_SECTIONS = ("request", "clinical_summary", "prior_treatment", "medical_necessity")


def _order(group: _Group) -> int:
    first = (*group.facts, *group.wording)[:1]
    return _SECTIONS.index(first[0].section) if first else 0


_SEXES: dict[str, Sex] = {"female": "female", "male": "male", "other": "other"}


def _chart_facts(story: Story) -> ChartFacts:
    subject = story.subject
    return ChartFacts(
        patient_names=subject.names,
        sex=_SEXES.get(subject.sex.quote if subject.sex else "", "unknown"),
        birth_date=subject.birth_date.quote if subject.birth_date else "",
        service_date=story.request.day.isoformat(),
        provider_names=_named(story.administrative, "name"),
        identifiers=_named(story.administrative, "npi", "phone", "fax", "tax_id")
        + ((subject.member_id,) if subject.member_id else ()),
    )


def _named(administrative: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    """Return what the administrative block says of provider, facility, requester and practice."""
    parties = [administrative.get(name) or {} for name in ("provider", "facility", "requester", "practice")]
    return tuple(str(party[key]) for party in parties for key in keys if party.get(key))
