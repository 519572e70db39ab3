"""Does a sentence follow from its cited sources? One protocol; the validator is a trained head."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from posology.chat.generator import ModelIdentity
from posology.errors import ModelError
from posology.evidence.heads.checker import open_head_checker

__all__ = ["SHIPPED_HEAD", "SupportChecker", "open_support_checker"]

SHIPPED_HEAD = Path(__file__).parent / "models" / "checker-minilm"


class SupportChecker(Protocol):
    """Scores how well sources support a sentence; a validator of another family than the writer."""

    @property
    def identity(self) -> ModelIdentity:
        """Say which model this is."""
        ...

    @property
    def threshold(self) -> float:
        """Return the least score that counts as supported."""
        ...

    def score(self, sentence: str, sources: Sequence[str]) -> float:
        """Return the support of one sentence by its sources, 0 to 1."""
        ...

    def score_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[float]:
        """Return the support of many sentences, each by its own sources, in order."""
        ...


def open_support_checker(
    head: Path | None = None,
    *,
    sha256: str = "",
    home: Path | None = None,
    threads: int = 0,
    shipped: Path = SHIPPED_HEAD,
) -> SupportChecker:
    """Open the support checker: the trained head in ``head``, else the ``shipped`` one.

    Raises ModelError where weights are missing or are not those that the card, or ``sha256``, names: no
    weaker checker steps in, and without weights a site runs without a validator on purpose, or not at all.
    """
    checker = open_head_checker(head or shipped, threads=threads, home=home)
    if sha256 and checker.identity.sha256 != sha256.lower():
        raise ModelError(
            f"{head or checker.identity.name}: the validator's weights have another hash than the settings "
            "name: refused"
        )
    return checker
