"""The durable queue with a worker in this process, on SQLite and on PostgreSQL."""

import base64
import os
import pickle
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from posology.errors import EngineError
from posology.ledger.entries import Kind
from posology.priorauth import RequestFile
from posology.review.jobs import ask_draft, cancel, job_of, retry
from posology.review.queue import Worker, open_queue
from posology.review.runs import SCHEMA, executor_name, is_alive, queue_address
from posology.store import SYSTEM, Store
from posology.store.engine import open_engine
from posology.store.schema import jobs, packets
from posology.testing import ScriptedGenerator
from tests.databases import TEST_KEYS

SENTENCE = '{"cites": [1], "sentence": "The patient has a documented finding."}'


@pytest.fixture
def queue(store):
    opened = open_queue(store)
    yield opened
    opened.close()


@pytest.fixture
def start(bench, queue):
    begun = []

    def start_worker(bench=bench, sweep_s=0.3):
        begun.append(Worker(bench, queue, back_off_s=(0.1, 0.1), sweep_s=sweep_s))
        begun[-1].start()
        return begun[-1]

    yield start_worker
    for worker in begun:
        worker.stop()


def wait_until(store, job_id, wanted, seconds=20):
    until = time.monotonic() + seconds
    while not wanted(job := job_of(store, job_id)):
        assert time.monotonic() < until, job
        time.sleep(0.03)
    return job


def ended(job):
    return job.final


def packets_of(store):
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(packets)).scalar_one()


def rows_of_queue(store):
    engine = sa.create_engine(queue_address(store.engine))
    schema = None if engine.dialect.name == "sqlite" else SCHEMA
    try:
        with engine.connect() as connection:
            for name in sa.inspect(engine).get_table_names(schema=schema):
                table = sa.Table(name, sa.MetaData(), schema=schema, autoload_with=engine)
                yield from ((name, dict(row._mapping)) for row in connection.execute(sa.select(table)))
    finally:
        engine.dispose()


def change_run(store, job_id, **values):
    """Make a run look as another machine, or another version of the program, would have left it."""
    engine = sa.create_engine(queue_address(store.engine))
    schema = None if engine.dialect.name == "sqlite" else SCHEMA
    table = sa.Table("workflow_status", sa.MetaData(), schema=schema, autoload_with=engine)
    with engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.workflow_uuid == job_id).values(**values))
    engine.dispose()


def mark_running(store, job_id, beat_us):
    with store.write(SYSTEM) as w:
        w.update(jobs, job_id, {"state": "running", "attempts": 1, "beat_us": beat_us})
        w.record(Kind.DRAFT_STARTED, details={"job": job_id, "attempt": 1})


def test_a_queued_job_is_drafted_and_the_queue_holds_ids_only(store, queue, start, clinician, chart_id, case):
    request = replace(case.request(chart_id), details=RequestFile(member_id="M-4711"))
    job_id = ask_draft(store, clinician, request, queue=queue)
    start(sweep_s=60)  # which forgets runs that ended
    job = wait_until(store, job_id, ended)
    assert (job.state, job.error) == ("done", "")
    held = list(rows_of_queue(store))
    assert {name for name, _ in held} >= {"workflow_status", "queues"}
    text = repr(held)
    for secret in ("M-4711", chart_id, case.service.code, case.day.isoformat(), "pickle"):
        assert secret not in text
    formats = {row["serialization"] for _, row in held if row.get("serialization")}
    assert formats == {"portable_json"}


def test_a_job_that_the_queue_never_heard_of_is_found_in_its_table(store, start, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id))  # killed before it was queued
    start()
    assert wait_until(store, job_id, ended).state == "done"


def test_a_queue_that_cannot_be_reached_does_not_stop_who_asks(
    store, queue, clinician, chart_id, case, caplog
):
    queue.close()
    engine = queue.runs.client._sys_db.engine
    sa.event.listen(engine, "do_connect", _refuse)
    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    assert job_of(store, job_id).state == "queued"
    assert "taking a job failed (OperationalError); the workers will find it" in caplog.text
    cancel(store, clinician, job_id, queue=queue)


def _refuse(*_):
    raise sa.exc.OperationalError("connect", {}, Exception("the database is gone"))


def test_offering_a_job_twice_queues_it_once(store, queue, start, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    for _ in range(3):
        queue.enqueue(job_id)
    assert queue.sweep() == []
    start()
    assert wait_until(store, job_id, ended).attempts == 1
    assert packets_of(store) == 1


def test_an_engine_that_fails_once_is_asked_again_after_a_while(
    store, bench, queue, start, clinician, chart_id, case
):
    failures = [EngineError("the server does not answer")]

    def answer(_prompt):
        if failures:
            raise failures.pop()
        return SENTENCE

    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    start(replace(bench, models=replace(bench.models, writer=ScriptedGenerator(answer))))
    job = wait_until(store, job_id, ended)
    assert (job.state, job.attempts) == ("done", 2)


def test_an_engine_that_stays_down_fails_the_job_after_three_tries(
    store, bench, queue, start, clinician, chart_id, case
):
    def answer(_prompt):
        raise EngineError("the server does not answer")

    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    start(replace(bench, models=replace(bench.models, writer=ScriptedGenerator(answer))))
    job = wait_until(store, job_id, ended)
    assert (job.state, job.attempts, job.error) == ("failed", 3, "the server does not answer")


def test_a_job_that_is_cancelled_in_the_queue_leaves_it(store, queue, start, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    cancel(store, clinician, job_id, queue=queue)
    assert queue.runs.of(job_id).status == "CANCELLED"
    start()
    other = ask_draft(store, clinician, replace(case.request(chart_id), payer="CMS"), queue=queue)
    wait_until(store, other, ended)
    assert job_of(store, job_id).state == "cancelled"
    assert packets_of(store) == 1


def test_a_running_job_stops_when_it_is_cancelled_and_runs_when_tried_again(
    store, bench, queue, start, clinician, chart_id, case
):
    def answer(_prompt):
        time.sleep(0.3)
        return SENTENCE

    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    start(replace(bench, models=replace(bench.models, writer=ScriptedGenerator(answer))))
    wait_until(store, job_id, lambda job: job.stage.startswith("Writing"))
    assert cancel(store, clinician, job_id, queue=queue).state == "cancelled"
    assert retry(store, clinician, job_id, queue=queue).state == "queued"
    job = wait_until(store, job_id, ended)
    assert (job.state, job.attempts) == ("done", 2)
    assert packets_of(store) == 1


def test_a_run_of_another_version_of_the_program_is_begun_again(
    store, queue, start, clinician, chart_id, case
):
    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    change_run(store, job_id, application_version="drafts-0")
    start()
    assert wait_until(store, job_id, ended).state == "done"


def test_a_run_of_a_machine_that_fell_silent_is_taken_up(store, queue, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    now = store.clock()
    long_ago_ms = now // 1000 - 3_600_000
    change_run(
        store, job_id, status="PENDING", executor_id="another-machine/1/77", started_at_epoch_ms=long_ago_ms
    )
    mark_running(store, job_id, now)
    assert queue.sweep() == []  # it spoke a moment ago
    mark_running(store, job_id, now - 61_000_000)
    assert queue.sweep() == [job_id]
    assert queue.runs.of(job_id).status == "ENQUEUED"


def test_a_run_of_a_process_of_this_machine_that_is_gone_is_taken_up_at_once(
    store, queue, clinician, chart_id, case
):
    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    host = executor_name().partition("/")[0]
    change_run(store, job_id, status="PENDING", executor_id=executor_name())
    mark_running(store, job_id, store.clock())
    assert queue.sweep() == []
    change_run(store, job_id, status="PENDING", executor_id=f"{host}/{os.getpid()}/1")
    assert queue.sweep() == [job_id]


def test_runs_that_ended_are_forgotten_for_their_jobs_say_how(store, queue, start, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    start()
    wait_until(store, job_id, ended)
    until = time.monotonic() + 10
    while queue.runs.of(job_id) is not None:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert job_of(store, job_id).state == "done"


def test_the_queue_says_when_nobody_takes_its_jobs(store, queue, clinician, chart_id, case):
    assert queue.alive()
    job_id = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    assert queue.alive()
    now = store.clock
    store.clock = lambda: now() + 120_000_000
    assert not queue.alive()
    mark_running(store, job_id, store.clock())
    assert queue.alive()


def test_a_process_is_known_by_its_start_as_well_as_its_number():
    name = executor_name()
    host, pid, _started = name.split("/")
    assert is_alive(name)
    assert is_alive(f"{host}/{pid}/1") is False
    assert is_alive("elsewhere/1/1") is None
    assert is_alive("") is None


def test_the_file_of_the_queue_is_in_wal_mode_and_its_owners_only(sqlite_store, tmp_path):
    open_queue(sqlite_store).close()
    file = tmp_path / "sqlite_store-queue.db"
    assert file.stat().st_mode & 0o077 == 0
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    engine.dispose()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_queue_that_was_deleted_is_filled_again_from_the_table(sqlite_store, people, bench, case, tmp_path):
    from posology.review.charts import ChartUpload, store_chart

    actor = people(sqlite_store, "ada")
    chart = store_chart(sqlite_store, actor, ChartUpload((("chart.json", case.chart),)))
    first = open_queue(sqlite_store)
    job_id = ask_draft(sqlite_store, actor, case.request(chart), queue=first)
    first.close()
    for file in tmp_path.glob("sqlite_store-queue.db*"):
        file.unlink()
    second = open_queue(sqlite_store)
    worker = Worker(replace(bench, store=sqlite_store), second, sweep_s=0.3)
    worker.start()
    try:
        assert wait_until(sqlite_store, job_id, ended).state == "done"
    finally:
        worker.stop()
        second.close()


def test_a_role_that_may_make_a_schema_may_run_the_queue(postgres_server, postgres_template):
    address = postgres_server.new_database(postgres_template)
    name = address.rpartition("/")[2]
    postgres_server.execute("CREATE ROLE clinic LOGIN")
    postgres_server.execute(f"GRANT CREATE, CONNECT ON DATABASE {name} TO clinic")
    store = Store(open_engine(address.replace("postgres@", "clinic@")), TEST_KEYS)
    queue = open_queue(store)
    assert queue.runs.under_way() == {}
    queue.close()
    store.close()


class Intruder:
    """What a pickle may do when it is read: here it makes a folder, it could as well take the keys."""

    def __init__(self, mark) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_pickle_in_the_queues_tables_is_never_read(sqlite_store, people, bench, case, tmp_path):
    from posology.review.charts import ChartUpload, store_chart

    actor = people(sqlite_store, "ada")
    chart = store_chart(sqlite_store, actor, ChartUpload((("chart.json", case.chart),)))
    queue = open_queue(sqlite_store)
    job_id = ask_draft(sqlite_store, actor, case.request(chart), queue=queue)
    mark = tmp_path / "mark"
    planted = pickle.dumps({"args": (Intruder(str(mark)),), "kwargs": {}})
    engine = sa.create_engine(queue_address(sqlite_store.engine))
    with engine.begin() as connection:
        done = connection.exec_driver_sql(
            "UPDATE workflow_input SET inputs = ?", (base64.b64encode(planted).decode(),)
        )
        assert done.rowcount == 1
        connection.exec_driver_sql("UPDATE workflow_status SET serialization = 'py_pickle'")
    engine.dispose()
    worker = Worker(replace(bench, store=sqlite_store), queue, sweep_s=0.3)
    worker.start()
    try:
        assert wait_until(sqlite_store, job_id, ended).state == "done"  # begun again from the jobs' table
        assert not mark.exists()
    finally:
        worker.stop()
        queue.close()
