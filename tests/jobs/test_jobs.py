"""Asking, cancelling and trying again: what the table of jobs says."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from posology.errors import Conflict, NotAllowed, NotFound
from posology.policies import Code
from posology.priorauth import RequestFile
from posology.review.drafting import run_job
from posology.review.jobs import ask_draft, cancel, find_job, job_of, open_request, request_key, retry
from posology.store import SYSTEM, Role
from posology.store.schema import jobs


class Heard:
    """A queue that remembers what it is told."""

    def __init__(self):
        self.told = []

    def enqueue(self, job_id):
        self.told.append(("enqueue", job_id))

    def cancel(self, job_id):
        self.told.append(("cancel", job_id))


def row_of(store, job_id):
    with store.read() as connection:
        return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()


def test_the_same_request_gives_the_same_job_and_is_queued_once(store, clinician, chart_id, case):
    queue = Heard()
    first = ask_draft(store, clinician, case.request(chart_id), queue=queue)
    assert ask_draft(store, clinician, case.request(chart_id), queue=queue) == first
    assert queue.told == [("enqueue", first)]


DIFFERENT = [
    ({"service": Code("HCPCS", "E0601")}, "another service"),
    ({"policy_id": "cms-ncd-100.1"}, "a policy that is named is another request than one that is found"),
    ({"payer": "CMS"}, "a payer that is named"),
    ({"details": RequestFile(kind="continuation")}, "other details"),
]


@pytest.mark.parametrize(("change", "why"), DIFFERENT, ids=[why for _, why in DIFFERENT])
def test_another_request_is_another_job(sqlite_store, people, case, change, why):
    from posology.review.charts import ChartUpload, store_chart

    actor = people(sqlite_store, "ada")
    chart = store_chart(sqlite_store, actor, ChartUpload((("chart.json", case.chart),)))
    request = case.request(chart)
    first = ask_draft(sqlite_store, actor, request)
    assert ask_draft(sqlite_store, actor, replace(request, **change)) != first, why
    assert ask_draft(sqlite_store, actor, replace(request, day=request.day - timedelta(1))) != first


def test_what_is_asked_is_sealed_and_opens_as_it_was(store, clinician, chart_id, case):
    request = replace(case.request(chart_id), details=RequestFile(member_id="M-4711", side="left"))
    job_id = ask_draft(store, clinician, request)
    row = row_of(store, job_id)
    clear = " ".join(str(value) for value in row._mapping.values())
    assert "M-4711" not in clear
    assert request.day.isoformat() not in clear
    with store.read() as connection:
        assert open_request(store.cipher(connection, row.key_id), row) == request
    assert "M-4711" not in repr(request)


def test_a_job_is_found_by_the_key_of_its_request(store, clinician, chart_id, case):
    request = case.request(chart_id)
    assert find_job(store, request_key(store, chart_id, request)) is None
    job_id = ask_draft(store, clinician, request)
    assert find_job(store, request_key(store, chart_id, request)) == job_id


def test_a_draft_of_a_chart_that_is_not_there_is_refused(store, clinician, case):
    with pytest.raises(NotFound, match="upload it again"):
        ask_draft(store, clinician, case.request("0" * 20))


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_does_not_prepare_packets_asks_for_none(sqlite_store, people, case, role):
    with pytest.raises(NotAllowed):
        ask_draft(sqlite_store, people(sqlite_store, "eve", role), case.request("0" * 20))
    with pytest.raises(NotAllowed):
        ask_draft(sqlite_store, SYSTEM, case.request("0" * 20))


def test_a_job_says_how_many_are_before_it(store, clinician, chart_id, case):
    request = case.request(chart_id)
    made = [ask_draft(store, clinician, replace(request, payer=f"payer {n}")) for n in range(3)]
    assert [job_of(store, job_id).ahead for job_id in made] == [0, 1, 2]


def test_a_cancelled_job_is_never_drafted_and_may_be_tried_again(store, clinician, chart_id, case, bench):
    queue = Heard()
    job_id = ask_draft(store, clinician, case.request(chart_id))
    assert cancel(store, clinician, job_id, queue=queue).state == "cancelled"
    assert cancel(store, clinician, job_id, queue=queue).state == "cancelled"
    assert run_job(bench, job_id, last=False) == "ended"
    assert job_of(store, job_id).state == "cancelled"
    assert retry(store, clinician, job_id, queue=queue).state == "queued"
    assert retry(store, clinician, job_id, queue=queue).state == "queued"
    assert queue.told == [("cancel", job_id), ("enqueue", job_id)]
    run_job(bench, job_id, last=False)
    assert job_of(store, job_id).state == "done"


def test_a_done_job_is_neither_cancelled_nor_tried_again(store, clinician, chart_id, case, bench):
    job_id = ask_draft(store, clinician, case.request(chart_id))
    run_job(bench, job_id, last=False)
    with pytest.raises(Conflict, match="done already"):
        cancel(store, clinician, job_id)
    with pytest.raises(Conflict, match="ask for another"):
        retry(store, clinician, job_id)


def test_another_persons_job_is_not_theirs_to_stop(store, clinician, chart_id, case, people):
    job_id = ask_draft(store, clinician, case.request(chart_id))
    other = people(store, "bob", Role.STAFF)
    for act in (cancel, retry):
        with pytest.raises(NotAllowed, match="another person"):
            act(store, other, job_id)


def test_a_job_that_is_not_there_is_said_so(store, clinician):
    for act in (cancel, retry):
        with pytest.raises(NotFound):
            act(store, clinician, "0" * 20)
    with pytest.raises(NotFound):
        job_of(store, "0" * 20)
