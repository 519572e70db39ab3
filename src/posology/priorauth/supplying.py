"""What a person supplies in a review: documents for what is asked, answers to administrative gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from posology.errors import RequestError
from posology.evidence import open_embedder
from posology.policies import DocumentFindings, Finding, FoundDocument, Leaf, find_documents, judge_structured
from posology.priorauth.acts import Answer, Attach
from posology.priorauth.answers import answered_details, require_answer
from posology.priorauth.criteria import build_index, judge_leaves
from posology.priorauth.deciding import Criterion, read_anew
from posology.priorauth.request import Request
from posology.priorauth.sheet import Desk, Row, Sheet, sha256_of
from posology.priorauth.statements import Person
from posology.quotes import Status
from posology.records import Document, parse_date

__all__ = ["Supply", "answer", "attach", "documents_with"]


@dataclass(frozen=True)
class Supply:
    """A sheet after something was supplied, the document if it was one, and what the person should know."""

    sheet: Sheet
    document: Document | None = None
    notices: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show the number of notices only."""
        return f"Supply({len(self.notices)} notices)"


def documents_with(desk: Desk, day: date, attachments: Sequence[Row]) -> DocumentFindings:
    """Look for each document that the payer wants, in the chart and among what was attached for it."""
    found = find_documents(desk.policy, desk.chart, day)
    given = {row["gap"]: row for row in attachments if row.get("gap") and row["counts"]}
    return DocumentFindings(
        found.found
        + tuple(
            FoundDocument(one.id, given[one.id]["source"], given[one.id]["title"], given[one.id]["date"])
            for one in found.missing
            if one.id in given
        ),
        tuple(one for one in found.missing if one.id not in given),
    )


def attach(sheet: Sheet, act: Attach, person: Person, at: datetime, desk: Desk) -> Supply:
    """Add a document: it closes the gap that asks for it, or its criterion is read again with it."""
    day = desk.request.day
    if act.date > at.date():
        raise RequestError(f"attach: date: {act.date} is still to come; give the document's own date")
    counts = act.date <= day
    source = f"attachment/{len(sheet.attachments) + 1}"
    document = Document(source, act.title, "note", act.text, parse_date(act.date.isoformat()))
    row: Row = {
        "source": source,
        "title": act.title,
        "date": act.date.isoformat(),
        "sha256": sha256_of(act.text),
        "characters": len(act.text),
        "counts": counts,
        "gap": act.gap,
        "criterion": act.criterion,
        "by": person.name,
        "at": at.isoformat(timespec="seconds"),
    }
    if act.gap is not None:
        _require_missing(act.gap, sheet, desk)
    given = replace(sheet, attachments=(*sheet.attachments, row))
    if not counts:
        if act.criterion is not None:
            _asked(act.criterion, sheet)
        said = f"{source} is dated after the date of service {day}: it is kept and does not count."
        return Supply(given, document, (said,))
    if act.criterion is None:
        return Supply(given, document)
    return _read_again(given, _asked(act.criterion, sheet), document, row, desk)


def _require_missing(gap: str, sheet: Sheet, desk: Desk) -> None:
    missing = [one.id for one in documents_with(desk, desk.request.day, sheet.attachments).missing]
    if gap not in missing:
        raise RequestError(
            f"attach: gap: no document is asked for under {gap!r}; asked for: {', '.join(missing) or 'none'}"
        )


def _asked(identifier: str, sheet: Sheet) -> Criterion:
    """Return a criterion that notes can answer and that nobody has decided."""
    criterion = sheet.criteria.get(identifier)
    if criterion is None:
        raise RequestError(
            f"attach: criterion: the policy has no {identifier!r}; it has: "
            + ", ".join(sorted(sheet.criteria))
        )
    if not criterion.leaf.question:
        raise RequestError(
            f"attach: criterion {identifier!r}: the policy does not ask notes about it; state or override it"
        )
    if criterion.finding.basis == "human":
        raise RequestError(
            f"attach: criterion {identifier!r}: a person has decided it; override it to change that"
        )
    return criterion


def _read_again(sheet: Sheet, criterion: Criterion, document: Document, row: Row, desk: Desk) -> Supply:
    request = replace(desk.request, details=answered_details(desk.request.details, sheet.answers))
    whole = replace(desk, attachments=(*desk.attachments, document))
    structured = judge_structured(desk.policy, desk.chart, request.as_resource(), request.day)
    found = _judged([criterion], structured, request, whole)[criterion.leaf.id]
    lost = found.status is Status.UNKNOWN and found.basis == "none"
    if lost and criterion.finding.status is not Status.UNKNOWN:
        said = "Nothing in the document changes what was found; the finding stays as it was."
        return Supply(sheet, document, (said,))
    decision = {"act": "attach", "by": row["by"], "at": row["at"]}
    changed = read_anew(criterion, found, decision)
    criteria = dict(sheet.criteria) | {criterion.leaf.id: changed}
    said = f"The notes were read again with {document.source}: {_words(found)}."
    return Supply(replace(sheet, criteria=criteria), document, (said,))


def _words(found: Finding) -> str:
    if found.status is Status.UNKNOWN:
        return "the criterion is still open"
    words = "met" if found.status is Status.MET else "not met"
    return f"{words}, to be confirmed" if found.basis == "text" else words


def _judged(
    criteria: Sequence[Criterion], structured: dict[str, Finding], request: Request, desk: Desk
) -> dict[str, Finding]:
    """Decide some criteria again, with every document and without the sentences that were rejected."""
    rejected = [quote for criterion in criteria for quote in criterion.rejected]
    embedder = desk.embedder or open_embedder()
    index = build_index(desk.whole_chart, embedder, request.day, without=rejected)
    leaves: list[Leaf] = [criterion.leaf for criterion in criteria]
    return judge_leaves(leaves, structured, request, index, desk.writer, reads=desk.reads)


def answer(sheet: Sheet, act: Answer, person: Person, at: datetime, desk: Desk) -> Supply:
    """Take an answer to an administrative gap; criteria that look at the request are decided again."""
    value = require_answer(act.field, act.value, desk.policy.administrative)
    row = {"field": act.field, "value": value, "by": person.name, "at": at.isoformat(timespec="seconds")}
    answers = (*sheet.answers, row)
    before = replace(desk.request, details=answered_details(desk.request.details, sheet.answers))
    after = replace(desk.request, details=answered_details(desk.request.details, answers))
    given = replace(sheet, answers=answers)
    if before.as_resource() == after.as_resource():
        return Supply(given)
    return _decided_again(given, before, after, row, desk)


def _decided_again(sheet: Sheet, before: Request, after: Request, row: Row, desk: Desk) -> Supply:
    old, new = (
        judge_structured(desk.policy, desk.chart, one.as_resource(), one.day) for one in (before, after)
    )
    changed = [c for key, c in sheet.criteria.items() if old[key] != new[key]]
    free = [c for c in changed if c.finding.basis != "human"]
    notices = tuple(
        f"{c.leaf.id}: the answer bears on it, and a person has decided it; look at it again."
        for c in changed
        if c not in free
    )
    if not free:
        return Supply(sheet, None, notices)
    found = _judged(free, new, after, desk)
    decision = {"act": "answer", "by": row["by"], "at": row["at"]}
    criteria = dict(sheet.criteria) | {c.leaf.id: read_anew(c, found[c.leaf.id], decision) for c in free}
    return Supply(replace(sheet, criteria=criteria), None, notices)
