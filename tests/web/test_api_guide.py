"""The commands of docs/api.md run as they stand, by curl against a server on loopback."""

import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from posology.priorauth import open_models
from posology.review.accounts import NewAccount, create_account
from posology.store import SYSTEM, Role, clock_us
from posology.web.app import create_app
from posology.web.server import open_socket, server_config
from tests.project.blocks import find_blocks
from tests.web.api import made_case, working

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
PASSWORD = "a-long-made-up-password"


@pytest.fixture
def site(site, store):
    from dataclasses import replace

    store.clock = clock_us
    serve = site.settings.serve.model_copy(update={"require_totp": False})
    return working(replace(site, settings=replace(site.settings, serve=serve)), open_models(site.settings))


@contextmanager
def served(site):
    """Serve a site on a free port of loopback and give its address."""
    socket = open_socket("127.0.0.1", 0)
    server = uvicorn.Server(server_config(create_app(site), site.serve))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        socket.close()


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq")
def test_the_guide_leads_from_sign_in_to_the_payers_answer(site, store, policies, tmp_path, entries):
    new = NewAccount("ada", "Ada Made", Role.CLINICIAN, "1234567893", must_change=False)
    create_account(store, SYSTEM, new, PASSWORD)
    made = made_case(policies)
    (tmp_path / "chart.json").write_bytes(made.body)
    (tmp_path / "sign-in.json").write_text(f'{{"login": "ada", "password": "{PASSWORD}"}}')
    (script,) = (block.text for block in find_blocks(PAGE) if block.language == "bash")
    with served(site) as address:
        known = {
            **os.environ,
            "URL": address,
            "SERVICE": made.service,
            "DATE": made.day,
            "no_proxy": "127.0.0.1",
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path, env=known, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "letter.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "packet.zip").read_bytes().startswith(b"PK")
    assert '"state":"approved"' in done.stdout
    assert len(entries("packet.signed")) == len(entries("packet.exported")) == len(entries("sign-out")) == 1
