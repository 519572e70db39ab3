"""The worklist: filtered, sorted and paged without opening more than the page; found by exact name."""

from itertools import count

import pytest
from sqlalchemy import event, insert, select

from posology.errors import NotAllowed, RequestError
from posology.review.cards import Card, member_index, name_index, seal_card
from posology.review.moving import assign, prepare
from posology.review.worklist import WorklistQuery, worklist
from posology.store import new_id
from posology.store.schema import packets

STATES = ("drafted", "prepared", "signed", "sent")


def fill(clinic, number):
    """Put copies of one packet into the store, with cards of their own."""
    packet_id = clinic.packet()
    with clinic.store.read() as connection:
        row = dict(connection.execute(select(packets)).one()._mapping)
        cipher = clinic.store.cipher(connection, row["key_id"])
        index = clinic.store.cipher(connection, "index")
    rows = []
    for n in range(number):
        own, card = new_id(), Card(f"Person Number{n}", "1980-01-01", "2024-01-01", f"M-{n}")
        changes = {
            "id": own,
            "job_id": new_id(),
            "state": STATES[n % 4],
            "conclusion": ("ready", "review", "incomplete")[n % 3],
            "owner_id": ("ann", "bob")[n % 2],
            "payer": ("CMS", "Northfield")[n % 2],
            "gaps": n % 5,
            "created_us": n,
            "updated_us": (n * 7919) % 1009,
            "due_us": 0 if n % 4 != 3 else 1000 + (n * 31) % 97,
            "name_index": name_index(index, card.name),
            "member_index": member_index(index, card.member_id),
            "card": seal_card(cipher, own, card),
        }
        rows.append(row | changes)
    with clinic.store.volatile() as connection:
        connection.execute(insert(packets), rows)
    return packet_id, rows


@pytest.mark.parametrize("sort", ["updated", "created", "gaps", "due"])
def test_pages_together_hold_every_packet_once_in_order(clinic, sort):
    fill(clinic, 57)
    ann, seen = clinic.actor("ann"), []
    for page in count(1):
        shown = worklist(clinic.store, ann, WorklistQuery(sort=sort, page=page, rows=10))
        seen += shown.rows
        if page >= shown.pages:
            break
    assert len({row.id for row in seen}) == len(seen) == shown.total == 58
    if sort in ("updated", "created"):
        values = [getattr(row, f"{sort}_us") for row in seen]
        assert values == sorted(values, reverse=True)
    elif sort == "gaps":
        assert [row.gaps for row in seen] == sorted(row.gaps for row in seen)
    else:
        due = [row.due_us or float("inf") for row in seen]
        assert due == sorted(due)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"state": "signed"}, lambda row: row["state"] == "signed"),
        ({"conclusion": "review"}, lambda row: row["conclusion"] == "review"),
        ({"owner": "me"}, lambda row: row["owner_id"] == "ann"),
        ({"owner": "bob"}, lambda row: row["owner_id"] == "bob"),
        (
            {"payer": "Northfield", "state": "sent"},
            lambda row: row["payer"] == "Northfield" and row["state"] == "sent",
        ),
        ({"policy": "none-such"}, lambda row: False),
        ({"q": "  PERSON   number7 "}, lambda row: row["created_us"] == 7),
        ({"q": "m-11"}, lambda row: row["created_us"] == 11),
        ({"q": "Person"}, lambda row: False),  # part of a name finds nobody
        ({"q": "Number7"}, lambda row: False),
        ({"q": "%"}, lambda row: False),
    ],
)
def test_filters_choose_what_they_say(small_clinic, query, wanted):
    first, rows = fill(small_clinic, 40)
    shown = worklist(small_clinic.store, small_clinic.actor("ann"), WorklistQuery(**query, rows=200))
    expected = {row["id"] for row in rows if wanted(row)}
    assert {row.id for row in shown.rows} - {first} == expected
    assert shown.total == len(shown.rows)


def test_the_counts_are_of_every_packet_by_state(clinic):
    packet_id = clinic.packet()
    assert worklist(clinic.store, clinic.actor("ann"), WorklistQuery(state="signed")).states == {"drafted": 1}
    prepare(clinic.store, clinic.actor("sam"), packet_id)
    shown = worklist(clinic.store, clinic.actor("ann"), WorklistQuery())
    assert (shown.states, shown.total) == ({"prepared": 1}, 1)


def test_mine_are_those_that_were_assigned_to_me(small_clinic):
    packet_id = small_clinic.packet()
    ann = small_clinic.actor("ann")
    assert worklist(small_clinic.store, ann, WorklistQuery(owner="me")).rows == ()
    assign(small_clinic.store, small_clinic.actor("sam"), packet_id, "ann")
    assert [row.id for row in worklist(small_clinic.store, ann, WorklistQuery(owner="me")).rows] == [
        packet_id
    ]


def test_a_list_takes_few_statements_whatever_it_holds(small_clinic):
    fill(small_clinic, 120)
    seen = []
    event.listen(small_clinic.store.engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    worklist(small_clinic.store, small_clinic.actor("ann"), WorklistQuery(rows=100, owner="me"))
    assert len(seen) <= 8


def test_a_list_writes_nothing_and_a_search_one_entry(small_clinic):
    fill(small_clinic, 3)
    before = small_clinic.size()
    worklist(small_clinic.store, small_clinic.actor("ann"), WorklistQuery(state="drafted"))
    assert small_clinic.size() == before
    worklist(small_clinic.store, small_clinic.actor("ann"), WorklistQuery(q="Person Number1"))
    assert small_clinic.size() == before + 1


@pytest.mark.parametrize("query", [{"page": 0}, {"rows": 0}, {"rows": 201}, {"sort": "name"}])
def test_a_list_that_cannot_be_is_refused(small_clinic, query):
    with pytest.raises(RequestError, match="worklist"):
        worklist(small_clinic.store, small_clinic.actor("ann"), WorklistQuery(**query))


@pytest.mark.parametrize("login", ["aud", "adm"])
def test_the_list_is_for_who_reviews_or_prepares(small_clinic, login):
    with pytest.raises(NotAllowed):
        worklist(small_clinic.store, small_clinic.actor(login), WorklistQuery())
