"""posology store and posology ledger, as a person types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from posology.cli.app import app
from posology.errors import KeyFileError, LedgerError, MissingExtra, OutputError, StoreError
from posology.ledger.receipts import verify_proof
from posology.store import open_store, read_keys
from tests.store.populated import populate


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a key, settings and a store in use."""
    monkeypatch.chdir(tmp_path)
    run("store", "new-key", "store.key")
    Path("posology.toml").write_text('[serve]\nkey_file = "store.key"\n')
    run("store", "init")
    with_store("store.key", populate)
    return tmp_path


def with_store(key: str, act: object) -> None:
    store = open_store("sqlite:///posology.db", read_keys(Path(key), {}))
    act(store)  # type: ignore[operator]
    store.close()


def run(*words: str, code: int = 0) -> str:
    result = invoke(*words)
    assert result.exit_code == code, result.output + repr(result.exception)
    return result.output


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, words, catch_exceptions=True)


def refused(*words: str) -> BaseException:
    result = invoke(*words)
    assert result.exception is not None
    return result.exception


def test_a_store_is_made_once(site: Path) -> None:
    assert isinstance(refused("store", "init"), StoreError)
    assert "0 problems" in run("store", "check")


def test_without_a_key_nothing_opens(site: Path) -> None:
    Path("posology.toml").unlink()
    assert isinstance(refused("store", "check"), KeyFileError)
    assert "0 problems" in run("store", "check", "--key", "store.key")


def test_an_altered_row_makes_the_check_exit_with_2_and_names_the_row(site: Path) -> None:
    def alter(store: object) -> None:
        with store.volatile() as connection:  # type: ignore[attr-defined]
            connection.exec_driver_sql("UPDATE packets SET payer = 'x' WHERE id = 'packet1'")

    with_store("store.key", alter)
    assert "packets/packet1" in run("store", "check", code=2)
    found = json.loads(run("ledger", "verify", "--json", code=2))
    assert (found["ok"], found["found"]) == (False, 1)


def test_the_key_is_changed_and_the_one_before_opens_only_the_backups_made_with_it(site: Path) -> None:
    made = json.loads(run("store", "backup", "kept.zip", "--json"))
    assert made["file"] == "kept.zip"
    run("store", "new-key", "new.key")
    run("store", "rotate-key", "new.key")
    assert isinstance(refused("store", "check"), KeyFileError)
    assert "0 problems" in run("store", "check", "--key", "new.key")
    run("store", "restore", "kept.zip", "--store", "sqlite:///again.db", "--key", "store.key")
    assert "0 problems" in run("store", "check", "--store", "sqlite:///again.db", "--key", "store.key")


def test_a_store_of_this_version_needs_no_migration(site: Path) -> None:
    assert "nothing was changed" in run("store", "migrate")


def test_an_outsider_verifies_what_was_exported(site: Path) -> None:
    head = json.loads(run("ledger", "head", "--append", "heads.jsonl"))
    run("ledger", "export", "ledger.jsonl")
    assert "verified" in run("ledger", "verify", "ledger.jsonl", "--heads", "heads.jsonl")
    assert "verified" in run("ledger", "verify", "--heads", "heads.jsonl")
    text = Path("ledger.jsonl").read_text()
    Path("altered.jsonl").write_text(text.replace("packet1", "packet2", 1))
    assert "NOT VERIFIED" in run("ledger", "verify", "altered.jsonl", code=2)
    assert isinstance(refused("ledger", "export", "ledger.jsonl"), OutputError)
    assert isinstance(refused("ledger", "verify", "ledger.jsonl", "--public-key", "12"), LedgerError)
    assert json.loads(run("ledger", "head"))["log"] == head["log"]


def test_a_proof_is_given_to_the_screen_and_to_a_file(site: Path) -> None:
    assert verify_proof(run("ledger", "prove", "0")) == []
    run("ledger", "prove", "1", "--out", "proof.json")
    assert verify_proof(Path("proof.json").read_bytes()) == []


def test_a_missing_extra_is_named_with_the_line_that_brings_it(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "alembic", None)
    error = refused("store", "check")
    assert isinstance(error, MissingExtra)
    assert "posology[serve]" in str(error)
