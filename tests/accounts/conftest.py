"""A store of its own and a clock that stands still until it is moved."""

import json
import shutil
from dataclasses import dataclass

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from posology.config import Serve
from posology.review.accounts import NewAccount, insert_account
from posology.store import SYSTEM, Role, open_store
from posology.store.schema import ledger_entries
from tests.databases import TEST_KEYS

PASSWORD = "correct horse staple 9"


@dataclass
class Clock:
    now_us: int = 1_893_456_000_000_000

    def __call__(self):
        return self.now_us

    def pass_seconds(self, seconds):
        self.now_us += int(seconds * 1_000_000)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(sqlite_template, tmp_path, clock):
    file = shutil.copy(sqlite_template, tmp_path / "store.db")
    opened = open_store(f"sqlite:///{file}", TEST_KEYS, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def serve():
    return Serve(require_totp=False)


@pytest.fixture(scope="session")
def cheap_hash():
    """A hash of PASSWORD that is quick to check: a hash says itself what it costs."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
def ada(store, cheap_hash):
    """The id of a clinician's account with a password of her own."""
    new = NewAccount("ada", "Ada Example", Role.CLINICIAN, "1234567893", must_change=False)
    with store.write(SYSTEM) as w:
        return insert_account(w, new, {"password_hash": cheap_hash})


@pytest.fixture
def entries(store):
    def read(kind=None):
        with store.read() as connection:
            bodies = connection.execute(select(ledger_entries.c.body).order_by(ledger_entries.c.n)).scalars()
            found = [json.loads(body) for body in bodies]
        return [entry for entry in found if kind is None or entry["kind"] == kind]

    return read
