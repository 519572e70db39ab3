"""An application on a store of its own, people of every role, and browsers that are signed in."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from posology.config import Serve, Settings, load_settings
from posology.ledger.entries import Kind
from posology.policies import load_policies
from posology.review.sessions import begin_session, mark_proved
from posology.store import SYSTEM, Role, Store, new_id, open_store
from posology.store.schema import users
from posology.web.app import create_app
from posology.web.site import Site
from tests.databases import TEST_KEYS

ORIGIN = "http://127.0.0.1:8642"
START_US = 1_893_456_000_000_000  # 2030-01-01


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now_us: int = START_US

    def __call__(self) -> int:
        return self.now_us

    def pass_seconds(self, seconds: float) -> None:
        self.now_us += int(seconds * 1_000_000)


@dataclass
class Browser:
    """A test client and the token of its session."""

    client: TestClient
    user_id: str
    csrf: str
    secret: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"X-CSRF-Token": self.csrf}

    def get(self, path, **more):
        return self.client.get(path, **more)

    def post(self, path, **more):
        """Post as a page's script does: with the token in the header."""
        return self.client.post(path, headers={**self.headers, **more.pop("headers", {})}, **more)

    def submit(self, path, data=None, **more):
        """Post as a page's form does: with the token in the first field."""
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, **more)

    def request(self, method, path, **more):
        return self.client.request(method, path, headers={**self.headers, **more.pop("headers", {})}, **more)


def add_user(store: Store, role: Role, login: str | None = None, **more) -> str:
    """Insert an account without a password, for sessions that tests begin themselves."""
    key = new_id()
    row = {"id": key, "login": login or f"{role}-{key[:6]}", "name": f"Test {role}", "role": str(role)}
    row |= {"npi": "", "created_us": store.clock(), "changed_us": store.clock()}
    with store.write(SYSTEM) as w:
        w.insert(users, {**row, **more})
        w.record(Kind.USER_CREATED, details={"user": key, "role": str(role)})
    return key


def new_session(store: Store, user_id: str, serve: Serve, method: str = "openid") -> tuple[str, str]:
    """Begin a session of a person who has just proved who they are; return its secret and its token."""
    from sqlalchemy import select

    from posology.review.sessions import session_id
    from posology.store.schema import sessions

    with store.write(SYSTEM) as w:
        secret, name = begin_session(w, user_id, method, serve)
        mark_proved(w, name)
        w.record(Kind.SIGN_IN_SUCCEEDED, details={"user": user_id, "method": method})
    with store.read() as connection:
        query = select(sessions.c.csrf).where(sessions.c.id == session_id(secret))
        return secret, connection.execute(query).scalar_one()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path, clock: Clock):
    file = shutil.copy(sqlite_template, tmp_path / "store.db")
    opened = open_store(f"sqlite:///{file}", TEST_KEYS, clock=clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings(profile="rules", environ={})


@pytest.fixture(scope="session")
def policies():
    return load_policies()


@pytest.fixture
def site(store: Store, settings: Settings, policies) -> Site:
    return Site(store, settings, policies)


@pytest.fixture
def app(site: Site):
    return create_app(site)


@pytest.fixture
def client(app) -> TestClient:
    """A browser in which nobody is signed in."""
    return TestClient(app, base_url=ORIGIN, follow_redirects=False)


@pytest.fixture
def signed_in(app, site: Site):
    """Give a browser in which a person of a role is signed in."""

    def open_browser(role: Role | str, user_id: str | None = None, **more) -> Browser:
        who = user_id or add_user(site.store, Role(role), **more)
        secret, csrf = new_session(site.store, who, site.serve)
        client = TestClient(app, base_url=ORIGIN, follow_redirects=False, cookies={"posology": secret})
        return Browser(client, who, csrf, secret)

    return open_browser


@pytest.fixture
def entries(store: Store):
    """Read the ledger: give the entries of a kind, oldest first."""
    import json

    from sqlalchemy import select

    from posology.store.schema import ledger_entries

    def read(kind: str):
        with store.read() as connection:
            query = select(ledger_entries.c.body).where(ledger_entries.c.kind == kind)
            bodies = connection.execute(query.order_by(ledger_entries.c.n)).scalars().all()
        return [json.loads(body) for body in bodies]

    return read
