"""A head of pairs as a support checker, which says whether a sentence follows from its cited sources."""

from collections.abc import Sequence
from pathlib import Path

from posology.chat.generator import ModelIdentity
from posology.errors import ModelError
from posology.evidence.heads.head import Head, open_head

__all__ = ["HeadChecker", "open_head_checker"]


class HeadChecker:
    """Reads a sentence beside all of its sources; long sources in windows, of which the best counts."""

    def __init__(self, head: Head, identity: ModelIdentity) -> None:
        """Take an open head of pairs that names its positive label, and who it is."""
        if head.card.kind != "pair" or not head.card.positive:
            raise ModelError(f"{head.card.name}: a checker is a head of the kind pair with a positive label")
        self._head = head
        self._identity = identity

    @property
    def identity(self) -> ModelIdentity:
        """Say which weights these are."""
        return self._identity

    @property
    def threshold(self) -> float:
        """Return the least score that counts as supported."""
        chosen = self._head.card.threshold
        return 0.5 if chosen is None else chosen

    def score(self, sentence: str, sources: Sequence[str]) -> float:
        """Return the support of one sentence by its sources; without sources or words it is 0."""
        return self.score_many([(sentence, sources)])[0]

    def score_many(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[float]:
        """Return the support of many sentences, each by its own sources, in order."""
        texts = [(sentence, "\n".join(sources)) for sentence, sources in pairs]
        told = [n for n, (sentence, source) in enumerate(texts) if sentence.strip() and source.strip()]
        scores = [0.0] * len(pairs)
        for n, found in zip(told, self._head.label_pairs([texts[n] for n in told]), strict=True):
            scores[n] = found.scores[self._head.card.positive]
        return scores


def open_head_checker(folder: Path, *, threads: int = 0, home: Path | None = None) -> HeadChecker:
    """Open a trained checker; ``threads`` and ``home`` as in ``open_head``."""
    from importlib.metadata import version

    head = open_head(folder, threads=threads, home=home)
    card = head.card
    identity = ModelIdentity(
        name=card.name,
        family=card.family,
        version=card.weights_sha256[:12],
        sha256=card.weights_sha256,
        engine=f"openvino {version('openvino')}",
    )
    return HeadChecker(head, identity)
