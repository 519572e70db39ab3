"""A task: where its items come from, how they are asked, in what form they are answered, how it is scored.

Every task is one small file in ``tasks/`` that makes one ``Task`` (or a few alike); ``tasks/__init__.py``
lists them in one dict.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from posology.chat import Constraint
from posology.evaluate.items import Answer, Item

__all__ = ["Card", "Family", "Form", "Kind", "Part", "Reference", "Shares", "Task"]


class Kind(StrEnum):
    """What an answer is."""

    CHOICE = "choice"  # one label
    ENTITIES = "entities"  # mentions in the text
    CODES = "codes"  # a set of codes
    TEXT = "text"  # a written text


class Family(StrEnum):
    """Tasks of the same clinical work."""

    QUESTIONS = "question answering"
    ENTITIES = "entity extraction"
    RELATIONS = "relation extraction"
    SUMMARIES = "summarization"
    CODING = "coding"
    TRIAGE = "triage"
    MENTAL_HEALTH = "mental health"
    CLAIMS = "claim checking"
    TRIALS = "trial matching"
    AUTHORIZATION = "prior authorization"


class Part(StrEnum):
    """What items may be used for; every group of items is in one part only."""

    TUNE = "tune"  # learning, and examples in prompts
    SELECT = "select"  # choosing prompts, thresholds, settings, when to stop
    REPORT = "report"  # scores


@dataclass(frozen=True, slots=True)
class Shares:
    """How groups are dealt to parts by hash, as shares that add up to one; or by the source's own files.

    ``part_of`` names the part of an item whose source has one (an official development file), else None.
    """

    tune: float = 0.4
    select: float = 0.1
    report: float = 0.5
    part_of: Callable[[Item], Part | None] | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A published score, shown beside ours only where split and metric agree.

    ``trust``: V read in the primary source, V2 in a secondary one, R recalled and to be verified.
    """

    system: str
    metric: str  # the name of one of our measures
    value: float
    split: str  # the part of the data that it is about, in words
    source: str
    trust: str
    parameters: int | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What a reader of a score must know of a task."""

    title: str
    source: str  # repository or article
    licence: str
    url: str
    about: str  # what is asked, of whom, in two or three sentences
    leaks: str  # how the answer may be known to a model already, or seen in the item
    limits: str = ""  # what a score does not say
    references: tuple[Reference, ...] = ()
    alarm: tuple[float, int] | None = None  # a score from which on a model of so many parameters is suspect


class Form(Protocol):
    """How an answer is written: asked for, constrained, read back."""

    @property
    def kind(self) -> Kind:
        """Say what an answer is."""
        ...

    @property
    def max_tokens(self) -> int:
        """Return how long an answer may be, in tokens."""
        ...

    def instruction(self, item: Item) -> str:
        """Say how to answer, in the language of the task."""
        ...

    def write(self, item: Item, answer: Answer) -> str:
        """Write an answer as the model should: for examples and for training."""
        ...

    def constraint(self, item: Item) -> Constraint | None:
        """Return what constrained decoding holds an answer to; None where nothing can."""
        ...

    def read(self, text: str, item: Item) -> Answer:
        """Read an answer; raise ValueError, saying why, where it keeps no form that can be read."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """A task. ``ask`` words an item for a model, without how to answer, which is the form's."""

    name: str
    family: Family
    language: str  # ISO 639-1
    folder: str  # below the data folder
    read: Callable[[Path], Iterable[Item]]
    system: str  # the first message: who the model is and what it does
    ask: Callable[[Item], str]
    form: Form
    metric: str  # the primary measure
    card: Card
    shares: Shares = Shares()
    labels: tuple[str, ...] = ()  # of a choice with the same labels for every item, in their order
    ordered: bool = False  # whether the labels are levels, the most urgent first
