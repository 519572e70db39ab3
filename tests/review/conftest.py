"""A clinic for the tests of review: people, made charts, and packets drafted by the rules profile."""

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import pytest
from sqlalchemy import select

from posology.config import load_settings
from posology.ledger.entries import Kind
from posology.policies import Code, load_policies
from posology.priorauth import draft, open_models
from posology.priorauth.acts import parse_act
from posology.priorauth.request import Request
from posology.priorauth.sheet import Desk
from posology.records import read_chart_files
from posology.review.acting import act_on
from posology.review.charts import ChartUpload, load_chart, store_chart
from posology.review.jobs import DraftRequest, ask_draft, open_request
from posology.review.packets import create_packet, open_packet
from posology.store import SYSTEM, Actor, Role, Store
from posology.store.schema import jobs, ledger_entries, users
from posology.testing import make_chart, plans_for

PEOPLE = {
    "ann": (Role.CLINICIAN, "Ann Avery, MD", "1234567893"),
    "bob": (Role.CLINICIAN, "Bob Brook, MD", "1003000126"),
    "sam": (Role.STAFF, "Sam Stone", ""),
    "aud": (Role.AUDITOR, "Aud Itor", ""),
    "adm": (Role.ADMINISTRATOR, "Adm Inis", ""),
}


@lru_cache
def rules():
    settings = load_settings(profile="rules", environ={})
    return settings, open_models(settings), load_policies()


@lru_cache
def made(policy_id, plan, seed):
    """Return a made chart's bundle as bytes, its truth, and the packet that is drafted from it."""
    settings, models, policies = rules()
    policy = next(one for one in policies if one.id == policy_id)
    plans = plans_for(policy)
    chosen = next((one for one in plans if one.name == plan), plans[0])
    chart = make_chart(policy, plan=chosen, seed=seed)
    files = (("chart.json", json.dumps(chart.bundle).encode()),)
    service = Code(chart.truth["service"]["system"], chart.truth["service"]["code"])
    packet = draft(
        read_chart_files(files),
        service=service,
        day=date.fromisoformat(chart.truth["date"]),
        policies=policies,
        policy_id=policy_id,
        settings=settings,
        models=models,
    )
    return files, chart.truth, packet


@dataclass
class Clinic:
    """People at work over one store."""

    store: Store
    policies: tuple
    checker: object = None
    writer: object = None

    def actor(self, login, session="one"):
        role, name, npi = PEOPLE[login]
        return Actor(login, role, f"{login}-{session}", name, npi)

    def packet(self, policy_id="cms-ncd-100.1", plan="meet", seed=1, by="sam"):
        """Store a chart, ask for its draft, and keep the packet; return the packet's id."""
        files, truth, packet = made(policy_id, plan, seed)
        chart_id = store_chart(self.store, self.actor(by), ChartUpload(files))
        service = Code(truth["service"]["system"], truth["service"]["code"])
        request = DraftRequest(chart_id, service, date.fromisoformat(truth["date"]), policy_id)
        job_id = ask_draft(self.store, self.actor(by), request)
        with self.store.write(SYSTEM) as w:
            row = w.connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
            chart = load_chart(self.store, chart_id)
            return create_packet(w, job_row=row, packet=packet, chart=chart, request=request)

    def desk_of(self, opened):
        """Set the desk of a packet: the request as its job keeps it, and no model."""
        with self.store.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == opened.head.job_id)).one()
            asked = open_request(self.store.cipher(connection, row.key_id), row)
        return Desk(
            chart=load_chart(self.store, opened.head.chart_id),
            policy=next(one for one in self.policies if one.id == opened.head.policy_id),
            request=Request(asked.service, asked.day, asked.details),
            checker=self.checker,
            writer=self.writer,
            practice={},
            embedder=rules()[1].embedder,
        )

    def act(self, login, packet_id, seen=None, **act):
        seen = self.head(packet_id).version if seen is None else seen
        return act_on(self.store, self.actor(login), packet_id, seen, parse_act(act), self.desk_of)

    def open(self, packet_id, login="ann"):
        return open_packet(self.store, self.actor(login), packet_id)

    def head(self, packet_id):
        return self.open(packet_id).head

    def entries(self, since=0, kind=None):
        """Return the ledger's entries from a number on, as they are written."""
        query = select(ledger_entries).where(ledger_entries.c.n >= since).order_by(ledger_entries.c.n)
        with self.store.read() as connection:
            rows = [json.loads(bytes(row.body)) for row in connection.execute(query)]
        return [row for row in rows if kind is None or row["kind"] == kind]

    def size(self):
        return len(self.entries())


def open_clinic(store):
    _, _, policies = rules()
    with store.write(SYSTEM) as w:
        for login, (role, name, npi) in PEOPLE.items():
            row = {"id": login, "login": login, "name": name, "role": str(role), "npi": npi}
            w.insert(users, row | {"created_us": w.now_us, "changed_us": w.now_us})
            w.record(Kind.USER_CREATED, details={"user": login, "role": str(role)})
    return Clinic(store, tuple(policies))


@pytest.fixture
def clinic(store):
    """Open a clinic on SQLite and on PostgreSQL in turn."""
    return open_clinic(store)


@pytest.fixture
def small_clinic(sqlite_store):
    """Open a clinic on SQLite alone."""
    return open_clinic(sqlite_store)
