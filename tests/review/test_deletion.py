"""Deletion: the key is destroyed, the rows are gone, the record of it stays and still verifies."""

import pytest
from sqlalchemy import func, select

from posology.errors import Conflict, KeyFileError, NotAllowed, NotFound, RequestError
from posology.review.charts import ChartUpload, load_chart, store_chart
from posology.review.deletion import delete_chart, delete_packet, find_idle_charts
from posology.review.exporting import Wanted, export
from posology.review.jobs import DraftRequest, ask_draft
from posology.review.packets import create_packet, open_packet
from posology.review.scratch import Scratch, keep_scratch
from posology.review.signing import Signing, sign
from posology.store import SYSTEM
from posology.store.schema import TABLES, jobs, keys, packets, versions
from posology.store.verification import verify_store
from tests.review.conftest import made


def used(clinic):
    """Return a packet that has everything which hangs on a packet."""
    packet_id, store, ann = clinic.packet(), clinic.store, clinic.actor("ann")
    gap = clinic.open(packet_id).record["gaps"][0]["id"]
    clinic.act("ann", packet_id, act="attach", criterion=gap, title="Plan", text="A plan.", date="2024-11-01")
    keep_scratch(store, ann, packet_id, Scratch("sentence:s1", 1, 0, "words"))
    sign(store, ann, packet_id, Signing(2, True, store.clock()))
    export(store, ann, packet_id, Wanted("zip"))
    return packet_id


def counts(store):
    with store.read() as connection:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in TABLES.items()
            if name not in ("ledger_entries", "ledger_nodes", "ledger_state", "reads", "users")
        }


def test_a_deleted_packet_leaves_nothing_but_the_record_of_it(clinic):
    before = counts(clinic.store)
    packet_id = used(clinic)
    with clinic.store.read() as connection:
        row = connection.execute(select(packets)).one()
        sealed = connection.execute(select(versions)).first()
    size = clinic.size()
    done = delete_packet(clinic.store, clinic.actor("adm"), packet_id, "retention-ended")
    assert done.chart_id == row.chart_id
    assert counts(clinic.store) == before
    kinds = [entry["kind"] for entry in clinic.entries(size)]
    assert kinds == ["packet.deleted", "chart.deleted"]
    deleted = clinic.entries(size)[0]
    assert deleted["details"]["was"] == "signed"
    assert deleted["details"]["versions"] == 2
    assert deleted["objects"][f"packets/{packet_id}"] is None
    assert deleted["objects"][f"keys/{row.key_id}"] is None
    with clinic.store.read() as connection, pytest.raises(NotFound, match="destroyed"):
        clinic.store.cipher(connection, row.key_id).open(sealed.record, f"versions/record/{sealed.id}")
    for read in (lambda: open_packet(clinic.store, clinic.actor("ann"), packet_id),):
        with pytest.raises(NotFound):
            read()
    with pytest.raises(NotFound):
        load_chart(clinic.store, row.chart_id)


def test_the_store_verifies_after_a_deletion(clinic):
    packet_id = used(clinic)
    other = clinic.packet(seed=2)
    delete_packet(clinic.store, clinic.actor("adm"), packet_id, "duplicate")
    assert not verify_store(clinic.store).problems
    assert clinic.open(other).record


def test_a_sealed_value_opens_nowhere_but_in_its_place(small_clinic):
    packet_id = small_clinic.packet()
    with small_clinic.store.read() as connection:
        row = connection.execute(select(versions)).one()
        key_id = connection.execute(select(packets.c.key_id)).scalar_one()
        cipher = small_clinic.store.cipher(connection, key_id)
    with pytest.raises(KeyFileError):
        cipher.open(row.record, f"versions/act/{packet_id}.1")


def test_a_chart_stays_while_another_packet_rests_on_it(clinic):
    files, _, packet = made("cms-ncd-100.1", "meet", 1)
    store, sam = clinic.store, clinic.actor("sam")
    chart_id = store_chart(store, sam, ChartUpload(files))
    chart = load_chart(store, chart_id)
    day = packet.record["request"]["date"]
    ids = []
    for policy in (None, "cms-ncd-100.1"):
        from datetime import date

        from posology.policies import Code

        service = Code(**packet.record["request"]["service"])
        request = DraftRequest(chart_id, service, date.fromisoformat(day), policy)
        job_id = ask_draft(store, sam, request)
        with store.write(SYSTEM) as w:
            row = w.connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
            ids.append(create_packet(w, job_row=row, packet=packet, chart=chart, request=request))
    for job in store_jobs(store):
        with store.write(SYSTEM) as w:
            from posology.ledger.entries import Kind

            w.update(jobs, job, {"state": "done"})
            w.record(Kind.DRAFT_FINISHED, details={"job": job})
    assert delete_packet(store, clinic.actor("adm"), ids[0], "duplicate").chart_id is None
    assert load_chart(store, chart_id) == chart
    assert delete_packet(store, clinic.actor("adm"), ids[1], "duplicate").chart_id == chart_id


def store_jobs(store):
    with store.read() as connection:
        return list(connection.execute(select(jobs.c.id)).scalars())


@pytest.mark.parametrize("login", ["ann", "sam", "aud"])
def test_only_an_administrator_deletes(small_clinic, login):
    packet_id = small_clinic.packet()
    with pytest.raises(NotAllowed):
        delete_packet(small_clinic.store, small_clinic.actor(login), packet_id, "duplicate")
    assert small_clinic.open(packet_id)


def test_a_deletion_names_one_of_the_reasons_and_a_packet_that_is_there(small_clinic):
    packet_id = small_clinic.packet()
    with pytest.raises(RequestError, match="reason"):
        delete_packet(small_clinic.store, small_clinic.actor("adm"), packet_id, "because he asked")
    with pytest.raises(NotFound):
        delete_packet(small_clinic.store, small_clinic.actor("adm"), "0" * 20, "duplicate")
    with small_clinic.store.read() as connection:
        assert connection.execute(select(keys).where(keys.c.kind == "packet")).one()


def test_a_chart_without_a_packet_is_found_and_deleted(clinic):
    store, adm = clinic.store, clinic.actor("adm")
    packet_id = clinic.packet()
    alone = store_chart(store, clinic.actor("sam"), ChartUpload(made("cms-ncd-240.4", "meet", 2)[0]))
    assert find_idle_charts(store, adm, store.clock() + 1) == (alone,)
    assert find_idle_charts(store, adm, 0) == ()
    with pytest.raises(Conflict, match="rests on this chart"):
        delete_chart(store, adm, clinic.head(packet_id).chart_id, "duplicate")
    with pytest.raises(NotAllowed):
        delete_chart(store, clinic.actor("ann"), alone, "duplicate")
    delete_chart(store, adm, alone, "duplicate")
    with pytest.raises(NotFound):
        load_chart(store, alone)
    assert not verify_store(store).problems
