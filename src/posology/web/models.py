"""The models of the pages: the validator that checks what a person writes, opened at its first use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from posology.chat import ModelIdentity
from posology.config import Settings
from posology.evidence import SupportChecker, open_embedder
from posology.priorauth import Models
from posology.priorauth.models import open_checker

__all__ = ["CheckingModels"]


@dataclass
class CheckingModels:
    """Opens the validator and the embedder of a profile once; the writer stays with those who draft."""

    settings: Settings
    _opened: list[Models] = field(default_factory=list)
    _opening: Lock = field(default_factory=Lock)

    def __call__(self) -> Models:
        """Return the models, opened."""
        with self._opening:
            if not self._opened:
                checker = open_checker(self.settings, threads=1)  # the other cores answer others
                shared = None if checker is None else _Shared(checker)
                self._opened.append(Models(None, shared, open_embedder()))
            return self._opened[0]


class _Shared:
    """A checker that several threads may use: one at a time."""

    def __init__(self, checker: SupportChecker) -> None:
        self._checker = checker
        self._lock = Lock()

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        return self._checker.identity

    @property
    def threshold(self) -> float:
        """Return the least score that counts as supported."""
        return self._checker.threshold

    def score(self, sentence: str, sources: Sequence[str]) -> float:
        """Return the support of one sentence."""
        with self._lock:
            return self._checker.score(sentence, sources)

    def score_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[float]:
        """Return the support of many sentences."""
        with self._lock:
            return self._checker.score_many(pairs)
