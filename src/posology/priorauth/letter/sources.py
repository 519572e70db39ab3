"""The numbered list of sources: only what the letter cites, in the packet's order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from posology.errors import UserError
from posology.priorauth.letter.reading import clean, rows_of, text_of, texts_of
from posology.priorauth.letter.view import Source

__all__ = ["Citations", "cited_ids", "describe_origin", "number_sources"]


@dataclass(frozen=True, repr=False)
class Citations:
    """The evidence of a packet that its letter cites, with its citation numbers."""

    numbers: Mapping[str, int]
    rows: Mapping[str, Mapping[str, Any]]

    def marks(self, ids: Iterable[str]) -> tuple[int, ...]:
        """Return the citation numbers of some evidence ids, each once."""
        return tuple(dict.fromkeys(self.numbers[key] for key in ids))

    def sources(self) -> tuple[Source, ...]:
        """Return the list of sources."""
        return tuple(_source(number, self.rows[key]) for key, number in self.numbers.items())


def number_sources(packet: Mapping[str, Any]) -> Citations:
    """Number the cited evidence 1, 2, 3 in the packet's order; a cited id that is missing is an error."""
    rows = {text_of(row, "id"): row for row in rows_of(packet, "evidence")}
    wanted = cited_ids(packet)
    for where, key in wanted:
        if key not in rows:
            raise UserError(
                f"packet.json: {where} cites {key!r}, which is not among its evidence; draft the packet again"
            )
    cited = {key for _, key in wanted}
    return Citations({key: n for n, key in enumerate((k for k in rows if k in cited), start=1)}, rows)


def cited_ids(packet: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return every citation of a packet as (what cites, evidence id)."""
    found: list[tuple[str, str]] = []
    for row in rows_of(packet, "criteria"):
        where = f"criterion {text_of(row, 'id')}"
        for field in ("evidence", "contrary", "policy_wording"):
            found += [(where, key) for key in texts_of(row, field)]
    for number, row in enumerate(rows_of(packet, "narrative")):
        found += [(f"narrative[{number}]", key) for key in texts_of(row, "cites")]
    administrative = packet.get("administrative")
    if isinstance(administrative, Mapping):
        for number, row in enumerate(rows_of(administrative, "diagnoses")):
            found += [(f"administrative.diagnoses[{number}]", key) for key in texts_of(row, "evidence")]
    return found


def describe_origin(row: Mapping[str, Any]) -> str:
    """Say where a piece of evidence stands, in words a person can follow."""
    kind, source = text_of(row, "kind"), text_of(row, "source")
    if kind == "derived":
        how = text_of(row, "how")
        origin = ", ".join(texts_of(row, "from"))
        return (
            f"computed ({how})" + (f" from {origin}" if origin else "") if how else f"computed from {origin}"
        )
    if kind == "text":
        return f"{source}, characters {clean(row.get('start'))} to {clean(row.get('end'))}"
    if kind == "policy":
        return f"policy {source}"
    if kind == "human":
        return f"stated in {source}" if source else "stated by a person"
    path = text_of(row, "path")
    return f"{source}, {path}" if path else source


def _source(number: int, row: Mapping[str, Any]) -> Source:
    return Source(
        number,
        text_of(row, "id"),
        text_of(row, "label"),
        describe_origin(row),
        text_of(row, "date"),
        text_of(row, "quote"),
    )
