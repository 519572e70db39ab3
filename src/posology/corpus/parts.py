"""Which part a record is for: patients and documents are dealt out by hash, and stay in one part."""

import hashlib
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Literal, Protocol

from posology.corpus.example import JOINED, Provenance
from posology.corpus.spec import Parts
from posology.errors import UserError

__all__ = ["PARTS", "Dealt", "Part", "part_of", "require_apart"]

Part = Literal["tune", "select", "report"]
PARTS: tuple[Part, ...] = ("tune", "select", "report")
_ORDER: tuple[Part, Part, Part] = ("report", "select", "tune")


class Dealt(Protocol):
    """What is dealt out to parts: an example, a pair, a labelled text."""

    @property
    def id(self) -> str:
        """Return what it is called in its source."""

    @property
    def provenance(self) -> Provenance:
        """Return where it comes from; its group stays in one part."""


def part_of(corpus: str, group: str, shares: Parts, order: tuple[Part, Part, Part] = _ORDER) -> Part:
    """Return the part of a patient or document: the same for the same name of the corpus and group.

    ``order`` says which part's share of the hashes comes first, and which second.
    """
    place = int(hashlib.sha256(f"{corpus}:{group}".encode()).hexdigest()[:15], 16) / 16**15
    sizes = {"tune": 1 - shares.select - shares.report, "select": shares.select, "report": shares.report}
    first, second, third = order
    if place < sizes[first]:
        return first
    return second if place < sizes[first] + sizes[second] else third


def require_apart(parts: Mapping[str, Sequence[Dealt]], what: str) -> None:
    """Raise UserError where a group of a source stands in two parts, which would measure what was learned.

    ``what`` they are called in the message, such as "example"; those without a group share none.
    """
    for (one, first), (other, second) in combinations(parts.items(), 2):
        groups = {group for each in first for group in _groups(each)}
        shared = [each for each in second if not groups.isdisjoint(_groups(each))]
        if shared:
            n = len({group for each in shared for group in _groups(each)} & groups)
            raise UserError(
                f"{what} {shared[0].id} of {shared[0].provenance.source}: its group is in {one} and in "
                f"{other} (groups in both: {n}); split by patient, document or question"
            )


def _groups(one: Dealt) -> set[tuple[str, str]]:
    """Return the groups that an example is of, each with its source: one joined from several is of all."""
    of = one.provenance
    return {
        (source, group) for source in of.source.split(JOINED) for group in of.group.split(JOINED) if group
    }
