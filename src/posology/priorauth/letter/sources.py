"""The numbered list of sources: only what the letter cites, in the packet's order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from posology.errors import UserError
from posology.priorauth.letter.reading import clean, mapping_of, rows_of, text_of, texts_of
from posology.priorauth.letter.view import Quote, Source

__all__ = ["Citations", "cited_ids", "describe_origin", "number_sources"]

_Row = Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Citations:
    """The evidence of a packet by its id, and the number of the source that each cited piece belongs to."""

    rows: Mapping[str, _Row]
    numbers: Mapping[str, int]

    def marks(self, ids: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of the sources of some pieces of evidence, each once."""
        return tuple(dict.fromkeys(self.numbers[key] for key in ids))

    def sources(self) -> tuple[Source, ...]:
        """Return the list of sources."""
        members: dict[int, list[str]] = {}
        for key, number in self.numbers.items():
            members.setdefault(number, []).append(key)
        return tuple(_source(number, [self.rows[key] for key in keys]) for number, keys in members.items())


def number_sources(packet: _Row) -> Citations:
    """Number the cited sources 1, 2, 3 in the packet's order; a cited id that is missing is an error.

    Elements of one resource are one source, and so are the policy's words, and what one request file
    states; each passage of a note is its own.
    """
    rows = {text_of(row, "id"): row for row in rows_of(packet, "evidence")}
    wanted = cited_ids(packet)
    for where, key in wanted:
        if key not in rows:
            raise UserError(
                f"packet.json: {where} cites {key!r}, which is not among its evidence; draft the packet again"
            )
    cited = {key for _, key in wanted}
    groups: dict[tuple[str, ...], int] = {}
    numbers = {
        key: groups.setdefault(_group(row), len(groups) + 1) for key, row in rows.items() if key in cited
    }
    return Citations(rows, numbers)


def _group(row: _Row) -> tuple[str, ...]:
    """Return what two pieces of evidence must share to be one source."""
    kind, source = text_of(row, "kind"), text_of(row, "source")
    if kind in ("structured", "policy", "human") and source:
        return kind, source, text_of(row, "date")
    return kind, text_of(row, "id")


def cited_ids(packet: _Row) -> list[tuple[str, str]]:
    """Return every citation of a packet as (what cites, evidence id)."""
    found: list[tuple[str, str]] = []
    for row in rows_of(packet, "criteria"):
        where = f"criterion {text_of(row, 'id')}"
        for field in ("evidence", "contrary", "policy_wording"):
            found += [(where, key) for key in texts_of(row, field)]
    for number, row in enumerate(rows_of(packet, "narrative")):
        found += [(f"narrative[{number}]", key) for key in texts_of(row, "cites")]
    for number, row in enumerate(rows_of(mapping_of(packet, "administrative"), "diagnoses")):
        found += [(f"administrative.diagnoses[{number}]", key) for key in texts_of(row, "evidence")]
    return found


def describe_origin(row: _Row) -> str:
    """Say in words where one piece of evidence stands, its place in the source included."""
    place = _place(row)
    return _origin(row) + (f", {place}" if place else "")


def _origin(row: _Row) -> str:
    kind, source = text_of(row, "kind"), text_of(row, "source")
    if kind == "derived":
        how, origin = text_of(row, "how"), ", ".join(texts_of(row, "from"))
        return " ".join(
            part for part in ("computed", how and f"({how})", origin and f"from {origin}") if part
        )
    if kind == "policy":
        return f"policy {source}"
    if kind == "human":
        return f"stated in {source}" if source else "stated by a person"
    return source


def _place(row: _Row) -> str:
    start, end = clean(row.get("start")), clean(row.get("end"))
    return f"characters {start} to {end}" if start and end else text_of(row, "path")


def _source(number: int, rows: list[_Row]) -> Source:
    labels = list(dict.fromkeys(text_of(row, "label") for row in rows))
    label = labels[0] if len(labels) == 1 else ""
    quotes = tuple(
        Quote(
            text_of(row, "quote"),
            ", ".join(p for p in ("" if label else text_of(row, "label"), _place(row)) if p),
        )
        for row in rows
    )
    ids = tuple(text_of(row, "id") for row in rows)
    capital = label[:1].upper() + label[1:]
    return Source(number, ids, capital, _origin(rows[0]), text_of(rows[0], "date"), quotes)
