"""A person's act on a packet: applied to the current version, merged with others' acts, never over them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from posology.errors import Conflict
from posology.ledger.entries import Kind
from posology.ledger.values import CODE, ID
from posology.priorauth.acts import Act
from posology.priorauth.editing import Checked, preview
from posology.priorauth.revising import Revision, revise
from posology.priorauth.sheet import Desk
from posology.priorauth.statements import Person
from posology.review.attachments import add_attachment
from posology.review.calls import CallLog
from posology.review.heads import require_packet, summary_of
from posology.review.packets import OpenPacket, card_columns, open_packet
from posology.review.permitted import CLINICIANS, PREPARERS, require_role
from posology.review.scratch import Scratch, drop_scratch, is_target, keep_scratch
from posology.review.signatures import void_signature
from posology.review.states import OPEN, State, require_state
from posology.review.verdicts import model_name, record_calls, record_verdicts, recorded_desk
from posology.review.versions import NewVersion, VersionHead, add_version, list_versions, load_version
from posology.store import Actor, Store, Writing
from posology.store.schema import packets
from posology.store.store import AUDIT_KEY

__all__ = ["Acted", "Changed", "DeskOf", "act_on", "person_of", "preview_edit"]

DeskOf = Callable[[OpenPacket], Desk]
"""What lies beside a packet: its chart, policy, request as drafted, models and attachments."""

_TRIES = 8  # acts of others that may come between, one after another

_KINDS: Mapping[str, Kind] = {
    "confirm": Kind.PACKET_CONFIRMED,
    "reject": Kind.PACKET_REJECTED,
    "override": Kind.PACKET_OVERRIDDEN,
    "state": Kind.PACKET_ANSWERED,
    "answer": Kind.PACKET_ANSWERED,
    "attach": Kind.PACKET_ATTACHED,
    "edit": Kind.PACKET_EDITED,
    "drop": Kind.PACKET_SENTENCE_WITHDRAWN,
    "offer": Kind.PACKET_SENTENCE_OFFERED,
}
_DECISIONS = ("confirm", "reject", "override", "state")  # a clinician's


@dataclass(frozen=True, repr=False)
class Acted:
    """A packet's new version, and what the act did; ``again``: the same act had been taken in before."""

    version: int
    revision: Revision | None
    again: bool = False

    def __repr__(self) -> str:
        """Show the version only."""
        return f"Acted(version {self.version})"


@dataclass(frozen=True, slots=True, repr=False)
class Changed:
    """What a person compares when another was there first: who, when, what stands there, what they wrote."""

    target: str
    version: int  # the version that changed it
    current: int  # the packet's version now
    by: str
    at_us: int
    cause: str
    now: Mapping[str, Any] | None  # the criterion, sentence or gap as it stands; None: it is gone
    written: str  # the person's words, kept as unsaved words too

    def __repr__(self) -> str:
        """Show what and when, and no words."""
        return f"Changed({self.target}, version {self.version})"


@dataclass(frozen=True)
class _Attempt:
    """One try to apply an act to the version that is current."""

    opened: OpenPacket
    revision: Revision
    log: CallLog


def act_on(store: Store, actor: Actor, packet_id: str, seen_version: int, act: Act, desk_of: DeskOf) -> Acted:
    """Apply a person's act to a packet and keep it with its entries, or raise and keep nothing.

    The act is applied to the current version. Where that is not the one the person saw, and what the act is
    on was changed since, it raises Conflict with ``details`` (Changed) and keeps the words as unsaved.
    """
    require_role(actor, f"{act.act} on a packet", CLINICIANS if act.act in _DECISIONS else PREPARERS)
    for _ in range(_TRIES):
        opened = open_packet(store, actor, packet_id)
        require_state(opened.head.state, OPEN, act.act)
        done = _done_before(store, actor, opened, seen_version, act)
        if done is not None:
            return done
        meeting = _Meeting(store, actor, opened, act, _since(store, packet_id, seen_version))
        meeting.require_apart(_target(act), frozenset())
        attempt = _attempt(store, actor, opened, act, desk_of)
        meeting.require_apart(attempt.revision.target, attempt.revision.touched)
        if _keep(store, actor, attempt, act):
            return Acted(opened.head.version + 1, attempt.revision)
    raise Conflict("the packet is being changed by others again and again; try once more")


def _attempt(store: Store, actor: Actor, opened: OpenPacket, act: Act, desk_of: DeskOf) -> _Attempt:
    with store.read() as connection:
        log = CallLog(store.cipher(connection, AUDIT_KEY).hash, "")
    desk = recorded_desk(replace(desk_of(opened), attachments=opened.attachments), log)
    at = datetime.fromtimestamp(store.clock() / 1e6, UTC)
    return _Attempt(opened, revise(opened.record, act, person_of(actor), at, desk), log)


def person_of(actor: Actor) -> Person:
    """Return who acts as a packet's record names persons."""
    return Person(actor.name, actor.id, str(actor.role or ""), actor.npi or None)


def _done_before(store: Store, actor: Actor, opened: OpenPacket, seen_version: int, act: Act) -> Acted | None:
    """Return the version that this person's same act made since, where a request arrives twice."""
    if opened.head.version <= seen_version:
        return None
    sent = _dumped(act)
    with store.read() as connection:
        row = require_packet(connection, opened.head.id)
        for head in list_versions(connection, row.id, after=seen_version):
            if head.created_by == actor.id and head.cause == act.act:
                made = load_version(store, connection, row.id, row.key_id, head.number)
                if made.act.get("act") == sent:
                    return Acted(head.number, None, again=True)
    return None


def _since(store: Store, packet_id: str, seen_version: int) -> tuple[VersionHead, ...]:
    with store.read() as connection:
        return list_versions(connection, packet_id, after=seen_version)


def _target(act: Act) -> str:
    """Return what an act is on, as its revision will name it."""
    for name, kind in (("criterion", "criterion"), ("sentence", "sentence"), ("withheld", "withheld")):
        if getattr(act, name, None):
            return f"{kind}:{getattr(act, name)}"
    return f"gap:{getattr(act, 'gap', None) or getattr(act, 'field', '')}"


@dataclass(frozen=True, repr=False)
class _Meeting:
    """An act, and the versions that others made since the person looked."""

    store: Store
    actor: Actor
    opened: OpenPacket
    act: Act
    since: tuple[VersionHead, ...]

    def require_apart(self, target: str, touched: frozenset[str]) -> None:
        """Raise Conflict where the act is on what was changed, or would change what another acted on."""
        for version in reversed(self.since):
            if target in (version.target, *version.touched):
                self._refuse(target, target, version)
            if version.target in touched:
                self._refuse(target, version.target, version)

    def _refuse(self, target: str, met: str, version: VersionHead) -> None:
        head, written = self.opened.head, _written(self.act)
        if written and is_target(target):
            keep_scratch(self.store, self.actor, head.id, Scratch(target, head.version, 0, written))
        changed = Changed(
            target=met,
            version=version.number,
            current=head.version,
            by=version.by,
            at_us=version.created_us,
            cause=version.cause,
            now=_standing(self.opened.record, met),
            written=written,
        )
        words = f"{met}: changed meanwhile in version {version.number}; compare and decide again"
        raise Conflict(words, changed)


_ROWS = {"criterion": "criteria", "sentence": "narrative", "withheld": "withheld", "gap": "gaps"}


def _standing(record: Mapping[str, Any], target: str) -> Mapping[str, Any] | None:
    kind, _, identifier = target.partition(":")
    rows: Sequence[Mapping[str, Any]] = record.get(_ROWS.get(kind, ""), ())
    return next((row for row in rows if row["id"] == identifier), None)


def _written(act: Act) -> str:
    """Return the words of an act: what a person would not want to type again."""
    for name in ("text", "statement", "reason"):
        value = getattr(act, name, None)
        if isinstance(value, str):
            return value
    value = getattr(act, "value", None)
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _dumped(act: Act) -> dict[str, Any]:
    return act.model_dump(mode="json")


def _typed_at(act: Act, target: str) -> tuple[str, str]:
    """Return where the words of an act are kept while they are typed: under its target, or its form."""
    kind, _, identifier = target.partition(":")
    form = "supply" if act.act == "attach" and kind == "gap" else act.act
    return target, f"{form}:{identifier}"


def _keep(store: Store, actor: Actor, attempt: _Attempt, act: Act) -> bool:
    """Keep a new version with its entries in one transaction; False where another act came first."""
    head, revision = attempt.opened.head, attempt.revision
    with store.write(actor) as w:
        row = require_packet(w.connection, head.id)
        if (row.version, row.state) != (head.version, head.state):
            return False
        _insert_version(w, row.key_id, attempt, act)
        _update_packet(w, row, revision.record, head.version + 1)
        for target in _typed_at(act, revision.target):
            drop_scratch(w.connection, actor, head.id, target)
        details = _details(attempt.opened.record, revision, act, w)
        w.record(_KINDS[act.act], packet=head.id, version=head.version + 1, details=details)
        voided = void_signature(w, head.id, "act") if row.state == State.SIGNED else None
        if voided is not None:
            w.record(Kind.PACKET_SIGNATURE_VOIDED, packet=head.id, version=head.version + 1, details=voided)
        record_calls(w, attempt.log, head.id, head.version + 1)
        record_verdicts(w, revision.record, revision.touched, head.id, head.version + 1)
    return True


def _insert_version(w: Writing, key_id: str, attempt: _Attempt, act: Act) -> None:
    head, revision = attempt.opened.head, attempt.revision
    told = [{"target": one.target, "text": one.text} for one in revision.findings]
    touched = tuple(sorted(revision.touched))
    made = {"act": _dumped(act), "told": told, "before": revision.before.outcome}
    made |= {"after": revision.after.outcome}
    number = head.version + 1
    new = NewVersion(head.id, key_id, number, act.act, revision.record, made, revision.target, touched)
    add_version(w, new)
    if revision.attachment is not None:
        add_attachment(w, w.cipher(key_id), head.id, revision.attachment)


def _update_packet(w: Writing, row: Any, record: Mapping[str, Any], version: int) -> None:
    state = State.PREPARED if row.state == State.SIGNED else row.state
    values = {"version": version, "updated_us": w.now_us, "state": state}
    columns = summary_of(record) | card_columns(w, w.cipher(row.key_id), row.id, record)
    w.update(packets, row.id, values | columns)


def _details(before: Mapping[str, Any], revision: Revision, act: Act, w: Writing) -> dict[str, Any]:
    """Return what the ledger may say of an act: on what it was, what it was before, what it is now."""
    kind, _, identifier = revision.target.partition(":")
    details: dict[str, Any] = {"target": revision.target}
    if kind in ("criterion", "sentence", "gap"):
        details[kind] = identifier
    row, now = _standing(before, revision.target), _standing(revision.record, revision.target)
    if kind == "criterion" and row is not None and now is not None:
        details |= {"was": row["status"], "is": now["status"], "by": model_name(row["decided_by"])}
    written = _written(act)
    if written:
        details["hash"] = w.cipher(AUDIT_KEY).hash("act", written.encode())
    return {key: value for key, value in details.items() if _allowed(key, value)}


def _allowed(key: str, value: str) -> bool:
    rule = {"was": CODE, "is": CODE, "target": ID, "criterion": ID, "sentence": ID, "gap": ID}.get(key)
    return rule is None or rule.holds(value)


def preview_edit(
    store: Store, actor: Actor, packet_id: str, sentence: str, text: str, desk_of: DeskOf
) -> Checked:
    """Check a person's wording of a sentence without keeping anything but that a model was asked."""
    require_role(actor, "preview of a sentence", PREPARERS)
    opened = open_packet(store, actor, packet_id)
    with store.read() as connection:
        log = CallLog(store.cipher(connection, AUDIT_KEY).hash, "")
    desk = recorded_desk(replace(desk_of(opened), attachments=opened.attachments), log)
    checked = preview(opened.record, sentence, text, desk)
    if log.rows:
        with store.write(actor) as w:
            record_calls(w, log, packet_id, opened.head.version)
    return checked
