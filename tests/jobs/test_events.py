"""Jobs over HTTP: read, watched by server-sent events, cancelled, tried again."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from sqlalchemy import event, select
from starlette.testclient import TestClient

from posology.config import load_settings
from posology.ledger.entries import Kind
from posology.review.charts import ChartUpload, store_chart
from posology.review.drafting import run_job
from posology.review.jobs import ask_draft, cancel, job_of
from posology.review.sessions import begin_session, session_id
from posology.store import Role
from posology.store.schema import sessions
from posology.web.app import create_app
from posology.web.site import Site

ORIGIN = "http://127.0.0.1:8642"


@pytest.fixture
def store(sqlite_store):
    return sqlite_store


@pytest.fixture
def chart_id(store, clinician, case):
    return store_chart(store, clinician, ChartUpload((("chart.json", case.chart),)))


@pytest.fixture
def site(store, library):
    return Site(store, load_settings(profile="rules", environ={}), library)


def sign_in(site, actor):
    with site.store.write(actor) as w:
        secret, _ = begin_session(w, actor.id, "openid", site.serve)
        w.record(Kind.SIGN_IN_SUCCEEDED, details={"user": actor.id, "method": "openid"})
    with site.store.read() as connection:
        query = select(sessions.c.csrf).where(sessions.c.id == session_id(secret))
        return secret, connection.execute(query).scalar_one()


@pytest.fixture
def client(site, clinician):
    secret, csrf = sign_in(site, clinician)
    headers = {"X-CSRF-Token": csrf, "Origin": ORIGIN}
    return TestClient(create_app(site), base_url=ORIGIN, cookies={"posology": secret}, headers=headers)


@pytest.fixture
def job_id(store, clinician, chart_id, case):
    return ask_draft(store, clinician, case.request(chart_id))


def events_of(text):
    """Read server-sent events as a browser does."""
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line.partition(": ") for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            yield {name: value for name, _, value in lines}


def test_a_job_is_read(client, job_id, chart_id):
    answer = client.get(f"/api/v1/jobs/{job_id}").json()
    assert (answer["state"], answer["chart_id"], answer["ahead"]) == ("queued", chart_id, 0)


def test_a_job_that_is_not_there_is_a_problem(client):
    for path in ("/api/v1/jobs/00", "/api/v1/jobs/00/events"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_job_is_cancelled_and_tried_again(client, job_id):
    assert client.post(f"/api/v1/jobs/{job_id}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/api/v1/jobs/{job_id}/retry").json()["state"] == "queued"


def test_another_persons_job_is_theirs_to_stop(site, job_id, people):
    secret, csrf = sign_in(site, people(site.store, "bob", Role.STAFF))
    other = TestClient(create_app(site), base_url=ORIGIN, cookies={"posology": secret})
    answer = other.post(f"/api/v1/jobs/{job_id}/cancel", headers={"X-CSRF-Token": csrf, "Origin": ORIGIN})
    assert answer.status_code == 403
    assert job_of(site.store, job_id).state == "queued"


def test_who_watches_sees_progress_and_the_end(client, bench, job_id):
    worker = threading.Timer(0.7, run_job, (bench, job_id), {"last": False})
    worker.start()
    seen = list(events_of(client.get(f"/api/v1/jobs/{job_id}/events").text))
    worker.join()
    assert seen[0]["event"] == "progress"
    assert seen[-1]["event"] == "done"
    assert json.loads(seen[-1]["data"])["packet_id"]
    assert len({one["id"] for one in seen}) == len(seen)


def test_who_comes_back_hears_only_what_is_new_even_after_a_restart(client, site, bench, clinician, job_id):
    run_job(bench, job_id, last=False)
    (end,) = events_of(client.get(f"/api/v1/jobs/{job_id}/events").text)
    restarted = TestClient(create_app(site), base_url=ORIGIN, cookies=client.cookies)
    path = f"/api/v1/jobs/{job_id}/events"
    assert restarted.get(path, headers={"Last-Event-ID": end["id"]}).status_code == 204
    assert len(list(events_of(restarted.get(path, headers={"Last-Event-ID": "queued.0"}).text))) == 1


def test_a_failure_is_told_by_name(client, store, clinician, job_id):
    cancel(store, clinician, job_id)
    (end,) = events_of(client.get(f"/api/v1/jobs/{job_id}/events").text)
    assert end["event"] == "cancelled"


@contextmanager
def serving(app):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=15)
            assert not thread.is_alive()


@pytest.fixture
def asked(store):
    """Note each time the table of jobs is asked."""
    times = []

    def note(_connection, _cursor, statement, *_rest):
        if "FROM jobs" in statement:
            times.append(time.monotonic())

    event.listen(store.engine, "before_cursor_execute", note)
    return times


def test_the_table_is_asked_no_more_once_nobody_watches(site, clinician, job_id, asked):
    secret, _ = sign_in(site, clinician)
    with serving(create_app(site)) as address:
        watch = f"{address}/api/v1/jobs/{job_id}/events"
        with (
            httpx.Client(cookies={"posology": secret}) as browser,
            browser.stream("GET", watch, headers={"Host": "127.0.0.1"}) as stream,
        ):
            assert next(stream.iter_lines()).startswith("id: queued")
            time.sleep(1.2)
        time.sleep(1.0)
        before = len(asked)
        assert before >= 2
        time.sleep(1.2)
        assert len(asked) == before


SERVER = """
import socket, sys
from posology.config import load_settings
from posology.store import open_store
from posology.web.app import create_app
from posology.web.server import run_server
from posology.web.site import Site
from tests.databases import TEST_KEYS
settings = load_settings(profile="rules", environ={})
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
run_server(create_app(Site(open_store(sys.argv[1], TEST_KEYS), settings)), [listener], settings.serve)
"""


def test_a_server_that_stops_ends_its_streams(site, clinician, job_id, repo_root):
    secret, _ = sign_in(site, clinician)
    address = site.store.engine.url.render_as_string(hide_password=False)
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(repo_root), str(repo_root / "src")])}
    command = [sys.executable, "-c", SERVER, address]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            watch = f"http://127.0.0.1:{int(server.stdout.readline())}/api/v1/jobs/{job_id}/events"
            with (
                httpx.Client(cookies={"posology": secret}, timeout=20) as browser,
                browser.stream("GET", watch) as stream,
            ):
                lines = stream.iter_lines()
                assert next(lines).startswith("id: queued")
                server.terminate()
                start = time.monotonic()
                list(lines)
                assert time.monotonic() - start < 8
            server.wait(timeout=15)
        finally:
            server.kill()
