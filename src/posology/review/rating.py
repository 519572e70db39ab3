"""Ratings: what a clinician finds of two letters; one a person, changeable until results are opened."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Row, func, select

from posology.errors import Conflict, NotAllowed, NotFound, RequestError
from posology.ledger.entries import Kind
from posology.review.heads import require_packet
from posology.review.permitted import CLINICIANS, require_role
from posology.store import Actor, Cipher, Store, Writing
from posology.store.schema import comparisons, ledger_entries, ratings
from posology.store.store import AUDIT_KEY

__all__ = [
    "DIMENSIONS",
    "HIGHEST",
    "MOST_MARKS",
    "MarkKind",
    "MarkOf",
    "Preferred",
    "Rating",
    "Side",
    "is_closed",
    "opened_us",
    "rate",
    "rating_in",
]

DIMENSIONS: Mapping[str, str] = {
    "completeness": "Completeness",
    "accuracy": "Medical accuracy",
    "necessity": "Medical-necessity language",
    "compliance": "Payer compliance",
}
HIGHEST = 10
MOST_MARKS = 200
_MOST_WORDS = 10_000  # characters of the free text
_MOST_NOTE = 500
Side = Literal["a", "b"]
Preferred = Literal["a", "b", "neither"]
MarkKind = Literal["invention", "omission"]


@dataclass(frozen=True, slots=True, repr=False)
class MarkOf:
    """Characters ``start`` to ``end`` of one side, half-open: invented, or the place of what is missing."""

    side: Side
    kind: MarkKind
    start: int
    end: int
    note: str = ""

    def __repr__(self) -> str:
        """Show the place only."""
        return f"MarkOf({self.side}, {self.kind}, {self.start}, {self.end})"


@dataclass(frozen=True, slots=True, repr=False)
class Rating:
    """Scores from 1 to 10 by side and dimension, which letter the rater would send, words and marks."""

    scores: Mapping[str, Mapping[str, int]]
    preferred: Preferred
    text: str = ""
    marks: tuple[MarkOf, ...] = ()
    changes: int = 0  # how often it was replaced; of a blinded comparison: after the rater was told

    def __repr__(self) -> str:
        """Show the scores only."""
        return f"Rating({self.scores!r})"


def opened_us(connection: Connection) -> int:
    """Return when results were last opened; 0 where they never were."""
    query = select(func.max(ledger_entries.c.at_us)).where(
        ledger_entries.c.kind == str(Kind.COMPARISON_OPENED)
    )
    return int(connection.execute(query).scalar() or 0)


def is_closed(connection: Connection, rated_us: int) -> bool:
    """Say whether results were opened since a rating was given."""
    return rated_us <= opened_us(connection)


def rate(store: Store, actor: Actor, comparison_id: str, rating: Rating) -> None:
    """Keep a person's rating of a comparison, in place of the one that the same person gave before."""
    require_role(actor, "rating of a comparison", CLINICIANS)
    with store.write(actor) as w:
        row = w.connection.execute(select(comparisons).where(comparisons.c.id == comparison_id)).one_or_none()
        if row is None:
            raise NotFound("there is no comparison of this id")
        if row.blinded and row.created_by == actor.id:
            raise NotAllowed(
                "rating: who pasted the letter knows which one it is; let another clinician rate it"
            )
        _keep(w, row, rating)


def _keep(w: Writing, row: Row[Any], rating: Rating) -> None:
    packet = require_packet(w.connection, row.packet_id)
    cipher, key = w.cipher(packet.key_id), f"{row.id}.{w.actor.id}"
    _check(rating, _lengths(cipher, row))
    before = w.connection.execute(select(ratings).where(ratings.c.id == key)).one_or_none()
    if before is not None and is_closed(w.connection, before.created_us):
        raise Conflict("rating: results were opened since you rated; your rating stays as it is")
    changes = 0 if before is None else json.loads(before.scores)["changes"] + 1
    scores = {**{side: dict(rating.scores[side]) for side in get_args(Side)}, "preferred": rating.preferred}
    body = {"text": rating.text, "marks": [asdict(one) for one in rating.marks]}
    sealed = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    values = {
        "created_us": w.now_us,
        "scores": json.dumps(scores | {"changes": changes}, sort_keys=True),
        "body": cipher.seal(sealed, _place(key)),
    }
    if before is None:
        w.insert(ratings, {"id": key, "comparison_id": row.id, "user_id": w.actor.id, **values})
    else:
        w.update(ratings, key, values)
    details = {"comparison": row.id, "scores": _flat(rating)}
    details["hash"] = w.cipher(AUDIT_KEY).hash("rating", sealed)
    w.record(Kind.COMPARISON_RATED, packet=packet.id, version=row.version, details=details)


def _lengths(cipher: Cipher, row: Row[Any]) -> Mapping[str, int]:
    letters = json.loads(cipher.open(row.letter, f"comparisons/letter/{row.id}"))
    other = {"a": "b", "b": "a"}[row.draft_side]
    return {row.draft_side: len(letters["draft"]), other: len(letters["manual"])}


def _flat(rating: Rating) -> dict[str, int]:
    return {
        f"{side}.{dimension}": score
        for side, scores in rating.scores.items()
        for dimension, score in scores.items()
    }


def _check(rating: Rating, lengths: Mapping[str, int]) -> None:
    if set(rating.scores) != set(get_args(Side)) or any(
        set(scores) != set(DIMENSIONS) for scores in rating.scores.values()
    ):
        raise RequestError(f"rating: scores: for sides a and b each: {', '.join(DIMENSIONS)}")
    for side, scores in rating.scores.items():
        for dimension, score in scores.items():
            if type(score) is not int or not 1 <= score <= HIGHEST:
                raise RequestError(f"rating: {dimension} of side {side}: a whole number from 1 to {HIGHEST}")
    if rating.preferred not in get_args(Preferred):
        raise RequestError("rating: preferred: a, b or neither")
    if len(rating.text) > _MOST_WORDS or len(rating.marks) > MOST_MARKS:
        raise RequestError(f"rating: up to {_MOST_WORDS:,} characters of text and {MOST_MARKS} marks")
    if len({(m.side, m.kind, m.start, m.end) for m in rating.marks}) != len(rating.marks):
        raise RequestError("rating: marks: the same passage is marked twice in the same way")
    for number, mark in enumerate(rating.marks, start=1):
        _check_mark(mark, number, lengths)


def _check_mark(mark: MarkOf, number: int, lengths: Mapping[str, int]) -> None:
    where = f"rating: mark {number}"
    if mark.side not in lengths or mark.kind not in get_args(MarkKind):
        raise RequestError(f"{where}: side is a or b, kind is one of {', '.join(get_args(MarkKind))}")
    if not 0 <= mark.start < mark.end <= lengths[mark.side]:
        raise RequestError(f"{where}: its characters do not lie in side {mark.side}; mark the passage again")
    if len(mark.note) > _MOST_NOTE:
        raise RequestError(f"{where}: its note has more than {_MOST_NOTE} characters; shorten it")


def _place(key: str) -> str:
    return f"ratings/body/{key}"


def rating_in(cipher: Cipher, row: Row[Any]) -> Rating:
    """Return the rating of a row, opened with the packet's key."""
    scores, body = json.loads(row.scores), json.loads(cipher.open(row.body, _place(row.id)))
    marks = tuple(MarkOf(**one) for one in body["marks"])
    sides = {side: scores[side] for side in get_args(Side)}
    return Rating(sides, scores["preferred"], body["text"], marks, scores["changes"])
