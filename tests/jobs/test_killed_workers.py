"""Workers that are killed: their jobs are taken up again, and nothing is drafted twice."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from posology.priorauth import RequestFile
from posology.review.jobs import ask_draft, job_of
from posology.store.schema import packets
from posology.store.verification import verify_store

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])  # a matter of the process, not of the database
WORKER = Path(__file__).with_name("slow_worker.py")


@pytest.fixture
def start_worker(store_address, repo_root):
    begun = []

    def start(seconds_a_prompt):
        command = [sys.executable, str(WORKER), store_address, str(seconds_a_prompt)]
        paths = os.pathsep.join([str(repo_root), str(repo_root / "src")])
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths})
        begun.append(process)
        return process

    yield start
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until(store, job_id, wanted, seconds=30):
    until = time.monotonic() + seconds
    while not wanted(job := job_of(store, job_id)):
        assert time.monotonic() < until, job
        time.sleep(0.02)
    return job


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def require_sound_ledger(store):
    report = verify_store(store)
    assert report.ok, report.problems


def packets_of(store):
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(packets)).scalar_one()


def test_a_job_whose_worker_is_killed_is_drafted_once(store, clinician, chart_id, case, start_worker):
    rng = random.Random(3)
    job_id = ask_draft(store, clinician, case.request(chart_id))
    for kills in (1, 2):
        process = start_worker(0.4)
        wait_until(store, job_id, lambda job, kills=kills: job.attempts == kills)
        time.sleep(rng.uniform(0.0, 1.2))
        kill(process)
        require_sound_ledger(store)
        assert not job_of(store, job_id).final
    start_worker(0.0)
    job = wait_until(store, job_id, lambda job: job.final)
    assert (job.state, job.error, job.attempts) == ("done", "", 3)
    assert packets_of(store) == 1
    require_sound_ledger(store)


@SQLITE
def test_a_worker_killed_around_the_end_of_a_job_leaves_one_packet_or_none(
    store, clinician, chart_id, case, start_worker
):
    """Packet, entries and the job's last state are one transaction: all of it is there, or nothing."""
    job_id = ask_draft(store, clinician, case.request(chart_id))
    process = start_worker(0.0)
    wait_until(store, job_id, lambda job: job.stage == "Writing and checking the letter" or job.final)
    kill(process)
    assert packets_of(store) == int(job_of(store, job_id).state == "done")
    require_sound_ledger(store)
    start_worker(0.0)
    assert wait_until(store, job_id, lambda job: job.final).state == "done"
    assert packets_of(store) == 1


@SQLITE
def test_a_worker_that_is_asked_to_end_leaves_its_job_to_the_next(
    store, clinician, chart_id, case, start_worker
):
    job_id = ask_draft(store, clinician, case.request(chart_id))
    process = start_worker(0.5)
    wait_until(store, job_id, lambda job: job.stage == "Writing and checking the letter")
    process.terminate()
    assert process.wait(timeout=15) == 0
    assert job_of(store, job_id).state == "queued"
    start_worker(0.0)
    assert wait_until(store, job_id, lambda job: job.final).state == "done"
    assert packets_of(store) == 1


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_several_workers_share_the_jobs_of_one_store(store, clinician, chart_id, case, start_worker):
    for _ in range(2):
        start_worker(0.2)
    asked = [
        ask_draft(store, clinician, replace(case.request(chart_id), details=RequestFile(member_id=f"M{n}")))
        for n in range(6)
    ]
    ended = [wait_until(store, job_id, lambda job: job.final) for job_id in asked]
    assert [(job.state, job.attempts) for job in ended] == [("done", 1)] * 6
    assert packets_of(store) == 6
    require_sound_ledger(store)
