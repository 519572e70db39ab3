"""A sealed site: the kernel keeps every process of it in, and database, models and provider are in reach."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from posology.config import Settings, load_settings
from posology.errors import SettingsError
from posology.review.accounts import NewAccount, create_account, list_accounts
from posology.review.audit import Query, entries
from posology.store import SYSTEM, Role, Store, init_store
from posology.store.keys import render_keys
from posology.web.sealing import local_sockets, outside_addresses
from tests.cli.fake_server import serving as model_serving
from tests.databases import TEST_KEYS, Postgres, start_postgres
from tests.egress.apart import NOBODY, as_user, needs_linux, needs_root, python_for
from tests.ports import free_port
from tests.serve.living import lives, until
from tests.serve.site import PASSWORD, Served, environment, serving, serving_by, settings

pytestmark = [needs_linux, pytest.mark.slow]

MODEL = """\
writer = {{engine = "openai", base_url = "{model}", model = "fake", family = "f", window_tokens = 8192}}
validator = {{engine = "none"}}
embedder = {{engine = "static"}}
store = "{store}"
"""
PROVIDER = """
[serve.openid]
issuer = "{issuer}"
client_id = "posology"
client_secret_env = "CLIENT_SECRET"
role_claim = "groups"
roles = {{ward = "clinician"}}
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """Start a server of this module's own, which it may stop."""
    with start_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Start an OpenID provider in a process of its own."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port), "--require-nonce"]
    address = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return httpx.get(f"{address}/.well-known/openid-configuration", trust_env=False).is_success
        except httpx.TransportError:
            return False

    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(ready)
        yield address
        process.terminate()


@pytest.fixture(scope="module")
def store(postgres: Postgres) -> Iterator[Store]:
    """Make a store on PostgreSQL, with a clinician's account."""
    with closing(init_store(postgres.address("sealed"), TEST_KEYS)) as store:
        new = NewAccount("ann", "Ann Avery, MD", Role.CLINICIAN, "1234567893", must_change=False)
        create_account(store, SYSTEM, new, PASSWORD)
        yield store


@pytest.fixture(scope="module")
def sealed(
    postgres: Postgres, store: Store, issuer: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Serve sealed, with a database, a model and a provider behind the relay."""
    folder, port = tmp_path_factory.mktemp("sealed"), free_port()
    (folder / "key").write_text(render_keys(TEST_KEYS.keys))
    (folder / "key").chmod(0o600)
    with ExitStack() as held:
        model = held.enter_context(model_serving())
        more = MODEL.format(model=model, store=postgres.address("sealed"))
        text = settings(f'url = "http://127.0.0.1:{port}"', more, profile="served")
        (folder / "posology.toml").write_text(text + PROVIDER.format(issuer=issuer))
        words = ("--sealed", "--port", str(port))
        served = held.enter_context(serving(folder, *words, more={"CLIENT_SECRET": "of the test"}))
        assert served.sign_in().status_code == 201
        yield served


def details_of(store: Store, kind: str) -> list[dict]:
    """Return what the ledger's entries of a kind say, the newest first."""
    return [entry["details"] for entry in entries(store, Query(kind=kind)).entries]


def status_of(pid: int, key: str) -> str:
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(row.split(":", 1)[1].strip() for row in rows if row.startswith(f"{key}:"))


def require_kept_in(served: Served) -> None:
    """Look at each process of the site: the same filter, no right to new ones, a network of nothing."""
    pages, drafts = until(served.processes).values()
    filters = {status_of(pid, "Seccomp_filters") for pid in (served.process.pid, pages, drafts)}
    assert len(filters) == 1
    for pid in (served.process.pid, pages, drafts):
        assert status_of(pid, "Seccomp") == "2"
        assert status_of(pid, "NoNewPrivs") == "1"
        assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
        interfaces = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
        assert [row.split(":")[0].strip() for row in interfaces] == ["lo"]


def test_every_process_is_kept_in_also_one_that_was_started_anew(sealed) -> None:
    before = until(sealed.processes)
    for pid in before.values():
        os.kill(pid, 9)
    until(lambda: set(before.values()).isdisjoint(until(sealed.processes).values()))
    until(lambda: sealed.answers("/readyz"))
    require_kept_in(sealed)


def test_it_drafts_with_the_profiles_model_into_the_profiles_database(sealed, store) -> None:
    packet = sealed.packet_of(sealed.ask(seed=1))
    assert "fake" in {details["name"] for details in details_of(store, "model.called")}
    assert sealed.get(f"/packets/{packet}").status_code == 200


def test_people_sign_in_at_the_provider(sealed, store, issuer) -> None:
    person = {"groups": ["ward"], "name": "Ben Ode", "npi": ""}
    httpx.put(f"{issuer}/users/ben", json=person, trust_env=False).raise_for_status()
    with httpx.Client(trust_env=False, timeout=30, base_url=sealed.url) as browser:
        start = browser.get("/sign-in/openid")
        assert start.status_code == 303, start.text
        back = httpx.post(start.headers["location"], data={"sub": "ben"}, trust_env=False)
        answer = browser.get(back.headers["location"])
        assert answer.status_code == 303, answer.text
        assert browser.get("/api/v1/session").json()["role"] == "clinician"
    assert {account.name for account in list_accounts(store)} == {"Ann Avery, MD", "Ben Ode"}


def test_the_ledger_says_what_holds_and_what_each_attempt_to_get_out_met(sealed, store, postgres) -> None:
    (details,) = details_of(store, "seal.probed")
    assert details["sealed"] is True
    assert details["ok"] is True
    assert details["layers"] == ["network-namespace", "landlock", "seccomp"]
    assert set(details["probes"].values()) == {"refused"}
    assert {"tcp", "udp", "name-lookup", "listening-socket-turned"} <= set(details["probes"])
    assert f"127.0.0.1:{postgres.port}" in details["allowed"]
    assert len(details["allowed"]) == 3


def test_a_database_that_stops_ends_nothing_and_serves_again_when_it_is_back(sealed, postgres) -> None:
    drafts = until(sealed.processes)["drafts"]
    postgres.stop()
    os.kill(drafts, 9)
    assert sealed.answers("/readyz", 503)
    until(lambda: "drafts 1 ended with 2; it is started again" in sealed.said)
    assert sealed.answers("/healthz")
    postgres.start()
    until(lambda: sealed.answers("/readyz"))
    assert sealed.packet_of(sealed.ask(seed=2))
    require_kept_in(sealed)


def test_it_ends_with_its_relay(sealed, postgres) -> None:
    """Keep this last: what follows has no server."""
    folder = Path(tempfile.gettempdir())
    (relay,) = sealed.relays()
    sockets = list(folder.glob(f"posology-*/*/.s.PGSQL.{postgres.port}"))
    assert sockets
    assert sealed.stop() == 0
    until(lambda: not lives(relay), 10)
    assert not any(path.exists() for path in sockets)


@needs_root
def test_without_root_a_sealed_demonstration_serves_and_drafts() -> None:
    with tempfile.TemporaryDirectory(prefix="posology-demo-") as name:
        folder = Path(name)
        os.chown(folder, NOBODY, NOBODY)
        program = (python_for(NOBODY), "-c", "from posology.cli import main; main()")
        folders = [path for path in sys.path if path.endswith("site-packages")]
        paths = ":".join([environment()["PYTHONPATH"], *folders])
        options = {"env": environment({"PYTHONPATH": paths, "HOME": name}), **as_user(NOBODY)}
        options.pop("cwd")
        words = ("--demo", "--sealed", "--profile", "rules", "--port", "0")
        with serving_by(program, folder, words, "Open, signed in", options) as served:
            require_kept_in(served)
            assert int(status_of(served.process.pid, "CapEff"), 16) == 0
            answer = httpx.get(served.url, trust_env=False, timeout=30)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/packets/")
            assert served.stop() == 0


REFUSED = [
    ("?sslmode=verify-full", "", "the server's certificate is to be checked"),
    ("?sslmode=require", "", "TLS is asked for"),
    ("", "require", "TLS is asked for by the environment"),
]


@pytest.mark.parametrize(("query", "mode", "why"), REFUSED, ids=[row[2] for row in REFUSED])
def test_a_database_that_is_to_be_reached_by_tls_is_refused_and_not_reached_in_clear(
    query, mode, why, monkeypatch
) -> None:
    monkeypatch.setenv("PGSSLMODE", mode)
    with pytest.raises(SettingsError, match="speaks no TLS"):
        outside_addresses(site_over(f"postgresql+psycopg://posology@127.0.0.1:5432/posology{query}"))


def site_over(store: str) -> Settings:
    settings = load_settings(profile="rules", environ={})
    return replace(settings, profile=settings.profile.model_copy(update={"store": store}))


def test_a_database_on_another_machine_is_reached_in_clear_only_where_that_is_said() -> None:
    address = "postgresql+psycopg://posology@10.1.2.3:5432/posology"
    with pytest.raises(SettingsError, match=r"sslmode=disable"):
        outside_addresses(site_over(address))
    (found,) = outside_addresses(site_over(f"{address}?sslmode=disable"))
    assert (found.url, found.ip, found.port) == ("postgresql://10.1.2.3:5432", "10.1.2.3", 5432)


SOCKETS = [
    ("sqlite:///posology.db", [], "a file"),
    ("postgresql+psycopg://p@10.1.2.3/p?sslmode=disable", [], "a server of the network"),
    ("postgresql+psycopg:///p?host=/run/pg&port=6000", ["/run/pg/.s.PGSQL.6000"], "a folder is named"),
    (
        "postgresql+psycopg:///p",
        ["/var/run/postgresql/.s.PGSQL.5432", "/tmp/.s.PGSQL.5432"],
        "where the library looks",
    ),
]


@pytest.mark.parametrize(("store", "paths", "why"), SOCKETS, ids=[row[2] for row in SOCKETS])
def test_a_databases_own_unix_socket_stays_in_reach(store, paths, why, monkeypatch) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    assert [str(path) for path in local_sockets(site_over(store))] == paths, why


def test_a_server_that_only_the_query_names_is_refused() -> None:
    with pytest.raises(SettingsError, match="USER@HOST:PORT/NAME"):
        local_sockets(site_over("postgresql+psycopg:///p?host=db.example"))
