"""A sealed process does its work: it serves, stores and starts programs, and reaches nothing else."""

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import httpx
import pytest

from tests.cli.cli_runs import draft, good_bundle, packet, run_apart, service, write
from tests.cli.fake_server import serving
from tests.egress.apart import environment, needs_linux, run

pytestmark = needs_linux

SERVER = """
import socket, sys
from posology.config import load_settings
from posology.egress import Plan, sealed_run
listening = socket.create_server(("127.0.0.1", 0), backlog=64)
run = sealed_run(load_settings(profile="rules"), Plan(keep=[listening]))

import asyncio, errno, sqlite3, subprocess
import uvicorn
from fastapi import FastAPI, Request

app = FastAPI()

@app.get("/work")
async def work(request: Request):
    def stored():
        link = sqlite3.connect(sys.argv[1])
        link.execute("create table if not exists t (x)")
        link.execute("insert into t values (1)")
        link.commit()
        count = link.execute("select count(*) from t").fetchone()[0]
        link.close()
        return count
    started = await asyncio.create_subprocess_exec("/bin/echo", "here", stdout=subprocess.PIPE)
    said = (await started.communicate())[0].decode().strip()
    try:
        await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
        out = "reached"
    except OSError as cause:
        out = errno.errorcode[cause.errno]
    return {"rows": await asyncio.to_thread(stored), "said": said, "out": out, "from": request.client.host}

config = uvicorn.Config(app, log_level="warning", lifespan="off")
print(listening.getsockname()[1], flush=True)
uvicorn.Server(config).run(sockets=[listening])
"""


@contextmanager
def served(*arguments: object):
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, *map(str, arguments)], stdout=subprocess.PIPE, env=environment()
    )
    with process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def test_a_sealed_server_goes_on_accepting_and_working(tmp_path) -> None:
    pytest.importorskip("uvicorn")
    pytest.importorskip("fastapi")
    with served(tmp_path / "app.db") as port, httpx.Client(trust_env=False) as client:
        deadline = time.monotonic() + 10
        answers = []
        while len(answers) < 5 and time.monotonic() < deadline:
            answers.append(client.get(f"http://127.0.0.1:{port}/work").json())
        callers = [
            threading.Thread(target=lambda: answers.append(httpx.get(f"http://127.0.0.1:{port}/work").json()))
            for _ in range(4)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
    assert [answer["rows"] for answer in answers[:5]] == [1, 2, 3, 4, 5]
    assert len(answers) == 9
    assert {(answer["said"], answer["out"], answer["from"]) for answer in answers} == {
        ("here", "EPERM", "127.0.0.1")
    }


@pytest.mark.parametrize(
    "models", ["rules", pytest.param("embedded", marks=[pytest.mark.model, pytest.mark.slow])]
)
def test_a_sealed_draft_is_the_same_draft_and_its_manifest_records_the_seal(models, tmp_path) -> None:
    chart = write(tmp_path / "chart.json", good_bundle())
    plain, sealed = tmp_path / "plain", tmp_path / "sealed"
    by = {"--profile": models}
    first = run_apart(*draft(chart, plain, changes=by))
    if "posology models get" in first.err:
        pytest.skip("the embedded weights are not here: scripts/bootstrap fetches them")
    assert first.code == 0, first.err
    ran = run_apart(*draft(chart, sealed, "--sealed", "--json", changes=by))
    assert ran.code == 0, ran.err
    assert ran.err == ""
    assert json.loads(ran.out)["sealed"] == ["network namespace", "landlock", "seccomp"]
    assert packet(sealed) == packet(plain)
    assert (sealed / "letter.pdf").read_bytes()[:5] == b"%PDF-"
    manifest = json.loads((sealed / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["seal"]["layers"] == ["network namespace", "landlock", "seccomp"]
    assert manifest["seal"]["probe"]["proves"] is True
    assert {row["outcome"] for row in manifest["seal"]["probe"]["after"]} == {"refused"}
    assert "seal" not in json.loads((plain / "manifest.json").read_text(encoding="utf-8"))


def profile(folder, address: str):
    path = folder / "posology.toml"
    path.write_text(
        f'[profile.served]\nwriter = {{engine = "openai", base_url = "{address}", model = "fake", '
        'family = "f", window_tokens = 8192}\n'
        'validator = {engine = "none"}\nembedder = {engine = "static"}\n',
        encoding="utf-8",
    )
    return path


def test_a_sealed_draft_reaches_the_profiles_model_server_through_the_relay(tmp_path) -> None:
    chart = write(tmp_path / "chart.json", good_bundle())
    with serving() as address:
        served_by = {"--profile": "served", "--config": str(profile(tmp_path, address))}
        plain, sealed = (
            run_apart(*draft(chart, tmp_path / name, *more, changes=served_by))
            for name, more in (("plain", ()), ("sealed", ("--sealed",)))
        )
    assert (plain.code, sealed.code) == (0, 0), sealed.err
    assert packet(tmp_path / "sealed") == packet(tmp_path / "plain")
    manifest = json.loads((tmp_path / "sealed" / "manifest.json").read_text(encoding="utf-8"))
    assert [row["url"] for row in manifest["seal"]["allowed"]] == [address]
    assert manifest["models"]["writer"]["name"] == "fake"


def test_a_probe_without_a_seal_is_refused(tmp_path) -> None:
    ran = run_apart(*draft("chart.json", tmp_path / "out", "--probe", "127.0.0.1:9"))
    assert ran.code == 2
    assert "give --sealed with it" in ran.err


def test_a_draft_that_cannot_be_sealed_is_not_made(tmp_path) -> None:
    from tests.egress.apart import strict_host

    chart = write(tmp_path / "chart.json", good_bundle())
    code = strict_host("unshare", "seccomp") + "from posology.cli import main\nmain()"
    done = run(code, *draft(chart, tmp_path / "out", "--sealed"))
    assert done.returncode == 2
    assert done.stderr.startswith("Error: this process cannot be sealed")
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
    assert service() not in done.stderr
