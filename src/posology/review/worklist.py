"""The worklist: which packets there are, filtered and sorted by what identifies nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true

from posology.errors import RequestError
from posology.ledger.entries import Kind
from posology.review.cards import member_index, name_index
from posology.review.heads import PacketHead, head_of, head_query
from posology.review.permitted import PREPARERS, require_role
from posology.store import Actor, Store
from posology.store.schema import packets
from posology.store.store import INDEX_KEY

__all__ = ["Sort", "WorklistPage", "WorklistQuery", "worklist"]

Sort = Literal["updated", "created", "gaps", "due"]
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True, repr=False)
class WorklistQuery:
    """What to list; an empty text filters nothing. ``owner`` is an account's id, or "me"."""

    state: str = ""
    conclusion: str = ""
    owner: str = ""
    payer: str = ""
    policy: str = ""
    q: str = ""  # an exact name or member id
    sort: Sort = "updated"  # updated and created: latest first; gaps: fewest first; due: soonest first
    page: int = 1
    rows: int = 50


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """One page of the list: its rows, how many there are in all, and counts over every packet by state."""

    rows: tuple[PacketHead, ...]
    total: int
    page: int
    pages: int
    states: Mapping[str, int] = field(default_factory=dict)


def worklist(store: Store, actor: Actor, query: WorklistQuery) -> WorklistPage:
    """Return one page of the worklist; only the cards of that page are opened.

    A search for a patient is written down before it is answered: by whom, a keyed hash of what was looked
    for, and how many packets were found.
    """
    require_role(actor, "worklist", PREPARERS)
    if query.sort not in get_args(Sort) or query.page < 1 or not 1 <= query.rows <= _MOST_ROWS:
        raise RequestError(
            f"worklist: sort is one of {', '.join(get_args(Sort))}, page 1 or more, rows up to {_MOST_ROWS}"
        )
    with store.read() as connection:
        chosen = _chosen(store, connection, actor, query)
        states = _counts(connection)
        total = _total(connection, query, chosen, states)
        ids = _ids(connection, query, chosen)
        rows = connection.execute(head_query().where(packets.c.id.in_(ids))).all()
        ciphers = store.ciphers(connection, [row.key_id for row in rows])
        heads = {row.id: head_of(row, ciphers[row.key_id]) for row in rows}
    if query.q.strip():
        _record_search(store, actor, query.q, total)
    pages = max(1, -(-total // query.rows))
    return WorklistPage(tuple(heads[one] for one in ids), total, query.page, pages, states)


def _record_search(store: Store, actor: Actor, words: str, found: int) -> None:
    with store.write(actor) as w:
        hashed = name_index(w.cipher(INDEX_KEY), words)
        w.record(Kind.WORKLIST_SEARCHED, details={"hash": hashed, "found": found})


def _chosen(
    store: Store, connection: Connection, actor: Actor, query: WorklistQuery
) -> ColumnElement[bool] | None:
    owner = actor.id if query.owner == "me" else query.owner
    equal = {"state": query.state, "conclusion": query.conclusion, "owner_id": owner}
    equal |= {"payer": query.payer, "policy_id": query.policy}
    parts = [packets.c[name] == value for name, value in equal.items() if value]
    if query.q.strip():
        index = store.cipher(connection, INDEX_KEY)
        named = packets.c.name_index == name_index(index, query.q)
        parts.append(or_(named, packets.c.member_index == member_index(index, query.q)))
    return and_(true(), *parts) if parts else None


def _counts(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(packets.c.state, func.count()).group_by(packets.c.state))
    return {row[0]: row[1] for row in rows}


def _total(
    connection: Connection,
    query: WorklistQuery,
    chosen: ColumnElement[bool] | None,
    states: Mapping[str, int],
) -> int:
    if chosen is None:
        return sum(states.values())
    if query.state and not (
        query.conclusion or query.owner or query.payer or query.policy or query.q.strip()
    ):
        return states.get(query.state, 0)
    return int(connection.execute(select(func.count()).select_from(packets).where(chosen)).scalar_one())


def _ids(connection: Connection, query: WorklistQuery, chosen: ColumnElement[bool] | None) -> list[str]:
    """Return the ids of the page's packets; the order is total, so that no packet is on two pages."""
    orders: Mapping[str, tuple[Any, ...]] = {
        "updated": (packets.c.updated_us.desc(),),
        "created": (packets.c.created_us.desc(),),
        "gaps": (packets.c.gaps, packets.c.to_confirm, packets.c.updated_us.desc()),
        "due": (packets.c.due_us == 0, packets.c.due_us, packets.c.updated_us.desc()),
    }
    wanted = select(packets.c.id).order_by(*orders[query.sort], packets.c.id)
    wanted = wanted if chosen is None else wanted.where(chosen)
    return list(connection.execute(wanted.limit(query.rows).offset((query.page - 1) * query.rows)).scalars())
