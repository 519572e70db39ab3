"""An application over a clinic with one packet, and a clinician's browser in it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from posology.config import Settings, load_settings
from posology.policies import load_policies
from posology.store import Store
from posology.web.app import create_app
from posology.web.site import Site
from tests.review.conftest import Clinic, open_clinic
from tests.web.conftest import ORIGIN, Browser, Clock, new_session


@dataclass
class Practice:
    """A clinic, its packet, and the browser of a clinician."""

    clinic: Clinic
    packet: str
    browser: Browser

    @property
    def path(self) -> str:
        return f"/api/v1/packets/{self.packet}"

    def drop(self, number: int):
        """Take a sentence out of the letter."""
        rows = self.clinic.open(self.packet, "bob").record["narrative"]
        act = {"act": "drop", "sentence": rows[number]["id"], "reason": "said elsewhere"}
        seen = self.clinic.head(self.packet).version
        return self.browser.post(f"{self.path}/acts", json={"seen_version": seen, "act": act})


def open_practice(store: Store, settings: Settings) -> Practice:
    clinic = open_clinic(store)
    packet = clinic.packet()
    app = create_app(Site(store, settings, tuple(load_policies())))
    secret, csrf = new_session(store, "ann", settings.serve)
    client = TestClient(app, base_url=ORIGIN, follow_redirects=False, cookies={"posology": secret})
    return Practice(clinic, packet, Browser(client, "ann", csrf, secret))


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings(profile="rules", environ={})


@pytest.fixture
def practice(store: Store, settings: Settings) -> Practice:
    """Open a practice on SQLite and on PostgreSQL in turn."""
    return open_practice(store, settings)


@pytest.fixture
def small_practice(sqlite_store: Store, settings: Settings) -> Practice:
    """Open a practice on SQLite alone, with a clock that is moved by hand."""
    sqlite_store.clock = Clock()
    return open_practice(sqlite_store, settings)


@pytest.fixture
def practice_over(settings: Settings) -> Callable[[Store], Practice]:
    """Open a practice over a store of the test's own."""
    return lambda store: open_practice(store, settings)
