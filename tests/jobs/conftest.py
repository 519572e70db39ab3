"""Stores with a clinician and a made chart, and benches that draft by rules."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest

from posology.config import load_settings
from posology.ledger.entries import Kind
from posology.policies import Code, Policy, load_policies
from posology.priorauth import Models, open_models
from posology.review.charts import ChartUpload, store_chart
from posology.review.drafting import Bench
from posology.review.jobs import DraftRequest
from posology.store import SYSTEM, Actor, Role, Store, new_id
from posology.store.schema import users
from posology.testing import make_chart, plans_for


@dataclass(frozen=True)
class Case:
    """A chart as bytes, and what is asked for it."""

    chart: bytes
    service: Code
    day: date

    def request(self, chart_id: str) -> DraftRequest:
        return DraftRequest(chart_id, self.service, self.day)


@pytest.fixture(scope="session")
def library() -> tuple[Policy, ...]:
    return tuple(load_policies())


@pytest.fixture(scope="session")
def case(library: tuple[Policy, ...]) -> Case:
    policy = next(p for p in library if p.id == "cms-ncd-100.1")
    made = make_chart(policy, plan=plans_for(policy)[0], seed=7)
    request = made.truth["service"]
    day = date.fromisoformat(made.truth["date"])
    return Case(json.dumps(made.bundle).encode(), Code(request["system"], request["code"]), day)


@pytest.fixture(scope="session")
def models() -> Models:
    return open_models(load_settings(profile="rules", environ={}))


def add_person(store: Store, login: str, role: Role = Role.CLINICIAN) -> Actor:
    user = new_id()
    with store.write(SYSTEM) as w:
        row = {"id": user, "login": login, "name": login.title(), "role": role}
        w.insert(users, row | {"created_us": w.now_us, "changed_us": w.now_us})
        w.record(Kind.USER_CREATED, details={"user": user, "role": role})
    return Actor(user, role, "session-of-" + login, login.title())


@pytest.fixture
def people() -> Callable[..., Actor]:
    return add_person


@pytest.fixture
def clinician(store: Store) -> Actor:
    return add_person(store, "ada")


@pytest.fixture
def chart_id(store: Store, clinician: Actor, case: Case) -> str:
    return store_chart(store, clinician, ChartUpload((("chart.json", case.chart),)))


@pytest.fixture
def bench(store: Store, models: Models, library: tuple[Policy, ...]) -> Bench:
    return Bench(store, load_settings(profile="rules", environ={}), library, models)
