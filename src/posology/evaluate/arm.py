"""An arm of a comparison: one system asked in one way about one task."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from posology.evaluate.items import Item, Response

__all__ = ["Arm", "ArmIdentity", "Learning"]


@dataclass(frozen=True, slots=True)
class ArmIdentity:
    """Who answers. ``parameters`` is None where the size is not a number of weights, as for rules."""

    system: str  # such as "majority", "tf-idf", "smollm2-135m-instruct"
    family: str  # such as "trivial", "rules", "linear", "trees", "encoder", "smollm2"
    strategy: str = ""  # the one name of a strategy; "" for systems that are not asked in words
    parameters: int | None = None
    precision: str = ""  # such as "bf16 of Q4_1"
    sha256: str = ""  # of the weights
    engine: str = ""
    notes: str = ""  # what a reader must know, such as "a code model"

    @property
    def name(self) -> str:
        """Return the name that tables show."""
        return f"{self.system} {self.strategy}".strip()


@dataclass(frozen=True, slots=True)
class Learning:
    """What an arm may learn from: items of *tune*, and of *select* to choose settings by."""

    tune: Sequence[Item] = field(default_factory=tuple)
    select: Sequence[Item] = field(default_factory=tuple)


class Arm(Protocol):
    """Answers items of one task. Deterministic: the same items in the same order, the same answers."""

    @property
    def identity(self) -> ArmIdentity:
        """Say who answers."""
        ...

    @property
    def fingerprint(self) -> str:
        """Return the hash of all that decides an answer: weights, prompts, examples, settings."""
        ...

    def answer(
        self, items: Sequence[Item], *, progress: Callable[[int], None] | None = None
    ) -> list[Response]:
        """Answer items in order; ``progress`` is told how many are done.

        What fails for one item is its response's ``failure``; EngineError is for an engine that is gone,
        EngineStopped with the responses to the first items, where they are there.
        """
        ...
