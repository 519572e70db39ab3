"""`posology serve` does not start where something is missing or wrong: exit 2, one message, what to do."""

import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from posology.store import MasterKey
from posology.store.keys import render_keys
from tests.serve.commands import Commands
from tests.serve.site import make_site, settings

WITHOUT_KEY = settings().replace('key_file = "key"\n', "")


@pytest.fixture(scope="module")
def made(program: Commands, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a site that starts, to be spoilt."""
    return make_site(program, tmp_path_factory.mktemp("made"), settings())


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "site"))


@pytest.fixture
def refused(program: Commands, site: Path) -> Callable[..., str]:
    return lambda *words: refuse(program, site, *words)


def refuse(program: Commands, site: Path, *words: str) -> str:
    said = program.run(site, "serve", *words)
    assert said.startswith("2 Error: "), said
    assert len(said.strip().splitlines()) == 1, said
    assert "is at" not in said
    return said


def no_key(site: Path) -> None:
    (site / "posology.toml").write_text(WITHOUT_KEY)


def other_key(site: Path) -> None:
    (site / "key").write_text(render_keys([MasterKey(bytes(32))]))


def open_key(site: Path) -> None:
    (site / "key").chmod(0o640)


def damaged_key(site: Path) -> None:
    text = (site / "key").read_text()
    (site / "key").write_text(text[:-6] + ("AA" if text[-6:-4] != "AA" else "BB") + text[-4:])


def no_store(site: Path) -> None:
    for file in site.glob("posology*.db*"):
        file.unlink()


def no_database(site: Path) -> None:
    (site / "posology.db").write_bytes(b"not a database, but as long as a header of one would be" * 100)


def of_revision(site: Path, revision: str) -> None:
    with closing(sqlite3.connect(site / "posology.db")) as connection, connection:
        connection.execute("UPDATE store_version SET version_num = ?", (revision,))


def newer(site: Path) -> None:
    of_revision(site, "9999")


def empty_store(site: Path) -> None:
    no_store(site)
    (site / "posology.db").touch()


def wrong_policies(site: Path) -> None:
    (site / "posology.toml").write_text(settings('policies = ["nowhere"]'))


def no_certificate(site: Path) -> None:
    (site / "posology.toml").write_text(settings('certificate = "a.pem"\ncertificate_key = "b.pem"'))


def half_a_certificate(site: Path) -> None:
    (site / "posology.toml").write_text(settings('certificate = "a.pem"'))


def no_certificate_at_all(site: Path) -> None:
    (site / "a.pem").write_text("-----BEGIN NOTHING-----\n")
    (site / "posology.toml").write_text(settings('certificate = "a.pem"\ncertificate_key = "a.pem"'))


def unknown_setting(site: Path) -> None:
    (site / "posology.toml").write_text(settings("prot = 1"))


def remote_database(site: Path) -> None:
    (site / "posology.toml").write_text(
        settings(more='store = "postgresql+psycopg://posology@127.0.0.1:1/p"')
    )


SPOILT = [
    (no_key, "no encryption key", "posology store new-key"),
    (other_key, "the store was encrypted with the key", "key_file in [serve]"),
    (open_key, "others can read this key file", "chmod 600"),
    (damaged_key, "key", "damaged"),
    (no_store, "there is no such database", "posology store init"),
    (empty_store, "holds no store", "posology store init"),
    (no_database, "no database of a store", "posology store restore"),
    (newer, "newer program", "9999"),
    (wrong_policies, "nowhere", "polic"),
    (no_certificate, "serve.certificate: a.pem with the key b.pem cannot be used", "No such file"),
    (no_certificate_at_all, "serve.certificate", "PEM"),
    (half_a_certificate, "serve.certificate and serve.certificate_key", "give both"),
    (unknown_setting, "prot", "port"),
    (remote_database, "cannot be reached", "127.0.0.1"),
]


@pytest.mark.parametrize(("spoil", "what", "advice"), SPOILT, ids=[row[0].__name__ for row in SPOILT])
def test_what_is_missing_or_wrong_is_said_with_what_to_do(site, refused, spoil, what, advice) -> None:
    spoil(site)
    said = refused()
    assert what in said
    assert advice in said


def test_a_port_that_another_program_has_is_named(site, refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused("--port", str(port))
    assert f"cannot listen on 127.0.0.1, port {port} (Address already in use)" in said
    assert "--port" in said


ADDRESSES = [
    (("--host", "0.0.0.0"), "passwords would travel in clear", "every address of this machine"),
    (("--host", "::"), "passwords would travel in clear", "the same by IPv6"),
    (("--host", "127.0.0.1.example"), "passwords would travel in clear", "a name that begins like loopback"),
    (("--probe", "127.0.0.1:9"), "give --sealed with it", "a probe without a seal"),
    (("--sealed", "--probe", "nowhere"), "nowhere", "a listener without a port"),
    (("--demo", "--host", "0.0.0.0"), "listens on loopback only", "the demonstration needs no password"),
    (("--profile", "rulez"), "rulez", "no such profile"),
]


@pytest.mark.parametrize(("words", "what", "why"), ADDRESSES, ids=[row[2] for row in ADDRESSES])
def test_an_option_that_would_open_the_site_or_mean_nothing_is_refused(
    site, refused, words, what, why
) -> None:
    assert what in refused(*words), why


def test_a_port_beyond_the_last_one_is_refused_in_the_settings_too(site, refused) -> None:
    (site / "posology.toml").write_text(settings().replace("port = 0", "port = 70000"))
    assert "port 70000 (no such port)" in refused()
