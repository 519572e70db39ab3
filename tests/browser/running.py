"""A running application for browsers: the real command over a store of its own, its people, made packets."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

import pyotp
from sqlalchemy import select

from posology.config import Serve, load_settings
from posology.ledger.entries import Kind
from posology.policies import Code, load_policies
from posology.priorauth import draft, open_models
from posology.records import read_chart_files
from posology.review.accounts import NewAccount, create_account
from posology.review.charts import ChartUpload, load_chart, store_chart
from posology.review.jobs import DraftRequest, ask_draft
from posology.review.packets import create_packet
from posology.review.sessions import begin_session
from posology.review.totp import seal_secret
from posology.store import SYSTEM, Actor, Role, Store, init_store, new_key_file
from posology.store.schema import jobs, packets, users
from posology.store.store import SYSTEM_KEY
from posology.testing import make_chart, plans_for

PASSWORD = "four plain garden words"
PEOPLE = {
    "ann": NewAccount("ann", "Ann Avery, MD", Role.CLINICIAN, "1234567893", must_change=False),
    "bob": NewAccount("bob", "Bob Brook, MD", Role.CLINICIAN, "1245319599", must_change=False),
    "tess": NewAccount("tess", "Tess Ode, MD", Role.CLINICIAN, "1245319599", must_change=False),
    "sam": NewAccount("sam", "Sam Stone", Role.STAFF, must_change=False),
    "aud": NewAccount("aud", "Aud Ito", Role.AUDITOR, must_change=False),
    "adm": NewAccount("adm", "Ada Min", Role.ADMINISTRATOR, must_change=False),
}
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of tess, who has set up the one-time code
SETTINGS = """\
[practice]
name = "Lakeside Clinic"
npi = "1234567893"
address = "12 Harbor Street, Duluth, MN 55802"
phone = "+1 555 010 7788"

[serve]
port = 0
key_file = "{folder}/key"
require_totp = false
requests_per_minute = 100000
workers = {workers}

[profile.{profile}]
store = "sqlite:///{folder}/posology.db"
"""


@dataclass(frozen=True)
class Made:
    """A made chart, what is asked for it, and the packet that rules draft from it."""

    files: tuple[tuple[str, bytes], ...]
    service: Code
    day: date
    policy_id: str


@lru_cache
def rules():
    settings = load_settings(profile="rules", environ={})
    return settings, open_models(settings), tuple(load_policies())


@lru_cache
def made_chart(policy_id: str, plan: str, seed: int) -> Made:
    policy = next(one for one in rules()[2] if one.id == policy_id)
    chosen = next(one for one in plans_for(policy) if one.name == plan)
    chart = make_chart(policy, plan=chosen, seed=seed)
    asked = chart.truth["service"]
    files = (("chart.json", json.dumps(chart.bundle).encode()),)
    day = date.fromisoformat(chart.truth["date"])
    return Made(files, Code(asked["system"], asked["code"]), day, policy_id)


@lru_cache
def drafted(made: Made):
    settings, models, policies = rules()
    return draft(
        read_chart_files(made.files),
        service=made.service,
        day=made.day,
        policies=policies,
        policy_id=made.policy_id,
        settings=settings,
        models=models,
    )


@dataclass
class Running:
    """An application that people reach at ``url``, and its store as the tests see it."""

    url: str
    folder: Path
    store: Store
    people: dict[str, str]
    output: list[str] = field(default_factory=list)

    def actor(self, login: str, session: str = "") -> Actor:
        who = PEOPLE[login]
        return Actor(self.people[login], who.role, session, who.name, who.npi)

    def cookie(self, login: str) -> dict[str, str]:
        """Begin a session for a person and return its cookie, as a sign-in would set it."""
        with self.store.write(SYSTEM) as w:
            secret, _ = begin_session(w, self.people[login], "password", Serve(require_totp=False))
            details = {"user": self.people[login], "method": "password"}
            w.record(Kind.SIGN_IN_SUCCEEDED, details=details)
        return {"name": "posology", "value": secret, "url": self.url}

    def ask(self, made: Made, by: str = "sam") -> str:
        """Keep a chart and ask for a draft, which the server's worker makes; return the job's id."""
        chart_id = store_chart(self.store, self.actor(by), ChartUpload(made.files))
        request = DraftRequest(chart_id, made.service, made.day, made.policy_id)
        return ask_draft(self.store, self.actor(by), request)

    def packet(self, policy_id: str = "northfield-glp1", plan: str = "meet", seed: int = 7) -> str:
        """Keep the packet of a made chart, drafted by rules in this process; return its id."""
        return self.packet_of(made_chart(policy_id, plan, seed))

    def packet_of(self, made: Made, by: str = "sam") -> str:
        actor = self.actor(by)
        chart_id = store_chart(self.store, actor, ChartUpload(made.files))
        request = DraftRequest(chart_id, made.service, made.day, made.policy_id)
        job_id = ask_draft(self.store, actor, request)
        packet = drafted(made)
        with self.store.write(SYSTEM) as w:
            row = w.connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
            w.update(jobs, job_id, {"state": "done"})
            chart = load_chart(self.store, chart_id)
            return create_packet(w, job_row=row, packet=packet, chart=chart, request=request)

    def row(self, packet_id: str):
        """Return a packet's row as the store has it: state, version, conclusion."""
        with self.store.read() as connection:
            return connection.execute(select(packets).where(packets.c.id == packet_id)).one()


def code(steps: int) -> str:
    """Return the one-time code of tess, some steps from now: each counts once, and neighbours count."""
    return pyotp.TOTP(TOTP_SECRET).at(int(time.time()) + 30 * steps)


@contextmanager
def running(folder: Path, profile: str = "rules", workers: int = 1) -> Iterator[Running]:
    """Start ``posology serve`` over a new store in a folder, and stop it at the end."""
    (folder / "posology.toml").write_text(SETTINGS.format(folder=folder, profile=profile, workers=workers))
    store = init_store(f"sqlite:///{folder / 'posology.db'}", new_key_file(folder / "key"))
    people = {login: create_account(store, SYSTEM, new, PASSWORD) for login, new in PEOPLE.items()}
    with store.write(SYSTEM) as w:
        sealed = seal_secret(w.cipher(SYSTEM_KEY), TOTP_SECRET, people["tess"])
        w.update(users, people["tess"], {"totp": sealed, "changed_us": w.now_us})
        w.record(Kind.USER_CHANGED, details={"user": people["tess"], "changed": ["totp"]})
    command = [str(Path(sys.executable).parent / "posology"), "serve", "--profile", profile]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield Running(_address(server, folder), folder, store, people)
    finally:
        server.terminate()
        server.wait(60)
        server.stdout.close()
        store.close()


def _address(server: subprocess.Popen, folder: Path) -> str:
    for line in server.stdout:
        if "Posology is at" in line:
            url = line.split()[-1].strip()
            _wait_ready(url)
            return url
    raise RuntimeError(f"posology serve ended: {(folder / 'log').read_text()[-800:]}")


def _wait_ready(url: str) -> None:
    import urllib.error
    import urllib.request

    limit = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=10):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > limit:
                raise
            time.sleep(0.1)
