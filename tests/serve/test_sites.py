"""A served site: signed in, drafted, shown; what is killed serves again; the ledger's heads are kept."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import func, select

from posology.store import open_store, read_keys
from posology.store.schema import packets
from tests.serve.commands import Commands
from tests.serve.living import group_of, until
from tests.serve.site import Served, make_site, serving, settings


@pytest.fixture(scope="module")
def served(program: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    make_site(program, folder, settings(f'heads_file = "{folder / "heads.jsonl"}"'))
    with serving(folder) as site:
        assert site.sign_in().status_code == 201
        yield site


def packets_of(served: Served, job: str) -> int:
    keys = read_keys(served.folder / "key", {})
    with (
        closing(open_store(f"sqlite:///{served.folder / 'posology.db'}", keys)) as store,
        store.read() as rows,
    ):
        counted = select(func.count()).select_from(packets).where(packets.c.job_id == job)
        return rows.execute(counted).scalar_one()


def test_it_says_where_it_is_once_all_of_it_works(served) -> None:
    assert served.out == f"Posology is at {served.url}\n"
    assert served.said == ""
    assert served.get("/healthz").json() == {"status": "alive"}
    ready = served.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"ready": True, "store": "ok", "queue": "ok", "models": "ok"},
    )


def test_an_account_made_by_a_command_uploads_drafts_and_opens_its_packet(served) -> None:
    packet = served.packet_of(served.ask(seed=1))
    page = served.get(f"/packets/{packet}")
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
    record = served.get(f"/api/v1/packets/{packet}").json()
    assert record["head"]["state"] == "drafted"
    assert served.get(f"/api/v1/packets/{packet}/letter.pdf").content.startswith(b"%PDF-")


def test_without_the_demonstration_its_address_leads_nowhere(served) -> None:
    for secret in ("x", "", "None"):
        answer = served.get(f"/demo/{secret}")
        assert (answer.status_code, "set-cookie" in answer.headers) == (404, False)


def test_pages_that_are_killed_are_served_again_and_nobody_is_signed_out(served) -> None:
    before = served.processes()
    os.kill(before["pages"], signal.SIGKILL)
    until(served.answers)
    assert served.get("/api/v1/session").json()["csrf"] == served.csrf
    after = until(served.processes)
    assert after["pages"] != before["pages"]
    assert after["drafts"] == before["drafts"]


@pytest.mark.parametrize("moment", ["before it takes the job", "with the job in hand"])
def test_a_draft_whose_worker_is_killed_is_made_once_by_the_next(served, moment) -> None:
    worker = until(served.processes)["drafts"]
    if moment == "with the job in hand":
        job = served.ask(seed=2)
        until(lambda: served.get(f"/api/v1/jobs/{job}").json()["state"] != "queued")
    else:
        os.kill(worker, signal.SIGSTOP)
        job = served.ask(seed=3)
    os.kill(worker, signal.SIGKILL)
    assert served.packet_of(job)
    assert packets_of(served, job) == 1
    assert until(served.processes)["drafts"] != worker


def test_it_ends_as_it_is_told_with_a_last_head_and_leaves_the_port_free(served, program) -> None:
    """Keep this last: what follows has no server."""
    port = int(served.url.rpartition(":")[2])
    heads = served.folder / "heads.jsonl"
    before = len(heads.read_text().splitlines())
    assert served.stop() == 0
    assert group_of(served.process.pid) == []
    with socket.create_server(("127.0.0.1", port)):
        pass
    after = heads.read_text().splitlines()
    assert before >= 2, "one of the start, one of the pages that took over"
    assert len(after) == before + 1
    sizes = [json.loads(line)["size"] for line in after]
    assert sizes == sorted(set(sizes))
    assert program.run(served.folder, "ledger", "verify", "--heads", "heads.jsonl").startswith("0 ")
