"""One act of a person applied to a packet's record: the next record, with everything that follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from posology.errors import RequestError
from posology.priorauth.acts import Act, Answer, Attach, Confirm, Drop, Edit, Override, Reject, State
from posology.priorauth.conclusion import Conclusion
from posology.priorauth.deciding import Criterion, Said, confirm, override, reject, state
from posology.priorauth.editing import Hand, check_of, drop, edit, offer, particulars_of
from posology.priorauth.following import parts_of, templates_of
from posology.priorauth.narrative import DraftSentence
from posology.priorauth.record import Parts, assemble_record
from posology.priorauth.retelling import retell
from posology.priorauth.sheet import Desk, Row, Sheet, marks_of, open_sheet, require_same
from posology.priorauth.statements import REVIEW, Person, statement_evidence
from posology.priorauth.supplying import answer, attach
from posology.quotes import Status
from posology.records import Document

__all__ = ["Notice", "Revision", "revise"]


@dataclass(frozen=True)
class Notice:
    """Something the person should be told: what it concerns, and in words what."""

    target: str
    text: str

    def __repr__(self) -> str:
        """Show the target only: a failed check may quote a sentence."""
        return f"Notice({self.target})"


@dataclass(frozen=True)
class Revision:
    """A packet's record after an act.

    ``target`` is what the act was on (``criterion:bmi-35``, ``sentence:s3``, ``withheld:w1``,
    ``gap:member-id``), ``touched`` everything that is not as before, ``findings`` what the person should be
    told, and ``attachment`` a document that must be kept beside the record.
    """

    record: dict[str, Any]
    target: str
    touched: frozenset[str]
    findings: tuple[Notice, ...]
    before: Conclusion
    after: Conclusion
    attachment: Document | None = None

    def __repr__(self) -> str:
        """Show the target and the conclusion only."""
        return f"Revision({self.target}, {self.before.outcome} to {self.after.outcome})"


@dataclass(frozen=True)
class _Step:
    """A sheet after the act itself, before what follows from it."""

    sheet: Sheet
    target: str
    notices: tuple[str, ...] = ()
    document: Document | None = None


@dataclass(frozen=True)
class _Scene:
    """Who acts, when, on which record, over which desk."""

    record: Mapping[str, Any]
    person: Person
    at: datetime
    desk: Desk
    parts: Parts  # as the record has them before the act


def revise(record: Mapping[str, Any], act: Act, person: Person, at: datetime, desk: Desk) -> Revision:
    """Apply one act of a person to a packet's record and return the next record.

    Nothing is changed in place. Statuses, gaps, conclusion and story follow from the findings as they do in
    a draft; an act that makes no sense raises ``RequestError`` and a policy that is not the record's
    ``PolicyError``.
    """
    require_same(record, desk)
    sheet = open_sheet(record, desk.policy)
    before = Conclusion(record["conclusion"], record["provisional"], tuple(record["findings_to_confirm"]))
    scene = _Scene(record, person, at, desk, replace(parts_of(sheet, desk), conclusion=before))
    told = templates_of(scene.parts)
    step = _applied(act, sheet, scene, told)
    if step.document is not None:
        scene = replace(scene, desk=replace(desk, attachments=(*desk.attachments, step.document)))
    return _followed(step, scene, told)


def _followed(step: _Step, scene: _Scene, told: Sequence[DraftSentence]) -> Revision:
    """Let everything follow from the findings: conclusion, gaps, diagnoses, story."""
    parts = parts_of(step.sheet, scene.desk)
    check = check_of({**scene.record, **_changed_facts(step.sheet, parts)}, scene.desk)
    sheet = retell(told, templates_of(parts), step.sheet, check)
    record = _recorded(sheet, parts)
    touched = _touched(scene.record, record)
    notices = [Notice(step.target, text) for text in step.notices]
    known = {row["id"] for row in step.sheet.withheld}
    notices += [
        Notice(f"withheld:{row['id']}", row["why"]) for row in sheet.withheld if row["id"] not in known
    ]
    before = scene.parts.conclusion
    return Revision(record, step.target, touched, tuple(notices), before, parts.conclusion, step.document)


def _changed_facts(sheet: Sheet, parts: Parts) -> Row:
    return {"administrative": parts.administrative.block, "answers": sheet.answers}


def _applied(act: Act, sheet: Sheet, scene: _Scene, told: Sequence[DraftSentence]) -> _Step:
    """Apply the act itself."""
    if isinstance(act, Confirm | Reject | Override | State):
        return _decided(act, sheet, scene)
    if isinstance(act, Attach | Answer):
        return _supplied(act, sheet, scene)
    check, particulars = check_of(scene.record, scene.desk), particulars_of(scene.record, scene.desk)
    hand = Hand(scene.person, scene.at, told, check, particulars)
    if isinstance(act, Drop):
        return _Step(drop(sheet, act, hand), f"sentence:{act.sentence}")
    if isinstance(act, Edit):
        changed, why = edit(sheet, act, hand, scene.record)
        target = f"sentence:{act.sentence}"
    else:
        changed, why = offer(sheet, act, hand)
        target = f"withheld:{act.withheld}"
    return _Step(changed, target, (f"Not supported, so withheld: {why}",) if why else ())


def _decided(act: Confirm | Reject | Override | State, sheet: Sheet, scene: _Scene) -> _Step:
    """Apply an act on a criterion."""
    criterion = sheet.criteria.get(act.criterion)
    if criterion is None:
        known = ", ".join(sorted(sheet.criteria))
        raise RequestError(f"{act.act}: criterion: the policy has no {act.criterion!r}; it has: {known}")
    changed = _decision(act, criterion, scene)
    criteria = dict(sheet.criteria) | {act.criterion: changed}
    return _Step(replace(sheet, criteria=criteria), f"criterion:{act.criterion}")


def _decision(act: Confirm | Reject | Override | State, criterion: Criterion, scene: _Scene) -> Criterion:
    person, at = scene.person, scene.at
    if isinstance(act, Confirm):
        return confirm(criterion, person, at)
    if isinstance(act, Reject):
        return reject(criterion, person, at, act.reason)
    if isinstance(act, Override):
        return override(criterion, person, at, status=act.status, reason=act.reason)
    day, service_day = act.date or at.date(), scene.desk.request.day
    if day > service_day:
        raise RequestError(
            f"state: date: {day} is after the date of service {service_day}; give the day on which it was "
            "stated, or ask for a later date of service"
        )
    if day > at.date():
        raise RequestError(f"state: date: {day} is still to come; give the day on which it was stated")
    status = Status.MET if act.answer == criterion.leaf.expect else Status.NOT_MET
    said = Said(statement_evidence(REVIEW, act.statement, person.name, day), status)
    return state(criterion, person, at, said)


def _supplied(act: Attach | Answer, sheet: Sheet, scene: _Scene) -> _Step:
    """Apply an act that supplies what was asked for."""
    if isinstance(act, Answer):
        supply = answer(sheet, act, scene.person, scene.at, scene.desk)
        target = f"gap:{act.field}"
    else:
        supply = attach(sheet, act, scene.person, scene.at, scene.desk)
        target = f"gap:{act.gap}" if act.gap else f"criterion:{act.criterion}"
    return _Step(supply.sheet, target, supply.notices, supply.document)


def _recorded(sheet: Sheet, parts: Parts) -> dict[str, Any]:
    """Write the record of a sheet, with what persons did beside what a draft holds."""
    marks = {key: marks_of(criterion, sheet.table) for key, criterion in sheet.criteria.items()}
    record = assemble_record(parts, sheet.table, sheet.narrative, sheet.withheld)
    sentences, withheld = sheet.numbered
    return record | {
        "criteria": [row | marks[row["id"]] for row in record["criteria"]],
        "withdrawn": list(sheet.withdrawn),
        "answers": list(sheet.answers),
        "attachments": list(sheet.attachments),
        "numbered": {"sentences": sentences, "withheld": withheld},
    }


def _touched(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    """Return what is not as it was: criteria, sentences, withheld sentences, gaps."""
    kinds = {"criteria": "criterion", "narrative": "sentence", "withheld": "withheld", "gaps": "gap"}
    touched: set[str] = set()
    for key, kind in kinds.items():
        old, new = ({row["id"]: row for row in record[key]} for record in (before, after))
        changed = (one for one in {*old, *new} if old.get(one) != new.get(one))
        touched |= {f"{kind}:{one}" for one in changed}
    return frozenset(touched)
