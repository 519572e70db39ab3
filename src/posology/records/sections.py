"""The sections of a clinical note, found by their headings in the usual styles."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from posology.spans import Span

__all__ = ["Section", "SectionKind", "find_sections", "section_at", "section_spans"]


class SectionKind(StrEnum):
    """What a section is about."""

    CHIEF_COMPLAINT = "chief_complaint"
    PRESENT_ILLNESS = "present_illness"
    PAST_HISTORY = "past_history"
    SURGICAL_HISTORY = "surgical_history"
    FAMILY_HISTORY = "family_history"
    SOCIAL_HISTORY = "social_history"
    MEDICATIONS = "medications"
    ALLERGIES = "allergies"
    REVIEW_OF_SYSTEMS = "review_of_systems"
    VITALS = "vitals"
    EXAM = "exam"
    RESULTS = "results"
    IMAGING = "imaging"
    PROBLEMS = "problems"
    ASSESSMENT = "assessment"
    PLAN = "plan"
    INSTRUCTIONS = "instructions"
    PROCEDURE = "procedure"
    HOSPITAL_COURSE = "hospital_course"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its kind, the span of its heading, and the span of its body."""

    kind: SectionKind
    heading: Span
    body: Span


_HEADINGS: Mapping[SectionKind, str] = {
    SectionKind.CHIEF_COMPLAINT: "chief complaint|cc|reason for visit|reason for consultation|presenting "
    "complaint|reason for referral|presenting problem",
    SectionKind.PRESENT_ILLNESS: "history of present illness|hpi|history of the present illness|subjective|s|"
    "interval history|present illness|history|clinical history|history of presenting illness|indication",
    SectionKind.PAST_HISTORY: "past medical history|pmh|pmhx|past history|medical history|past medical hx|"
    "past medical and surgical history|pmh/psh|significant past medical history",
    SectionKind.SURGICAL_HISTORY: "past surgical history|psh|surgical history|past surgical hx|pshx|"
    "previous operations|prior surgeries",
    SectionKind.FAMILY_HISTORY: "family history|fh|fhx|fam hx|family hx|family medical history|famhx",
    SectionKind.SOCIAL_HISTORY: "social history|sh|shx|soc hx|social hx|habits|tobacco history",
    SectionKind.MEDICATIONS: "medications|meds|current medications|home medications|current meds|"
    "discharge medications|outpatient medications|medication list|medications on admission|home meds|"
    "admission medications",
    SectionKind.ALLERGIES: "allergies|drug allergies|allergies and intolerances|medication allergies|all",
    SectionKind.REVIEW_OF_SYSTEMS: "review of systems|ros",
    SectionKind.VITALS: "vital signs|vitals|vs|v/s",
    SectionKind.EXAM: "physical exam|physical examination|exam|pe|examination|objective|o|on examination",
    SectionKind.RESULTS: "results|labs|laboratory data|lab results|laboratory results|laboratory|data|"
    "diagnostic data|pertinent results|diagnostics|laboratory studies|studies",
    SectionKind.IMAGING: "imaging|radiology|imaging studies|findings|diagnostic imaging",
    SectionKind.PROBLEMS: "problem list|problems|active problems|diagnoses|diagnosis|active problem list|"
    "discharge diagnosis|discharge diagnoses|admission diagnosis|preoperative diagnosis|"
    "postoperative diagnosis",
    SectionKind.ASSESSMENT: "assessment|impression|a|assessment and plan|assessment/plan|a/p|a&p|a and p|"
    "assessment & plan|impression and plan|clinical impression|assessment and recommendations|"
    "impression/plan|medical decision making|mdm|ap",
    SectionKind.PLAN: "plan|p|recommendations|plan of care|treatment plan|recommendation|plans",
    SectionKind.INSTRUCTIONS: "patient instructions|discharge instructions|instructions|return precautions|"
    "follow-up|follow up|followup|disposition|patient education",
    SectionKind.PROCEDURE: "procedure|procedures|operation|description of procedure|operative procedure|"
    "procedure performed|technique",
    SectionKind.HOSPITAL_COURSE: "hospital course|brief hospital course|course in the emergency department|"
    "ed course|clinical course",
    SectionKind.OTHER: "comparison|immunizations|immunization history|gynecologic history|obstetric history|"
    "date|date of service|provider|attending|signature|signed|code status|attestation|addendum|"
    "functional status|diet|activity|condition at discharge|billing|time spent",
}
# headings this short or common count only alone on a line or in capitals
_SHORT_WORDS = frozenset(
    {"s", "o", "a", "p", "all", "sh", "fh", "vs", "pe", "history", "data", "date", "activity"}
)
_LINE = re.compile(r"[^\r\n\f]+")
_START = re.compile(
    r"[ \t]*(?:#{1,6}[ \t]+|[*_]{1,3}|=+[ \t]*|\d{1,2}[.)][ \t]+|[IVX]{1,4}\.[ \t]+|<[a-z]+>)?[ \t]*"
)
_INLINE = re.compile(
    r"([A-Za-z][A-Za-z0-9 /&'-]{0,58}?)[ \t]*(?:\([^)\n]{0,30}\))?[*_]{0,3}[ \t]*(:|--|-(?=[ \t]))[*_]{0,3}"
)
# a heading in capitals inside a line, as where line breaks were lost: "... stable., FAMILY HISTORY: ..."
_INSIDE = re.compile(
    r"(?:(?<=[.,;])|(?<=[.,;][ \t])|(?<=[ \t]{2}))([A-Z][A-Z/&'-]+(?: [A-Z/&'-]+){0,6})[ \t]*:"
)
_ALONE = re.compile(r"([A-Za-z][A-Za-z0-9 /&'-]{0,58}?)[*_]{0,3}[ \t]*[=:]*[ \t]*$")


@cache
def _kinds() -> Mapping[str, SectionKind]:
    return {name: kind for kind, names in _HEADINGS.items() for name in names.split("|")}


def find_sections(text: str) -> list[Section]:
    """Return the sections of a note in order; text before the first heading belongs to none.

    A heading stands at the start of a line: "FAMILY HISTORY:", "## Plan", "**HPI**", "A/P: ...", or alone
    on its line.
    """
    found = [heading for match in _LINE.finditer(text) if (heading := _heading(match))]
    found.extend(_inside(text, {heading.end for _, heading in found}))
    found.sort(key=lambda pair: pair[1])
    ends = [*[heading.start for _, heading in found[1:]], len(text)][: len(found)]
    return [
        Section(kind, heading, Span(heading.end, end))
        for (kind, heading), end in zip(found, ends, strict=True)
    ]


def section_spans(text: str) -> list[tuple[str, Span]]:
    """Return the whole text as named stretches, headings included; the name is empty before the first.

    The name is the section's kind, such as ``family_history``.
    """
    sections = find_sections(text)
    first = sections[0].heading.start if sections else len(text)
    lead = [("", Span(0, first))] if first else []
    return lead + [(str(s.kind), Span(s.heading.start, s.body.end)) for s in sections]


def section_at(sections: list[Section], position: int) -> Section | None:
    """Return the section whose body holds a character, or ``None``."""
    return next((s for s in sections if s.body.start <= position < s.body.end), None)


def _inside(text: str, known_ends: set[int]) -> list[tuple[SectionKind, Span]]:
    found: list[tuple[SectionKind, Span]] = []
    for match in _INSIDE.finditer(text):
        kind = _kinds().get(match[1].lower())
        if kind is not None and len(match[1]) > 2 and match.end() not in known_ends:
            found.append((kind, Span(match.start(1), match.end())))
    return found


def _heading(line: re.Match[str]) -> tuple[SectionKind, Span] | None:
    start = _START.match(line[0])
    offset = start.end() if start else 0
    rest = line[0][offset:]
    inline, alone = _INLINE.match(rest), _ALONE.match(rest)
    for match, is_alone in ((alone, True), (inline, False)):
        if match is None:
            continue
        name = " ".join(match[1].lower().split())
        kind = _kinds().get(name)
        if kind is None or (is_alone and not _may_stand_alone(match[1], rest, offset)):
            continue
        if not is_alone and name in _SHORT_WORDS and not match[1].isupper() and name != "history":
            continue
        begin = line.start() + offset
        return kind, Span(begin, begin + match.end())
    return None


def _may_stand_alone(name: str, rest: str, offset: int) -> bool:
    """A heading without a colon must look like one: marked up, in capitals or in title case."""
    if rest.rstrip().endswith((":", "*", "_", "=")) or offset > 0:
        return True
    return name.isupper() or name[:1].isupper()
