"""The durable queue with a worker in this process, on SQLite and on PostgreSQL."""

import time

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from posology.review.jobs import ask_draft, job_of
from posology.review.queue import Worker, open_queue
from posology.review.runs import SCHEMA, queue_address
from posology.store.schema import packets


@pytest.fixture
def queue(store):
    opened = open_queue(store)
    yield opened
    opened.close()


@pytest.fixture
def worker(bench, queue):
    worker = Worker(bench, queue, back_off_s=(0.1, 0.1), sweep_s=0.3)
    yield worker
    worker.stop()


def wait_for(store, job_id, states, seconds=20):
    until = time.monotonic() + seconds
    while (job := job_of(store, job_id)).state not in states:
        assert time.monotonic() < until, job
        time.sleep(0.05)
    return job


def test_a_queued_job_is_drafted_and_the_queue_holds_ids_only(
    store, worker, queue, clinician, chart_id, case
):
    worker.start()
    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    job = wait_for(store, job_id, ("done", "failed"))
    assert job.state == "done", job.error
    engine = sa.create_engine(queue_address(store.engine))
    schema = None if engine.dialect.name == "sqlite" else SCHEMA
    with engine.connect() as connection:
        names = sa.inspect(engine).get_table_names(schema=schema)
        assert "workflow_status" in names
        for name in names:
            table = sa.Table(name, sa.MetaData(), schema=schema, autoload_with=engine)
            for row in connection.execute(sa.select(table)):
                print(name, dict(row._mapping))
    engine.dispose()
