"""`posology serve` does not start without the key of its store, and says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from posology.store import init_store
from posology.store.keys import new_key_file

POSOLOGY = Path(sys.executable).with_name("posology")


@pytest.fixture
def folder(tmp_path):
    masters = new_key_file(tmp_path / "key")
    init_store(f"sqlite:///{tmp_path / 'store.db'}", masters).close()
    (tmp_path / "posology.toml").write_text(f'[profile.rules]\nstore = "sqlite:///{tmp_path / "store.db"}"\n')
    return tmp_path


def serve(folder: Path, *more: str, **environ: str) -> subprocess.CompletedProcess:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("POSOLOGY_")}
    command = [str(POSOLOGY), "serve", "--profile", "rules", "--port", "0", *more]
    return subprocess.run(
        command, cwd=folder, env=kept | environ, capture_output=True, text=True, timeout=60, check=False
    )


def missing(folder):
    return {"POSOLOGY_KEY_FILE": str(folder / "nowhere")}


def none_named(_folder):
    return {}


def another(folder):
    new_key_file(folder / "other")
    return {"POSOLOGY_KEY_FILE": str(folder / "other")}


def readable(folder):
    (folder / "key").chmod(0o644)
    return {"POSOLOGY_KEY_FILE": str(folder / "key")}


def damaged(folder):
    text = (folder / "key").read_text()
    (folder / "key").write_text(text[:-6] + "AAAA=\n")
    return {"POSOLOGY_KEY_FILE": str(folder / "key")}


@pytest.mark.parametrize(
    ("break_key", "words"),
    [
        (none_named, "no encryption key"),
        (missing, "the key file cannot be read"),
        (another, "the store was encrypted with the key"),
        (readable, "others can read this key file; run: chmod 600"),
        (damaged, "the key"),
    ],
)
def test_without_its_key_the_application_says_why_and_ends_with_2(folder, break_key, words):
    before = (folder / "store.db").read_bytes()
    ended = serve(folder, **break_key(folder))
    assert ended.returncode == 2, ended.stderr
    assert words in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert (folder / "store.db").read_bytes() == before
