"""The story told again after an act: what still holds keeps its words, what is new gets a template."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from posology.priorauth.narrative import TEMPLATE, CheckedSentence, DraftSentence
from posology.priorauth.record import sentence_row, withheld_row
from posology.priorauth.sheet import Row, Sheet
from posology.priorauth.story import Check, tell_checked
from posology.priorauth.table import EvidenceTable, evidence_key

__all__ = ["Place", "place_of", "place_of_row", "retell", "with_sentence", "with_withheld"]

Place = tuple[object, ...]
_GONE = "its finding no longer holds"


def place_of(template: DraftSentence) -> Place:
    """Return what a sentence tells, whatever its words: its section, criterion and evidence."""
    return template.section, template.criterion, tuple(dict.fromkeys(evidence_key(e) for e in template.cites))


def place_of_row(row: Row, table: EvidenceTable) -> Place:
    """Return the place of a sentence of the packet; an edit that cites otherwise keeps its first place."""
    cites = table.items(row.get("stands_for") or row["cites"])
    return row["section"], row["criterion"] or "", tuple(evidence_key(e) for e in cites)


@dataclass
class _Told:
    """The sentences of a packet by their place, taken out one by one."""

    rows: dict[Place, list[Row]]

    @classmethod
    def of(cls, rows: Iterable[Row], table: EvidenceTable) -> "_Told":
        """Sort rows by their place."""
        sorted_rows: dict[Place, list[Row]] = {}
        for row in rows:
            sorted_rows.setdefault(place_of_row(row, table), []).append(row)
        return cls(sorted_rows)

    def take(self, template: DraftSentence) -> Row | None:
        """Take the row that stands in a template's place: among several the one of its words."""
        rows = self.rows.get(place_of(template), [])
        same = [row for row in rows if row["sentence"] == template.text]
        chosen = next(iter(same or rows), None)
        if chosen is not None:
            rows.remove(chosen)
        return chosen

    def rest(self) -> list[Row]:
        """Return what was not taken."""
        return [row for rows in self.rows.values() for row in rows]


def retell(
    before: Sequence[DraftSentence], after: Sequence[DraftSentence], sheet: Sheet, check: Check
) -> Sheet:
    """Tell the story of new findings over a packet's sentences.

    ``before`` and ``after`` are the templates of the findings as they were and as they are. A sentence whose
    template is the same keeps its words, id, checks and author; one that fell to a check or that a person
    took out is not told again.
    """
    table = sheet.table
    told = _Told.of(sheet.narrative, table)
    known = {(place_of(template), template.text) for template in before}
    out = _left_out(sheet)
    slots: list[tuple[DraftSentence, Row | None]] = []
    for template in after:
        place = place_of(template)
        unchanged = (place, template.text) in known
        row = told.take(template) if unchanged else None
        if row is not None or place not in out or not (unchanged or out[place]):
            slots.append((template, row))
    sheet, rows = _filled(slots, sheet, check)
    gone = [_withdrawn(row) for row in told.rest() if row["written_by"] != TEMPLATE]
    return replace(sheet, narrative=tuple(rows), withdrawn=(*sheet.withdrawn, *gone))


def _left_out(sheet: Sheet) -> Mapping[Place, bool]:
    """Return the places where nothing is told, and whether a person decided that."""
    out: dict[Place, bool] = {
        place_of_row(row, sheet.table): False for row in sheet.withheld if row["written_by"] == TEMPLATE
    }
    return out | {place_of_row(row, sheet.table): True for row in sheet.withdrawn if row.get("by")}


def _filled(
    slots: Sequence[tuple[DraftSentence, Row | None]], sheet: Sheet, check: Check
) -> tuple[Sheet, list[Row]]:
    """Tell the templates that have no sentence yet, in their places."""
    new = [template for template, row in slots if row is None]
    told, withheld = tell_checked(new, [], check) if new else ([], [])
    fresh = iter(told)
    rows: list[Row] = []
    for _, row in slots:
        if row is not None:
            rows.append(row)
        elif (sentence := next(fresh)) is not None:
            sheet, made = with_sentence(sheet, sentence)
            rows.append(made)
    for item in withheld:
        made = withheld_row(item, sheet.table, "")
        if not any(_same(made, row) for row in sheet.withheld):
            sheet = with_withheld(sheet, made)
    return sheet, rows


def _same(one: Row, other: Row) -> bool:
    return all(one[key] == other[key] for key in ("sentence", "section", "criterion", "cites"))


def with_sentence(sheet: Sheet, sentence: CheckedSentence) -> tuple[Sheet, Row]:
    """Give a new sentence its id; ids are never used twice in a packet."""
    sentences, withheld = sheet.numbered
    row = sentence_row(sentence, sheet.table, f"s{sentences + 1}")
    return replace(sheet, numbered=(sentences + 1, withheld)), row


def with_withheld(sheet: Sheet, row: Row) -> Sheet:
    """Add a withheld sentence under an id of its own."""
    sentences, number = sheet.numbered
    rows = (*sheet.withheld, row | {"id": f"w{number + 1}"})
    return replace(sheet, withheld=rows, numbered=(sentences, number + 1))


def _withdrawn(row: Row) -> Row:
    """Keep words that were not the template's, with why they no longer stand; nobody took them out."""
    return row | {"why": _GONE, "author": row.get("by"), "by": None}
