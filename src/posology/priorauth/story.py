"""The story of a letter: what it tells, in which order, in whose words, and what is withheld."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from posology.evidence import ChartFacts, Sex
from posology.policies import Finding, Leaf, Policy
from posology.priorauth.conclusion import Conclusion
from posology.priorauth.models import Models
from posology.priorauth.narrative import CheckedSentence, DraftSentence, Withheld
from posology.priorauth.request import Request
from posology.priorauth.subject import Subject
from posology.priorauth.tree import all_leaves, exclusion_ids
from posology.priorauth.verify import check_sentences
from posology.priorauth.wording import (
    bare_sentence,
    fact_sentences,
    opening_sentence,
    policy_sentence,
    request_sentences,
    section_of,
)
from posology.priorauth.writing import word_facts
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
    """Write every finding, by the model where it can, check every sentence, fall back on templates."""
    facts = _chart_facts(story)

    def check(drafts: Sequence[DraftSentence]) -> list[CheckedSentence | Withheld]:
        return check_sentences(drafts, chart, facts, models.checker)

    templates = _sentences(story)
    told: dict[int, CheckedSentence] = {}
    withheld: list[Withheld] = []
    worded = word_facts(templates, models.writer) if models.writer is not None else []
    stages = (
        [(i, sentence) for i, sentence in enumerate(worded) if sentence is not None],
        list(enumerate(templates)),
        [(i, bare_sentence(template)) for i, template in enumerate(templates)],
    )
    for stage in stages:
        open_rows = [(i, sentence) for i, sentence in stage if i not in told]
        results = check([sentence for _, sentence in open_rows])
        for (i, _), result in zip(open_rows, results, strict=True):
            if isinstance(result, CheckedSentence):
                told[i] = result
            else:
                withheld.append(result)
    return [told[i] for i in sorted(told)], withheld


def _sentences(story: Story) -> list[DraftSentence]:
    """Return the letter's template sentences in the letter's order, none twice in a section."""
    subject = story.subject
    sentences = [*request_sentences(story.request, subject.name), *opening_sentence(subject.age, subject.sex)]
    against = story.conclusion.outcome == "not_supported"
    for leaf in all_leaves(story.policy):
        finding = story.findings[leaf.id]
        if not _tells(leaf, finding, story):
            continue
        section = "clinical_summary" if against else section_of(leaf, finding)
        excluded = leaf.id in exclusion_ids(story.policy)
        if not against:
            sentences += policy_sentence(leaf, section, story.policy.id, exclusion=excluded)
        sentences += fact_sentences(leaf, finding, section)
    unique = {(sentence.section, sentence.text): sentence for sentence in reversed(sentences)}
    kept = [s for s in sentences if unique[(s.section, s.text)] is s]
    return sorted(kept, key=lambda sentence: _SECTIONS.index(sentence.section))


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
