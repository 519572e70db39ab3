"""The numbered evidence of a packet: e1, e2, ... in the order in which it is first cited."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from posology.errors import UserError
from posology.quotes import Evidence, EvidenceKind, evidence_from_json

__all__ = ["EvidenceTable", "evidence_key"]

Key = tuple[object, ...]


def evidence_key(item: Evidence) -> Key:
    """Return what two pieces of evidence share when they are the same quote of the same place."""
    key = (item.kind, item.source, item.path, item.start, item.end, item.quote, item.derived_from)
    return (*key, item.how, item.date) if item.kind is EvidenceKind.HUMAN else key


class EvidenceTable:
    """Numbers evidence e1, e2, ... in the order in which it is first cited; the same quote once."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        """Start with the evidence of a packet, whose ids stay as they are, or with nothing."""
        self._rows = {str(row["id"]): evidence_from_json(row) for row in rows}
        self._ids = {evidence_key(item): identifier for identifier, item in self._rows.items()}

    def identify(self, items: Sequence[Evidence]) -> list[str]:
        """Return the ids of these pieces of evidence, adding those that are new."""
        return list(dict.fromkeys(self._identify(item) for item in items))

    def _identify(self, item: Evidence) -> str:
        key = evidence_key(item)
        if key not in self._ids:
            identifier = f"e{len(self._rows) + 1}"
            self._rows[identifier] = item
            self._ids[key] = identifier
        return self._ids[key]

    def items(self, ids: Iterable[str]) -> tuple[Evidence, ...]:
        """Return the evidence of these ids."""
        wanted = list(ids)
        missing = [one for one in wanted if one not in self._rows]
        if missing:
            raise UserError(f"packet.json: {missing[0]!r} is not among its evidence; draft the packet again")
        return tuple(self._rows[one] for one in wanted)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the packet's list of evidence."""
        return [item.as_json(identifier) for identifier, item in self._rows.items()]
