"""The results of comparisons: ratings opened from the store and added up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from posology.ledger.entries import Kind
from posology.review.agreement import Rated, Results, summarize
from posology.review.comparisons import Letters, letters_of
from posology.review.permitted import require_role
from posology.review.rating import DIMENSIONS, Rating, opened_us, rating_in
from posology.store import Actor, Role, Store
from posology.store.schema import comparisons, ledger_entries, packets, ratings

__all__ = ["Case", "cases_of", "open_results", "preferred_letter"]

_FIGURES = (Role.CLINICIAN, Role.STAFF, Role.ADMINISTRATOR)
_SIDES: Mapping[str, Literal["a", "b"]] = {"a": "b", "b": "a"}


@dataclass(frozen=True, repr=False)
class Case:
    """A comparison with its letters and its ratings, by account."""

    row: Row[Any]
    letters: Letters
    ratings: Mapping[str, Rating]
    readers: Mapping[str, int]  # when an account first opened the packet itself

    @property
    def manual_side(self) -> Literal["a", "b"]:
        """Return the side of the letter by hand."""
        return _SIDES[self.row.draft_side]

    def is_blind(self, user_id: str) -> bool:
        """Say whether a person rated without having seen which letter is the draft."""
        return bool(self.row.blinded) and user_id not in self.readers


def open_results(store: Store, actor: Actor) -> Results:
    """Return what all ratings add up to; ratings that were given so far do not change any more."""
    require_role(actor, "results of comparisons", _FIGURES)
    with store.read() as connection:
        latest = connection.execute(select(ratings.c.created_us)).scalars().all()
        fresh = any(rated > opened_us(connection) for rated in latest)
    if fresh:
        with store.write(actor) as w:
            counted = w.connection.execute(select(ratings.c.comparison_id)).scalars().all()
            details = {"comparisons": len(set(counted)), "ratings": len(counted)}
            w.record(Kind.COMPARISON_OPENED, details=details)
    with store.read() as connection:
        cases = list(cases_of(store, connection))
    return summarize([one for case in cases for one in _rated(case)])


def cases_of(store: Store, connection: Connection) -> Iterator[Case]:
    """Yield every comparison that somebody rated, the oldest first."""
    joined = comparisons.join(packets, packets.c.id == comparisons.c.packet_id)
    columns = (packets.c.key_id, packets.c.chart_id, packets.c.policy_id, packets.c.policy_version)
    query = select(comparisons, *columns).select_from(joined)
    query = query.order_by(comparisons.c.created_us, comparisons.c.id)
    rows = connection.execute(query).all()
    found: dict[str, list[Row[Any]]] = {}
    for one in connection.execute(select(ratings).order_by(ratings.c.id)):
        found.setdefault(one.comparison_id, []).append(one)
    ciphers = store.ciphers(connection, [row.key_id for row in rows])
    for row in rows:
        given = {one.user_id: rating_in(ciphers[row.key_id], one) for one in found.get(row.id, ())}
        if given:
            letters = letters_of(store, connection, row, row.key_id)
            yield Case(row, letters, given, _readers(connection, row, found[row.id]))


def _readers(connection: Connection, row: Row[Any], given: Sequence[Row[Any]]) -> dict[str, int]:
    """Return who had opened the packet itself before they rated: they may have known the draft's words."""
    table = ledger_entries.c
    query = select(table.actor, table.at_us).where(
        table.packet == row.packet_id, table.kind == str(Kind.PACKET_READ)
    )
    rated = {one.user_id: one.created_us for one in given}
    readers: dict[str, int] = {}
    for entry in connection.execute(query):
        if entry.at_us <= rated.get(entry.actor, -1):
            readers[entry.actor] = min(entry.at_us, readers.get(entry.actor, entry.at_us))
    return readers


def _rated(case: Case) -> Iterator[Rated]:
    draft = case.row.draft_side
    for user_id, rating in case.ratings.items():
        yield Rated(
            case=case.row.id,
            rater=user_id,
            policy=case.row.policy_id,
            writer=case.letters.writer,
            draft=_side(rating, draft),
            manual=_side(rating, case.manual_side),
            preferred=preferred_letter(rating, draft),
            blind=case.is_blind(user_id),
            changed=bool(case.row.blinded and rating.changes),
        )


def _side(rating: Rating, side: str) -> dict[str, float]:
    marks = [one.kind for one in rating.marks if one.side == side]
    counts = {"inventions": marks.count("invention"), "omissions": marks.count("omission")}
    return {**{key: float(rating.scores[side][key]) for key in DIMENSIONS}, **counts}


def preferred_letter(rating: Rating, draft: str) -> Literal["draft", "manual", "neither"]:
    """Return which letter a rater would send."""
    if rating.preferred == "neither":
        return "neither"
    return "draft" if rating.preferred == draft else "manual"
