"""Faults: whichever statement of a transaction fails, all that was there before is there, and nothing else.

SQLite is made read-only in the middle of the transaction, PostgreSQL's server process is ended: both are what
a failing disk or server does.
"""

import pytest
from sqlalchemy import event, select

from posology.config import Serve
from posology.errors import StoreError
from posology.priorauth.acts import parse_act
from posology.review.acting import act_on
from posology.review.charts import ChartUpload, store_chart
from posology.review.deletion import delete_packet
from posology.review.exporting import Wanted, export
from posology.review.moving import send_back
from posology.review.outcomes import mark_sent
from posology.review.signing import Signing, sign
from posology.store.schema import TABLES
from posology.store.verification import verify_store
from tests.review.conftest import made


class Breaker:
    """Breaks a store's connection before the given statement of a transaction that writes."""

    def __init__(self, store):
        self.store, self.at, self.seen = store, None, 0
        event.listen(store.engine, "before_cursor_execute", self.watch)
        event.listen(store.engine, "begin", self.begin)

    def begin(self, connection):
        self.seen = 0

    def watch(self, connection, cursor, statement, parameters, context, many):
        if self.at is None or not self.writes(connection):
            return
        self.seen += 1
        if self.seen == self.at:
            self.at = None
            self.end(connection)

    def writes(self, connection):
        return connection.get_execution_options().get("writes", False)

    def end(self, connection):
        if connection.dialect.name == "sqlite":
            connection.connection.dbapi_connection.execute("PRAGMA query_only=ON")
            return
        pid = connection.connection.dbapi_connection.info.backend_pid
        with self.store.engine.connect() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")

    def mend(self):
        self.store.engine.dispose()


def everything(store):
    """Return all rows of all tables but those of readings, which come before an act."""
    with store.read() as connection:
        return {
            name: sorted(
                tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
                for row in connection.execute(select(table))
            )
            for name, table in TABLES.items()
        }


def signed(clinic):
    packet_id = clinic.packet()
    store = clinic.store
    sign(store, clinic.actor("ann"), packet_id, Signing(clinic.head(packet_id).version, True, store.clock()))
    return packet_id


def _edit(clinic, packet_id):
    row = clinic.open(packet_id).record["narrative"][2]
    return lambda: act_on(
        clinic.store,
        clinic.actor("ann"),
        packet_id,
        1,
        parse_act({"act": "drop", "sentence": row["id"], "reason": "said elsewhere"}),
        clinic.desk_of,
    )


def _attach(clinic, packet_id):
    gap = clinic.open(packet_id).record["gaps"][0]["id"]
    act = {"act": "attach", "criterion": gap, "title": "Plan", "text": "A plan.", "date": "2024-11-01"}
    return lambda: act_on(clinic.store, clinic.actor("ann"), packet_id, 1, parse_act(act), clinic.desk_of)


def _sign(clinic, packet_id):
    send_back(clinic.store, clinic.actor("ann"), packet_id, "Once more.")
    signing = Signing(2, True, clinic.store.clock())
    return lambda: sign(clinic.store, clinic.actor("ann"), packet_id, signing)


CASES = {
    "store a chart": lambda clinic, packet_id: (
        lambda: store_chart(
            clinic.store, clinic.actor("sam"), ChartUpload(made("cms-ncd-240.4", "meet", 2)[0])
        )
    ),
    "act on a signed packet": _edit,
    "attach": _attach,
    "sign": _sign,
    "export": lambda clinic, packet_id: (
        lambda: export(clinic.store, clinic.actor("ann"), packet_id, Wanted("zip"))
    ),
    "send": lambda clinic, packet_id: (
        lambda: mark_sent(clinic.store, clinic.actor("sam"), packet_id, serve=Serve())
    ),
    "delete": lambda clinic, packet_id: (
        lambda: delete_packet(clinic.store, clinic.actor("adm"), packet_id, "duplicate")
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_half_done_whichever_statement_fails(clinic, case):
    packet_id = signed(clinic)
    for login in ("ann", "sam"):
        clinic.open(packet_id, login)
    act = CASES[case](clinic, packet_id)
    breaker, failures = Breaker(clinic.store), 0
    step = 1 if clinic.store.engine.dialect.name == "sqlite" else 4
    before = everything(clinic.store)
    for at in range(1, 400, step):
        breaker.at = at
        try:
            act()
        except StoreError:
            failures += 1
        else:
            break
        finally:
            breaker.at = None
            breaker.mend()
        assert everything(clinic.store) == before, f"statement {at}"
    else:
        pytest.fail("the act never came to its end")
    assert failures >= (5 if step == 1 else 1)
    after = everything(clinic.store)
    assert after != before
    assert not verify_store(clinic.store).problems


def test_a_clock_that_fails_keeps_nothing(small_clinic):
    packet_id = small_clinic.packet()
    small_clinic.open(packet_id)
    before = everything(small_clinic.store)

    def stopped():
        raise OSError("the clock stands still")

    working, small_clinic.store.clock = small_clinic.store.clock, stopped
    with pytest.raises(OSError, match="stands still"):
        small_clinic.act("ann", packet_id, act="drop", sentence="s3", reason="said elsewhere")
    small_clinic.store.clock = working
    assert everything(small_clinic.store) == before


def test_a_reading_that_cannot_be_recorded_does_not_happen(small_clinic):
    packet_id = small_clinic.packet()
    breaker = Breaker(small_clinic.store)
    breaker.at = 1
    with pytest.raises(StoreError):
        small_clinic.open(packet_id, "bob")
    breaker.mend()
    assert [row["kind"] for row in small_clinic.entries() if row["actor"] == "bob"] == []


def test_a_full_disk_keeps_nothing_and_says_so(small_clinic):
    packet_id = signed(small_clinic)
    small_clinic.open(packet_id, "sam")
    before = everything(small_clinic.store)

    def fill(connection, _record):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    small_clinic.store.engine.dispose()
    event.listen(small_clinic.store.engine, "connect", fill)
    files = made("cms-ncd-240.4", "meet", 2)[0]
    with pytest.raises(StoreError, match="disk is full"):
        store_chart(small_clinic.store, small_clinic.actor("sam"), ChartUpload(files))
    event.remove(small_clinic.store.engine, "connect", fill)
    small_clinic.store.engine.dispose()
    assert everything(small_clinic.store) == before
    store_chart(small_clinic.store, small_clinic.actor("sam"), ChartUpload(files))
