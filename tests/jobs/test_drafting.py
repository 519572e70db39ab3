"""One run of a job, without a queue."""

import json
from dataclasses import replace

from sqlalchemy import func, select

from posology.chat import ModelIdentity
from posology.errors import EngineError, PromptTooLong
from posology.policies import Code
from posology.review import drafting
from posology.review.drafting import MOST_ATTEMPTS, run_job
from posology.review.jobs import ask_draft, cancel, job_of, retry
from posology.store import SYSTEM
from posology.store.schema import jobs, ledger_entries, packets
from posology.testing import ScriptedGenerator

SENTENCE = '{"cites": [1], "sentence": "The patient has a documented finding."}'


def entries(store, kind):
    query = select(ledger_entries.c.body).where(ledger_entries.c.kind == kind).order_by(ledger_entries.c.n)
    with store.read() as connection:
        return [json.loads(body) for body in connection.execute(query).scalars()]


def packets_of(store):
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(packets)).scalar_one()


def with_writer(bench, answer):
    return replace(bench, models=replace(bench.models, writer=ScriptedGenerator(answer)))


def test_a_job_ends_with_a_packet_and_everything_on_the_record(bench, store, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id))
    assert run_job(bench, job_id, last=False) == "ended"
    job = job_of(store, job_id)
    assert (job.state, job.attempts, job.error) == ("done", 1, "")
    assert job.packet_id
    assert packets_of(store) == 1
    kinds = ("draft.asked", "draft.started", "packet.drafted", "draft.finished")
    assert [len(entries(store, kind)) for kind in kinds] == [1, 1, 1, 1]
    assert entries(store, "check.made")
    assert [row["details"]["role"] for row in entries(store, "model.called")] == ["embedder"]
    assert {row["packet"] for row in entries(store, "verdict.given")} == {job.packet_id}


def test_a_job_that_is_done_is_not_drafted_again(bench, store, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id))
    assert [run_job(bench, job_id, last=False) for _ in range(3)] == ["ended"] * 3
    assert packets_of(store) == 1
    assert job_of(store, job_id).attempts == 1


def test_every_prompt_is_on_the_record_without_its_text(bench, store, clinician, chart_id, case):
    writer = ScriptedGenerator(lambda _prompt: SENTENCE)
    job_id = ask_draft(store, clinician, case.request(chart_id))
    run_job(replace(bench, models=replace(bench.models, writer=writer)), job_id, last=False)
    assert job_of(store, job_id).state == "done"
    calls = [row["details"] for row in entries(store, "model.called") if row["details"]["role"] == "writer"]
    assert len(calls) == len(writer.calls) >= 3
    for call in calls:
        assert {"prompt_hash", "output_hash", "prompt_tokens", "output_tokens", "milliseconds"} <= call.keys()
    assert "documented finding" not in json.dumps(calls)


def test_a_request_that_no_policy_governs_fails_at_once_in_words(bench, store, clinician, chart_id, case):
    request = replace(case.request(chart_id), service=Code("HCPCS", "ZZZZZ"))
    job_id = ask_draft(store, clinician, request)
    assert run_job(bench, job_id, last=False) == "ended"
    job = job_of(store, job_id)
    assert job.state == "failed"
    assert "no policy governs the service HCPCS:ZZZZZ" in job.error
    assert entries(store, "draft.failed")[0]["details"]["reason"] == "request"


def test_an_engine_that_is_down_is_asked_again_and_at_last_the_job_fails(
    bench, store, clinician, chart_id, case
):
    def answer(_prompt):
        raise EngineError("the server at 127.0.0.1:8000 does not answer")

    job_id = ask_draft(store, clinician, case.request(chart_id))
    slow = with_writer(bench, answer)
    assert run_job(slow, job_id, last=False) == "again"
    waiting = job_of(store, job_id)
    assert (waiting.state, waiting.stage) == ("queued", "Waiting to try again")
    assert run_job(slow, job_id, last=True) == "ended"
    assert job_of(store, job_id).state == "failed"
    assert job_of(store, job_id).error == "the server at 127.0.0.1:8000 does not answer"
    tried = [row["details"] for row in entries(store, "model.called") if row["details"]["role"] == "writer"]
    assert tried
    assert not any(call["ok"] for call in tried)
    retry(store, clinician, job_id)
    assert run_job(bench, job_id, last=False) == "ended"
    assert (job_of(store, job_id).state, job_of(store, job_id).error) == ("done", "")


def test_a_prompt_that_does_not_fit_is_not_tried_again(bench, store, clinician, chart_id, case):
    def answer(_prompt):
        raise PromptTooLong("prompt 1 does not fit the window of 10 tokens")

    job_id = ask_draft(store, clinician, case.request(chart_id))
    assert run_job(with_writer(bench, answer), job_id, last=False) == "ended"
    assert job_of(store, job_id).state == "failed"


def test_a_fault_of_ours_is_told_without_a_word_of_it(bench, store, clinician, chart_id, case, caplog):
    def answer(_prompt):
        raise ValueError("Jane Doe has diabetes")

    job_id = ask_draft(store, clinician, case.request(chart_id))
    assert run_job(with_writer(bench, answer), job_id, last=False) == "ended"
    job = job_of(store, job_id)
    assert job.state == "failed"
    assert "ValueError" in job.error
    assert "Jane" not in job.error + caplog.text


def test_a_job_that_is_cancelled_while_it_runs_gives_no_packet(bench, store, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id))

    def answer(_prompt):
        cancel(store, clinician, job_id)
        return SENTENCE

    assert run_job(with_writer(bench, answer), job_id, last=False) == "ended"
    assert job_of(store, job_id).state == "cancelled"
    assert packets_of(store) == 0
    assert any(row["details"]["role"] == "writer" for row in entries(store, "model.called"))


def test_a_worker_that_is_told_to_stop_leaves_its_job_queued(bench, store, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id))

    def answer(_prompt):
        bench.stopping.set()
        return SENTENCE

    assert run_job(with_writer(bench, answer), job_id, last=False) == "left"
    job = job_of(store, job_id)
    assert (job.state, job.packet_id) == ("queued", None)


def test_a_run_that_another_one_took_over_keeps_nothing(bench, store, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id))
    taken = []

    def answer(_prompt):
        if not taken:
            taken.append(run_job(bench, job_id, last=False))
        return SENTENCE

    assert run_job(with_writer(bench, answer), job_id, last=False) == "ended"
    assert taken == ["ended"]
    assert packets_of(store) == 1
    assert (job_of(store, job_id).state, job_of(store, job_id).attempts) == ("done", 2)


def test_a_job_whose_workers_keep_dying_is_given_up(bench, store, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id))
    with store.write(SYSTEM) as w:
        w.update(jobs, job_id, {"state": "running", "attempts": MOST_ATTEMPTS})
        w.record(drafting.Kind.DRAFT_STARTED, details={"job": job_id})
    assert run_job(bench, job_id, last=False) == "ended"
    assert job_of(store, job_id).state == "failed"
    assert "died 10 times" in job_of(store, job_id).error
    retry(store, clinician, job_id)
    assert run_job(bench, job_id, last=False) == "ended"
    assert job_of(store, job_id).state == "done"


def test_progress_is_written_while_a_model_works(bench, store, clinician, chart_id, case):
    job_id = ask_draft(store, clinician, case.request(chart_id))
    seen = []

    def answer(_prompt):
        seen.append(job_of(store, job_id))
        return SENTENCE

    run_job(with_writer(bench, answer), job_id, last=False)
    assert {job.state for job in seen} == {"running"}
    assert all(job.stage and job.beat_us for job in seen)


def test_the_name_of_a_model_is_written_as_the_ledger_allows(bench, store, clinician, chart_id, case):
    class Odd(ScriptedGenerator):
        @property
        def identity(self):
            return ModelIdentity("Ünïcode model (v2)", "odd", "2 beta", "not a hash", "engine 1.0")

    job_id = ask_draft(store, clinician, case.request(chart_id))
    run_job(replace(bench, models=replace(bench.models, writer=Odd(lambda _: SENTENCE))), job_id, last=False)
    assert job_of(store, job_id).state == "done", job_of(store, job_id).error
