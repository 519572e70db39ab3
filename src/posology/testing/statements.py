"""Choosing what the notes say of each question, so that its aim holds by construction."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from posology.policies.policy import Leaf
from posology.quotes import Status
from posology.testing.notes import Piece
from posology.testing.phrases import Phrases
from posology.testing.plans import Aim

__all__ = ["Statement", "choose_statement"]

OTHER = ("uncertain", "family", "hypothetical", "irrelevant")


@dataclass(frozen=True)
class Statement:
    """The sentences on one leaf, and what they are worth to a reader who reads them right."""

    leaf: Leaf
    pieces: tuple[Piece, ...]
    status: Status
    distractors: tuple[str, ...] = ()

    @property
    def contradicts(self) -> bool:
        """Tell whether the notes give both answers."""
        return {piece.answer for piece in self.pieces} >= {"yes", "no"}


def choose_statement(leaf: Leaf, aim: Aim, phrases: Phrases, rng: random.Random) -> Statement:
    """Return sentences under which the leaf's question has the aimed status."""
    extra = _extra(aim, phrases, rng)
    pieces = [Piece(text) for text in extra]
    if aim == "missing":
        return Statement(leaf, tuple(pieces), Status.UNKNOWN, tuple(extra))
    if aim == "conflict":
        both = [Piece(rng.choice(phrases.of(kind)), leaf.id, kind) for kind in ("yes", "no")]
        return Statement(leaf, (*both, *pieces), Status.UNKNOWN, tuple(extra))
    wanted = leaf.expect if aim == "met" else _other(leaf.expect)
    decisive = Piece(rng.choice(phrases.of(wanted)), leaf.id, wanted)
    status = Status.MET if aim == "met" else Status.NOT_MET
    return Statement(leaf, (decisive, *pieces), status, tuple(extra))


def _other(answer: str) -> str:
    return "no" if answer == "yes" else "yes"


def _extra(aim: Aim, phrases: Phrases, rng: random.Random) -> list[str]:
    """Pick sentences that mention the matter and decide nothing; a known answer bears no doubt beside it."""
    kinds = OTHER if aim == "missing" else ("family", "irrelevant")
    pool: Sequence[str] = [text for kind in kinds for text in phrases.of(kind)]
    number = rng.choice((0, 1, 1, 2)) if aim == "missing" else rng.choice((0, 0, 1))
    return rng.sample(list(pool), min(number, len(pool)))


def split_aims(leaf: Leaf, aim: Aim, rng: random.Random) -> Mapping[str, Aim]:
    """Return the aims of the two halves of a leaf that has both ``find`` and ``question``."""
    if aim == "missing":
        return {"find": "missing", "question": "missing"}
    if aim == "conflict":
        return {"find": "met", "question": "not_met"}
    text_only: Mapping[str, Aim] = {"find": "missing", "question": aim}
    both: Mapping[str, Aim] = {"find": aim, "question": aim}
    if aim == "not_met" and _exists(leaf):
        return rng.choice((text_only, both))  # structured data cannot say that something is not so
    return rng.choice((both, {"find": aim, "question": "missing"}, text_only))


def _exists(leaf: Leaf) -> bool:
    decided = (leaf.compare, leaf.test, leaf.count, leaf.duration)
    return all(key is None for key in decided) and leaf.when_absent == "unknown"
