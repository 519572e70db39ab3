"""A site in a folder: its settings, key, store and account made by commands; served by the real command."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from posology.policies import load_policies
from posology.testing import make_chart, plans_for
from tests.serve.commands import Commands, environment
from tests.serve.living import children_of, group_of, until, words_of

PASSWORD = "four plain garden words"
RELAY = "posology.egress.pump"
PROGRAM = (sys.executable, "-c", "from posology.cli import main; main()")
SETTINGS = """\
default_profile = "{profile}"

[practice]
name = "Lakeside Clinic"
npi = "1234567893"
address = "12 Harbor Street, Duluth, MN 55802"
phone = "+1 555 010 7788"

[serve]
port = 0
require_totp = false
key_file = "key"
{serve}

[profile.{profile}]
{more}
"""


def settings(serve: str = "", more: str = "", profile: str = "rules") -> str:
    return SETTINGS.format(serve=serve, more=more, profile=profile)


def make_site(program: Commands, folder: Path, text: str) -> Path:
    """Make settings, key, store and a clinician's account, as docs/serve.md says."""
    (folder / "posology.toml").write_text(text, encoding="utf-8")
    person = ("user", "add", "ann", "--role", "clinician", "--name", "Ann Avery, MD", "--npi", "1234567893")
    for words in (("store", "new-key", "key"), ("store", "init"), (*person, "--password-stdin")):
        said = program.run(folder, *words, typed=PASSWORD + "\n")
        assert said.startswith("0 "), said
    return folder


@dataclass
class Served:
    """A served site, as people reach it and as its machine sees it."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    url: str = ""
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=30))
    csrf: str = ""

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text(encoding="utf-8")

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def get(self, path: str) -> httpx.Response:
        return self.client.get(self.url + path)

    def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"X-CSRF-Token": self.csrf, **more.pop("headers", {})}
        return self.client.post(self.url + path, json=body, headers=headers, **more)

    def sign_in(self, login: str = "ann", password: str = PASSWORD) -> httpx.Response:
        answer = self.post("/api/v1/session", {"login": login, "password": password})
        self.csrf = answer.json().get("csrf", "")
        return answer

    def ask(self, seed: int) -> str:
        """Upload a made chart and ask for its draft; return the job's id."""
        bundle, service, day = chart(seed)
        kept = self.post(
            "/api/v1/charts", content=json.dumps(bundle), headers={"Content-Type": "application/fhir+json"}
        )
        assert kept.status_code == 201, kept.text
        asked = {"chart": kept.json()["id"], "service": service, "date": day}
        answer = self.post("/api/v1/drafts", asked)
        assert answer.status_code == 202, answer.text
        return answer.json()["job"]

    def packet_of(self, job: str) -> str:
        """Wait until a job has ended well; return its packet's id."""
        found = until(lambda: self._ended(job), 60)
        assert found["state"] == "done", found
        return found["packet_id"]

    def _ended(self, job: str) -> dict[str, Any] | None:
        found = self.get(f"/api/v1/jobs/{job}").json()
        return found if found["state"] in ("done", "failed", "cancelled") else None

    def processes(self) -> dict[str, int]:
        """Return the pages' and the worker's process: drafting gives way to pages, so it is the nicer one."""
        found = [pid for pid in children_of(self.process.pid) if RELAY not in words_of(pid)]
        pids = sorted(found, key=lambda pid: os.getpriority(os.PRIO_PROCESS, pid))
        nice = [os.getpriority(os.PRIO_PROCESS, pid) for pid in pids]
        started = len(pids) == 2 and nice[1] > nice[0]
        return dict(zip(("pages", "drafts"), pids, strict=True)) if started else {}

    def relays(self) -> list[int]:
        """Return the processes by which a sealed site reaches its addresses."""
        return [pid for pid in children_of(self.process.pid) if RELAY in words_of(pid)]

    def answers(self, path: str = "/healthz", status: int = 200) -> bool:
        """Say whether the site answers as expected, and not merely that it takes connections."""
        try:
            return httpx.get(self.url + path, trust_env=False, timeout=10).status_code == status
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Stop it; nothing of it may be left."""
        self.process.terminate()
        status = self.process.wait(60)
        until(lambda: not group_of(self.process.pid), 10)
        return status


@contextmanager
def serving(
    folder: Path,
    *words: str,
    mark: str = "Posology is at",
    more: Mapping[str, str] | None = None,
    **options: Any,
) -> Iterator[Served]:
    """Serve a site until the end of the block; yield it when it has said where it is."""
    with serving_by(PROGRAM, folder, words, mark, {"env": environment(more), **options}) as served:
        yield served


@contextmanager
def serving_by(
    program: Sequence[str], folder: Path, words: Sequence[str], mark: str, options: Mapping[str, Any]
) -> Iterator[Served]:
    with (folder / "out").open("w") as out, (folder / "said").open("w") as said:
        process = subprocess.Popen(
            [*program, "serve", *words],
            cwd=folder,
            stdout=out,
            stderr=said,
            start_new_session=True,
            **options,
        )
    served = Served(folder, process)
    try:
        until(lambda: mark in served.out or process.poll() is not None, 90)
        assert mark in served.out, served.said
        served.url = next(line for line in served.out.splitlines() if mark in line).split()[-1]
        yield served
    finally:
        served.client.close()
        if process.poll() is None:
            process.terminate()
        process.wait(60)


def chart(seed: int) -> tuple[dict[str, Any], str, str]:
    """Make the chart of a patient; return it with the service and the date that are asked for."""
    policy = next(one for one in load_policies() if one.id == "northfield-glp1")
    made = make_chart(policy, plan=plans_for(policy)[0], seed=seed)
    asked = made.truth["service"]
    return made.bundle, f"{asked['system']}:{asked['code']}", made.truth["date"]
