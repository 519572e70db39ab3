"""A quoted piece of evidence and where it stands; the unit that criteria, letters and checks share."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from posology.errors import UserError
from posology.spans import Span

__all__ = ["Evidence", "EvidenceKind", "Status", "evidence_from_json"]


class Status(StrEnum):
    """What is known of a criterion; unknown is not no."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class EvidenceKind(StrEnum):
    """Where a quote comes from."""

    STRUCTURED = "structured"  # an element of a FHIR resource
    TEXT = "text"  # characters of a document
    DERIVED = "derived"  # computed from other sources, such as an age
    POLICY = "policy"  # the payer's wording
    HUMAN = "human"  # a person's statement


@dataclass(frozen=True, slots=True)
class Evidence:
    """One quote with its source.

    ``source`` is a reference such as ``Observation/abc``, a document's reference, or a policy id;
    ``path`` a FHIRPath-like element path inside a structured source (``valueQuantity``,
    ``code.coding[0].display``), whose value ``quote`` is; ``start`` and ``end`` are characters of the
    document's text, half-open; ``date`` is the day of the fact as the record has it (``2019-03-02``,
    ``2019-03``, ``2019``); ``derived_from`` and ``how`` belong to derived evidence; of a person's
    statement ``how`` says whose it is; ``label`` names the fact in plain words ("Body mass index") and is
    never a claim by itself.
    """

    kind: EvidenceKind
    source: str
    quote: str
    path: str = ""
    start: int | None = None
    end: int | None = None
    date: str | None = None
    derived_from: tuple[str, ...] = ()
    how: str = ""
    label: str = ""

    @property
    def span(self) -> Span | None:
        """The characters of the document that are quoted, for text evidence."""
        return None if self.start is None or self.end is None else Span(self.start, self.end)

    def as_json(self, identifier: str) -> dict[str, Any]:
        """Return the packet's form of this evidence under the given id."""
        record: dict[str, Any] = {"id": identifier, "kind": str(self.kind)}
        if self.kind is EvidenceKind.DERIVED:
            record |= {"from": list(self.derived_from), "quote": self.quote, "how": self.how}
            record |= self._place()
        else:
            record |= {"source": self.source} | self._place() | {"quote": self.quote}
            if self.how:
                record["by" if self.kind is EvidenceKind.HUMAN else "how"] = self.how
        if self.date is not None:
            record["date"] = self.date
        if self.label:
            record["label"] = self.label
        return record

    def _place(self) -> dict[str, Any]:
        """Return where in its source the quote stands."""
        place: dict[str, Any] = {"path": self.path} if self.path else {}
        return place | ({"start": self.start, "end": self.end} if self.start is not None else {})

    def __repr__(self) -> str:
        """Show where the quote stands, never what it says: it is patient text."""
        where = f"{self.start}:{self.end}" if self.start is not None else self.path
        return f"Evidence({self.kind}, {self.source}, {where}, {len(self.quote)} characters)"


def evidence_from_json(row: Mapping[str, Any]) -> Evidence:
    """Read a piece of evidence back from the packet's form of it; the inverse of ``Evidence.as_json``."""
    try:
        kind = EvidenceKind(row["kind"])
        return Evidence(
            kind,
            str(row.get("source") or ""),
            str(row["quote"]),
            path=str(row.get("path") or ""),
            start=row.get("start"),
            end=row.get("end"),
            date=row.get("date"),
            derived_from=tuple(str(one) for one in row.get("from") or ()),
            how=str(row.get("by" if kind is EvidenceKind.HUMAN else "how") or ""),
            label=str(row.get("label") or ""),
        )
    except (KeyError, ValueError) as cause:
        raise UserError(
            f"packet.json: evidence {row.get('id')!r} cannot be read; draft the packet again"
        ) from cause
