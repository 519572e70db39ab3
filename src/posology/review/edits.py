"""Reviewers' edits for tuning: the sentence that stood, and a person's words for it, through the gate.

Only of packets that a clinician signed, and only words that stand in the letter: they passed the fact checks,
and the validator where the site has one. Both sentences and the facts they rest on pass the de-identification
gate with all that the chart, the packet and the accounts say of people; what the gate refuses is left out and
counted. All edits of one patient, of whichever chart, are of one group.

A group's name is a keyed hash of the patient's oldest chart in the store, edited or not, never of what
identifies the patient. So every export of a store gives a patient the same name and the same stand-ins, also
once another of the patient's charts is edited or a newer one comes; the name changes where the oldest chart
is deleted, or a chart shows that two patients are one. The key is that chart's own, beside the store's, and
an edit's name hangs on it too, for the ledger keeps the ids of packets: once that chart is deleted nobody can
tell from the store whose edits a file holds, or by how much its dates moved.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from posology.config import Practice
from posology.corpus import Gate, PatientGate, Preference, Provenance, line_of, passed_preference
from posology.errors import NotAllowed, OutputError, PosologyError
from posology.ledger.entries import Kind
from posology.priorauth.narrative import PERSON
from posology.priorauth.table import EvidenceTable
from posology.priorauth.writing import wording_prompt
from posology.quotes import Evidence
from posology.records.deidentify import KnownIdentifiers
from posology.records.signs import first_charts, signs_of
from posology.review.charts import load_chart
from posology.review.permitted import require_role
from posology.review.sharing import Leaving, Place, Staff, known_of, no_consent, record_export, staff_of
from posology.review.states import DECIDED, State
from posology.review.versions import load_version
from posology.store import SYSTEM, Actor, Role, Store
from posology.store.schema import charts, packets
from posology.store.store import INDEX_KEY

__all__ = ["EditsFile", "export_edits"]

_SIGNED = (State.SIGNED, State.SENT, *DECIDED)
_SOURCE, _FAULT = "reviewers' edits", "reworded by a reviewer"
_LICENCE = "not stated"  # a site's own words: never learned from by a model that is given away


@dataclass(frozen=True, slots=True)
class _Edited:
    """A packet with sentences of a person's, and all that is known of its patient."""

    packet_id: str
    chart_id: str
    draft: Mapping[str, Mapping[str, Any]] = field(repr=False)  # the draft's sentences by id
    sentences: Sequence[Mapping[str, Any]] = field(repr=False)
    table: EvidenceTable = field(repr=False)
    known: KnownIdentifiers


@dataclass(frozen=True, slots=True, repr=False)
class EditsFile:
    """De-identified edits as preferences, a line each, and what was left out, by reason."""

    data: bytes
    packets: int
    edits: int
    left_out: Mapping[str, int]

    def __repr__(self) -> str:
        """Show counts only."""
        return f"EditsFile({self.packets} packets, {self.edits} edits)"


def export_edits(
    store: Store, actor: Actor, consent: str, practice: Practice, *, key: bytes | None = None
) -> EditsFile:
    """Return every signed edit as a preference, and record that before it is given out.

    ``consent`` is the reference of the site's consent; ``key`` is the gate's secret, else it is the store's:
    under the same one it gives the same names and stand-ins again. Raises NotAllowed without consent,
    OutputError where a chart cannot be read: nothing is exported then, for whose it is is not known.
    """
    if actor != SYSTEM:  # who holds the store's key on the machine itself acts as the program
        require_role(actor, "export of edits", (Role.ADMINISTRATOR,))
    if not consent.strip():
        raise NotAllowed(no_consent("edits"))
    with store.read() as connection:
        query = select(packets).join(charts, charts.c.id == packets.c.chart_id)
        query = query.where(packets.c.state.in_(_SIGNED), packets.c.version > 1)
        rows = connection.execute(query.order_by(charts.c.created_us, charts.c.id, packets.c.id)).all()
        staff = staff_of(connection, practice)
    edited = [one for row in rows if (one := _edited(store, row, staff)) is not None]
    patients = _patients(store) if edited else {}
    gate, left_out = Gate(key=key or _own_key(store)), Counter[str]()
    pairs: list[Preference] = []
    told = 0
    for one in edited:
        made = list(_of_packet(one, patients[one.chart_id], gate, consent.strip(), left_out))
        told += bool(made)
        pairs += made
    data = "".join(f"{line_of(pair)}\n" for pair in sorted(pairs, key=lambda pair: pair.id)).encode()
    file = EditsFile(data, told, len(pairs), dict(sorted(left_out.items())))
    counts = {"packets": told, "edits": len(pairs)}
    record_export(store, actor, Leaving(Kind.EDITS_EXPORTED, data, counts, consent.strip()))
    return file


def _edited(store: Store, row: Row[Any], staff: Staff) -> _Edited | None:
    """Return a packet in which a person's words stand, None for another."""
    with store.read() as connection:
        draft, now = (load_version(store, connection, row.id, row.key_id, n).record for n in (1, row.version))
    sentences = [one for one in now["narrative"] if one["written_by"] == PERSON]
    if not sentences:
        return None
    known = known_of(store, Place(row.chart_id, row.id, row.key_id, row.version), staff)
    before = {one["id"]: one for one in draft["narrative"]}
    return _Edited(row.id, row.chart_id, before, sentences, EvidenceTable(now["evidence"]), known)


def _own_key(store: Store) -> bytes:
    with store.read() as connection:
        return bytes.fromhex(store.cipher(connection, INDEX_KEY).hash("gate of edits", b""))


def _patients(store: Store) -> dict[str, str]:
    """Return for each chart a secret mark of its patient, under the key of the patient's oldest chart."""
    with store.read() as connection:
        query = select(charts.c.id, charts.c.key_id).order_by(charts.c.created_us, charts.c.id)
        rows = connection.execute(query).all()
    try:
        first = first_charts([signs_of(load_chart(store, row.id)) for row in rows])
        with store.read() as connection:
            keys = store.ciphers(connection, {rows[place].key_id for place in first})
    except PosologyError as cause:
        raise OutputError(
            "export of edits: a chart of the store cannot be read, so which charts are of one patient is not "
            f"known; nothing was exported; bring it back from a backup, or delete it ({cause})"
        ) from cause
    oldest = [rows[place] for place in first]
    marks = [keys[one.key_id].hash("patient of edits", one.id.encode()) for one in oldest]
    return {row.id: mark for row, mark in zip(rows, marks, strict=True)}


def _of_packet(
    edited: _Edited, patient_id: str, gate: Gate, consent: str, left_out: Counter[str]
) -> Iterator[Preference]:
    patient = gate.patient(patient_id, edited.known)
    home = Provenance(_SOURCE, _LICENCE, consent, gate.pseudonym(patient_id))
    for one in edited.sentences:
        was = edited.draft.get(one["id"])
        if not one["cites"]:
            left_out["a sentence that rests on no fact"] += 1
        elif was is None:
            left_out["a sentence that the draft did not have"] += 1
        elif was["sentence"] == one["sentence"]:
            left_out["the words are the draft's"] += 1
        else:
            name = f"edit/{gate.pseudonym(f'{patient_id}/{edited.packet_id}')}/{one['id']}"
            yield from _passed(_pair(name, was, one, edited.table, home), patient, left_out)


def _pair(
    name: str, was: Mapping[str, Any], now: Mapping[str, Any], table: EvidenceTable, home: Provenance
) -> Preference:
    """Return an edit as the writer of a draft would be asked, with both sentences in its form."""
    facts = [_line(item) for item in table.items(now["cites"])]
    prompt = wording_prompt(facts)
    used = list(range(1, len(facts) + 1))

    def answer(row: Mapping[str, Any]) -> str:
        return json.dumps({"cites": used, "sentence": row["sentence"]}, ensure_ascii=False)

    return Preference(name, prompt.messages, answer(now), answer(was), home, _FAULT)


def _line(fact: Evidence) -> str:
    words = " ".join(fact.quote.split())
    return words if not fact.label or fact.label.lower() in words.lower() else f"{fact.label}: {words}"


def _passed(pair: Preference, patient: PatientGate, left_out: Counter[str]) -> Iterator[Preference]:
    passed = passed_preference(pair, patient)
    if isinstance(passed, str):
        left_out[passed] += 1
    elif passed.chosen == passed.rejected:
        left_out["only what identifies a person was changed"] += 1
    else:
        yield passed
