"""`posology user`: the first account, later ones, and what is refused."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from posology.cli.app import app
from posology.errors import NotFound, RequestError
from posology.review.accounts import list_accounts
from posology.store import open_store
from posology.store.keys import render_keys
from tests.databases import TEST_KEYS

PASSWORD = "correct horse staple 9\n"


@pytest.fixture
def place(sqlite_template, tmp_path, monkeypatch):
    """A folder with a store, where the settings' defaults find it."""
    shutil.copy(sqlite_template, tmp_path / "posology.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POSOLOGY_KEY_FILE", raising=False)
    monkeypatch.setenv("POSOLOGY_KEY", render_keys(TEST_KEYS.keys))
    return tmp_path


def run(*arguments, typed=""):
    return CliRunner().invoke(app, ["user", *arguments], input=typed)


def accounts():
    store = open_store("sqlite:///posology.db", TEST_KEYS)
    try:
        return {one.login: one for one in list_accounts(store)}
    finally:
        store.close()


def test_the_first_account_keeps_its_password_and_later_ones_change_it(place):
    for login, role in (("Rita", "administrator"), ("ada", "clinician")):
        done = run("add", login, "--role", role, "--name", "X Example", "--password-stdin", typed=PASSWORD)
        assert done.exit_code == 0, done.output
        assert PASSWORD.strip() not in done.output
    made = accounts()
    assert (made["rita"].must_change, made["ada"].must_change) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        (["--role", "boss", "--password-stdin"], PASSWORD, "clinician, staff, auditor or administrator"),
        (["--role", "staff", "--password-stdin"], "short\n", "password: between 12"),
        (["--role", "staff", "--password-stdin"], "", "password: between 12"),
        (["--role", "staff"], "", "without one give --password-stdin"),
        (["--role", "staff", "--npi", "1234567890", "--password-stdin"], PASSWORD, "npi: ten digits"),
    ],
)
def test_what_cannot_be_an_account_is_refused(place, arguments, typed, words):
    done = run("add", "x", "--name", "X", *arguments, typed=typed)
    assert isinstance(done.exception, RequestError)
    assert words in str(done.exception)
    assert accounts() == {}


def test_accounts_are_listed_reset_and_disabled(place):
    run("add", "ada", "--role", "staff", "--name", "Ada", "--password-stdin", typed=PASSWORD)
    password = run("reset", "ada").output.strip().splitlines()[-1]
    assert len(password) == 20
    assert run("disable", "ADA").exit_code == 0
    (row,) = json.loads(run("list", "--json").stdout)
    assert (row["login"], row["state"]) == ("ada", "disabled")
    assert isinstance(run("reset", "nobody").exception, NotFound)
