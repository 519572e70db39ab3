"""Ratings for others: exported without what identifies a patient, and only where the site has consented."""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from posology.config import Practice
from posology.errors import NotAllowed, OutputError, PosologyError
from posology.ledger.entries import Kind
from posology.ledger.values import ID
from posology.records.deidentify import Kind as IdentifierKind
from posology.records.deidentify import (
    KnownIdentifiers,
    KnownPerson,
    KnownValue,
    Matcher,
    build_matcher,
    deidentify_with,
    known_identifiers,
)
from posology.review.charts import load_chart
from posology.review.permitted import require_role
from posology.review.rating import Rating
from posology.review.results import Case, cases_of, preferred_letter
from posology.review.versions import load_version
from posology.store import Actor, Role, Store, new_id
from posology.store.schema import users
from posology.store.store import AUDIT_KEY

__all__ = [
    "FORMAT",
    "Leaving",
    "Place",
    "RatingsFile",
    "Staff",
    "export_ratings",
    "known_of",
    "no_consent",
    "record_export",
    "staff_of",
]

FORMAT = "ratings/1"


@dataclass(frozen=True, slots=True, repr=False)
class RatingsFile:
    """De-identified ratings as JSON lines: a header, then a line a rating."""

    data: bytes
    comparisons: int
    ratings: int

    def __repr__(self) -> str:
        """Show counts only."""
        return f"RatingsFile({self.comparisons} comparisons, {self.ratings} ratings)"


def export_ratings(store: Store, actor: Actor, consent: str, practice: Practice) -> RatingsFile:
    """Return every rating without what identifies a patient, and record that before it is given out.

    ``consent`` is the reference of the site's consent. Raises NotAllowed without one, and OutputError, with
    nothing exported, where a chart cannot be read: what identifies its patient would not be known.
    """
    require_role(actor, "export of ratings", (Role.ADMINISTRATOR,))
    if not consent.strip():
        raise NotAllowed(no_consent("ratings"))
    with store.read() as connection:
        cases = list(cases_of(store, connection))
        staff = staff_of(connection, practice)
    lines = list(_lines(store, cases, staff))
    made = datetime.fromtimestamp(store.clock() / 1e6, UTC)
    header = {
        "posology": FORMAT,
        "consent": consent.strip(),
        "year": made.year,
        "comparisons": len(cases),
        "ratings": len(lines),
    }
    random.SystemRandom().shuffle(lines)
    data = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (header, *lines)).encode()
    file = RatingsFile(data, len(cases), len(lines))
    counts = {"comparisons": file.comparisons, "ratings": file.ratings}
    record_export(store, actor, Leaving(Kind.COMPARISON_EXPORTED, data, counts, consent.strip()))
    return file


def no_consent(what: str) -> str:
    """Return what an export is refused with where the site has not consented."""
    return (
        f"export of {what}: the site has not consented; name the reference of its consent as consent under "
        "[serve] in posology.toml"
    )


@dataclass(frozen=True, slots=True, repr=False)
class Leaving:
    """What is about to leave: the entry that records it, its lines, how many of what, whose consent."""

    kind: Kind
    data: bytes
    counts: Mapping[str, int]
    consent: str


def record_export(store: Store, actor: Actor, leaving: Leaving) -> None:
    """Record an export of lines, with their hash, before they are given out."""
    details: dict[str, Any] = {
        "form": "jsonl",
        **leaving.counts,
        "size_bytes": len(leaving.data),
        "consent_sha256": hashlib.sha256(leaving.consent.encode()).hexdigest(),
    }
    if ID.holds(leaving.consent):
        details["consent"] = leaving.consent
    with store.write(actor) as w:
        details["hash"] = w.cipher(AUDIT_KEY).hash("export", leaving.data)
        w.record(leaving.kind, details=details)


@dataclass(frozen=True, repr=False)
class Staff:
    """Who works here: names of accounts, and the practice."""

    people: tuple[KnownPerson, ...]
    practice: Practice

    def values(self) -> Iterator[KnownValue]:
        """Yield what identifies the practice."""
        kinds = {
            "name": IdentifierKind.ORGANIZATION,
            "npi": IdentifierKind.LICENCE,
            "phone": IdentifierKind.PHONE,
            "fax": IdentifierKind.FAX,
            "tax_id": IdentifierKind.OTHER,
            "email": IdentifierKind.EMAIL,
        }
        for name, kind in kinds.items():
            yield KnownValue(kind, getattr(self.practice, name))
        for line in self.practice.address.splitlines():
            yield KnownValue(IdentifierKind.PLACE, line)


def staff_of(connection: Connection, practice: Practice) -> Staff:
    """Return who works here, as accounts and settings name them."""
    return Staff(_people(connection), practice)


def _people(connection: Connection) -> tuple[KnownPerson, ...]:
    names = connection.execute(select(users.c.name)).scalars()
    return tuple(person for name in names if (person := _person(name)) is not None)


def _person(name: object) -> KnownPerson | None:
    """Return a name as it is printed, such as "Ann B. Lee, MD", as a person."""
    words = name.partition(",")[0].split() if isinstance(name, str) else []
    return KnownPerson(words[-1], tuple(words[:-1])) if words else None


def _lines(store: Store, cases: Sequence[Case], staff: Staff) -> Iterator[dict[str, Any]]:
    raters: dict[str, str] = {}
    for case in cases:
        matcher, name = _matcher(store, case, staff), new_id()
        for user_id, rating in case.ratings.items():
            rater = raters.setdefault(user_id, new_id())
            yield _line(case, rating, matcher) | {
                "case": name,
                "rater": rater,
                "blind": case.is_blind(user_id),
            }


def _matcher(store: Store, case: Case, staff: Staff) -> Matcher:
    row = case.row
    place = Place(
        row.chart_id, row.packet_id, row.key_id, row.version, f"ratings: the chart of comparison {row.id}"
    )
    return build_matcher(known_of(store, place, staff))


@dataclass(frozen=True, slots=True)
class Place:
    """A version of a packet, its chart, and what it is called where it cannot be read."""

    chart_id: str
    packet_id: str
    key_id: str
    version: int
    called: str = ""


def known_of(store: Store, place: Place, staff: Staff) -> KnownIdentifiers:
    """Return everything that is known of a patient and of those who treat them.

    Raises OutputError where the chart or the packet cannot be read.
    """
    try:
        chart = load_chart(store, place.chart_id)
        known = known_identifiers(chart)
        with store.read() as connection:
            record = load_version(store, connection, place.packet_id, place.key_id, place.version).record
    except PosologyError as cause:
        called = place.called or f"edits: the chart of packet {place.packet_id}"
        raise OutputError(
            f"export of {called} cannot be read, so what identifies its patient is not known; nothing was "
            "exported"
        ) from cause
    people, values = _of_record(record)
    values += [value for value in staff.values() if value.text.strip()]
    return replace(known, people=(*known.people, *people, *staff.people), values=(*known.values, *values))


def _of_record(record: Mapping[str, Any]) -> tuple[list[KnownPerson], list[KnownValue]]:
    """Return the people and numbers of a packet, which a request may name where the chart does not."""
    patient, administrative = record["patient"], record["administrative"]
    parties = [administrative[key] for key in ("provider", "requester") if administrative.get(key)]
    places = [administrative[key] for key in ("facility", "practice") if administrative.get(key)]
    people = [found for one in (patient, *parties) if (found := _person(one.get("name"))) is not None]
    values = [
        KnownValue(IdentifierKind.ORGANIZATION, one["name"]) for one in places if _is_text(one.get("name"))
    ]
    for one in (*parties, *places):
        for key, kind in (
            ("npi", IdentifierKind.LICENCE),
            ("phone", IdentifierKind.PHONE),
            ("fax", IdentifierKind.FAX),
        ):
            if _is_text(one.get(key)):
                values.append(KnownValue(kind, one[key]))
    for member in (patient.get("member_id"), administrative.get("member_id")):
        if _is_text(member):
            values.append(KnownValue(IdentifierKind.MEMBER, str(member)))
    return people, values


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _line(case: Case, rating: Rating, matcher: Matcher) -> dict[str, Any]:
    draft = case.row.draft_side
    return {
        "policy": case.row.policy_id,
        "policy_version": case.row.policy_version,
        "writer": case.letters.writer,
        "blinded": bool(case.row.blinded),
        "changes": rating.changes,
        "minutes_by_hand": case.row.minutes or None,
        "preferred": preferred_letter(rating, draft),
        "comment": deidentify_with(rating.text, matcher).text,
        "draft": _told(case.letters.draft, rating, draft, matcher),
        "manual": _told(case.letters.manual, rating, case.manual_side, matcher),
    }


def _told(text: str, rating: Rating, side: str, matcher: Matcher) -> dict[str, Any]:
    """Return one letter without identifiers, its scores, and its marks where the passages stand now."""
    plain = deidentify_with(text, matcher)
    spans = [(one.start, one.end, len(one.label)) for one in plain.replaced]
    marks = [
        {
            "kind": one.kind,
            "start": _moved(one.start, spans, end=False),
            "end": _moved(one.end, spans, end=True),
            "note": deidentify_with(one.note, matcher).text,
        }
        for one in rating.marks
        if one.side == side
    ]
    return {"text": plain.text, "scores": dict(rating.scores[side]), "marks": marks}


def _moved(place: int, spans: Sequence[tuple[int, int, int]], *, end: bool) -> int:
    """Return where a place stands once labels have taken the place of passages; a label is never cut."""
    shift = 0
    for start, stop, length in spans:
        if stop <= place:
            shift += length - (stop - start)
        elif start < place:
            return start + shift + (length if end else 0)
        else:
            break
    return place + shift
