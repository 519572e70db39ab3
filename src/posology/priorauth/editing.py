"""Sentences in a person's hands: edited, taken out, offered again; checks decide whether they stand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from posology.errors import RequestError
from posology.priorauth.acts import Drop, Edit, Offer, parse_act
from posology.priorauth.letter.sources import cited_ids
from posology.priorauth.narrative import PERSON, CheckedSentence, DraftSentence, Withheld
from posology.priorauth.record import sentence_row, withheld_row
from posology.priorauth.retelling import place_of, place_of_row, with_sentence, with_withheld
from posology.priorauth.sheet import Desk, Row, Sheet, open_sheet, request_of, require_same
from posology.priorauth.statements import Person
from posology.priorauth.story import Check, chart_facts, tell_checked
from posology.priorauth.subject import subject_of
from posology.priorauth.table import EvidenceTable
from posology.priorauth.verify import check_sentences
from posology.quotes import Evidence, EvidenceKind

__all__ = ["Checked", "Hand", "check_of", "drop", "edit", "offer", "particulars_of", "preview"]

_NUMBER = re.compile(r"\d{2,}")


@dataclass(frozen=True)
class Checked:
    """What the checks say of a sentence: ``withheld`` with why, or that it would stand."""

    verdict: Literal["supported", "unchecked", "withheld"]
    checks: tuple[Mapping[str, Any], ...]
    why: str = ""

    def __repr__(self) -> str:
        """Show the verdict only: a reason may quote the sentence."""
        return f"Checked({self.verdict})"


@dataclass(frozen=True)
class Hand:
    """Whose hand it is and when, what the story tells now, and how a sentence is checked.

    ``particulars`` are the patient's age and birth date, which a sentence that names them comes to cite.
    """

    person: Person
    at: datetime
    templates: Sequence[DraftSentence]
    check: Check
    particulars: tuple[Evidence, ...]

    @property
    def signature(self) -> Row:
        """Return who acted and when, as a row keeps it."""
        return {"by": self.person.name, "at": self.at.isoformat(timespec="seconds")}

    def template_for(self, row: Row, table: EvidenceTable) -> DraftSentence | None:
        """Return the template of the place that a sentence stands in, if the story still tells it."""
        place = place_of_row(row, table)
        return next((one for one in self.templates if place_of(one) == place), None)


def check_of(record: Mapping[str, Any], desk: Desk) -> Check:
    """Return how sentences of a packet are checked: against the chart with what was attached to it."""
    request = request_of(record, desk.request.details)
    subject = subject_of(desk.chart, request, desk.policy.payer)
    facts, chart = chart_facts(subject, request, record["administrative"]), desk.whole_chart

    def check(drafts: Sequence[DraftSentence]) -> list[CheckedSentence | Withheld]:
        return check_sentences(drafts, chart, facts, desk.checker)

    return check


def particulars_of(record: Mapping[str, Any], desk: Desk) -> tuple[Evidence, ...]:
    """Return the patient's age and birth date, where the chart has them."""
    subject = subject_of(desk.chart, request_of(record, desk.request.details), desk.policy.payer)
    return tuple(one for one in (subject.age, subject.birth_date) if one is not None)


def preview(
    record: Mapping[str, Any], sentence: str, text: str, desk: Desk, *, cites: Sequence[str] | None = None
) -> Checked:
    """Check a person's wording of a sentence without changing anything."""
    asked = {"act": "edit", "sentence": sentence, "text": text, "cites": cites}
    act = Edit.model_validate(parse_act(asked).model_dump())
    require_same(record, desk)
    sheet = open_sheet(record, desk.policy)
    draft = _edited(act, _find(sheet.narrative, act.sentence, "sentence"), sheet, record)
    draft = _citing(draft, particulars_of(record, desk))
    result = check_of(record, desk)([draft])[0]
    if isinstance(result, Withheld):
        return Checked("withheld", result.checks, result.why)
    return Checked(result.verdict, result.checks)


def edit(sheet: Sheet, act: Edit, hand: Hand, record: Mapping[str, Any]) -> tuple[Sheet, str]:
    """Put a person's words in a sentence's place where the checks let them; else say why not.

    Words that fail are withheld, and the template of the same evidence stands in their place.
    """
    row = _find(sheet.narrative, act.sentence, "sentence")
    draft = _citing(_edited(act, row, sheet, record), hand.particulars)
    result = hand.check([draft])[0]
    origin = {"stands_for": row.get("stands_for") or row["cites"]}
    if isinstance(result, CheckedSentence):
        made = sentence_row(result, sheet.table, row["id"]) | hand.signature | origin
        return _replaced(sheet, row, made), ""
    kept = withheld_row(result, sheet.table, "") | hand.signature | origin | {"of": row["id"]}
    return _replaced(with_withheld(sheet, kept), row, _templated(row, sheet.table, hand)), result.why


def drop(sheet: Sheet, act: Drop, hand: Hand) -> Sheet:
    """Take a sentence out of the letter; the record keeps it with the reason."""
    row = _find(sheet.narrative, act.sentence, "sentence")
    gone = row | {"author": row.get("by"), "why": act.reason} | hand.signature
    rows = tuple(one for one in sheet.narrative if one is not row)
    return replace(sheet, narrative=rows, withdrawn=(*sheet.withdrawn, gone))


def offer(sheet: Sheet, act: Offer, hand: Hand) -> tuple[Sheet, str]:
    """Tell a sentence that was withheld or taken out, where it passes every check; else say why not."""
    row = _find((*sheet.withheld, *sheet.withdrawn), act.withheld, "withheld")
    if hand.template_for(row, sheet.table) is None:
        raise RequestError(
            f"offer: withheld {act.withheld!r}: its finding no longer holds, so the letter does not tell it"
        )
    result = hand.check([_citing(_offered(act, row, sheet.table), hand.particulars)])[0]
    by = hand.signature if act.text else {"by": row.get("author", row.get("by")), "at": row.get("at")}
    signed = by if by["by"] else {}
    origin = {"stands_for": row["stands_for"]} if row.get("stands_for") else {}
    if isinstance(result, Withheld):
        again = withheld_row(result, sheet.table, row["id"]) | signed | origin
        return _still_out(sheet, row, again), result.why
    sheet = replace(sheet, withheld=_less(sheet.withheld, row), withdrawn=_less(sheet.withdrawn, row))
    place = place_of_row(row, sheet.table)
    standing = next((one for one in sheet.narrative if place_of_row(one, sheet.table) == place), None)
    if standing is None:
        if row["id"].startswith("s"):
            made = sentence_row(result, sheet.table, row["id"])
        else:
            sheet, made = with_sentence(sheet, result)
        return replace(sheet, narrative=(*sheet.narrative, made | signed | origin)), ""
    made = sentence_row(result, sheet.table, standing["id"]) | signed | origin
    return _replaced(sheet, standing, made), ""


def _edited(act: Edit, row: Row, sheet: Sheet, record: Mapping[str, Any]) -> DraftSentence:
    """Return a person's wording as a draft; it may leave out what they could take out altogether."""
    _require_own("edit: sentence", row, sheet.table)
    cites = list(act.cites or row["cites"])
    known = {key for _, key in cited_ids(record)}
    unknown = [key for key in cites if key not in known]
    if unknown:
        raise RequestError(
            f"edit: cites: {unknown[0]!r} is not evidence that this packet cites; choose from it"
        )
    return DraftSentence(
        row["section"], act.text, sheet.table.items(dict.fromkeys(cites)), PERSON, row["criterion"] or ""
    )


def _citing(draft: DraftSentence, particulars: Sequence[Evidence]) -> DraftSentence:
    """Let a person's sentence that names the patient's age or birth date cite it."""
    if draft.written_by != PERSON:
        return draft
    said = set(_NUMBER.findall(draft.text))
    held = {number for one in draft.cites for number in _NUMBER.findall(one.quote)}
    named = [one for one in particulars if set(_NUMBER.findall(one.quote)) & (said - held)]
    return replace(draft, cites=(*draft.cites, *named))


def _require_own(key: str, row: Row, table: EvidenceTable) -> None:
    """Refuse to reword the payer: what its policy says, and whether it applies, follows from the findings."""
    cited = table.items(row["cites"])
    if cited and all(one.kind is EvidenceKind.POLICY for one in cited):
        raise RequestError(
            f"{key} {row['id']!r}: it quotes the payer's policy, whose words nobody edits; drop it, "
            "or override the criterion"
        )


def _offered(act: Offer, row: Row, table: EvidenceTable) -> DraftSentence:
    if act.text:
        _require_own("offer: withheld", row, table)
    return DraftSentence(
        row["section"],
        act.text or row["sentence"],
        table.items(row["cites"]),
        PERSON if act.text else row["written_by"],
        row["criterion"] or "",
        () if act.text else table.items(row.get("must_hold") or ()),
    )


def _templated(row: Row, table: EvidenceTable, hand: Hand) -> Row:
    """Return the template's sentence for a place, or what stood there where no template passes."""
    template = hand.template_for(row, table)
    told = tell_checked([template], [], hand.check)[0][0] if template else None
    return row if told is None else sentence_row(told, table, row["id"])


def _still_out(sheet: Sheet, row: Row, again: Row) -> Sheet:
    """Keep a withheld sentence withheld, as it reads now; one that was taken out stays as it was."""
    return replace(sheet, withheld=tuple(again if one is row else one for one in sheet.withheld))


def _find(rows: Sequence[Row], identifier: str, key: str) -> Row:
    row = next((row for row in rows if row["id"] == identifier), None)
    if row is None:
        known = ", ".join(one["id"] for one in rows) or "none"
        raise RequestError(f"act: {key}: the packet has no {identifier!r}; it has: {known}")
    return row


def _replaced(sheet: Sheet, row: Row, made: Row) -> Sheet:
    return replace(sheet, narrative=tuple(made if one is row else one for one in sheet.narrative))


def _less(rows: Sequence[Row], row: Row) -> tuple[Row, ...]:
    return tuple(one for one in rows if one is not row)
