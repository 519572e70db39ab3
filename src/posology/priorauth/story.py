"""The story of a letter: what it tells, in which order, in whose words, and what is withheld."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from posology.evidence import ChartFacts, Sex
from posology.policies import Finding, Leaf, Policy
from posology.priorauth.around import service_name, with_surroundings
from posology.priorauth.conclusion import Conclusion
from posology.priorauth.models import Models
from posology.priorauth.narrative import CheckedSentence, DraftSentence, Section, Withheld
from posology.priorauth.request import Request
from posology.priorauth.statements import told_evidence
from posology.priorauth.subject import Subject
from posology.priorauth.tree import all_leaves, idle_ids, leaf_paths, unwanted_ids
from posology.priorauth.verify import check_sentences
from posology.priorauth.wording import (
    bare_sentence,
    exclusion_lead,
    fact_sentences,
    opening_sentence,
    policy_sentence,
    request_sentences,
    section_of,
)
from posology.priorauth.writing import word_facts
from posology.quotes import Status
from posology.records import Chart

__all__ = ["Check", "Story", "chart_facts", "tell", "tell_checked", "template_sentences"]

Check = Callable[[Sequence[DraftSentence]], list[CheckedSentence | Withheld]]


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
    facts = chart_facts(story.subject, story.request, story.administrative)

    def check(drafts: Sequence[DraftSentence]) -> list[CheckedSentence | Withheld]:
        return check_sentences(drafts, chart, facts, models.checker)

    templates = template_sentences(story, chart)
    worded = word_facts(templates, models.writer) if models.writer is not None else []
    told, withheld = tell_checked(templates, worded, check)
    return [sentence for sentence in told if sentence is not None], withheld


def tell_checked(
    templates: Sequence[DraftSentence], worded: Sequence[DraftSentence | None], check: Check
) -> tuple[list[CheckedSentence | None], list[Withheld]]:
    """Tell each template in the first wording that passes: the model's, its own, its quotes alone.

    The first list has a place for each template, empty where no wording passed.
    """
    told: dict[int, CheckedSentence] = {}
    withheld: list[Withheld] = []
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
    return [told.get(i) for i in range(len(templates))], withheld


def template_sentences(story: Story, chart: Chart) -> list[DraftSentence]:
    """Return the letter's template sentences in the letter's order, none twice in a section."""
    subject = story.subject
    points = _points(story, chart)
    sentences = [
        *request_sentences(story.request, subject.name, service_name(chart, story.request)),
        *opening_sentence(subject.age, subject.sex),
        *(sentence for point in points for sentence in (*point.wording, *point.facts)),
    ]
    unique = {(sentence.section, sentence.text): sentence for sentence in reversed(sentences)}
    kept = [s for s in sentences if unique[(s.section, s.text)] is s]
    return sorted(kept, key=lambda sentence: _SECTIONS.index(sentence.section))


@dataclass(frozen=True)
class _Point:
    """What the letter says of one finding: the payer's wording, then the facts."""

    section: Section
    wording: tuple[DraftSentence, ...]
    facts: tuple[DraftSentence, ...]

    @property
    def rank(self) -> tuple[Section, tuple[str, ...]]:
        """What points that are told together share."""
        return self.section, tuple(sentence.text for sentence in self.wording)

    @property
    def said(self) -> tuple[Section, tuple[str, ...]]:
        """What points that rest on the same facts share."""
        return self.section, tuple(sentence.text for sentence in self.facts)


def _points(story: Story, chart: Chart) -> list[_Point]:
    """Return what to tell in the letter's order: criteria first, then exclusions, each wording once."""
    unwanted = unwanted_ids(story.policy)
    leaves = [leaf for leaf in all_leaves(story.policy) if _tells(leaf, story, unwanted)]
    leaves.sort(key=lambda leaf: leaf.id in unwanted)
    points: dict[tuple[Section, tuple[str, ...]], _Point] = {}
    for leaf in leaves:
        point = _point(leaf, story, chart, unwanted)
        same = points.get(point.said)
        if same is not None:
            leaf_id = same.facts[0].criterion if same.facts else leaf.id
            more = tuple(replace(sentence, criterion=leaf_id) for sentence in point.wording)
            point = replace(same, wording=(*same.wording, *more))
        points[point.said] = point
    argued = {said for section, said in points if section != "clinical_summary"}
    told = [p for (section, said), p in points.items() if section != "clinical_summary" or said not in argued]
    together: dict[object, list[_Point]] = {}
    for number, point in enumerate(told):
        together.setdefault(point.rank if point.wording else number, []).append(point)
    return [point for row in together.values() for point in row]


def _point(leaf: Leaf, story: Story, chart: Chart, unwanted: Collection[str]) -> _Point:
    finding, policy = story.findings[leaf.id], story.policy
    evidence = with_surroundings(told_evidence(finding.evidence), chart)
    statuses = {key: found.status for key, found in story.findings.items()}
    if _speaks_against(story) or leaf.id in idle_ids(policy, statuses):
        # the opening has told the age and the sex
        known = [e for e in evidence if e not in (story.subject.age, story.subject.sex)]
        return _Point("clinical_summary", (), fact_sentences(leaf, known, "clinical_summary"))
    if leaf.id in unwanted:
        lead = exclusion_lead(finding, whole=_alone(leaf, policy))
        section: Section = "medical_necessity"
    else:
        lead, section = "the policy asks", _section(leaf, story)
    wording = policy_sentence(leaf, section, policy.id, lead=lead)
    return _Point(section, wording, fact_sentences(leaf, evidence, section))


def _section(leaf: Leaf, story: Story) -> Section:
    """Choose the section of a finding: that of the first which rests on the same words of the policy."""
    same = [other for other in all_leaves(story.policy) if other.source_quote == leaf.source_quote]
    first = next((other for other in same if _tells(other, story, ())), leaf) if leaf.source_quote else leaf
    return section_of(first, story.findings[first.id])


def _alone(leaf: Leaf, policy: Policy) -> bool:
    """Tell whether one leaf is enough for an exclusion: its path has no branch that joins conditions."""
    steps = [step.partition("[")[0] for step in leaf_paths(policy)[leaf.id].split(".")]
    start = max(number for number, step in enumerate(steps) if step in ("exclusions", "none"))
    return not {"all", "at_least"} & set(steps[start:])


def _speaks_against(story: Story) -> bool:
    """Tell whether the letter argues nothing: it is refused, or would be if its findings hold."""
    return "not_supported" in (story.conclusion.outcome, story.conclusion.provisional)


def _tells(leaf: Leaf, story: Story, unwanted: Collection[str]) -> bool:
    """Tell whether the letter speaks of a finding: what is met, and in a refusal also what is not."""
    finding = story.findings[leaf.id]
    if not finding.evidence:
        return False
    if leaf.id in unwanted:
        return finding.status is not Status.UNKNOWN
    return finding.status is Status.MET or (finding.status is Status.NOT_MET and _speaks_against(story))


_SECTIONS = ("request", "clinical_summary", "prior_treatment", "medical_necessity")


_SEXES: dict[str, Sex] = {"female": "female", "male": "male", "other": "other"}


def chart_facts(subject: Subject, request: Request, administrative: Mapping[str, Any]) -> ChartFacts:
    """Return what the fact checks know of the patient, the request and its parties."""
    return ChartFacts(
        patient_names=subject.names,
        sex=_SEXES.get(subject.sex.quote if subject.sex else "", "unknown"),
        birth_date=subject.birth_date.quote if subject.birth_date else "",
        service_date=request.day.isoformat(),
        provider_names=_named(administrative, "name"),
        identifiers=_named(administrative, "npi", "phone", "fax", "tax_id")
        + ((subject.member_id,) if subject.member_id else ()),
    )


def _named(administrative: Mapping[str, Any], *keys: str) -> tuple[str, ...]:
    """Return what the administrative block says of provider, facility, requester and practice."""
    parties = [administrative.get(name) or {} for name in ("provider", "facility", "requester", "practice")]
    return tuple(str(party[key]) for party in parties for key in keys if party.get(key))
