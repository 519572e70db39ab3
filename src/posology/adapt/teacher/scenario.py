"""Scenarios: what a document to be written must say, must leave open, and what it thereby answers.

A scenario is a chart, a policy and a service in words; its truth is known before a word is written. The
file ``scenarios.jsonl`` holds one a line, ``{"posology": "scenario/1", ...}``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from posology.adapt.teacher.grammar import Told
from posology.adapt.teacher.lines import Line, Source, read_lines, write_lines
from posology.corpus import Provenance

__all__ = ["Origin", "Point", "Scenario", "read_scenarios", "write_scenarios"]

Origin = Literal["made", "chart"]
"""Made here, or taken from a patient's chart, which the de-identification gate must have passed."""


@dataclass(frozen=True, slots=True)
class Point:
    """One question of the policy, what the document answers to it, and what makes it so."""

    leaf: str
    question: str
    told: Told
    policy_text: str = ""  # the payer's wording behind the question
    says: tuple[str, ...] = ()  # sentences that decide it
    beside: tuple[str, ...] = ()  # sentences that mention it and decide nothing

    def __repr__(self) -> str:
        """Show leaf and answer only: the sentences may come from a record."""
        return f"Point({self.leaf}, {self.told})"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A document to be written; its repr hides what it is to say."""

    id: str
    policy: str
    service: str
    style: str  # such as "soap" or "dictated"
    patient: str  # such as "a 54-year-old woman"
    points: tuple[Point, ...]
    provenance: Provenance
    origin: Origin = "made"

    def __repr__(self) -> str:
        """Show the id and the number of points."""
        return f"Scenario({self.id}, {len(self.points)} points)"


class _Point(Line):
    leaf: str = Field(min_length=1)
    question: str = Field(min_length=1)
    told: Told
    policy_text: str = ""
    says: list[str] = Field(default_factory=list)
    beside: list[str] = Field(default_factory=list)

    def made(self) -> Point:
        return Point(
            self.leaf, self.question, self.told, self.policy_text, tuple(self.says), tuple(self.beside)
        )


class _Scenario(Line):
    posology: Literal["scenario/1"]
    id: str = Field(min_length=1)
    policy: str = Field(min_length=1)
    service: str
    style: str
    patient: str
    points: list[_Point] = Field(min_length=1)
    provenance: Source
    origin: Origin = "made"

    def made(self) -> Scenario:
        points = tuple(point.made() for point in self.points)
        return Scenario(
            self.id,
            self.policy,
            self.service,
            self.style,
            self.patient,
            points,
            self.provenance.made(),
            self.origin,
        )


def read_scenarios(path: Path) -> Iterator[Scenario]:
    """Yield the scenarios of a file; raise UserError with the line where one is not a scenario."""
    return (line.made() for _, line in read_lines(path, _Scenario))


def write_scenarios(path: Path, scenarios: Iterable[Scenario]) -> int:
    """Write scenarios to a file that appears whole or not at all; return how many they were."""
    return write_lines(path, (_row(one) for one in scenarios))


def _row(one: Scenario) -> dict[str, Any]:
    return {"posology": "scenario/1", **asdict(one)}
