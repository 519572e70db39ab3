"""One run of a job, without a queue."""

import json

import pytest
from sqlalchemy import func, select

from posology.review.drafting import run_job
from posology.review.jobs import ask_draft, cancel, job_of, retry
from posology.store.schema import jobs, ledger_entries, packets


def entries(store, kind):
    query = select(ledger_entries.c.body).where(ledger_entries.c.kind == kind).order_by(ledger_entries.c.n)
    with store.read() as connection:
        return [json.loads(body) for body in connection.execute(query).scalars()]


def packets_of(store):
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(packets)).scalar_one()


def test_a_job_ends_with_a_packet_and_everything_on_the_record(bench, store, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id))
    assert run_job(bench, job_id, last=False) == "ended"
    job = job_of(store, job_id)
    assert (job.state, job.attempts, job.error) == ("done", 1, "")
    assert job.packet_id and packets_of(store) == 1
    made = [
        entries(store, kind) for kind in ("draft.asked", "draft.started", "packet.drafted", "draft.finished")
    ]
    assert [len(rows) for rows in made] == [1, 1, 1, 1]
    assert entries(store, "check.made") and entries(store, "verdict.given")
    assert [row["details"]["role"] for row in entries(store, "model.called")] == ["embedder"]
    assert {row["packet"] for row in entries(store, "verdict.given")} == {job.packet_id}
