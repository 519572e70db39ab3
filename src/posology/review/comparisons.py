"""Comparisons: a drafted letter beside the one that was written by hand for the same case.

Which side is the draft is drawn when a comparison is made. Where it is blinded, nobody is told until they
have rated; who pasted the letter knows, and does not rate it.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from posology.errors import NotFound, RequestError
from posology.ledger.entries import Kind
from posology.review.heads import require_packet
from posology.review.packets import open_packet
from posology.review.permitted import PREPARERS, require_role
from posology.review.rating import Rating, is_closed, rating_in
from posology.review.reads import Reading, is_recorded, record_reading
from posology.review.sides import Plain, draft_letter, plain_letter
from posology.review.versions import load_version
from posology.store import Actor, Store, new_id
from posology.store.schema import comparisons, packets, ratings, users
from posology.store.store import AUDIT_KEY

__all__ = [
    "MOST_CHARACTERS",
    "Comparison",
    "ComparisonHead",
    "Letters",
    "NewComparison",
    "create_comparison",
    "letters_of",
    "list_comparisons",
    "open_comparison",
]

MOST_CHARACTERS = 40_000
_MOST_MINUTES = 10_000
_MOST_LISTED = 500
_RULES = "rules"  # who words a letter where no model does


@dataclass(frozen=True, slots=True, repr=False)
class NewComparison:
    """What is compared: a version of a packet's letter, and the letter by hand with the minutes it took."""

    packet_id: str
    letter: str
    version: int = 1
    minutes: int = 0  # 0: not told
    blinded: bool = True

    def __repr__(self) -> str:
        """Show the packet only."""
        return f"NewComparison({self.packet_id})"


@dataclass(frozen=True, slots=True, repr=False)
class Letters:
    """Both letters as they are compared, frozen; ``writer`` is the model that worded the draft."""

    draft: str
    manual: str
    left_out: tuple[str, ...]  # lines of the letter by hand that are not compared
    original: str  # the letter by hand as it was pasted
    writer: str

    def __repr__(self) -> str:
        """Show the writer only."""
        return f"Letters({self.writer})"


@dataclass(frozen=True, slots=True)
class ComparisonHead:
    """A comparison as lists show it: nothing of the patient, and not which side is which."""

    id: str
    created_us: int
    by: str
    policy_id: str
    blinded: bool
    ratings: int
    rated: bool  # by who asks
    own: bool  # made by who asks


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """A comparison as one person may see it; ``draft_side`` is empty as long as that is withheld."""

    head: ComparisonHead
    sides: Mapping[str, str]  # a and b
    draft_side: Literal["a", "b", ""]
    mine: Rating | None
    closed: bool  # results were opened since: the person's rating stays as it is
    left_out: tuple[str, ...]  # for who pasted the letter

    def __repr__(self) -> str:
        """Show the head only."""
        return f"Comparison({self.head.id})"


def create_comparison(store: Store, actor: Actor, new: NewComparison) -> str:
    """Keep both letters sealed under the packet's key, draw the sides, and return the comparison's id."""
    require_role(actor, "making a comparison", PREPARERS)
    manual = _checked(new)
    opened = open_packet(store, actor, new.packet_id)
    with store.read() as connection:
        row = require_packet(connection, new.packet_id)
        drafted = load_version(store, connection, row.id, row.key_id, new.version)
    draft = draft_letter(drafted.record)
    if not draft.text:
        raise RequestError("comparison: the packet's letter has no sentence in this version; choose another")
    letters = Letters(draft.text, manual.text, manual.left_out, new.letter, _writer(opened.manifest))
    return _kept(store, actor, new, letters)


def _checked(new: NewComparison) -> Plain:
    if len(new.letter) > MOST_CHARACTERS:
        raise RequestError(f"comparison: the letter has more than {MOST_CHARACTERS:,} characters; shorten it")
    if not 0 <= new.minutes <= _MOST_MINUTES:
        raise RequestError(f"comparison: minutes: a number from 0 to {_MOST_MINUTES:,}; 0 where not known")
    plain = plain_letter(new.letter)
    if not plain.text:
        raise RequestError("comparison: the letter written by hand has no text beside its headings; paste it")
    return plain


def _writer(manifest: Mapping[str, Any]) -> str:
    models = manifest.get("models")
    writer = models.get("writer") if isinstance(models, Mapping) else None
    name = writer.get("name") if isinstance(writer, Mapping) else None
    return name if isinstance(name, str) and name else _RULES


def _kept(store: Store, actor: Actor, new: NewComparison, letters: Letters) -> str:
    identifier = new_id()
    body = json.dumps(
        {
            "draft": letters.draft,
            "manual": letters.manual,
            "left_out": letters.left_out,
            "original": letters.original,
            "writer": letters.writer,
        },
        ensure_ascii=False,
    ).encode("utf-8", "surrogatepass")
    with store.write(actor) as w:
        packet = require_packet(w.connection, new.packet_id)
        row = {
            "id": identifier,
            "packet_id": packet.id,
            "version": new.version,
            "created_us": w.now_us,
            "created_by": actor.id,
            "blinded": int(new.blinded),
            "draft_side": secrets.choice("ab"),
            "minutes": new.minutes,
            "letter": w.cipher(packet.key_id).seal(body, _place(identifier)),
        }
        w.insert(comparisons, row)
        details = {"comparison": identifier, "blinded": new.blinded, "minutes": new.minutes}
        details["hash"] = w.cipher(AUDIT_KEY).hash("comparison", body)
        w.record(Kind.COMPARISON_CREATED, packet=packet.id, version=new.version, details=details)
    return identifier


def _place(identifier: str) -> str:
    return f"comparisons/letter/{identifier}"


def letters_of(store: Store, connection: Connection, row: Row[Any], key_id: str) -> Letters:
    """Return the letters of a comparison's row, opened with the packet's key."""
    body = store.cipher(connection, key_id).open(row.letter, _place(row.id))
    found = json.loads(body)
    return Letters(
        found["draft"], found["manual"], tuple(found["left_out"]), found["original"], found["writer"]
    )


def list_comparisons(store: Store, actor: Actor) -> tuple[ComparisonHead, ...]:
    """Return the comparisons that there are, the newest first, up to five hundred."""
    require_role(actor, "reading of comparisons", PREPARERS)
    query = _heads().order_by(comparisons.c.created_us.desc(), comparisons.c.id).limit(_MOST_LISTED)
    with store.read() as connection:
        rows = connection.execute(query).all()
        rated = connection.execute(select(ratings.c.comparison_id, ratings.c.user_id)).all()
    counts: dict[str, int] = {}
    for one in rated:
        counts[one.comparison_id] = counts.get(one.comparison_id, 0) + 1
    mine = {one.comparison_id for one in rated if one.user_id == actor.id}
    return tuple(_head(row, actor, counts.get(row.id, 0), row.id in mine) for row in rows)


def _heads() -> Any:
    joined = comparisons.join(packets, packets.c.id == comparisons.c.packet_id).join(
        users, users.c.id == comparisons.c.created_by
    )
    return select(comparisons, packets.c.policy_id, packets.c.key_id, users.c.name.label("by")).select_from(
        joined
    )


def _head(row: Row[Any], actor: Actor, count: int, rated: bool) -> ComparisonHead:
    own = row.created_by == actor.id
    return ComparisonHead(row.id, row.created_us, row.by, row.policy_id, bool(row.blinded), count, rated, own)


def open_comparison(store: Store, actor: Actor, comparison_id: str) -> Comparison:
    """Open a comparison for one person; the first reading of a session is written down before."""
    require_role(actor, "reading of a comparison", PREPARERS)
    with store.read() as connection:
        row = connection.execute(_heads().where(comparisons.c.id == comparison_id)).one_or_none()
        if row is None:
            raise NotFound("there is no comparison of this id")
        letters = letters_of(store, connection, row, row.key_id)
        query = select(ratings).where(ratings.c.comparison_id == comparison_id)
        rated = connection.execute(query).all()
        own = next((one for one in rated if one.user_id == actor.id), None)
        mine = None if own is None else rating_in(store.cipher(connection, row.key_id), own)
        closed = own is not None and is_closed(connection, own.created_us)
        what = f"{row.packet_id}.{comparison_id}"
        recorded = is_recorded(connection, actor, what)
    if not recorded:
        details = {"form": "comparison", "source": f"comparison/{comparison_id}"}
        record_reading(store, actor, Reading(Kind.SOURCE_READ, row.packet_id, row.version, what, details))
    other = {"a": "b", "b": "a"}[row.draft_side]
    head = _head(row, actor, len(rated), mine is not None)
    told = mine is not None or not row.blinded
    return Comparison(
        head=head,
        sides=dict(sorted(((row.draft_side, letters.draft), (other, letters.manual)))),
        draft_side=row.draft_side if told else "",
        mine=mine,
        closed=closed,
        left_out=letters.left_out if head.own else (),
    )
