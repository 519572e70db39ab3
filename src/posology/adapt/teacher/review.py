"""What a person reviews: candidates out as JSON lines, corrected and decided lines in.

The person sets ``verdict`` to accept or reject and ``by`` to who they are; corrects ``document``, ``told``
and ``quote`` where needed; and may name in ``section`` the words of the policy that a sentence answers to.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from posology.adapt.teacher.checks import Checked, stands_in
from posology.adapt.teacher.grammar import Told
from posology.adapt.teacher.lines import Line, Source, read_lines, write_lines
from posology.adapt.teacher.terms import Terms
from posology.corpus import Provenance
from posology.errors import UserError

__all__ = [
    "Decided",
    "Finding",
    "PointLine",
    "Review",
    "ReviewLine",
    "Verdict",
    "check_accepted",
    "read_reviews",
    "write_reviews",
]

Verdict = Literal["", "accept", "reject"]


@dataclass(frozen=True, slots=True)
class Decided:
    """One question as a person left it; ``section`` is the policy's wording that the quote answers to."""

    leaf: str
    question: str
    told: Told
    quote: str
    section: str = ""

    def __repr__(self) -> str:
        """Show leaf and answer only."""
        return f"Decided({self.leaf}, {self.told})"


@dataclass(frozen=True, slots=True)
class Review:
    """A document with its decided questions; ``verdict`` is "" while nobody has looked."""

    id: str
    policy: str
    document: str
    points: tuple[Decided, ...]
    provenance: Provenance
    verdict: Verdict = ""
    by: str = ""

    def __repr__(self) -> str:
        """Show the id and the verdict only."""
        return f"Review({self.id}, {self.verdict or 'open'})"


class PointLine(Line):
    """A question as it stands in a line; its repr hides the words."""

    leaf: str = Field(min_length=1)
    question: str = Field(min_length=1)
    told: Told
    quote: str = ""
    section: str = ""
    policy_text: str = ""  # shown to the person
    second: str = ""  # what the second model read

    def __repr__(self) -> str:
        """Show leaf and answer only."""
        return f"PointLine({self.leaf}, {self.told})"


class ReviewLine(Line):
    """A document as it stands in a line; its repr hides the words."""

    posology: Literal["review/1"]
    id: str = Field(min_length=1)
    policy: str
    verdict: Verdict = ""
    by: str = ""
    doubts: list[str] = Field(default_factory=list)
    document: str = Field(min_length=1)
    points: list[PointLine] = Field(min_length=1)
    provenance: Source

    def __repr__(self) -> str:
        """Show the id and the verdict only."""
        return f"ReviewLine({self.id}, {self.verdict or 'open'})"


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an accepted line cannot be learned from: ``key`` of question ``number``, or of the line itself."""

    number: int  # 1 is the first question; 0: the line
    key: str
    words: str


def write_reviews(path: Path, checked: Iterable[Checked], terms: Terms) -> int:
    """Write the candidates that passed the checks for a person, the doubtful first; return how many."""
    passed = [one for one in checked if one.passed]
    passed.sort(key=lambda one: not one.doubts)
    return write_lines(path, (_row(one, terms) for one in passed))


def read_reviews(path: Path, policies: Mapping[str, str]) -> list[Review]:
    """Read what a person decided; raise UserError where a decided line contradicts itself.

    ``policies`` maps a policy's id to its source text: a ``section`` must stand there word for word.
    """
    return [_review(where, line, policies) for where, line in read_lines(path, ReviewLine)]


def _row(one: Checked, terms: Terms) -> dict[str, Any]:
    scenario = one.candidate.scenario
    second = one.candidate.second or [None] * len(scenario.points)
    rows = zip(scenario.points, one.candidate.first, second, strict=True)
    return {
        "posology": "review/1",
        "id": scenario.id,
        "policy": scenario.policy,
        "verdict": "",
        "by": "",
        "doubts": list(one.doubts),
        "document": one.candidate.document,
        "points": [
            {
                "leaf": point.leaf,
                "question": point.question,
                "told": point.told,
                "quote": first.quote,
                "section": "",
                "policy_text": point.policy_text,
                "second": read.told if read else "",
            }
            for point, first, read in rows
        ],
        "provenance": _source(one, terms),
    }


def _source(one: Checked, terms: Terms) -> dict[str, str]:
    """Say who wrote it under which terms; what a scenario from charts forbids, its text forbids too."""
    of = one.candidate.scenario.provenance
    licence = terms.licence if of.licence == "made here" else of.licence
    agreements = [text for text in (of.consent, terms.agreement, terms.gate) if text]
    return {
        "source": f"{one.candidate.teacher} on {of.source}",
        "licence": licence,
        "consent": "; ".join(dict.fromkeys(agreements)),
        "group": of.group,
    }


def _review(where: str, line: ReviewLine, policies: Mapping[str, str]) -> Review:
    wrong = next(check_accepted(line, policies), None) if line.verdict == "accept" else None
    if wrong is not None:
        raise UserError(f"{where}: {wrong.words}")
    points = tuple(Decided(p.leaf, p.question, p.told, p.quote, p.section) for p in line.points)
    return Review(line.id, line.policy, line.document, points, line.provenance.made(), line.verdict, line.by)


def check_accepted(line: ReviewLine, policies: Mapping[str, str]) -> Iterator[Finding]:
    """Yield why a line cannot be learned from although it is accepted; nothing where it can."""
    if not line.by.strip():
        yield Finding(0, "by", "accepted, but `by` does not say by whom")
    for number, point in enumerate(line.points, 1):
        for key, words in _check_point(line, point, policies):
            yield Finding(number, key, f"{point.leaf}: {words}")


def _check_point(
    line: ReviewLine, point: PointLine, policies: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    if point.told == "not stated" and point.quote:
        yield "quote", "not stated, and yet a quote; empty the quote or change `told`"
    if point.told != "not stated" and not stands_in(point.quote, line.document):
        yield "quote", "the quote does not stand in the document word for word"
    if point.section and line.policy not in policies:
        yield "section", f"the policy {line.policy} is not among those given"
    elif point.section and not stands_in(point.section, policies[line.policy]):
        yield "section", f"`section` does not stand in the text of {line.policy}"
