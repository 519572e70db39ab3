"""The notes of a made chart: written, dated, encoded, and put into it as documents."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from posology.policies.policy import Leaf
from posology.testing.distractors import Distractor
from posology.testing.drafts import Draft
from posology.testing.notes import (
    NOTE_STYLES,
    Encoding,
    Note,
    NoteStyle,
    Piece,
    Scene,
    encode_note,
    write_note,
)
from posology.testing.people import visit
from posology.testing.resources import Json, concept, instant
from posology.testing.statements import Statement
from posology.testing.terms import LOINC

__all__ = ["add_notes"]


def add_notes(
    draft: Draft,
    statements: Mapping[str, Statement],
    distractors: Sequence[Distractor],
    leaves: Mapping[str, Leaf],
) -> dict[str, list[Json]]:
    """Write the notes and return, for each leaf, the places of its decisive sentences."""
    recent, older = _split(draft, statements)
    day = draft.setting.day
    dates = [day - timedelta(days=draft.rng.randint(4, 20))]
    if older or draft.rng.random() < 0.6:
        dates.append(day - timedelta(days=draft.rng.randint(70, 160)))
    marks: dict[str, list[Json]] = {}
    visits = not any(leaf.find is not None and leaf.find.resource == "Encounter" for leaf in leaves.values())
    problems = tuple(one.name for one in distractors if one.resource == "Condition")
    for number, (when, pieces) in enumerate(zip(dates, (recent, older), strict=False), 1):
        scene = Scene(
            when, draft.cast.name, draft.cast.clinician, draft.cast.clinic, problems, draft.style.typos
        )
        kind: NoteStyle = draft.rng.choice(NOTE_STYLES) if draft.style.note is None else draft.style.note
        draft.rng.shuffle(pieces)
        note = write_note(kind, pieces, scene, draft.rng)
        encoding = draft.rng.choice(draft.style.encodings)
        resource = _document(draft, note, encoding, when, number)
        draft.resources.append(resource)
        if visits:
            meeting = visit(f"encounter-note-{number}", when, draft.cast)
            draft.resources.append(meeting)
            resource["context"] = {"encounter": [{"reference": f"Encounter/{meeting['id']}"}]}
        for mark in note.marks:
            place = _place(note, mark.start, mark.end, f"DocumentReference/{resource['id']}", encoding)
            marks.setdefault(mark.leaf, []).append(place | {"answer": mark.answer, "date": when.isoformat()})
    return marks


def _split(draft: Draft, statements: Mapping[str, Statement]) -> tuple[list[Piece], list[Piece]]:
    """Divide the sentences over a recent and an older note; what has a window stays in the recent one."""
    recent: list[Piece] = []
    older: list[Piece] = []
    for statement in statements.values():
        home = older if statement.leaf.within is None and draft.rng.random() < 0.3 else recent
        home += statement.pieces
    return recent, older


def _place(note: Note, start: int, end: int, source: str, encoding: Encoding) -> Json:
    place: Json = {"source": source, "quote": note.text[start:end], "style": note.style}
    if encoding == "plain":
        place |= {"start": start, "end": end}
    return place


def _document(draft: Draft, note: Note, encoding: Encoding, day: date, number: int) -> Json:
    kind, data = encode_note(note.text, encoding)
    code = "11488-4" if note.style == "consult" else "11506-3"
    resource: Json = {
        "resourceType": "DocumentReference",
        "id": f"note-{number}",
        "status": "current",
        "docStatus": "final",
        "type": concept(LOINC, code, note.title),
        "category": [
            {
                "coding": [
                    {
                        "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
                        "code": "clinical-note",
                    }
                ]
            }
        ],
        "subject": {"reference": draft.cast.patient},
        "date": instant(day, 16),
        "author": [{"reference": draft.cast.practitioner}],
        "content": [
            {
                "attachment": {
                    "contentType": kind,
                    "data": b64encode(data).decode("ascii"),
                    "title": note.title,
                    "creation": instant(day, 16),
                }
            }
        ],
    }
    return resource
